# SPDX-License-Identifier: Apache-2.0
"""A link whose workers and brokers are killed and frozen, and whose settings and topics change, in
random order while records and transactions flow. Then a topic is promoted, and all are compared offset
by offset by a reader that no link has a part in.

ISTHMUS_FAULT_RUNS (1; 100 with ISTHMUS_LONG=1) says how often. ISTHMUS_FAULT_SEED repeats a run: it is
printed for each."""

import os
import random
import time

import offset_by_offset
import pytest
import records
from applications import PlainWriter, Transactions
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from links import Link, link_config
from load import Load
from processes import wait_for
from workers import PATIENCE, SHORT_SESSION

LEASE_MS = 3000
DONE = {"promote": "PROMOTED"}  # what can't be asked twice, and leads to another state
LONG = bool(os.environ.get("ISTHMUS_LONG"))
RUNS = int(os.environ.get("ISTHMUS_FAULT_RUNS", "100" if LONG else "1"))
FAULTS = 4


class Story:
    """A link with two topics, what writes to them, and those who may be hit."""

    def __init__(self, chance, pair, source, target, unique):
        self.chance, self.pair, self.source, self.target = chance, pair, source, target
        self.plain, self.moved = unique("plain"), unique("moved")
        self.topics = [self.plain, self.moved]
        self.unique = unique
        self.began, self.done = time.monotonic(), []
        for topic in self.topics:
            source.create_topic(topic, 3)
        self.link = Link(pair[0].rest, unique("link"))
        self.config = link_config(
            source,
            target,
            topics=",".join(self.topics),
            replication_factor=3,
            tasks_max=2,
            link_lease_ms=LEASE_MS,
        )

    @property
    def seconds(self):
        return time.monotonic() - self.began

    def note(self, what):
        """Something has happened."""
        print(f"   {self.seconds:3.0f} s: {what}", flush=True)
        self.done.append(what)

    def insist(self, ask, what):
        """Asks again where a worker is dying, or a rebalance is under way."""

        def done():
            try:
                return ask()
            except OSError:
                return False

        wait_for(done, 90 * PATIENCE, what, interval=0.5)

    def order(self, verb, topic):
        """An order whose answer was lost may have been carried out."""

        def taken():
            answer = self.link.ask(verb, topic)
            done = verb in DONE and self.link.state(topic) == DONE[verb]
            return answer.status_code < 300 or done or print("   ", answer.text, flush=True)

        self.insist(taken, f"{topic} to be told: {verb}")

    def delete(self):
        path, gone = f"/connectors/{self.link.name}", (204, 404)
        rest = self.pair[0].rest
        self.insist(lambda: rest.call("DELETE", path).status_code in gone, "the link to be deleted")

    def configure(self, **more):
        self.config.update({key.replace("_", "."): str(value) for key, value in more.items()})
        path = f"/connectors/{self.link.name}/config"
        rest = self.pair[0].rest
        self.insist(
            lambda: rest.call("PUT", path, self.config).status_code < 300, "the link's settings"
        )


# ---- what may happen; each says what it did ----


def kill_worker(story):
    worker = story.chance.choice(story.pair)
    worker.kill()
    time.sleep(story.chance.uniform(0, 2))
    worker.start()
    return f"{worker.name} killed"


def freeze_worker(story):
    """Longer than its lease: the other one takes over, and it comes back and would go on."""
    worker = story.chance.choice(story.pair)
    worker.process.pause()
    time.sleep(LEASE_MS / 1000 + story.chance.uniform(0.5, 6))
    worker.process.resume()
    return f"{worker.name} frozen"


def kill_both_workers(story):
    for worker in story.pair:
        worker.kill()
    for worker in story.pair:
        worker.start(wait=False)
    for worker in story.pair:
        worker.wait_ready()
    return "both workers killed"


def kill_broker(story):
    cluster = story.chance.choice([story.source, story.target])
    broker = cluster.broker(cluster.leader(story.plain, story.chance.randrange(3)))
    broker.kill()
    time.sleep(story.chance.uniform(0, 3))
    broker.start()
    cluster.wait_in_sync(story.plain)
    return f"{broker.name} killed"


