# SPDX-License-Identifier: Apache-2.0
"""A whole migration through two gateways, under load, while gateways, workers and brokers of both
clusters are killed and frozen, and the gateways' connections to the source held up and cut, at
random.

Producers that write at the source are restarted one by one at the gateways, consumers at the
target, in random order; groups are promoted by themselves, topics by people. Clients are Java's,
librdkafka's and franz-go's. Then source and target, what producers were acknowledged, and what
consumers processed and committed are compared by readers that no link and no gateway has a part in:

- up to the flip both sides have the same records, with the same keys, at the same offsets;
- what a producer was acknowledged is on the target, as its kind promises (rolled_writers.py);
- each group has processed each record in order, and none again that it had committed.

Three migrations go on at a time, by the same workers and gateways, so that a trouble hits each of
them where it is just then. ISTHMUS_FAULT_RUNS (2; 100 with ISTHMUS_LONG=1) says how many there are,
ISTHMUS_FAULT_BESIDE (3) how many at a time. ISTHMUS_FAULT_SEED is the first one's seed: each tells
its own."""

import collections
import concurrent.futures
import contextlib
import os
import random
import re
import threading
import time

import offset_by_offset
import pytest
from fault_cluster import FaultCluster
from gateways import Through, routing_gateway
from group_history import Check, FranzMember, History, JavaMember, LibrdkafkaMember
from java_applications import JavaApplications
from kafka_cluster import Cluster
from links import Link, link_config
from processes import LOGS, wait_for
from rest import Rest
from rolled_writers import KINDS, Application, clients
from troubles import OF_BROKERS, OF_FLIPS, OF_OURS, Troubles
from workers import PATIENCE, Workers

LEASE_MS = 2000
SESSION = {"session.timeout.ms": "3000", "heartbeat.interval.ms": "500"}
# Members of KIP-848 groups ask for news every five seconds by default.
QUICK_GROUPS = {
    "group.consumer.min.heartbeat.interval.ms": "500",
    "group.consumer.heartbeat.interval.ms": "1000",
}
LONG = bool(os.environ.get("ISTHMUS_LONG"))
RUNS = int(os.environ.get("ISTHMUS_FAULT_RUNS", "100" if LONG else "2"))
BESIDE = min(RUNS, int(os.environ.get("ISTHMUS_FAULT_BESIDE", "3")))
PARTITIONS = 2
MORE = 20  # records that a producer writes in a step
PRODUCERS = 6
MEMBERS = 2  # of each group
SHORT_PHASES = ("holding", "groups", "topics")
# How many troubles there are beside a step of a phase, over all runs that go on at a time.
OFTEN = {"linking": 0.7, "rolling": 0.2, "promoted": 0.7}
OFTEN |= {"holding": 1.5, "groups": 1.5, "topics": 3}
MEMBER_KINDS = {"librdkafka": LibrdkafkaMember, "franz": FranzMember, "java": JavaMember}

pytestmark = pytest.mark.skipif("config.getoption('--worker') == 'java'", reason="our own link")


class Asking(Rest):
    """A worker that is frozen holds nobody up."""

    def call(self, method, path, body=None, timeout=5, **options):
        return super().call(method, path, body, timeout, **options)


class Group:
    """A group, and its members: each is started again when it moves."""

    def __init__(self, client, protocol, name, topics, java):
        self.client, self.protocol, self.name = client, protocol, name
        self.history = History(name, topics)
        self._java, self._started = java, 0
        self._members = [None] * MEMBERS

    def __str__(self):
        return f"{self.client}'s {self.protocol} group"

    def start(self, index, cluster, at_source=False):
        if self._members[index]:
            self._members[index].close()
        self._started += 1
        if at_source and (self.client, self.protocol) == ("librdkafka", "consumer"):
            self.history.unjudged.add(self._started)
        first = (self._java,) if self.client == "java" else ()
        make = MEMBER_KINDS[self.client]
        self._members[index] = make(*first, cluster, self.history, self._started, self.protocol)

    def lost_its_hold(self):
        """At some time, as its state said, which workers log."""
        move = re.compile(rf"group {self.name} goes from \S+ to HOLD_LOST")
        return any(move.search(log.read_text(errors="replace")) for log in LOGS.glob("worker-*"))

    def close(self):
        while self._members:
            member = self._members.pop()
            if member:
                member.close()


