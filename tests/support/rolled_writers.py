# SPDX-License-Identifier: Apache-2.0
"""Applications that write, and move from one cluster, or gateway, to another by a restart:
producers of three clients and four kinds. What each kind promises is checked afterwards, whoever
was killed.

    application = Application("librdkafka", "idempotent", "orders", 2, unique("writer"), java)
    application.start(source)
    application.start(gateway)     # the first producer is closed, another one goes on
    application.close()
    application.check(values_of(target, "orders"), hits)

What every producer promises: each record that it got an acknowledgement for is in the topic, at the
offset that it was told, and nothing else is. Beyond that:

idempotent, transactional   each once, and in order; a transaction whose outcome the client was
                            told by nobody is there whole, or not at all
acksall                     in order, one request in flight: what is there twice was sent again,
                            and counts where it is first. Where a leader moves, librdkafka sends to
                            the new one while a request to the former one is under way: one in
                            flight is one for each broker there. Java's (RecordAccumulator's muted
                            partitions) and franz-go (inflightOnSink) wait for it
acks1                       what a leader had not handed on when another one took its place may be
                            lost: while a broker is away the others may take a living one for dead
"""

import collections
import threading
import time

from franz import FranzWriter, program
from log_lines import LogLines
from processes import wait_for
from routed_writers import Acknowledged, InTransactions

RATE = 50
LOST_SECONDS = 5  # what a leader had not handed on when it was killed is this old at most
FENCED_SECONDS = 6  # a broker that was frozen may lose its partitions for so long after it goes on
MOVED_SECONDS = 20  # so long after brokers were hit requests to former leaders are under way
KINDS = ("idempotent", "transactional", "acksall", "acks1")
EXACT = ("idempotent", "transactional")

# Where a kind isn't the client's default.
LIBRDKAFKA = {
    "idempotent": {"enable.idempotence": True},
    "acksall": {"enable.idempotence": False, "max.in.flight": 1},
    "acks1": {"enable.idempotence": False, "acks": 1},
}
JAVA = {
    "idempotent": {},
    "acksall": {"enable.idempotence": "false", "max.in.flight.requests.per.connection": 1},
    "acks1": {"enable.idempotence": "false", "acks": 1},
}


def clients():
    """Those that there are here."""
    if program()[0]:
        return ["librdkafka", "java", "franz"]
    print("without franz-go:", program()[1])
    return ["librdkafka", "java"]


class Answers:
    """What one producer was told. Its records are name:number, and numbers ascend in each
    partition."""

    def __init__(self, name):
        self.name, self.failed = name, []
        self._lock = threading.Lock()
        self._places = {}  # (partition, number): (offset, when)
        self.unknown = {}  # {turn: places} of transactions whose outcome nobody was told
        self.must_live = lambda: True

    def sent(self, partition, number, offset):
        with self._lock:
            self._places[int(partition), int(number)] = int(offset), time.monotonic()

    def places(self):
        with self._lock:
            return dict(self._places)

    @property
    def written(self):
        return len(self._places)

    def wait(self, more, timeout):
        wanted = self.written + more
        wait_for(
            lambda: self.must_live() and (self.failed or self.written >= wanted),
            timeout,
            f"{more} records more of {self.name}",
        )
        assert not self.failed, f"{self.name}: {self.failed[:3]}"


class Telling:
    """Of librdkafka: tells the answers, too."""

    def __init__(self, cluster, application, answers, **more):
        self._answers = answers
        topic, partitions = application.topic, application.partitions
        super().__init__(cluster, topic, partitions, answers.name, rate=RATE, **more)
        answers.failed = self._failed

    def tell(self, places):
        super().tell(places)
        for (partition, number), offset in places.items():
            self._answers.sent(partition, number, offset)


class TellingPlainly(Telling, Acknowledged):
    pass


class TellingInTransactions(Telling, InTransactions):
    pass


def librdkafka_producer(cluster, application, answers):
    if application.kind == "transactional":
        same = {"transactional.id": application.name}
        return TellingInTransactions(cluster, application, answers, **same)
    return TellingPlainly(cluster, application, answers, **LIBRDKAFKA[application.kind])


class JavaProducer:
    """java: the JavaApplications in which it lives."""

    def __init__(self, cluster, application, answers):
        more = JAVA.get(application.kind, {"transactional.id": application.name})
        self._java, self._answers = application.java, answers
        topic, partitions = application.topic, application.partitions
        self._java.write(answers.name, cluster, topic, partitions, RATE, self._note, **more)

    def _note(self, words):
        if words[0] == "sent":
            self._answers.sent(*words[1:])
        elif words[0] == "failed":
            self._answers.failed.append(" ".join(words))

    def close(self):
        self._java.close(self._answers.name)


