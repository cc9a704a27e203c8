# SPDX-License-Identifier: Apache-2.0
"""Producers for tests of gateways, none of them ours, which note where each of their records was
acknowledged; and the checker that compares that with what is in a topic.

A record's value is "name:number", and numbers of a writer ascend by one within each partition.
"""

import collections
import json
import re
import time

from confluent_kafka import KafkaException

from applications import Writer
from java import java
from processes import Process, wait_for
from records import read_all
from workers import settings_file


def place_of(message):
    """{(partition, number): offset} of an acknowledged one; -1 where nobody was told the offset."""
    number = int(message.value().decode().split(":")[1])
    offset = message.offset()
    return {(message.partition(), number): -1 if offset is None else offset}


class Acknowledged(Writer):
    """An idempotent producer of librdkafka. more: acks, ..."""

    SETTINGS = {}

    def __init__(self, cluster, topic, partitions, name, rate=200, **more):
        self.name, self.partitions, self.more = name, partitions, more
        self.idempotent = more.get("enable.idempotence", True)
        self.places, self.sent, self.times = {}, collections.Counter(), []
        super().__init__(cluster, topic, rate)

    def note(self, error, message):
        if error:
            self._failed.append(error)
            return
        self.tell(place_of(message))

    def tell(self, places):
        """What was acknowledged at this moment."""
        self.places.update(places)
        self.times.append(time.monotonic())
        self.written += len(places)

    def send(self, producer, partition, number, note):
        key, value = f"key-{partition}-{number % 20}", f"{self.name}:{number}"
        producer.produce(self.topic, value, key, partition=partition, on_delivery=note)

    def run(self):
        producer = self.producer(**self.SETTINGS, **self.more)
        for numbers in self.turns():
            for _ in numbers:
                partition = sum(self.sent.values()) % self.partitions
                number = self.sent[partition]
                self.sent[partition] += 1
                self.send(producer, partition, number, self.note)
            producer.poll(0)
        assert producer.flush(120) == 0

    def longest_pause(self):
        """Between two acknowledgements, in seconds."""
        return max((b - a for a, b in zip(self.times, self.times[1:])), default=0)


def insist(call):
    """Calls again what only took too long, as librdkafka asks applications to do."""
    for _ in range(5):
        try:
            return call(60)
        except KafkaException as failure:
            if not failure.args[0].retriable():
                raise
    return call(60)


class InTransactions(Acknowledged):
    """A transaction a turn. One that must be aborted is tried again, as applications do."""

    aborted = 0

    def run(self):
        name = self.more.get("transactional.id", f"tx-{self.name}")
        timeouts = {"message.timeout.ms": 60000, "transaction.timeout.ms": 60000}
        producer = self.producer(**{"transactional.id": name}, **timeouts)
        insist(producer.init_transactions)
        for numbers in self.turns():
            while not self.committed(producer, [n % self.partitions for n in numbers]):
                self.aborted += 1

    def committed(self, producer, partitions):
        sent, places = collections.Counter(self.sent), {}

        def note(error, message):
            if not error:
                places.update(place_of(message))

        try:
            producer.begin_transaction()
            for partition in partitions:
                self.send(producer, partition, sent[partition], note)
                sent[partition] += 1
            insist(producer.commit_transaction)
        except KafkaException as failure:
            error = failure.args[0]
            assert error.txn_requires_abort() and not error.fatal(), error
            insist(producer.abort_transaction)
            return False
        self.sent = sent
        self.tell(places)
        return True


class JavaWriter:
    """Kafka's VerifiableProducer, which says where each record went. Its numbers are over all
    partitions. It retries as producers do by default, which this one doesn't of itself."""

    SENT = re.compile(r"^\{.*\"producer_send_success\".*\}$", re.MULTILINE)
    FAILED = re.compile(r"^\{.*\"producer_send_error\".*\}$", re.MULTILINE)

    def __init__(self, cluster, topic, name, rate=200, prefix=7):
        self.name, self.topic, self.prefix = name, topic, prefix
        file = settings_file(f"verifiable-{name}", {"retries": 2147483647})
        self._process = Process(
            f"verifiable-{name}",
            java(
                "org.apache.kafka.tools.VerifiableProducer",
                *["--bootstrap-server", cluster.bootstrap, "--topic", topic],
                *["--throughput", str(rate), "--value-prefix", str(prefix)],
                *["--producer.config", file],
                heap="128m",
            ),
        )

    def acknowledged(self):
        """{number: (partition, offset)}"""
        found = (json.loads(line) for line in self.SENT.findall(self._process.log()))
        return {
            int(each["value"].split(".")[1]): (each["partition"], each["offset"]) for each in found
        }

    @property
    def written(self):
        return len(self.SENT.findall(self._process.log()))

    def wait(self, more, timeout=60):
        wanted = self.written + more
        wait_for(lambda: self.written >= wanted, timeout, f"{more} more records from Java")

    def close(self):
        if self._process.alive:
            self._process.stop()
        failed = self.FAILED.findall(self._process.log())
        assert not failed, failed[:3]


def values_of(cluster, topic):
    """{(partition, offset): text}, of committed records."""
    return {
        (partition, record.offset): (record.value or b"").decode(errors="replace")
        for partition, found in read_all(cluster, topic).items()
        for record in found
    }


def check_writer(found, writer):
    """Each of the writer's records once, in order, without a gap, where it was acknowledged."""
    lists = collections.defaultdict(list)
    for (partition, _), text in sorted(found.items()):
        name, _, number = text.rpartition(":")
        if name == writer.name:
            lists[partition].append(int(number))
    for partition, numbers in lists.items():
        doubled = [n for n, count in collections.Counter(numbers).items() if count > 1]
        if not writer.idempotent:  # it repeats what it got no answer for, as at any broker
            numbers = list(dict.fromkeys(numbers))
            doubled = []
        assert not doubled, f"{writer.name}, partition {partition}: twice {doubled[:10]}"
        assert numbers == list(range(len(numbers))), (
            f"{writer.name}, partition {partition}: out of order or with a gap: "
            f"{[pair for pair in enumerate(numbers) if pair[0] != pair[1]][:10]}"
        )
    for (partition, number), offset in writer.places.items():
        if offset >= 0:  # a duplicate may be acknowledged without its offset
            assert found.get((partition, offset)) == f"{writer.name}:{number}", (
                f"{writer.name}:{number} was acknowledged at {partition}@{offset}, where "
                f"{found.get((partition, offset))} is"
            )


def check_java(found, writer):
    """The same for Java's: what was acknowledged is where it was said to be, and once; numbers
    ascend in each partition."""
    texts = collections.Counter(found.values())
    acknowledged = writer.acknowledged()
    for number, (partition, offset) in acknowledged.items():
        text = f"{writer.prefix}.{number}"
        assert texts[text] == 1, f"{text} is there {texts[text]} times"
        if offset >= 0:
            assert found.get((partition, offset)) == text, f"{text} isn't at {partition}@{offset}"
    last = {}
    for (partition, _), text in sorted(found.items()):
        prefix, _, number = text.partition(".")
        if prefix == str(writer.prefix) and number.isdigit():
            assert int(number) > last.get(partition, -1), f"partition {partition} goes back"
            last[partition] = int(number)