def one_of_each(chance, wanted, count):
    """count draws among which each of the wanted ones is."""
    drawn = [*wanted, *chance.choices(wanted, k=count - len(wanted))]
    return chance.sample(drawn, count)


class World:
    """What all runs share: clusters, workers, gateways, Java's JVM and troubles. kinds: of troubles
    that there may be."""

    def __init__(self, source, target, pair, gateways, java, kinds):
        self.source, self.target, self.pair, self.gateways = source, target, pair, gateways
        self.java, self.kinds = java, kinds
        self.of_brokers = bool(set(kinds) & set(OF_BROKERS))
        self.clients = clients()
        self.troubles = Troubles(gateways, pair, source, target, LEASE_MS)
        self.stories = set()  # those that go on
        self.tally = collections.Counter()  # of (phase, trouble)

    def tell(self, kind, what):
        """Of a trouble that begins: which stories it hits, and where they are."""
        for story in list(self.stories):
            self.tally[story.phase, kind] += 1
            story.note(f"    {kind} in phase {story.phase}: {what}")

    def entrance(self, chance):
        """Both gateways, as a client has them in its bootstrap.servers."""
        addresses = [gateway.bootstrap for gateway in chance.sample(self.gateways, 2)]
        return Through({"bootstrap.servers": ",".join(addresses)})


