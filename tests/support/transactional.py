# SPDX-License-Identifier: Apache-2.0
"""Transactional applications of Java and franz-go, and what must be true of their records.

Each goes on by itself, whatever it is told, unless its client takes that as final.
"""

import collections
import re

from franz import FranzWriter
from java import DEFAULT_VERSION, HERE, java
from processes import Process, wait_for


class JavaTransactions:
    """java/TransactionalWriter.java"""

    COMMITTED = re.compile(r"^committed (\d+) (\d+) (\d+)$", re.MULTILINE)

    def __init__(self, cluster, topic, partitions, name, rate=50, version=DEFAULT_VERSION):
        self.name, self.idempotent = name, True
        program = HERE / "java" / "TransactionalWriter.java"
        words = [cluster.bootstrap, topic, partitions, name, rate]
        self._process = Process(
            f"transactional-{name}", java(str(program), *words, heap="128m", version=version)
        )

    @property
    def places(self):
        """{(partition, number): offset} of what was committed, as check_writer() wants it."""
        found = self.COMMITTED.findall(self._process.log())
        return {(int(p), int(number)): int(offset) for p, number, offset in found}

    @property
    def written(self):
        return len(self.COMMITTED.findall(self._process.log()))

    def told(self, word):
        """What it says of transactions that were "aborted", or producers that "failed"."""
        return re.findall(rf"^{word} (.+)$", self._process.log(), re.MULTILINE)

    def wait(self, more, timeout=60):
        wanted = self.written + more
        wait_for(
            lambda: self._process.must_live() and self.written >= wanted,
            timeout,
            f"{more} records more of {self.name}",
        )

    def close(self):
        if self._process.alive:
            self._process.stop(120)


class FranzTransactions(FranzWriter):
    """A transactional producer of franz-go. It ends with an error where the client can't go on."""

    def __init__(self, cluster, topic, name, rate=50):
        super().__init__(cluster, topic, name, rate)

    def told_aborted(self):
        return re.findall(r"^the transaction is aborted: (.+)$", self._process.log(), re.MULTILINE)

    def close(self):
        assert self._process.stop(120) == 0, self._process.tail()


def check_committed(found, writer):
    """Behind check_writer(): nothing of the writer is there that wasn't committed."""
    texts = [text for text in found.values() if text.rpartition(":")[0] == writer.name]
    assert len(texts) == len(writer.places), (
        f"{writer.name}: {len(writer.places)} committed, {len(texts)} there"
    )


def check_franz(found, writer):
    """Each record where it was acknowledged, nothing else, and numbers ascend in each partition."""
    acknowledged = {(p, offset): value for p, offset, _, value in writer.acknowledged}
    assert found == acknowledged, (
        f"not there: {sorted(set(acknowledged.items()) - set(found.items()))[:10]}, "
        f"not committed: {sorted(set(found.items()) - set(acknowledged.items()))[:10]}"
    )
    values = collections.Counter(found.values())
    assert not (twice := [value for value, count in values.items() if count > 1]), twice[:10]
    last = {}
    for (partition, _), value in sorted(found.items()):
        assert int(value) > last.get(partition, -1), f"partition {partition} goes back at {value}"
        last[partition] = int(value)
