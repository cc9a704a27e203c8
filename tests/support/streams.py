# SPDX-License-Identifier: Apache-2.0
"""Kafka Streams applications, what feeds them, and what must come out.

    feeder = Numbers(gateway, "numbers", rate=50)
    app = Counting(gateway, "app", "numbers", "counts")
    wait_total(app, cluster, "counts", feeder.written)
    check_equal(feeder.counts(), numbers_by_key(cluster, "counts"))
"""

import collections
import re
import shutil
import uuid

import records
from applications import Writer
from java import HERE, java, streams_jars
from kafka_cluster import DATA
from processes import Process, wait_for

GROUPS = 7  # of CountingStream
EXACTLY_ONCE = {"processing.guarantee": "exactly_once_v2"}


class Stream:
    """A program of tests/support/java. Each start has a directory of its own, without state."""

    def __init__(self, program, cluster, name, from_topic, to_topic, *more):
        self.name = name
        self._state = DATA / f"stream-{name}-{uuid.uuid4().hex[:8]}"
        words = [cluster.bootstrap, name, from_topic, to_topic, self._state, *more]
        source = str(HERE / "java" / program)
        command = java(source, *words, heap="192m", classes=streams_jars())
        self._process = Process(f"stream-{name}", command)

    def assert_lives(self):
        """No thread of it has ended for good."""
        died = re.findall(r"^died (.+)$", self._process.log(), re.MULTILINE)
        assert not died and self._process.alive, died or self._process.tail()

    def begun_anew(self):
        """How often it has closed its tasks and begun them anew."""
        return len(re.findall(r"TaskMigratedException", self._process.log()))

    def close(self):
        if self._process.alive:
            self._process.stop(120)
        shutil.rmtree(self._state, ignore_errors=True)


class Copying(Stream):
    """Without state."""

    def __init__(self, cluster, name, from_topic, to_topic):
        super().__init__("CopyingStream.java", cluster, name, from_topic, to_topic)


class Counting(Stream):
    """With a repartition topic and a changelog."""

    def __init__(self, cluster, name, from_topic, to_topic, settings=EXACTLY_ONCE):
        more = [f"{key}={value}" for key, value in settings.items()]
        super().__init__("CountingStream.java", cluster, name, from_topic, to_topic, *more)

    @staticmethod
    def own_topics(cluster, name):
        found = sorted(topic for topic in cluster.topics() if topic.startswith(f"{name}-"))
        assert found == [f"{name}-counts-changelog", f"{name}-counts-repartition"]
        return found


class Numbers(Writer):
    """Records of ten keys, whose values are numbers that ascend."""

    KEYS = 10

    def run(self):
        producer = self.producer()
        for numbers in self.turns():
            for n in numbers:
                producer.produce(
                    self.topic, b"%d" % n, b"key-%d" % (n % self.KEYS), on_delivery=self.delivered
                )
            assert producer.flush(120) == 0
            self.written += len(numbers)

    def by_key(self):
        lists = collections.defaultdict(list)
        for n in range(self.written):
            lists[b"key-%d" % (n % self.KEYS)].append(n)
        return lists

    def counts(self):
        """What Counting makes of them."""
        lists = collections.defaultdict(list)
        for n in range(self.written):
            group = lists[b"group-%d" % (n % GROUPS)]
            group.append(len(group) + 1)
        return lists


def numbers_by_key(cluster, topic):
    """{key: numbers} of the topic's committed records, in its order."""
    lists = collections.defaultdict(list)
    for found in records.read_all(cluster, topic).values():
        for record in found:
            lists[record.key].append(int(record.value))
    return lists


def total(lists):
    return sum(len(numbers) for numbers in lists.values())


def wait_total(app, cluster, topic, count, timeout=180):
    """Until the application, which must live, has written so many records."""

    def there():
        app.assert_lives()
        return total(numbers_by_key(cluster, topic)) >= count

    wait_for(
        there,
        timeout,
        f"{count} records in {topic}",
        interval=1,
    )


def check_equal(wanted, found):
    for key in wanted.keys() | found.keys():
        assert found[key] == wanted[key], f"{key}: {found[key][:20]} for {wanted[key][:20]}"