class Story:
    """A link with two topics, who writes and reads, and what happens to them."""

    def __init__(self, world, seed, unique):
        self.world, self.seed, self.chance = world, seed, random.Random(seed)
        self.source, self.target = world.source, world.target
        self.asking = [Asking(worker.rest.url) for worker in world.pair]
        self.topics = [unique("orders"), unique("ledger")]
        self.link = Link(self.asking[0], unique("link"))
        self.phase, self.trouble, self.refusal = "linking", None, None
        self.flipping, self.flip = set(), threading.Event()
        self.given_up = False
        self.began = time.monotonic()
        self.applications = [
            Application(client, kind, topic, PARTITIONS, unique(kind), world.java)
            for client, kind, topic in zip(
                one_of_each(self.chance, world.clients, PRODUCERS),
                one_of_each(self.chance, KINDS, PRODUCERS),
                one_of_each(self.chance, self.topics, PRODUCERS),
            )
        ]
        self.groups = [
            Group(client, protocol, unique(protocol), self.topics, world.java)
            for client, protocol in zip(
                self.chance.sample(world.clients, 2), ("classic", "consumer")
            )
        ]

    # ---- what is asked of a link that may have no worker at the moment ----

    def insist(self, ask, what, timeout=120, interval=0.2):
        """Asks any worker, again and again."""

        def asked():
            assert not self.given_up
            for rest in self.asking:
                self.link.rest = rest
                with contextlib.suppress(OSError):
                    found = ask()
                    if found:
                        return found
            return None

        return wait_for(asked, timeout * PATIENCE, what, interval)

    def wait_topic(self, topic, *states):
        def reached():
            state = self.link.state(topic)
            assert state not in ("DIVERGED", "FAILED"), self.link.mirror(topic)
            return state in states and state

        return self.insist(reached, f"{topic} to be {states}")

    def wait_group(self, group, *states):
        seen = []

        def reached():
            found = self.link.group(group.name)
            seen.append(found)
            return found and found["group_status"] in states and found["group_status"]

        try:
            return self.insist(reached, f"{group.name} to be {states}")
        except AssertionError:
            print(seen[-1])
            raise

    def taken(self, call):
        return self.insist(lambda: call().status_code < 300, "an order to be taken")

    # ---- the steps ----

    def begin(self):
        with self.world.troubles.peace:
            for topic in self.topics:
                self.source.create_topic(topic, PARTITIONS)
                for broker in self.source.brokers:  # a client that hears both may change the order
                    broker.wait_topic(topic)
        for application in self.applications:
            application.start(self.source)
        for group in self.groups:
            for index in range(MEMBERS):
                group.start(index, self.source, at_source=True)

    def make_link(self):
        config = link_config(
            self.source,
            self.target,
            topics=",".join(self.topics),
            replication_factor=min(3, self.source.size),
            tasks_max=2,
            link_lease_ms=LEASE_MS,
            link_group_idle_ms=1000,
        )
        path = f"/connectors/{self.link.name}/config"
        self.taken(lambda: self.link.rest.call("PUT", path, config))
        for topic in self.topics:
            self.wait_topic(topic, "LINKING")
        self.write()

    def write(self):
        for application in self.applications:
            application.wait(MORE)

    def register(self):
        names = [group.name for group in self.groups]
        self.insist(
            lambda: all(self.link.group(name) for name in names)
            or self.link.register(*names).status_code < 300,
            "the groups to be registered",
        )
        for group in self.groups:
            self.wait_group(group, "STANDBY")

    def roll_producer(self, application):
        application.start(self.world.entrance(self.chance))
        application.wait(MORE)

    def roll_member(self, group, index):
        way = self.chance.choice([self.world.entrance(self.chance), self.target])
        group.start(index, way)

    def finish_groups(self):
        """A group whose hold was lost waits for people."""
        path = f"/links/{self.link.name}/groups:promote"
        for group in self.groups:
            state = self.wait_group(group, "PROMOTED", "HOLD_LOST")
            if state == "HOLD_LOST":
                body = {"group_ids": [group.name], "force": True}
                self.taken(lambda b=body: self.link.rest.call("POST", path, b))
                self.wait_group(group, "PROMOTED")

    def promote(self, *topics):
        """Orders it again where a worker died with the order, or something passes by itself."""

        def promoted(topic):
            state = self.link.state(topic)
            self.see_flip(topic, state)
            if state == "LINKING":
                answer = self.link.ask("promote", topic)
                self.refusal = None if answer.status_code < 300 else answer.text
            return state == "PROMOTED"

        for topic in topics:
            self.wait_topic(topic, "LINKING", "PROMOTING", "PROMOTED")
        try:
            self.insist(
                lambda: all([promoted(topic) for topic in topics]),
                f"{topics} to be promoted",
                interval=0.02,
            )
        except AssertionError:
            print(self.refusal, [self.link.mirror(topic) for topic in topics])
            raise

    def see_flip(self, topic, state):
        """While a topic flips, gateways hold its writes: a phase of its own."""
        flips = state == "PROMOTING"
        if state is None or flips == (topic in self.flipping):
            return
        self.note(f"    {topic} {'flips' if flips else 'has flipped'}")
        (self.flipping.add if flips else self.flipping.discard)(topic)
        self.phase = "flip" if self.flipping else "topics"
        if flips:
            self.flip.set()
            self.world.troubles.flip.set()

    def steps(self):
        """(phase, what, step): what people do, in the order of a migration, much left to chance."""
        yield "linking", "the link is made", self.make_link
        yield "holding", "groups are registered", self.register
        rolls = [
            (f"{application} moves", lambda a=application: self.roll_producer(a))
            for application in self.applications
        ]
        rolls += [
            (f"a member of {group} moves", lambda g=group, i=index: self.roll_member(g, i))
            for group in self.groups
            for index in range(MEMBERS)
        ]
        self.chance.shuffle(rolls)
        if self.chance.random() < 0.5:  # groups are promoted right behind the last member's move
            rolls.sort(key=lambda roll: roll[0].startswith("a member"))
        for what, step in rolls:
            yield "rolling", what, step
        last = [("groups", "groups are promoted", self.finish_groups)]
        topics = self.chance.sample(self.topics, len(self.topics))
        if self.chance.random() < 0.5:
            last.append(("topics", "topics are promoted", lambda: self.promote(*topics)))
        else:
            last += [
                ("topics", f"{topic} is promoted", lambda t=topic: self.promote(t))
                for topic in topics
            ]
        if self.chance.random() < 0.3:  # topics before groups
            last.append(last.pop(0))
        yield from last
        yield "promoted", "producers go on", self.write

    def note(self, what):
        print(f"  {self.seed} {time.monotonic() - self.began:5.1f} {what}", flush=True)

    def settle(self):
        if self.trouble:
            self.trouble.result()
        self.trouble = None

    def begin_trouble(self):
        """Brokers are hit mostly, where they are hit at all, in the phases that are short."""
        self.settle()
        world, kinds, moment = self.world, self.world.kinds, None
        if world.of_brokers and self.phase in SHORT_PHASES and self.chance.random() < 0.6:
            kinds = OF_BROKERS
        if self.phase == "topics" and self.chance.random() < 0.6:
            self.begin_with_writes_under_way()
            return
        if self.phase == "topics" and self.chance.random() < 0.7:
            moment = self.flip = threading.Event()
        self.trouble = world.troubles.begin(self.chance, kinds, world.tell, moment)

    def begin_with_writes_under_way(self):
        """The step follows once there are some."""
        troubles = self.world.troubles
        troubles.writes_under_way.clear()
        self.trouble = troubles.begin(self.chance, OF_FLIPS, self.world.tell)
        troubles.writes_under_way.wait(60)

    def run(self):
        """Some steps have a trouble beside them, which may last into the next steps."""
        self.begin()
        for phase, what, step in self.steps():
            self.phase = phase
            self.note(what)
            if self.chance.random() < OFTEN[phase] / BESIDE:
                self.begin_trouble()
            step()
        self.settle()
        self.write()

    def end(self):
        for application in self.applications:
            application.close()

    # ---- what came of it ----

    def placed(self, cluster):
        """{topic: {(partition, offset): record}}"""
        with self.world.troubles.peace:
            return {topic: offset_by_offset.placed(cluster, topic) for topic in self.topics}

    def wait_processed(self, expected):
        for group in self.groups:
            try:
                wait_for(
                    lambda g=group: self.given_up or expected <= g.history.processed(),
                    90 * PATIENCE,
                    f"{group} to process everything",
                    interval=0.2,
                )
            except AssertionError:
                print(group, "lacks", sorted(expected - group.history.processed())[:10])
                raise

    def check(self):
        """Says how much was compared."""
        here = self.placed(self.target)
        visible = {(topic, *place) for topic, found in here.items() for place in found}
        self.wait_processed(visible)
        for group in self.groups:
            group.close()
        there = self.placed(self.source)
        compared = sum(self.check_before_flip(topic, there[topic], here[topic]) for topic in here)
        acknowledged, lost = 0, 0
        for application in self.applications:
            found = {place: text_of(record) for place, record in here[application.topic].items()}
            counts = application.check(found, self.world.troubles.brokers_hit)
            acknowledged, lost = acknowledged + counts[0], lost + counts[1]
        lost_hold = [group for group in self.groups if group.lost_its_hold()]
        for group in lost_hold:
            self.note(f"{group} lost its hold")
        checks = [Check(g.history, visible, again=g in lost_hold) for g in self.groups]
        for group, check in zip(self.groups, checks):
            for repeat in check.repeats:
                print(f"  {self.seed} {group} again:\n{repeat}", flush=True)
        return (
            f"{compared} records before the flip, {len(visible)} in all; {acknowledged} were "
            f"acknowledged, {lost} of them lost with acks=1; groups processed "
            f"{[check.repeated for check in checks]} again"
        )

    def check_before_flip(self, topic, there, here):
        """Up to where the link ended, by its receipt, both sides have the same records in the same
        places. What came to the source later was acknowledged to nobody, as producers' checks
        show."""
        path = f"/links/{self.link.name}/receipts/{topic}"

        def receipt():
            answer = self.link.rest.call("GET", path)
            return answer.status_code == 200 and answer.json()

        partitions = self.insist(receipt, f"the receipt of {topic}")["partitions"]
        ends = {part["partition"]: part["target_end"] for part in partitions}
        assert len(ends) == PARTITIONS
        there, here = (
            {place: record for place, record in side.items() if place[1] < ends[place[0]]}
            for side in (there, here)
        )
        found = offset_by_offset.differences(there, here)
        assert there and not found, f"{topic}: {len(found)} differences\n" + "\n".join(found[:20])
        return len(there)

    def leave(self):
        """Takes away what the next run doesn't need."""
        path = f"/connectors/{self.link.name}"
        self.insist(
            lambda: self.link.rest.call("DELETE", path).status_code in (204, 404), "the link to go"
        )
        with self.world.troubles.peace:
            for cluster in (self.source, self.target):
                cluster.delete_topic(*self.topics)

    def give_up(self):
        """Because another one has failed."""
        self.given_up = True
        for application in self.applications:
            application.give_up("another migration has failed")


