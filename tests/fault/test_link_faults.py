# SPDX-License-Identifier: Apache-2.0
"""A link whose workers are killed and frozen, and whose target loses brokers, at random moments
while records and transactions flow: afterwards the topics are compared offset by offset.

LINK_FAULT_RUNS (2; 100 with ISTHMUS_LONG=1) says how often, LINK_FAULT_SEED repeats a run."""

import os
import random
import time

import offset_by_offset
import pytest
import records
from applications import Transactions
from links import Link, link_config
from load import Load
from processes import wait_for
from workers import PATIENCE, SHORT_SESSION

LEASE_MS = 3000
LONG = bool(os.environ.get("ISTHMUS_LONG"))
RUNS = int(os.environ.get("LINK_FAULT_RUNS", "100" if LONG else "2"))
FAULTS = 3


def kill_worker(chance, pair, target, topic):
    worker = chance.choice(pair)
    worker.kill()
    time.sleep(chance.uniform(0, 2))
    worker.start()
    return f"{worker.name} killed"


def freeze_worker(chance, pair, target, topic):
    """Longer than its lease: the other one takes over, and it comes back and would go on."""
    worker = chance.choice(pair)
    worker.process.pause()
    time.sleep(LEASE_MS / 1000 + chance.uniform(0.5, 6))
    worker.process.resume()
    return f"{worker.name} frozen"


def kill_both_workers(chance, pair, target, topic):
    for worker in pair:
        worker.kill()
    for worker in pair:
        worker.start(wait=False)
    for worker in pair:
        worker.wait_ready()
    return "both workers killed"


def kill_broker(chance, pair, target, topic):
    broker = target.broker(target.leader(topic, chance.randrange(3)))
    broker.kill()
    time.sleep(chance.uniform(0, 3))
    broker.start()
    target.wait_in_sync(topic)
    return f"{broker.name} killed"


def freeze_broker(chance, pair, target, topic):
    broker = target.broker(target.leader(topic, chance.randrange(3)))
    broker.pause()
    time.sleep(chance.uniform(1, 6))
    broker.resume()
    target.wait_in_sync(topic)
    return f"{broker.name} frozen"


WORKER_FAULTS = (kill_worker, freeze_worker, kill_both_workers)
BROKER_FAULTS = (kill_broker, freeze_broker, kill_worker)


@pytest.fixture
def pair(make_fault_worker, unique):
    """Two workers of a group."""
    factors = {f"{kind}.storage.replication.factor": 3 for kind in ("offset", "config", "status")}
    group = unique("connect")
    return [
        make_fault_worker.distributed(make_fault_worker.settings(group, **factors, **SHORT_SESSION))
        for _ in range(2)
    ]


def one_run(chance, faults, pair, source, target, unique):
    """A link and its topics, faults while it copies, and the comparison. Says what was done."""
    plain, moved = unique("plain"), unique("moved")
    source.create_topic(plain, 3)
    source.create_topic(moved, 3)
    link = Link(pair[0].rest, unique("link"))
    config = link_config(
        source,
        target,
        topics=f"{plain},{moved}",
        replication_factor=3,
        tasks_max=2,
        link_lease_ms=LEASE_MS,
    )
    done = []
    with Load(source, plain, rate=300) as load:
        writer = Transactions(source, moved, 100)
        try:
            pair[0].rest.put_connector(link.name, config)
            for topic in (plain, moved):
                link.wait_state(topic, "LINKING", timeout=90)
            for _ in range(FAULTS):
                time.sleep(chance.uniform(0, 2))
                done.append(chance.choice(faults)(chance, pair, target, plain))
            load.wait(100)
        finally:
            writer.close()
    for topic in (plain, moved):
        wait_copied(link, source, target, topic, done)
    counts = [offset_by_offset.assert_same(source, target, topic) for topic in (plain, moved)]
    pair[0].rest.delete_connector(link.name)
    return done, counts


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


def runs(faults, pair, source, target, unique):
    compared = 0
    for run in range(RUNS):
        seed = int(os.environ.get("LINK_FAULT_SEED", random.randrange(1 << 30)))
        print(f"run {run + 1} of {RUNS}, LINK_FAULT_SEED={seed}", flush=True)
        done, counts = one_run(random.Random(seed), faults, pair, source, target, unique)
        compared += sum(counts)
        print(f"  {', '.join(done)}: {counts} records at their offsets", flush=True)
    print(f"{RUNS} runs, {RUNS * FAULTS} faults, {compared} records, each at its offset")


def test_workers_killed_and_frozen(pair, fault_source, fault_target, unique):
    runs(WORKER_FAULTS, pair, fault_source, fault_target, unique)


def test_brokers_of_the_target_killed(pair, fault_source, fault_target, unique):
    runs(BROKER_FAULTS, pair, fault_source, fault_target, unique)


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
