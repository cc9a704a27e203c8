# SPDX-License-Identifier: Apache-2.0
"""A topic is copied to its own offsets, by the part of a link that does it (link_copying.c).

What is on the target afterwards is read by another client and compared offset by offset.
LINK_COPY_KILLS=50 and LINK_COPY_RECORDS=500000 enlarge it.
"""

import os
import random
import subprocess
import threading
import time

import exactness
import pytest
import records
from confluent_kafka import Producer
from copier import Copier, assert_same, both, delete_before, seen, set_config
from processes import BINARY_DIR, wait_for
from workers import PATIENCE

KILLS = int(os.environ.get("LINK_COPY_KILLS", "6"))
RECORDS = int(os.environ.get("LINK_COPY_RECORDS", "20000"))


def test_plain_and_cut_off(source, target, unique, tmp_path):
    """All codecs, in three partitions, of which the first has lost its beginning."""
    topic = unique("plain")
    both(source, target, topic, 3)
    for number, codec in enumerate(["none", "gzip", "lz4", "zstd", "snappy"]):
        records.produce(source, topic, RECORDS // 5, first=RECORDS // 5 * number, codec=codec)
    delete_before(source, topic, RECORDS // 15)
    copier = Copier(source, target, topic, tmp_path, partitions=3)
    copier.finish()
    assert_same(source, target, topic)
    # It goes on, also where the source has lost more meanwhile; the target follows.
    records.produce(source, topic, 1000, first=RECORDS, size=100)
    delete_before(source, topic, RECORDS // 12)
    copier.finish()
    process = copier.start(seconds=60)
    wait_for(
        lambda: records.end_offsets(target, topic)[0][0] == RECORDS // 12, 40, "the target to be cut"
    )
    process.terminate()
    process.communicate()
    assert_same(source, target, topic)


def test_leading_offsets(source, target, unique, tmp_path):
    """Two million offsets are made up for and cut off, also in a topic that is only compacted."""
    topic, program = unique("late"), BINARY_DIR / "tests" / "cluster" / "linking_basics"
    subprocess.run([program, source.bootstrap, topic, "leading"], check=True, timeout=120)
    target.create_topic(topic, cleanup_policy="compact")
    copier = Copier(source, target, topic, tmp_path, compacted=1)
    process = copier.start(seconds=60)
    time.sleep(random.uniform(0.1, 0.6) * PATIENCE)  # somewhere in the middle
    process.kill()
    process.communicate()
    copier.finish()
    exactness.produce(source, topic, [b"more"] * 10, key=lambda value: b"k")
    copier.finish()
    assert_same(source, target, topic)
    assert target.topic_config(topic)["cleanup.policy"] == "compact"


def end_compaction(cluster, topic):
    """From here on the cleaner leaves the topic as it is; what it is at comes to its end."""
    set_config(cluster, topic, "min.compaction.lag.ms", str(10**12))
    before = None

    def settled():
        nonlocal before
        now = seen(cluster, topic)
        same, before = now == before, now
        return same

    wait_for(settled, 60, f"the cleaner to leave {topic}", interval=1)


def test_compacted(source, target, unique, tmp_path):
    topic = unique("compacted")
    exactness.compacted(source, topic, random.Random(3), 5000)
    end_compaction(source, topic)
    target.create_topic(topic, cleanup_policy="compact", min_compaction_lag_ms=10**12)
    copier = Copier(source, target, topic, tmp_path, compacted=1)
    copier.finish()
    assert_same(source, target, topic, fillers=True)


@pytest.mark.parametrize("markers", ["coordinator", "direct"])
def test_transactions(source, target, unique, tmp_path, markers):
    topic = unique("transactions")
    both(source, target, topic)
    exactness.produce_transactions(source, topic, random.Random(5), 60)
    copier = Copier(source, target, topic, tmp_path, link_markers=markers)
    copier.finish()
    assert_same(source, target, topic)
    exactness.produce_transactions(source, topic, random.Random(6), 10)
    copier.finish()
    assert_same(source, target, topic)


@pytest.mark.parametrize("transactions", [False, True])
def test_killed_at_any_moment(source, target, unique, tmp_path, transactions):
    """Killed and started again, with two at a time now and then; nothing lost, nothing doubled."""
    topic = unique("killed")
    both(source, target, topic)
    copier = Copier(source, target, topic, tmp_path, id=1, link_markers="coordinator")
    ended = threading.Event()

    def write():
        number = 0
        while not ended.is_set():
            if transactions:
                exactness.produce_transactions(source, topic, random, 5)
            else:
                records.produce(source, topic, 500, first=number, partition=0, size=100)
            number += 500

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(KILLS):
            process = copier.start(seconds=60)
            other = copier.start(seconds=60) if random.random() < 0.5 else None
            time.sleep(random.uniform(0.1, 2.5) * PATIENCE)
            process.kill()
            process.communicate()
            if other:
                other.kill()
                other.communicate()
    finally:
        ended.set()
        writer.join()
    copier.finish()
    assert_same(source, target, topic)


def test_foreign_writes_are_named(source, target, unique, tmp_path):
    topic = unique("foreign")
    both(source, target, topic)
    records.produce(source, topic, 100, partition=0)
    copier = Copier(source, target, topic, tmp_path)
    process = copier.start(seconds=60)
    wait_for(lambda: records.count(target, topic) == 100, 30, "the copy")
    records.produce(target, topic, 1, partition=0)
    out, _ = process.communicate(timeout=60 * PATIENCE)
    print(out)
    assert process.returncode == 3
    assert "producer id" in out and "has written to partition 0 at offset 100" in out
    # A successor sees it as well.
    out = copier.finish(status=3)
    assert "at offset 100" in out


def test_source_topic_made_anew(source, target, unique, tmp_path):
    topic = unique("anew")
    both(source, target, topic)
    records.produce(source, topic, 200, partition=0)
    copier = Copier(source, target, topic, tmp_path)
    copier.finish()
    source.delete_topic(topic)
    source.create_topic(topic)
    records.produce(source, topic, 50, partition=0)
    out = copier.finish(status=3)
    assert "ends at offset 50, although the link has copied up to 200" in out


def test_records_lost_at_the_source(source, target, unique, tmp_path):
    topic = unique("overtaken")
    both(source, target, topic)
    records.produce(source, topic, 200, partition=0)
    copier = Copier(source, target, topic, tmp_path)
    copier.finish()
    records.produce(source, topic, 200, partition=0)
    delete_before(source, topic, 300)
    out = copier.finish(status=3)
    assert "offsets 200 to 299" in out
    copier.finish(repair=1)
    assert_same(source, target, topic)


def test_a_transaction_that_stays_open_is_named(source, target, unique, tmp_path):
    topic = unique("open")
    both(source, target, topic)
    records.produce(source, topic, 10, partition=0)
    producer = Producer(source.client_config(**{"transactional.id": f"tx-{topic}"}))
    producer.init_transactions(60)
    producer.begin_transaction()
    producer.produce(topic, b"open", partition=0)
    producer.flush(60)
    records.produce(source, topic, 10, partition=0)
    copier = Copier(source, target, topic, tmp_path)
    process = copier.start(seconds=60)
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "transactional id" in line:
            break
    process.kill()
    process.communicate()
    assert f"transactional id tx-{topic}" in lines[-1], lines
    assert f"at offset 10 of {topic}-0" in lines[-1]
    # By force it is taken for aborted; what lies behind it is copied.
    copier.finish(force=1)
    assert records.end_offsets(target, topic)[0] == (0, 21)
    producer.abort_transaction(60)
    copier.finish()
    assert_same(source, target, topic)


@pytest.mark.long
def test_first_batch_without_replicas(source, target, unique, tmp_path):
    """The target doesn't take the first batch; it does later, and each record is there once."""
    topic = unique("replicas")
    source.create_topic(topic)
    target.create_topic(topic, min_insync_replicas=2)
    records.produce(source, topic, 500, partition=0)
    copier = Copier(source, target, topic, tmp_path)
    process = copier.start(seconds=60)
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "NOT_ENOUGH_REPLICAS" in line or "in-sync" in line:
            break
    process.kill()
    process.communicate()
    print(lines)
    set_config(target, topic, "min.insync.replicas", "1")
    copier.finish()
    assert_same(source, target, topic)


@pytest.mark.long
def test_a_successor_knows_an_older_leader(target, unique, tmp_path, cluster_factory):
    """It takes the end of that leader's time for no cut of the log."""
    source, topic = cluster_factory("moving"), unique("epochs")
    both(source, target, topic)
    records.produce(source, topic, 100, partition=0)
    process = Copier(source, target, topic, tmp_path).start(seconds=120)
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(iter(process.stdout.readline, "")))
    reader.start()
    wait_for(lambda: records.count(target, topic) == 100, 30, "the copy")
    source.brokers[0].stop()
    wait_for(lambda: "AWAY" in "".join(lines), 60, "the source to be away")
    source.brokers[0].start()
    source.wait_ready()
    wait_for(lambda: lines[-1].split()[1] == "COPYING", 60, "copying to go on")
    records.produce(source, topic, 100, first=100, partition=0)
    wait_for(lambda: records.count(target, topic) == 200, 30, "the rest")
    process.kill()
    process.communicate()
    reader.join()
    Copier(source, target, topic, tmp_path).finish()
    assert_same(source, target, topic)


def lose_half(cluster, topic):
    """The only broker loses power, and with it what wasn't on the disk yet."""
    broker = cluster.brokers[0]
    broker.kill()
    [log] = broker.directory.glob(f"data/{topic}-0/*.log")
    os.truncate(log, log.stat().st_size // 2)
    broker.start()
    cluster.wait_ready()


def test_what_the_target_has_lost_comes_again(source, cluster_factory, unique, tmp_path):
    """Though nothing new comes from the source."""
    target, topic = cluster_factory("power"), unique("power")
    both(source, target, topic)
    for first in range(0, 300, 10):  # a batch each
        records.produce(source, topic, 10, first=first)
    process = Copier(source, target, topic, tmp_path).start(seconds=120)
    wait_for(lambda: records.end_offsets(target, topic)[0][1] == 300, 60 * PATIENCE, "the copy")
    lose_half(target, topic)
    wait_for(lambda: records.end_offsets(target, topic)[0][1] == 300, 60 * PATIENCE, "the rest")
    process.kill()
    print(process.communicate()[0])
    assert_same(source, target, topic)


@pytest.mark.long
def test_a_target_that_has_lost_its_end(source, cluster_factory, unique, tmp_path):
    """The link knows the log up to a later place, behind markers whose places nobody knows any
    more."""
    target, topic = cluster_factory("power"), unique("power")
    both(source, target, topic)
    exactness.produce_transactions(source, topic, random.Random(7), 60)
    copier = Copier(source, target, topic, tmp_path)
    copier.finish()
    copier.finish()  # which knows it up to the end
    end = records.end_offsets(target, topic)[0][1]
    lose_half(target, topic)
    left = records.end_offsets(target, topic)[0][1]
    assert 0 < left < end
    out = copier.finish(status=3)
    assert "waits 35 s" in out
    assert f"has lost records that the link had written before offset {end} " in out
    assert records.end_offsets(target, topic)[0][1] == left


def test_throttled(source, target, unique, tmp_path):
    topic = unique("throttled")
    both(source, target, topic)
    records.produce(source, topic, 4000, size=1000, partition=0)
    began = time.monotonic()
    copier = Copier(source, target, topic, tmp_path, link_throttle_bytes_per_second=1000000)
    copier.finish()
    assert time.monotonic() - began > 2
    assert_same(source, target, topic)


@pytest.mark.long
def test_brokers_that_go_and_come(cluster_factory, unique, tmp_path):
    """The target's broker is killed in the middle, the source's is away for a while."""
    source, target = cluster_factory("left"), cluster_factory("right")
    topic = unique("away")
    both(source, target, topic)
    records.produce(source, topic, RECORDS, partition=0)
    delete_before(source, topic, 500)
    copier = Copier(source, target, topic, tmp_path, link_throttle_bytes_per_second=500000)
    process = copier.start(seconds=120)
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(iter(process.stdout.readline, "")))
    reader.start()
    wait_for(lambda: "COPYING" in "".join(lines), 30, "copying")
    target.brokers[0].kill()
    target.brokers[0].start()
    target.wait_ready()
    source.brokers[0].kill()
    wait_for(lambda: "AWAY" in "".join(lines), 60, "the source to be away")
    source.brokers[0].start()
    source.wait_ready()
    wait_for(lambda: lines[-1].split()[1] == "COPYING", 60, "copying to go on")
    process.kill()
    process.communicate()
    reader.join()
    print("".join(lines))
    copier.options = {}
    copier.finish()
    assert_same(source, target, topic)
