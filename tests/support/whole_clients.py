# SPDX-License-Identifier: Apache-2.0
"""Applications for tests of gateways, none of them ours, each of which writes to a topic and reads
it in a group all the while, with its clients' own defaults.

    app = JavaClients(gateway, topic, 2, "java", version="2.8.2")
    app.wait(100)        # 100 records more are acknowledged, and as many more read
    app.end_writing()
    app.check(values_of(cluster, topic))
"""

import collections
import re

from applications import Librdkafka
from java import DEFAULT_VERSION, compiled, java
from kafka_cluster import DATA
from processes import Process, wait_for
from routed_writers import Acknowledged, check_writer


class Clients:
    """A writer and a reader: what they have, and what they must have had in the end."""

    idempotent = True

    def wait(self, more, timeout=60):
        wanted = self.written + more, len(self.seen) + more

        def there():
            self.must_be_well()
            return self.written >= wanted[0] and len(self.seen) >= wanted[1]

        wait_for(there, timeout, f"{self.name} to write and read {more} records more")

    def wait_read(self, found, timeout=60):
        wait_for(
            lambda: self.must_be_well() or len(self.seen) >= len(found),
            timeout,
            f"{self.name} to read all {len(found)} records",
        )

    def check(self, found):
        """found: as values_of() has it. Each record of the writer is there once, in order, at the
        offset that it was told; the reader had each record once, in order."""
        check_writer(found, self)
        seen = collections.defaultdict(list)
        for partition, offset in self.seen:
            seen[partition].append(offset)
        for partition in {p for p, _ in found}:
            there = sorted(offset for p, offset in found if p == partition)
            assert seen[partition] == there, (
                f"{self.name} read {len(seen[partition])} records of partition {partition}, where "
                f"{len(there)} are: {sorted(set(there) ^ set(seen[partition]))[:10]}"
            )


class JavaClients(Clients):
    """Kafka's own producer and consumer, of a version. settings: {"both.client.id": "me"}"""

    SENT = re.compile(r"^sent (\d+) (-?\d+) \S+:(\d+)$", re.MULTILINE)
    READ = re.compile(r"^read (\d+) (\d+) ", re.MULTILINE)
    FAILED = re.compile(r"^failed .*$", re.MULTILINE)

    def __init__(
        self, cluster, topic, partitions, name, rate=50, version=DEFAULT_VERSION, **settings
    ):
        self.name = name
        self.idempotent = int(version.split(".")[0]) >= 3  # by default (KIP-679)
        self._stop = DATA / "files" / f"stop-{topic}-{name}"
        self._stop.parent.mkdir(parents=True, exist_ok=True)
        words = [cluster.bootstrap, topic, f"{topic}-{name}", name, partitions, rate, self._stop]
        self._process = Process(
            f"clients-{name}",
            java(
                "ProduceAndConsume",
                *map(str, words),
                *(f"{key}={value}" for key, value in settings.items()),
                version=version,
                heap="128m",
                options=["-Dtest.log.level=WARN"],
                classes=compiled("ProduceAndConsume.java", version),
            ),
        )

    @property
    def pid(self):
        return self._process.pid

    @property
    def written(self):
        return len(self.SENT.findall(self._process.log()))

    @property
    def seen(self):
        return [(int(p), int(offset)) for p, offset in self.READ.findall(self._process.log())]

    @property
    def places(self):
        found = self.SENT.findall(self._process.log())
        return {(int(p), int(number)): int(offset) for p, offset, number in found}

    def must_be_well(self):
        self._process.must_live()
        failed = self.FAILED.findall(self._process.log())
        assert not failed, f"{self.name}: {failed[:3]}"

    def warnings(self):
        return re.findall(r"^\[.*\] (?:WARN|ERROR) .*$", self._process.log(), re.MULTILINE)

    def end_writing(self):
        self._stop.touch()
        wait_for(
            lambda: self.must_be_well() or "\nwritten" in self._process.log(), 60, "the last record"
        )

    def close(self):
        self._stop.touch()
        if self._process.alive:
            self._process.stop()


class LibrdkafkaClients(Clients):
    """librdkafka's producer and consumer. settings: {"topic.metadata.refresh.interval.ms": 2000}"""

    def __init__(self, cluster, topic, partitions, name, rate=50, **settings):
        self.name, self.errors = name, []
        settings = {**settings, "error_cb": self.errors.append}
        self._writer = Acknowledged(cluster, topic, partitions, name, rate, **settings)
        self._reader = Librdkafka(cluster, f"{topic}-{name}", [topic], **settings)
        self._over = False

    @property
    def written(self):
        return self._writer.written

    @property
    def seen(self):
        return [(partition, offset) for _, partition, offset in list(self._reader.seen)]

    @property
    def places(self):
        return self._writer.places

    def must_be_well(self):
        assert not self._reader.errors, self._reader.errors[:3]

    def warnings(self):
        return [str(error) for error in self.errors]

    def end_writing(self):
        self._over = True
        self._writer.close()

    def close(self):
        if not self._over:
            self.end_writing()
        self._reader.close()