def freeze_broker(story):
    cluster = story.chance.choice([story.source, story.target])
    broker = cluster.broker(cluster.leader(story.plain, story.chance.randrange(3)))
    broker.pause()
    time.sleep(story.chance.uniform(1, 6))
    broker.resume()
    cluster.wait_in_sync(story.plain)
    return f"{broker.name} frozen"


def other_tasks(story):
    count = story.chance.choice([1, 2, 3])
    story.configure(tasks_max=count)
    return f"{count} tasks"


def other_markers(story):
    kind = story.chance.choice(["auto", "coordinator", "direct"])
    story.configure(link_markers=kind)
    return f"markers {kind}"


def pause_and_resume(story):
    topic = story.chance.choice(story.topics)
    story.order("pause", topic)
    time.sleep(story.chance.uniform(0, 2))
    story.order("resume", topic)
    return f"{topic} paused"


def delete_records(story):
    """The source's oldest records go, as by retention; those of them that are copied stay equal."""
    partition = story.chance.randrange(3)
    mirrored = records.end_offsets(story.target, story.plain).get(partition, (0, 0))[1]
    where = TopicPartition(story.plain, partition, mirrored // 2)

    def deleted():
        try:
            story.source.admin.delete_records([where])[where].result(60)
        except KafkaException as failure:  # its leader has just moved
            if failure.args[0].code() != KafkaError.NOT_LEADER_FOR_PARTITION:
                raise
            story.source.admin.list_topics(timeout=60)  # or the client asks it again
            return False
        return True

    wait_for(deleted, 60 * PATIENCE, f"the records of {story.plain}-{partition} to be deleted")
    return f"{story.plain}-{partition} begins at {mirrored // 2}"


def another_topic(story):
    topic = story.unique("late")
    story.source.create_topic(topic, 1)
    records.produce(story.source, topic, 300)
    story.insist(
        lambda: story.link.create(topic).status_code < 300 or story.link.mirror(topic),
        f"{topic} to be mirrored",
    )
    story.topics.append(topic)
    return f"{topic} mirrored"


HAPPENINGS = [
    kill_worker,
    freeze_worker,
    kill_both_workers,
    kill_broker,
    kill_broker,
    freeze_broker,
    other_tasks,
    other_markers,
    pause_and_resume,
    delete_records,
    another_topic,
]


@pytest.fixture
def pair(make_fault_worker, unique):
    """Two workers of a group."""
    factors = {f"{kind}.storage.replication.factor": 3 for kind in ("offset", "config", "status")}
    group = unique("connect")
    return [
        make_fault_worker.distributed(make_fault_worker.settings(group, **factors, **SHORT_SESSION))
        for _ in range(2)
    ]


def one_run(story):
    """Faults while it copies, a promotion, and the comparison: the records of each topic."""
    chance, source, link = story.chance, story.source, story.link
    with Load(source, story.plain, rate=300) as load:
        writer = Transactions(source, story.moved, 100)
        try:
            story.configure()
            for topic in story.topics:
                link.wait_state(topic, "LINKING", timeout=90)
            story.note("both topics linked")
            for happens in chance.sample(HAPPENINGS, FAULTS):
                time.sleep(chance.uniform(0, 1))
                story.note(happens(story))
            load.wait(100)
        finally:
            writer.close()
    for topic in story.topics:
        wait_copied(link, source, story.target, topic, story.done)
    story.note("all copied")
    promoted = chance.choice(story.topics)
    story.order("promote", promoted)
    if chance.random() < 0.5:
        story.note(kill_worker(story))
    link.wait_state(promoted, "PROMOTED", timeout=120)
    story.note(f"{promoted} promoted")
    counts = [
        offset_by_offset.assert_same(source, story.target, topic, older=True)
        for topic in story.topics
    ]
    story.delete()
    return counts


def wait_copied(link, source, target, topic, done):
    def copied():
        mirror = link.mirror(topic)
        assert not mirror or mirror["mirror_status"] not in ("DIVERGED", "FAILED"), mirror["reason"]
        return mirror and mirror["mirror_status"] == "LINKING" and mirror["lag"] == 0

    try:
        wait_for(copied, 90 * PATIENCE, f"{topic} to be copied", interval=0.3)
    except AssertionError:
        print(f"after {done}: {link.mirror(topic)}")
        print(offset_by_offset.bounds_differ(source, target, topic))
        raise


def test_anything_in_any_order(pair, fault_source, fault_target, unique):
    given = os.environ.get("ISTHMUS_FAULT_SEED")
    first, compared = int(given or random.randrange(1 << 30)), 0
    for run in range(RUNS):
        print(f"run {run + 1} of {RUNS}: ISTHMUS_FAULT_SEED={first + run}", flush=True)
        story = Story(random.Random(first + run), pair, fault_source, fault_target, unique)
        counts = one_run(story)
        compared += sum(counts)
        print(f"   {story.seconds:3.0f} s: {counts} records at their offsets", flush=True)
    print(f"{RUNS} runs, {compared} records, each at its offset")


def test_too_few_replicas_for_the_very_first_batch(pair, fault_source, fault_target, unique):
    """Nothing of it is in the log, or all of it once, when the replicas are back."""
    topic, (leader, follower) = unique("scarce"), fault_target.brokers[:2]
    fault_source.create_topic(topic, 1, min_insync_replicas=2)
    records.produce(fault_source, topic, 5000)
    fault_target.create_topic(
        topic, replicas=[[leader.node, follower.node]], min_insync_replicas=2
    )
    link = Link(pair[0].rest, unique("link"))
    follower.kill()
    try:
        wait_for(
            lambda: len(fault_target.partitions(topic)[0].isrs) == 1, 60, "one replica to be left"
        )
        config = link_config(fault_source, fault_target, topics=topic, replication_factor=3)
        pair[0].rest.put_connector(link.name, config)
        said = wait_for(
            lambda: (found := link.mirror(topic)) and "REPLICAS" in found["reason"] and found,
            60 * PATIENCE,
            "the state to say what is missing",
        )
        print(said)
    finally:
        follower.start()
    fault_target.wait_in_sync(topic)
    wait_copied(link, fault_source, fault_target, topic, ["too few replicas"])
    offset_by_offset.assert_same(fault_source, fault_target, topic)
    pair[0].rest.delete_connector(link.name)


def test_what_only_the_source_s_leader_has_is_not_left_behind(
    pair, fault_source, fault_target, keep, unique
):
    """With acks=1 it is written as soon as the leader has it. Nobody can read it before its replicas
    are in sync again; so a promotion says that, and waits."""
    topic, (leader, follower) = unique("ahead"), fault_source.brokers[:2]
    fault_source.create_topic(
        topic, replicas=[[leader.node, follower.node]], min_insync_replicas=2
    )
    records.produce(fault_source, topic, 500)
    link = Link(pair[0].rest, unique("link"))
    config = link_config(fault_source, fault_target, topics=topic, replication_factor=3)
    pair[0].rest.put_connector(link.name, config)
    wait_copied(link, fault_source, fault_target, topic, ["linked"])
    follower.kill()
    try:
        wait_for(
            lambda: len(fault_source.partitions(topic)[0].isrs) == 1, 60, "one replica to be left"
        )
        alone = {"acks": 1, "enable.idempotence": False}
        records.produce(fault_source, topic, 50, first=500, **alone)
        wait_for(
            lambda: link.ask("promote", topic).status_code == 202,
            60 * PATIENCE,
            "the promotion to be taken",
            interval=0.5,
        )
        said = wait_for(
            lambda: (found := link.mirror(topic)) and "NOT_REPLICATED" in found["reason"] and found,
            60 * PATIENCE,
            "the state to say what holds the promotion up",
        )
        print(said)
        assert said["mirror_status"] != "PROMOTED"
        writer = keep(PlainWriter(fault_source, topic, rate=10))  # somebody goes back to work
    finally:
        follower.start()
    wait_for(
        lambda: "SOURCE_NOT_QUIET" in (link.mirror(topic) or {"reason": ""})["reason"],
        120,
        "the promotion to wait for those who write again",
    )
    writer.wait(10)
    assert link.mirror(topic)["mirror_status"] != "PROMOTED"
    writer.close()
    link.wait_state(topic, "PROMOTED", 120)
    wanted = 550 + writer.written
    assert offset_by_offset.assert_same(fault_source, fault_target, topic) == wanted
    pair[0].rest.delete_connector(link.name)
