# SPDX-License-Identifier: Apache-2.0
"""Applications for migrations, none of them ours: members of consumer groups that note each record
that they process, and producers that go on until they are closed.

A member that is closed has committed what it has processed, as applications do that are restarted.
"""

import re
import subprocess
import threading
import time

from confluent_kafka import Consumer, Producer

from java import java
from processes import Process, wait_for

# Of members of classic groups. A static member that is closed stays until its session is over, and
# tests wait for that. A member whose machine stalls for longer is thrown out of its group, and
# processes twice what it hasn't committed.
SESSION = {"session.timeout.ms": "12000", "heartbeat.interval.ms": "1000"}


def pattern_of(topics):
    """A regular expression that matches these topics alone, and is no topic's name."""
    return "^(" + "|".join(f"{topic[:2]}.*{topic[2:]}" for topic in topics) + ")$"


class Librdkafka:
    """A member of confluent-kafka, by the names of topics or by a pattern. more: a static id, the
    protocol, an assignor, ..."""

    SESSION = SESSION

    def __init__(self, cluster, group, topics, pattern=False, **more):
        self.seen, self.errors, self._over = [], [], threading.Event()
        settings = {
            "group.id": group,
            "auto.offset.reset": "earliest",
            "auto.commit.interval.ms": 500,
            "enable.auto.offset.store": False,
            "log_level": 3,
            **more,
        }
        if settings.get("group.protocol") != "consumer":
            settings = {**self.SESSION, **settings}
        self._consumer = Consumer(cluster.client_config(**settings))
        self._consumer.subscribe([pattern_of(topics)] if pattern else list(topics))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        # One by one: a rebalance is served while nothing is in hand that isn't noted. What is
        # committed is what was noted, whatever else is in the client's queue when it is closed.
        while not self._over.is_set():
            message = self._consumer.poll(0.1)
            if message is None:
                continue
            if message.error():
                self.errors.append(message.error())
            else:
                self.process(message)
                self._consumer.store_offsets(message)

    def process(self, message):
        self.seen.append((message.topic(), message.partition(), message.offset()))

    def close(self):
        self._over.set()
        self._thread.join()
        self._consumer.close()


class Program:
    """A member that is a process, and prints "topic partition offset when" of what it processes."""

    def __init__(self, name, command):
        self._process = Process(name, command)

    @property
    def seen(self):
        found = re.findall(r"^(\S+) (\d+) (\d+) \d+$", self._process.log(), re.MULTILINE)
        return [(topic, int(partition), int(offset)) for topic, partition, offset in found]

    def close(self):
        self._process.stop()


class Console(Program):
    """Java's console consumer, of one topic, because it doesn't say which."""

    def __init__(self, cluster, group, topics, protocol="classic", pattern=False):
        [self._topic] = topics
        properties = [f"group.protocol={protocol}", "auto.commit.interval.ms=500"]
        if protocol == "classic":
            properties += [f"{key}={value}" for key, value in SESSION.items()]
        command = java(
            "org.apache.kafka.tools.consumer.ConsoleConsumer",
            *["--bootstrap-server", cluster.bootstrap, "--group", group],
            *(["--include", pattern_of(topics)] if pattern else ["--topic", *topics]),
            *["--from-beginning", "--isolation-level", "read_committed"],
            *["--property", "print.partition=true", "--property", "print.offset=true"],
            *["--property", "print.value=false"],
            *[word for each in properties for word in ("--consumer-property", each)],
            heap="128m",
        )
        super().__init__(f"console-{group}", command)

    @property
    def seen(self):
        line = r"^Partition:(\d+)\tOffset:(\d+)$"
        found = re.findall(line, self._process.log(), re.MULTILINE)
        return [(self._topic, int(partition), int(offset)) for partition, offset in found]


