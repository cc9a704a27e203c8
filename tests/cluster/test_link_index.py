# SPDX-License-Identifier: Apache-2.0
"""Records are appended one after the other, and the offset index says which is which: exactly, and
whatever happens to the index. By the part of a link that copies (link_copying.c).
"""

import json
import os
import random
import threading
import time

import exactness
import pytest
import records
from confluent_kafka import Consumer, Producer, TopicPartition
from copier import (
    Copier,
    assert_same,
    assert_translated,
    both,
    delete_before,
    seen,
    set_config,
    translations,
)
from processes import wait_for
from workers import PATIENCE

KILLS = int(os.environ.get("LINK_COPY_KILLS", "6"))
INDEX = "isthmus-link-index"


def test_translated_transactions(source, target, unique, tmp_path):
    """Committed records alone, also behind aborted ones; goes on where it stopped."""
    topic = unique("translated")
    both(source, target, topic)
    copier = Copier(source, target, topic, tmp_path, link_offsets="translate")
    for seed in (5, 6):
        exactness.produce_transactions(source, topic, random.Random(seed), 60)
        copier.finish()
        assert_translated(copier, source, target, topic)


def test_translated_and_compacted(source, target, unique, tmp_path):
    """What compaction has removed leaves no gap, also when the source goes on to compact."""
    topic = unique("translated")
    exactness.compacted(source, topic, random.Random(3), 5000)
    target.create_topic(topic)
    copier = Copier(source, target, topic, tmp_path, compacted=1, link_gaps="translate")
    copier.finish()
    assert_translated(copier, source, target, topic)
    exactness.produce(source, topic, [b"more"] * 500, key=lambda value: b"k")
    copier.finish()
    here, targets = seen(target, topic), translations(copier, source, topic)
    for (_, offset), record in seen(source, topic).items():
        assert here[(0, targets[offset])] == record


@pytest.mark.long
def test_translated_and_killed(source, target, unique, tmp_path):
    """Killed at any moment, while transactions commit and abort: nothing lost, nothing doubled."""
    topic = unique("translated")
    both(source, target, topic)
    copier = Copier(source, target, topic, tmp_path, link_offsets="translate")
    ended = threading.Event()

    def write():
        while not ended.is_set():
            exactness.produce_transactions(source, topic, random, 5)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(KILLS):
            process = copier.start(seconds=60)
            time.sleep(random.uniform(0.1, 2.5) * PATIENCE)
            process.kill()
            process.communicate()
    finally:
        ended.set()
        writer.join()
    copier.finish()
    assert_translated(copier, source, target, topic)


def test_gives_up_at_the_first_gap(source, target, unique, tmp_path):
    """The source's offsets as far as it has no gaps, behind fillers that are cut off."""
    topic = unique("gives-up")
    both(source, target, topic)
    records.produce(source, topic, 300, partition=0)
    delete_before(source, topic, 100)
    copier = Copier(source, target, topic, tmp_path, link_gaps="translate")
    copier.finish()
    assert_same(source, target, topic)
    exactness.produce_transactions(source, topic, random.Random(5), 20)
    out = copier.finish()
    assert "DIVERGED" not in out
    visible = {offset for _, offset in seen(source, topic)}
    targets, expected = translations(copier, source, topic), 100
    for offset, found in enumerate(targets):
        assert found == expected, f"offset {offset}"
        expected += offset in visible
    assert targets[:302] == [100] * 100 + list(range(100, 302))
    here = seen(target, topic)
    for (_, offset), record in seen(source, topic).items():
        assert here[(0, targets[offset])] == record


# ---- an index that isn't as it should be ----


def newest_chunk(cluster, topic):
    """The index's last record about a topic: key and pieces."""
    consumer = Consumer(cluster.client_config(**{"group.id": "x", "enable.auto.commit": False}))
    _, end = records.end_offsets(cluster, INDEX)[0]
    consumer.assign([TopicPartition(INDEX, 0, 0)])
    found, at = None, -1
    while at < end - 1:
        message = consumer.poll(10)
        assert message is not None and not message.error(), "the index can't be read"
        at = message.offset()
        if message.key() and json.loads(message.key())["topic"] == topic and message.value():
            found = message.key(), json.loads(message.value())
    consumer.close()
    return found


def write_index(cluster, key, value):
    producer = Producer(cluster.client_config())
    producer.produce(INDEX, value, key)
    assert producer.flush(60) == 0


def index_length(cluster):
    return records.end_offsets(cluster, INDEX)[0][1] if INDEX in cluster.topics() else 0


def lose_the_index_while_copying(copier, source, target, topic):
    """It is written anew, and what is written meanwhile is copied."""
    process = copier.start(seconds=120)
    exactness.produce_transactions(source, topic, random.Random(8), 20)
    visible = len(seen(source, topic))
    wait_for(
        lambda: records.end_offsets(target, topic)[0][1] == visible, 60 * PATIENCE, "the records"
    )
    target.delete_topic(INDEX)
    exactness.produce_transactions(source, topic, random.Random(9), 20)
    wait_for(lambda: index_length(target) > 0, 60 * PATIENCE, "the index to be written anew")
    visible = len(seen(source, topic))
    wait_for(
        lambda: records.end_offsets(target, topic)[0][1] == visible, 60 * PATIENCE, "the records"
    )
    time.sleep(1)  # more of the index may come: then the test would prove less, but not fail
    process.kill()
    process.communicate()
    assert_translated(copier, source, target, topic)


@pytest.mark.long
def test_an_index_that_is_lost_or_wrong(source, cluster_factory, unique, tmp_path):
    """What can be mended is written anew; else the topic diverges before anything is written."""
    target = cluster_factory("indexed")
    # It isn't compacted: the copying waits until it is.
    topic = unique("waits")
    both(source, target, topic)
    target.create_topic(INDEX, cleanup_policy="delete")
    exactness.produce_transactions(source, topic, random.Random(5), 20)
    copier = Copier(source, target, topic, tmp_path, link_offsets="translate")
    out = copier.finish(status=4, seconds=3)
    assert "Set cleanup.policy=compact" in out
    set_config(target, INDEX, "cleanup.policy", "compact")
    copier.finish()
    assert_translated(copier, source, target, topic)

    # Something else is written there: it counts for nothing.
    write_index(target, b"what?", b"nothing")
    write_index(target, b'{"link":"copying"}', b"[]")
    lose_the_index_while_copying(copier, source, target, topic)

    # Its end is lost: the last record says so.
    exactness.produce_transactions(source, topic, random.Random(10), 5)
    copier.finish()
    assert_translated(copier, source, target, topic)
    key, pieces = newest_chunk(target, topic)
    write_index(target, key, json.dumps(pieces[: len(pieces) // 4 * 2]).encode())
    before = records.end_offsets(target, topic)[0]
    out = copier.finish(status=3)
    assert "but the records differ" in out and INDEX in out
    write_index(target, key, json.dumps(pieces).encode())
    assert_translated(copier, source, target, topic)

    # All of it is gone while nobody copies.
    target.delete_topic(INDEX)
    wait_for(lambda: INDEX not in target.topics(), 30 * PATIENCE, "the index to be gone")
    out = copier.finish(status=3)
    assert "doesn't tell which of the source they are" in out
    assert records.end_offsets(target, topic)[0] == before