def text_of(record):
    return (record.value or b"").decode(errors="replace")


def one_run(world, seed, unique):
    """A migration and its check. One that fails leaves its clients: they might not end soon."""
    print(f"ISTHMUS_FAULT_SEED={seed} begins", flush=True)
    story = Story(world, seed, unique)
    world.stories.add(story)
    try:
        story.run()
        story.end()
        said = story.check()
        story.leave()
    finally:
        world.stories.discard(story)
    print(f"ISTHMUS_FAULT_SEED={seed} {time.monotonic() - story.began:.0f} s: {said}", flush=True)


# Their threads live as long as Python: the kernel kills a process with the thread that started it.
_stories = concurrent.futures.ThreadPoolExecutor(BESIDE, "stories")


def run_all(world, unique):
    given = os.environ.get("ISTHMUS_FAULT_SEED")
    first = int(given or random.randrange(1 << 30))
    runs = [_stories.submit(one_run, world, first + run, unique) for run in range(RUNS)]
    done, _ = concurrent.futures.wait(runs, return_when=concurrent.futures.FIRST_EXCEPTION)
    for run in runs:
        run.cancel()
    if any(run.exception() for run in done):
        for story in list(world.stories):
            story.give_up()
        concurrent.futures.wait(runs, timeout=60)
    for run in done:
        run.result()
    for (phase, kind), count in sorted(world.tally.items()):
        print(f"{phase}: {kind} {count} times")
    print(f"{RUNS} runs from ISTHMUS_FAULT_SEED={first} on")


