# SPDX-License-Identifier: Apache-2.0
"""Offsets that hold no record: leading ones, which are filled and cut off, and markers.

Markers in a row stand for the records of aborted transactions, in all partitions of a topic at once.
Where transactions are short, each marker waits for the records before it, and they for the marker
before them: that is measured apart.
"""

import time

import options
import records
from confluent_kafka import Producer, TopicPartition
from link_runs import log_end, running_link, seconds_between
from loads import Load, fill
from processes import wait_for

PARTITIONS = 50


def rate(count, seconds):
    return {"offsets_per_second": round(count / max(seconds, 0.001)), "seconds": round(seconds, 2)}


# ---- leading offsets ----


def cut_whole(cluster, topic, end):
    where = TopicPartition(topic, 0, end)
    cluster.admin.delete_records([where])[where].result(60)


def align(source, target):
    count = options.size("LINK_LEADING_OFFSETS", 20_000_000, 4_000_000)
    topic = "bench-leading"
    fill(source, topic, Load("leading", count, 1, "zstd"), 1)
    cut_whole(source, topic, count)
    with running_link(source, target, "bench-align", [topic], topics=topic) as run:
        seconds, first = seconds_between(run, topic, 1, 1, count)
        found = rate(count - first, seconds)
        cut = time.monotonic()
        wait_for(lambda: records.end_offsets(target, topic)[0][0] == count, 60, "the cut", 0.01)
        found["seconds_until_cut"] = round(time.monotonic() - cut, 2)
        found["cpu_seconds"] = round(run.cpu(), 2)
    source.delete_topic(topic)
    return found


# ---- markers ----


def transactions(cluster, topic, count, each, commit):
    """Transactions one after the other with `each` records in each partition."""
    settings = {
        "transactional.id": f"tx-{topic}",
        "linger.ms": 5,
        "queue.buffering.max.messages": 5_000_000,
    }
    producer = Producer(cluster.client_config(**settings))
    producer.init_transactions(60)
    for _ in range(count):
        producer.begin_transaction()
        for number in range(each * PARTITIONS):
            producer.produce(topic, b"", partition=number % PARTITIONS)
        assert producer.flush(120) == 0
        if commit:
            producer.commit_transaction(60)
        else:
            producer.abort_transaction(60)


def copy_markers(source, target, topic, first, how):
    with running_link(
        source, target, f"bench-{how}", [topic], topics=topic, link_markers=how, link_gaps="markers"
    ) as run:
        last = log_end(source, topic, PARTITIONS)
        seconds, seen = seconds_between(run, topic, PARTITIONS, first, last)
        return {**rate(last - seen, seconds), "cpu_seconds": round(run.cpu(), 2)}


def rows(source, target, how):
    """Directly they are so fast that few would be over between two looks at the target."""
    count = options.size("LINK_MARKERS", 200_000, 50_000) * (20 if how == "direct" else 1)
    topic = f"bench-marker-rows-{how}"
    source.create_topic(topic, PARTITIONS)
    transactions(source, topic, 1, count // PARTITIONS, False)
    found = copy_markers(source, target, topic, 1, how)
    source.delete_topic(topic)
    return found


def markers(source, target):
    mixed = "bench-short-transactions"
    source.create_topic(mixed, PARTITIONS)
    transactions(source, mixed, options.size("LINK_TRANSACTIONS", 400, 100), 1, True)
    results = {}
    for how in ("coordinator", "direct"):
        results[f"link-markers-{how}"] = rows(source, target, how)
        results[f"link-short-transactions-{how}"] = copy_markers(source, target, mixed, 1, how)
        print(f"  {how}: {results}", flush=True)
    source.delete_topic(mixed)
    return results


def measure(source, target):
    results = {"link-alignment": align(source, target)}
    print(f"  alignment: {results['link-alignment']}", flush=True)
    results.update(markers(source, target))
    return {section: {"link": found} for section, found in results.items()}
