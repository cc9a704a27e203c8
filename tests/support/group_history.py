# SPDX-License-Identifier: Apache-2.0
"""What the members of a consumer group processed and committed, in one order, and its check: each
record in order, none left out, and none again that was committed.

Members are of librdkafka, Java and franz-go, in several processes of one machine, so that their
events are put in order by its clock.
"""

import threading
import time

from applications import Librdkafka
from franz import Franz
from log_lines import LogLines

ISOLATED = {"isolation.level": "read_committed", "auto.offset.reset": "earliest"}
# Rebalances are quick. Sessions are long, as by default: a client whose gateway is killed several
# times connects again after up to ten seconds only.
CLASSIC = {"heartbeat.interval.ms": "1000"}


class History:
    """Of one group. Members append to it on threads of their own."""

    def __init__(self, name, topics):
        self.name, self.topics = name, topics
        self.unjudged = set()  # numbers of members, see Check
        self._lock = threading.Lock()
        self._events, self._processed = [], set()

    def read(self, member, topic, partition, offset, when):
        place = topic, int(partition), int(offset)
        with self._lock:
            self._events.append((int(when), "read", member, *place))
            self._processed.add(place)

    def committed(self, member, topic, partition, offset, when):
        with self._lock:
            self._events.append(
                (int(when), "committed", member, topic, int(partition), int(offset))
            )

    def events(self):
        """(when, kind, member, topic, partition, offset) in the order in which they happened."""
        with self._lock:
            return sorted(self._events, key=lambda event: event[0])

    def processed(self):
        with self._lock:
            return set(self._processed)


class LibrdkafkaMember(Librdkafka):
    """number: another one for each member, also for one that is started again."""

    SESSION = CLASSIC

    def __init__(self, cluster, history, number, protocol):
        self._history, self._number = history, number
        super().__init__(
            cluster,
            history.name,
            history.topics,
            on_commit=self._note_committed,
            **{"group.protocol": protocol},
        )

    def process(self, message):
        place = message.topic(), message.partition(), message.offset()
        self._history.read(self._number, *place, time.time_ns())

    def _note_committed(self, error, partitions):
        for each in partitions if not error else ():
            if not each.error and each.offset >= 0:
                place = each.topic, each.partition, each.offset
                self._history.committed(self._number, *place, time.time_ns())


class FranzMember(Franz):
    def __init__(self, cluster, history, number, protocol):
        self._history, self._number = history, number
        super().__init__(cluster, history.name, history.topics, protocol)
        self._lines = LogLines(self._process, self._note)

    def _note(self, line):
        words = line.split(" ")
        if words[0] in self._history.topics and len(words) == 4:
            self._history.read(self._number, *words)
        elif words[0] == "committed" and len(words) == 5:
            self._history.committed(self._number, *words[1:])

    def close(self):
        super().close()
        self._lines.close()


class JavaMember:
    """java: the JavaApplications in which it lives."""

    def __init__(self, java, cluster, history, number, protocol):
        self._java, self._history, self._number = java, history, number
        self._name = f"{history.name}/{number}"
        more = {"group.protocol": protocol, "auto.commit.interval.ms": 500, **ISOLATED}
        if protocol == "classic":
            more |= CLASSIC
        java.read(self._name, cluster, history.name, history.topics, self._note, **more)

    def _note(self, words):
        if words[0] in ("read", "committed"):
            getattr(self._history, words[0])(self._number, *words[1:])

    def close(self):
        self._java.close(self._name)


def before(events, number):
    """What happened to the partition before an event, and the event, in words. Reads of a member
    that follow on each other are one line."""
    place, lines = events[number][3:5], []
    for when, kind, member, *where, offset in events[: number + 1]:
        if tuple(where) != place:
            continue
        last = lines[-1] if lines else None
        if last and kind == "read" and last[1:3] == [kind, member] and offset > last[4]:
            last[4] = offset
        else:
            lines.append([when, kind, member, offset, offset])
    return "\n".join(
        f"{(when - events[0][0]) / 1e9:.3f} s: member {member} {kind} {first} to {to}"
        for when, kind, member, first, to in lines[-40:]
    )


class Check:
    """Goes through a history. visible: all places, (topic, partition, offset), of committed
    records. again: what was committed may be read again, because its hold was lost. repeats: how
    each repetition of what wasn't committed came about.

    What librdkafka's members of a KIP-848 group repeat at the source isn't judged: no gateway is
    between, and the link writes nothing there yet. Seen twice: one began at 0, although 1505 was
    committed; another, where 479 was, and committed 1 then, so that the group went on before 479 on
    the target. The cause isn't known (librdkafka 2.11, where the protocol is a preview)."""

    def __init__(self, history, visible, again=False):
        self.name, self.again, self.unjudged = history.name, again, history.unjudged
        self.order = {}  # of a partition: {offset: its number among the visible ones}
        for topic, partition, offset in sorted(visible):
            numbers = self.order.setdefault((topic, partition), {})
            numbers[offset] = len(numbers)
        self.next = dict.fromkeys(self.order, 0)  # number of the first one not yet processed
        self.committed = {}  # of a partition: the offset
        self.last = {}  # of a member and a partition: the number that it processed last
        self.repeated, self.repeats = 0, []
        events = history.events()
        for number, (_, kind, member, topic, partition, offset) in enumerate(events):
            if kind == "committed":
                self.commit(member, (topic, partition), offset)
                continue
            try:
                if self.read(member, (topic, partition), offset):
                    self.repeats.append(before(events, number))
            except AssertionError as wrong:
                raise AssertionError(f"{wrong}\n{before(events, number)}") from None
        for place, numbers in self.order.items():
            left = len(numbers) - self.next[place]
            assert not left, f"{self.name}: the last {left} records of {place} aren't processed"

    def commit(self, member, place, offset):
        before = 0 if member in self.unjudged else self.committed.get(place, 0)
        self.committed[place] = max(offset, before)

    def read(self, member, place, offset):
        """True: a repetition begins."""
        number = self.order.get(place, {}).get(offset)
        where = f"{self.name}: {member} processes {place} at {offset}"
        assert number is not None, f"{where}, where no committed record is"
        begins = self.last.get((member, place)) != number - 1
        self.last[member, place] = number
        assert number <= self.next[place], f"{where}, and {number - self.next[place]} before aren't"
        if begins and not self.again and member not in self.unjudged:
            committed = self.committed.get(place, 0)
            assert offset >= committed, f"{where} again, although {committed} is committed"
        if number == self.next[place]:
            self.next[place] += 1
            return False
        self.repeated += 1
        return begins
