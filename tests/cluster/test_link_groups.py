# SPDX-License-Identifier: Apache-2.0
"""Consumer groups move to another cluster: members wait on the target until the last one has left the
source, and begin exactly where the group stopped.

tests/cluster/link_holds.c runs the mirror groups of a link. The mirror itself is played by the test,
which writes the same records to both clusters."""

import json
import os
import re
import subprocess
import threading
import time

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

import records
from java import java
from processes import BINARY_DIR, LOGS, Process, wait_for
from workers import PATIENCE, sanitizer_environment

IDLE_MS = 1500
STATE_TOPIC = "isthmus-link-state"


class Link:
    """A link's task for groups, and what it wrote of each group."""

    def __init__(self, name, source, target, **more):
        self.settings = {
            "name": name,
            "connector.class": "KafkaLinkConnector",
            "source.cluster.bootstrap.servers": source.bootstrap,
            "target.cluster.bootstrap.servers": target.bootstrap,
            "replication.factor": "1",
            "link.group.idle.ms": str(IDLE_MS),
            "link.lease.ms": "3000",
            "task.index": "0",
            "task.count": "1",
            **more,
        }
        self.written = []
        self.start()

    def start(self):
        program = BINARY_DIR / "tests" / "cluster" / "link_holds"
        LOGS.mkdir(parents=True, exist_ok=True)
        self.log = open(LOGS / f"{self.settings['name']}.log", "ab")
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", program]
            + [f"{key}={value}" for key, value in self.settings.items()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env={**sanitizer_environment(self.settings["name"])},
        )
        self.reader = threading.Thread(target=self.read, args=(self.process.stdout,), daemon=True)
        self.reader.start()

    def read(self, lines):
        for line in lines:
            self.written.append({"at": time.monotonic(), **json.loads(line)})

    def order(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def states(self, group):
        return [w["state"] for w in list(self.written) if w.get("group") == group]

    def state(self, group):
        states = self.states(group)
        return states[-1] if states else None

    def wait_state(self, group, state, timeout=60):
        def reached():
            assert self.process.poll() is None, f"the link ended: {self.process.returncode}"
            found = self.state(group)
            return found and found["state"] == state and found

        try:
            return wait_for(reached, timeout * PATIENCE, f"{group} to be {state}")
        finally:
            print(group, [(s or {}).get("state") for s in self.states(group)], self.state(group))

    def obstacle(self, group):
        """What speaks against a group, and whether it is a warning."""
        before = len(self.written)
        self.order("obstacle", group, group)
        wait_for(
            lambda: [w for w in self.written[before:] if "obstacle" in w], 60 * PATIENCE, "an answer"
        )
        [found] = [w for w in self.written[before:] if "obstacle" in w]
        return found["obstacle"], found["warning"]

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()

    def close(self):
        if self.process.poll() is None:
            self.order("quit")
        status = self.process.wait(60 * PATIENCE)
        self.reader.join()
        self.log.close()
        assert status == 0, f"the link ended with {status}"


@pytest.fixture
def link(source, target, unique):
    made = []

    def make(**more):
        made.append(Link(unique("link"), source, target, **more))
        return made[-1]

    yield make
    for each in made:
        each.close()


class Member:
    """A consumer that polls on a thread of its own, as applications do."""

    def __init__(self, cluster, group, topic, **more):
        self.seen, self.over, self.errors = [], threading.Event(), []
        settings = {"group.id": group, "auto.offset.reset": "earliest", "log_level": 3, **more}
        settings.setdefault("enable.auto.commit", False)
        if settings.get("group.protocol") != "consumer":
            settings.setdefault("session.timeout.ms", 6000)
            settings.setdefault("heartbeat.interval.ms", 1000)
        self.consumer = Consumer(cluster.client_config(**settings))
        self.consumer.subscribe([topic])
        self.thread = threading.Thread(target=self.poll, daemon=True)
        self.thread.start()

    def poll(self):
        while not self.over.is_set():
            for message in self.consumer.consume(500, 0.05):
                if message.error():
                    self.errors.append(message.error())
                else:
                    self.seen.append((message.topic(), message.partition(), message.offset()))
                    self.first = getattr(self, "first", time.monotonic())

    def commit(self, offsets):
        """Until all are taken: in a rebalance some aren't."""

        def taken():
            try:
                done = self.consumer.commit(offsets=offsets, asynchronous=False)
                return not any(place.error for place in done)
            except KafkaException:
                return False

        wait_for(taken, 60 * PATIENCE, "offsets to be committed", interval=0.3)

    def close(self, offsets=None):
        """Commits offsets, if any, and leaves."""
        if offsets:
            self.commit(offsets)
        self.over.set()
        self.thread.join()
        self.consumer.close()


class Assigned:
    """Many consumers that tell when they were given partitions."""

    def __init__(self, cluster, group, topic, count, **more):
        self.given, self.over = {}, threading.Event()
        settings = {"group.id": group, "auto.offset.reset": "earliest", **more}
        self.consumers = [Consumer(cluster.client_config(**settings)) for _ in range(count)]
        for consumer in self.consumers:
            consumer.subscribe([topic], on_assign=self.note)
        self.thread = threading.Thread(target=self.poll, daemon=True)
        self.thread.start()

    def note(self, consumer, partitions):
        for partition in partitions:
            self.given[partition.partition] = time.monotonic()

    def poll(self):
        while not self.over.is_set():
            for consumer in self.consumers:
                consumer.poll(0)
            time.sleep(0.01)

    def close(self):
        self.over.set()
        self.thread.join()
        for consumer in self.consumers:
            consumer.close()


class Console:
    """Java's console consumer as a member."""

    def __init__(self, cluster, group, topic, protocol):
        self.topic = topic
        more = ["enable.auto.commit=false"]
        more += ["group.protocol=consumer"] if protocol == "consumer" else []
        command = java(
            "org.apache.kafka.tools.consumer.ConsoleConsumer",
            *["--bootstrap-server", cluster.bootstrap, "--include", f"{topic}.*", "--group", group],
            *["--from-beginning", "--property", "print.partition=true"],
            *["--property", "print.offset=true", "--property", "print.value=false"],
            *[word for each in more for word in ("--consumer-property", each)],
            heap="128m",
        )
        self.process = Process(f"console-{group}", command)

    @property
    def seen(self):
        lines = self.process.log_path.read_text(errors="replace").splitlines()
        found = [re.match(r"Partition:(\d+)\tOffset:(\d+)", line) for line in lines]
        return [(self.topic, int(m[1]), int(m[2])) for m in found if m]

    def close(self):
        self.process.stop()


def offsets_of(topic, offset, partitions, metadata=""):
    return [TopicPartition(topic, p, offset, metadata) for p in range(partitions)]


def members_on(cluster, group):
    """None: nobody says, as while a first group's topic is made."""
    described = cluster.admin.describe_consumer_groups([group], request_timeout=20)
    try:
        return len(described[group].result(30).members)
    except KafkaException as failure:
        if failure.args[0].code() not in records.COMING_UP:
            raise
        return None


def committed(cluster, group, topic, partitions):
    try:
        return records.committed(cluster, group, topic, range(partitions))
    except KafkaException:
        return None


def both(source, target, topic, partitions, count, first=0):
    """The same records, at the same offsets, on both clusters."""
    for cluster in (source, target):
        for partition in range(partitions):
            records.produce(cluster, topic, count, first=first, partition=partition)


PROTOCOLS = {
    "classic": {"partition.assignment.strategy": "range"},
    "consumer": {"group.protocol": "consumer"},
}


def reader_of_both(source, target, group, topic, partitions, settings):
    """Makes the topic on both sides, with ten records a partition. A member that has read those of
    the source."""
    for cluster in (source, target):
        cluster.create_topic(topic, partitions)
    both(source, target, topic, partitions, 10)
    member = Member(source, group, topic, **settings)
    wait_for(
        lambda: len(member.seen) == 10 * partitions,
        60 * PATIENCE,
        "the group to read on the source",
    )
    return member


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_group_moves_by_a_rolling_restart(source, target, link, unique, protocol):
    topic, group, settings = unique("orders"), unique("group"), PROTOCOLS[protocol]
    consumer = protocol == "consumer"
    old = reader_of_both(source, target, group, topic, 3, settings)
    old.commit(offsets_of(topic, 6, 3, "note"))
    # Committed on the target in another life: with these the group would skip records.
    records.commit(target, group, topic, {0: 9, 1: 9, 2: 9})

    mover = link()
    mover.order("topic", topic, topic, 3, "LINKING")
    mover.order("group", group, group, "hold", "auto")
    held = mover.wait_state(group, "STANDBY")
    assert bool(held.get("consumer")) == consumer
    wait_for(
        lambda: committed(target, group, topic, 3) == {0: 6, 1: 6, 2: 6},
        60 * PATIENCE,
        "the offsets to be brought over",
    )

    # Members wait on the target: one more by a pattern, one static.
    new = [
        Member(target, group, topic, **settings),
        Member(target, group, f"^{topic}.*", **settings),
        Member(target, group, topic, **settings, **{"group.instance.id": "static-1"}),
        Console(target, group, topic, protocol),
    ]
    ours = (3 + 4) if consumer else 1
    try:
        wait_for(
            lambda: members_on(target, group) == ours + 4, 60 * PATIENCE, "the members to join"
        )
        # The holder dies, partitions are added, and a successor comes.
        mover.kill()
        for cluster in (source, target):
            cluster.add_partitions(topic, 4)
        both(source, target, topic, 4, 5, first=10)
        new.append(Member(target, group, topic, **settings))
        time.sleep(8)
        assert not any(member.seen for member in new)
        mover.start()
        mover.order("topic", topic, topic, 4, "LINKING")
        wait_for(
            lambda: committed(target, group, topic, 4) == {0: 6, 1: 6, 2: 6, 3: 0},
            60 * PATIENCE,
            "each partition to have an offset",
        )
        assert mover.state(group)["state"] == "STANDBY"
        assert not any(member.seen for member in new)
        assert "last member has left" in mover.state(group)["reason"]

        old.close(offsets_of(topic, 8, 3))
        left = time.monotonic()
        mover.wait_state(group, "PROMOTED")
        expected = sorted([(topic, p, o) for p in range(3) for o in range(8, 15)])
        expected += [(topic, 3, o) for o in range(5)]
        wait_for(
            lambda: len(sum((m.seen for m in new), [])) >= len(expected),
            60 * PATIENCE,
            "the members to go on",
        )
        time.sleep(1)
        assert sorted(sum((m.seen for m in new), [])) == sorted(expected)
        first = min(m.first for m in new if hasattr(m, "first"))
        print(f"{protocol}: the members go on {first - left - IDLE_MS / 1000:.2f} s after the "
              "last one has left and the group was idle")
        assert members_on(target, group) == len(new)
        new[0].commit(offsets_of(topic, 12, 3))
    finally:
        for member in new:
            member.close()

    # What is committed on the target is committed on the source: the consumers could return.
    wait_for(
        lambda: committed(source, group, topic, 3) == {0: 12, 1: 12, 2: 12},
        60 * PATIENCE,
        "the offsets to be brought back",
    )


def test_a_group_that_is_active_on_the_target_cannot_be_held(source, target, link, unique):
    """And what was held is released, forgotten, or lost."""
    topic, group = unique("orders"), unique("group")
    for cluster in (source, target):
        cluster.create_topic(topic, 2)
    both(source, target, topic, 2, 10)
    records.commit(source, group, topic, {0: 4, 1: 20})
    early = Member(target, group, topic)
    wait_for(lambda: len(early.seen) == 20, 60 * PATIENCE, "the early member to read")
    mover = link()
    mover.order("topic", topic, topic, 2, "LINKING")
    mover.order("group", group, group, "hold", "manual")
    assert "members on the target" in mover.wait_state(group, "FAILED")["reason"]
    assert mover.obstacle(group) == ("TARGET_GROUP_ACTIVE", False)
    early.close()
    # Other groups that can't be held, and those that can.
    mover.order("member", f"{group}-streams", "consumer", "stream")
    assert mover.obstacle(f"{group}-streams") == ("STREAMS_GROUP", False)
    mover.order("member", f"{group}-connect", "connect", "default")
    assert mover.obstacle(f"{group}-connect") == ("CONNECT_GROUP", False)
    mover.order("member", f"{group}-other", "sr", "v0")
    assert mover.obstacle(f"{group}-other") == ("FOREIGN_GROUP", False)
    assert mover.obstacle(f"{group}-none") == ("SOURCE_GROUP_UNKNOWN", True)
    assert mover.obstacle(group) == ("GROUP_WITHOUT_MEMBERS", True)
    mover.order("member", f"{group}-plain", "consumer", "range")
    assert mover.obstacle(f"{group}-plain") == (None, False)
    mover.order("group", group, group, "hold", "manual")
    mover.wait_state(group, "STANDBY")
    # Beyond the log's end nothing is committed, and the mirror is behind.
    wait_for(
        lambda: committed(target, group, topic, 2) == {0: 4, 1: 10}, 60 * PATIENCE, "the offsets"
    )
    mover.order("group", group, group, "promote", "manual")
    wait_for(
        lambda: topic in mover.state(group)["reason"], 60 * PATIENCE, "what the promotion waits for"
    )
    waiting = Member(target, group, topic)
    wait_for(lambda: members_on(target, group) == 2, 60 * PATIENCE, "a member to wait")
    mover.order("group", group, group, "release", "manual")
    mover.wait_state(group, "RELEASED")
    wait_for(lambda: len(waiting.seen) == 6, 60 * PATIENCE, "the member to read")
    waiting.close()

    # Forced, it is promoted with what is there; forgotten, nothing is left of it.
    mover.order("group", group, group, "hold", "manual")
    mover.wait_state(group, "STANDBY")
    mover.order("group", group, group, "promote", "force")
    mover.wait_state(group, "PROMOTED")
    mover.order("forget", group)
    wait_for(lambda: mover.state(group) is None, 60 * PATIENCE, "the group to be forgotten")
    assert members_on(target, group) == 0


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_offsets_that_a_cluster_has_lost_are_committed_again(
    source, target, link, unique, protocol
):
    """A broker removes a topic's offsets when it hears that the topic was deleted, by its name. The
    link isn't told of it here, as if a repair had made the topic anew and the broker heard late."""

    def make_anew(cluster):
        cluster.delete_topic(topic)
        wait_for(lambda: committed(cluster, group, topic, 2) == {}, 60 * PATIENCE, "none to be left")
        cluster.create_topic(topic, 2)
        for partition in range(2):
            records.produce(cluster, topic, 10, partition=partition)

    topic, group = unique("orders"), unique("group")
    old = reader_of_both(source, target, group, topic, 2, PROTOCOLS[protocol])
    mover = link()
    mover.order("topic", topic, topic, 2, "LINKING")
    mover.order("group", group, group, "hold", "manual")
    old.close(offsets_of(topic, 4, 2, "note"))
    mover.wait_state(group, "STANDBY")
    wait_for(
        lambda: committed(target, group, topic, 2) == {0: 4, 1: 4}, 60 * PATIENCE, "the offsets"
    )
    make_anew(target)
    assert committed(target, group, topic, 2) == {}
    mover.order("group", group, group, "promote", "manual")
    mover.wait_state(group, "PROMOTED")
    assert committed(target, group, topic, 2) == {0: 4, 1: 4}

    # As long as the consumers may return, the same holds for the source: what it had is no bound.
    records.commit(target, group, topic, {0: 8, 1: 8})
    wait_for(
        lambda: committed(source, group, topic, 2) == {0: 8, 1: 8}, 60 * PATIENCE, "the offsets"
    )
    records.commit(target, group, topic, {0: 3, 1: 3})
    make_anew(source)
    wait_for(
        lambda: committed(source, group, topic, 2) == {0: 3, 1: 3}, 60 * PATIENCE, "them again"
    )


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_the_target_had_before_is_replaced_first(source, target, link, unique, protocol):
    """It is ahead, of another history. Who goes on for a task that has ended right then takes what is
    committed on the target for the link's own."""
    topic, group = unique("orders"), unique("group")
    old = reader_of_both(source, target, group, topic, 2, PROTOCOLS[protocol])
    records.commit(target, group, topic, {0: 8, 1: 4})
    mover = link()
    mover.order("topic", topic, topic, 2, "LINKING")
    mover.order("group", group, group, "hold", "manual")
    old.close(offsets_of(topic, 4, 2))
    mover.wait_state(group, "STANDBY")
    mover.kill()
    assert committed(target, group, topic, 2)[0] < 8
    mover.start()
    mover.order("group", group, group, "promote", "manual")
    mover.wait_state(group, "PROMOTED")
    assert committed(target, group, topic, 2) == {0: 4, 1: 4}


SHORT_SESSIONS = {
    "group.max.session.timeout.ms": "6000",
    "group.consumer.min.session.timeout.ms": "4000",
    "group.consumer.session.timeout.ms": "4000",
    "group.consumer.max.session.timeout.ms": "6000",
    "group.consumer.min.heartbeat.interval.ms": "1000",
    "group.consumer.heartbeat.interval.ms": "1000",
}


def test_a_hold_that_is_lost_is_taken_again(source, cluster_factory, unique):
    """Brokers that grant sessions of six seconds at most: who holds the groups is away for longer."""
    target = cluster_factory("short", properties=SHORT_SESSIONS)
    topic, groups = unique("orders"), {p: unique(f"group-{p}") for p in PROTOCOLS}
    for cluster in (source, target):
        cluster.create_topic(topic, 2)
    both(source, target, topic, 2, 10)
    mover = Link(unique("link"), source, target)
    mover.order("topic", topic, topic, 2, "LINKING")
    stay, wait = {}, {}
    try:
        for protocol, group in groups.items():
            stay[protocol] = Member(source, group, topic, **PROTOCOLS[protocol])
            wait_for(lambda: len(stay[protocol].seen) == 20, 60 * PATIENCE, "the group to read")
            stay[protocol].commit(offsets_of(topic, 4, 2))
            mover.order("group", group, group, "hold", "auto")
        for protocol, group in groups.items():
            mover.wait_state(group, "STANDBY")
            wait_for(lambda: committed(target, group, topic, 2) == {0: 4, 1: 4}, 60, "offsets")
            wait[protocol] = Member(target, group, topic, **PROTOCOLS[protocol])
            others = 6 if protocol == "consumer" else 1
            wait_for(lambda: members_on(target, group) == others + 1, 60 * PATIENCE, "a member")
        time.sleep(2)
        assert not wait["classic"].seen and not wait["consumer"].seen
        mover.kill()
        for protocol in groups:
            wait_for(lambda: len(wait[protocol].seen) == 12, 90 * PATIENCE, "the hold to end")
            assert min(o for _, _, o in wait[protocol].seen) == 4
        mover.start()
        # Phantoms take their partitions back at once; a classic group is another's to lead.
        mover.wait_state(groups["consumer"], "HOLD_LOST")
        mover.wait_state(groups["consumer"], "STANDBY")
        lost = mover.wait_state(groups["classic"], "HOLD_LOST")
        assert "Stop them" in lost["reason"]
        both(source, target, topic, 2, 5, first=10)
        # It commits nothing, and so reads from the last offsets again after each rebalance.
        wait_for(
            lambda: len(set(wait["classic"].seen)) == 22, 60 * PATIENCE, "the member to read on"
        )
        assert len(wait["consumer"].seen) == 12
        wait.pop("classic").close()
        mover.wait_state(groups["classic"], "STANDBY")
    finally:
        for member in [*stay.values(), *wait.values()]:
            member.close()
        mover.close()


def forget_epochs(target, group):
    """Of all phantoms but the first, as a worker leaves them that dies at the wrong moment."""
    found = [r for part in records.read_all(target, STATE_TOPIC).values() for r in part]
    told = [r for r in found if group in json.loads(r.key).values() and b'"members"' in (r.value or b"")]
    last = told[-1]
    state = json.loads(last.value)
    assert len(state["members"]) == 6, state
    state["members"] = dict([min(state["members"].items())])
    producer = Producer(target.client_config())
    producer.produce(STATE_TOPIC, json.dumps(state), last.key, partition=last.partition)
    assert producer.flush(60) == 0


LONG_SESSIONS = {"group.consumer.max.session.timeout.ms": "3600000"}


def test_a_successor_learns_the_epochs_of_its_phantoms(source, cluster_factory, unique):
    """Without them it would be let in when their sessions are over, and members before it. The
    sessions are longer than the test waits."""
    target = cluster_factory("long", properties=LONG_SESSIONS)
    topic, group, settings = unique("orders"), unique("group"), PROTOCOLS["consumer"]
    old = reader_of_both(source, target, group, topic, 2, settings)
    old.commit(offsets_of(topic, 4, 2))
    mover = Link(unique("link"), source, target)
    mover.order("topic", topic, topic, 2, "LINKING")
    mover.order("group", group, group, "hold", "auto")
    mover.wait_state(group, "STANDBY")
    new = Member(target, group, topic, **settings)
    try:
        wait_for(lambda: members_on(target, group) == 7, 60 * PATIENCE, "a member to wait")
        mover.kill()
        forget_epochs(target, group)
        mover.start()
        old.commit(offsets_of(topic, 7, 2))
        wait_for(
            lambda: committed(target, group, topic, 2) == {0: 7, 1: 7}, 60 * PATIENCE, "the hold"
        )
        assert not new.seen
    finally:
        new.close()
        old.close()
        mover.close()


@pytest.mark.parametrize("before", [{0: 4, 1: 4}, {}], ids=["later", "first"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_offsets_of_an_open_transaction_are_waited_for(
    source, target, link, unique, protocol, before
):
    """An application that reads, processes and writes exactly once has ended, and the end of its
    last transaction isn't in the group's log yet (KIP-447). That may be its first transaction."""
    topic, group, settings = unique("orders"), unique("group"), PROTOCOLS[protocol]
    old = reader_of_both(source, target, group, topic, 2, settings)
    if before:
        old.commit([TopicPartition(topic, p, offset) for p, offset in before.items()])
    mover = link()
    mover.order("topic", topic, topic, 2, "LINKING")
    mover.order("group", group, group, "hold", "auto")
    mover.wait_state(group, "STANDBY")

    more = {"transactional.id": unique("ledger"), "transaction.timeout.ms": 300_000}
    writer = Producer(source.client_config(**more))
    writer.init_transactions(60)
    writer.begin_transaction()
    metadata = old.consumer.consumer_group_metadata()
    writer.send_offsets_to_transaction(offsets_of(topic, 10, 2), metadata)
    old.close()
    wait_for(
        lambda: "end of transactions" in mover.state(group)["reason"],
        60 * PATIENCE,
        "the group to wait for its transaction",
    )
    new = Member(target, group, topic, **settings)
    try:
        wait_for(lambda: (members_on(target, group) or 0) > 1, 60 * PATIENCE, "a member to join")
        assert committed(target, group, topic, 2) == before
        writer.commit_transaction(60)
        mover.wait_state(group, "PROMOTED")
        assert committed(target, group, topic, 2) == {0: 10, 1: 10}
    finally:
        new.close()


@pytest.mark.long
@pytest.mark.parametrize("protocol, most", [("classic", 2), ("consumer", 6)])
def test_a_hundred_members_go_on_at_once(source, cluster_factory, link, unique, protocol, most):
    """LINK_GROUP_MEMBERS (100) and LINK_GROUP_PARTITIONS (1000) make it smaller."""
    members = int(os.environ.get("LINK_GROUP_MEMBERS", "100"))
    partitions = int(os.environ.get("LINK_GROUP_PARTITIONS", "1000"))
    topic, group, settings = unique("orders"), unique("group"), PROTOCOLS[protocol]
    target = cluster_factory("large", heap="1g")
    for cluster in (source, target):
        cluster.create_topic(topic, partitions)
    old = Member(source, group, topic, **settings)
    wait_for(lambda: members_on(source, group) == 1, 60 * PATIENCE, "a member on the source")
    wait_for(lambda: len(old.consumer.assignment()) == partitions, 60 * PATIENCE, "its partitions")
    old.commit(offsets_of(topic, 0, partitions))
    mover = Link(unique("link"), source, target, **{"link.group.idle.ms": "5000"})
    try:
        mover.order("topic", topic, topic, partitions, "LINKING")
        mover.order("group", group, group, "hold", "auto")
        mover.wait_state(group, "STANDBY", 180)
        new = Assigned(target, group, topic, members, **settings)
        ours = 1 if protocol == "classic" else partitions + 4 + partitions // 10
        wait_for(
            lambda: members_on(target, group) == ours + members, 240 * PATIENCE, "all to join", 1
        )
        time.sleep(10)
        assert not new.given
        old.close()
        left = time.monotonic()
        wait_for(lambda: len(new.given) == partitions, 120 * PATIENCE, "all partitions to be given")
        took = max(new.given.values()) - left - 5
        print(f"{protocol}: {members} members have {partitions} partitions {took:.2f} s after the "
              "last one has left and the group was idle")
        new.close()
        assert took <= most * PATIENCE
    finally:
        mover.close()