class Writer:
    """Something that writes on a thread of its own until it is closed; raises there what failed."""

    def __init__(self, cluster, topic, rate=100):
        self.cluster, self.topic, self.rate = cluster, topic, rate
        self.written, self._failed, self._over = 0, [], threading.Event()
        self._thread = threading.Thread(target=self._guarded, daemon=True)
        self._thread.start()

    def _guarded(self):
        try:
            self.run()
        except Exception as failure:  # told by close(), on the test's thread
            self._failed.append(failure)

    def turns(self):
        """Numbers at the given rate, ten turns a second."""
        number, burst = 0, max(1, self.rate // 10)
        while not self._over.wait(0.1):
            yield range(number, number + burst)
            number += burst

    def wait(self, more, timeout=60):
        wanted = self.written + more
        wait_for(
            lambda: self._failed or self.written >= wanted, timeout, f"{more} records more written"
        )
        assert not self._failed, f"writing to {self.topic}: {self._failed[:3]}"

    def delivered(self, error, message):
        if error:
            self._failed.append(error)

    def close(self):
        self._over.set()
        self._thread.join(240)
        assert not self._thread.is_alive(), f"writing to {self.topic} doesn't end"
        assert not self._failed, f"writing to {self.topic}: {self._failed[:3]}"

    def producer(self, **more):
        settings = {"linger.ms": 5, "log_level": 2, "message.timeout.ms": 300000, **more}
        return Producer(self.cluster.client_config(**{"enable.idempotence": True, **settings}))


class PlainWriter(Writer):
    """Records that are numbers."""

    def run(self):
        producer = self.producer()
        for numbers in self.turns():
            for n in numbers:
                producer.produce(self.topic, b"%d" % n, on_delivery=self.delivered)
            assert producer.flush(120) == 0
            self.written += len(numbers)


class Keyed(Writer):
    """Records with keys, now and then a tombstone; headers too."""

    def run(self):
        producer = self.producer(**{"compression.type": "lz4"})
        for numbers in self.turns():
            for n in numbers:
                value = None if n % 19 == 0 else b"keyed-%d" % n
                producer.produce(
                    self.topic,
                    value,
                    b"key-%d" % (n % 50),
                    headers=[("n", b"%d" % n)],
                    on_delivery=self.delivered,
                )
            assert producer.flush(120) == 0
            self.written += len(numbers)


class Transactions(Writer):
    """A transaction a turn; every fifth is aborted."""

    def run(self):
        name = f"tx-{self.topic}-{time.monotonic_ns()}"
        producer = self.producer(**{"transactional.id": name, "transaction.timeout.ms": 300000})
        producer.init_transactions(120)
        for turn, numbers in enumerate(self.turns()):
            producer.begin_transaction()
            for n in numbers:
                producer.produce(self.topic, b"tx-%d" % n, b"key-%d" % (n % 50))
            if turn % 5 == 4:
                assert producer.flush(120) == 0
                producer.abort_transaction(120)
            else:
                producer.commit_transaction(120)
                self.written += len(numbers)


class Piped(Writer):
    """A program, which command() says, that is fed "key:value" line by line."""

    def run(self):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL}
        with subprocess.Popen(self.command(), **pipes) as child:
            for numbers in self.turns():
                for n in numbers:
                    child.stdin.write(b"line-%d:%d\n" % (n % 20, n))
                child.stdin.flush()
                self.written += len(numbers)
            child.stdin.close()  # it sends what it has, and ends
            status = child.wait(60)
        assert status == 0, f"{type(self).__name__} ended with {status}"


class ConsoleWriter(Piped):
    """Java's console producer."""

    def command(self):
        return java(
            "org.apache.kafka.tools.ConsoleProducer",
            *["--bootstrap-server", self.cluster.bootstrap, "--topic", self.topic],
            *["--property", "parse.key=true", "--property", "key.separator=:"],
            heap="128m",
        )


class KcatWriter(Piped):
    """kcat."""

    def command(self):
        return ["kcat", "-P", "-b", self.cluster.bootstrap, "-t", self.topic, "-K", ":"]