# ---- the worlds ----


def make_pair(workers, unique, factor):
    kinds = ("offset", "config", "status")
    factors = {f"{kind}.storage.replication.factor": factor for kind in kinds}
    group = unique("connect")
    pair = [workers.settings(group, **factors, **SESSION) for _ in range(2)]
    return [workers.distributed(settings) for settings in pair]


@contextlib.contextmanager
def a_world(source, target, workers, unique, kinds):
    pair = make_pair(workers, unique, min(3, target.size))
    through_links = Through({"bootstrap.servers": source.proxied})
    gateways = [
        routing_gateway(unique("gateway"), None, through_links, target, gateway__lease__ms=LEASE_MS)
        for _ in range(2)
    ]
    try:
        for gateway in gateways:
            gateway.start()
        with JavaApplications(unique("apps")) as java:
            yield World(source, target, pair, gateways, java, kinds)
        for gateway in gateways:
            gateway.stop()
    finally:
        for gateway in gateways:
            gateway.close()


def test_gateways_and_workers_are_killed(kind, unique):
    with (
        FaultCluster("gateway-source", brokers=1) as source,
        Cluster("gateway-target", properties=QUICK_GROUPS) as target,
    ):
        workers = Workers(kind, target, unique)
        try:
            with a_world(source, target, workers, unique, OF_OURS) as world:
                run_all(world, unique)
            workers.stop()
        finally:
            workers.close()


@pytest.mark.long
def test_brokers_are_killed_too(make_fault_worker, fault_source, fault_target, unique):
    kinds = OF_OURS + OF_BROKERS
    with a_world(fault_source, fault_target, make_fault_worker, unique, kinds) as world:
        run_all(world, unique)