class FranzProducer(FranzWriter):
    def __init__(self, cluster, application, answers):
        kind = application.kind
        if kind == "transactional":
            kind = application.name
        self._answers = answers
        super().__init__(cluster, application.topic, kind, RATE, f"{answers.name}:")
        answers.must_live = self._process.must_live
        self._lines = LogLines(self._process, self._note)

    def _note(self, line):
        words = line.split(" ")
        if not words[-1].startswith(f"{self._answers.name}:"):
            return
        partition, offset, number = words[-4], words[-3], words[-1].rpartition(":")[2]
        if words[0] == "unknown":
            turn = self._answers.unknown.setdefault(words[1], {})
            turn[int(partition), int(number)] = int(offset)
        else:
            self._answers.sent(partition, number, offset)

    def close(self):
        super().close()
        self._lines.close()


PRODUCERS = {"librdkafka": librdkafka_producer, "java": JavaProducer, "franz": FranzProducer}


class Application:
    """A client's producer of a kind, and those that came before it."""

    def __init__(self, client, kind, topic, partitions, name, java):
        self.client, self.kind, self.topic, self.partitions = client, kind, topic, partitions
        self.name, self.java = name, java
        self._producer, self._answers = None, []

    def __str__(self):
        return f"{self.client}'s {self.kind}"

    def start(self, cluster):
        self.close()
        self._answers.append(Answers(f"{self.name}.{len(self._answers)}"))
        self._producer = PRODUCERS[self.client](cluster, self, self._answers[-1])

    def wait(self, more, timeout=60):
        self._answers[-1].wait(more, timeout)

    def give_up(self, why):
        """Who waits for it learns why there won't be more."""
        for answers in self._answers[-1:]:
            answers.failed.append(why)

    def close(self):
        """All that it sent must be acknowledged."""
        if self._producer:
            self._producer.close()
            assert not self._answers[-1].failed, f"{self}: {self._answers[-1].failed[:3]}"
        self._producer = None

    def check(self, found, hits):
        """found: values_of() the topic where it ended. hits: spans in which brokers were killed or
        frozen. Returns how many records were acknowledged, and how many of them lost with a
        leader."""
        lost = sum(check_answers(found, answers, self.kind, hits) for answers in self._answers)
        if self.kind != "acks1":
            late = self.client == "librdkafka" and self.kind == "acksall"
            check_order(found, self._answers, hits if late else ())
        return sum(answers.written for answers in self._answers), lost


def by_record(found, name):
    """{(partition, number): [offset]} of the producer's."""
    there = collections.defaultdict(list)
    for (partition, offset), text in sorted(found.items()):
        whose, _, number = text.rpartition(":")
        if whose == name:
            there[partition, int(number)].append(offset)
    return there


def without_offset(places):
    """The records whose batch was acknowledged as a duplicate, which may have no offset. librdkafka
    counts on from -1, the batch's offset, for what follows its first record."""
    without, last = set(), {}
    for (partition, number), (offset, _) in sorted(places.items()):
        if offset < 0 or last.get(partition) == offset - 1:
            without.add((partition, number))
            last[partition] = offset
        else:
            last.pop(partition, None)
    return without


def check_answers(found, answers, kind, hits):
    """Returns how many records were lost with a leader."""
    there, places, lost = by_record(found, answers.name), answers.places(), 0
    duplicates = without_offset(places)
    for (partition, number), (offset, when) in places.items():
        offsets = there.get((partition, number), [])
        if offset in offsets or (offsets and (partition, number) in duplicates):
            continue
        excused = kind == "acks1" and any(
            begun - LOST_SECONDS < when < over + FENCED_SECONDS for begun, over in hits
        )
        assert excused, (
            f"{answers.name}:{number} was acknowledged at {partition}@{offset}, and is at {offsets}; "
            f"{when:.1f} s, brokers were hit in {hits}"
        )
        lost += 1
    if kind in EXACT:
        doubled = [(record, offsets) for record, offsets in there.items() if len(offsets) > 1]
        assert not doubled, f"{answers.name}: twice {doubled[:10]}"
    others = set(there) - set(places)
    for turn, records in answers.unknown.items():
        found_of_it = {record: there[record][0] for record in records if record in there}
        assert found_of_it in ({}, records), f"{answers.name}: a part of turn {turn}: {found_of_it}"
        others -= set(records)
    assert not others, f"{answers.name}: never acknowledged, but there: {sorted(others)[:10]}"
    return lost


def check_order(found, all_answers, hits):
    """In each partition the records of a producer are in order, each where it is first, and before
    those of its successor. hits: spans in which leaders moved, behind which this client's records
    may come late."""
    turn = {answers.name: number for number, answers in enumerate(all_answers)}
    all_places = [answers.places() for answers in all_answers]
    last, seen = {}, set()
    for (partition, offset), text in sorted(found.items()):
        name, _, number = text.rpartition(":")
        if name not in turn or (partition, text) in seen:
            continue
        seen.add((partition, text))
        record = turn[name], int(number)
        before = last.get(partition, (-1, -1))
        if record < before:
            _, when = all_places[record[0]].get((partition, record[1]), (-1, 0))
            late = any(begun <= when < over + MOVED_SECONDS for begun, over in hits)
            assert late, f"{text} is at {partition}@{offset}, behind {before}"
        last[partition] = max(record, before)
