# SPDX-License-Identifier: Apache-2.0
"""Many partitions, of which few have something new: memory, CPU, and the time to get going.

Each size is a mirror of its own with topics of a hundred partitions. A record in each of a sample
of partitions waits before the mirror is created; when all of them have arrived it is under way.
Java takes part with BENCH_JAVA_PARTITIONS=1.
"""

import os
import time

import contenders
import options
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import NewTopic
from probe import cpu_share, resident, threads
from processes import wait_for
from records import watermarks

PER_TOPIC = 100
TOPICS_AT_ONCE = 20
SAMPLE_EVERY = 97
# Until the clients that the start needed are at rest.
SETTLE_SECONDS = 15
# Else 20 MB of sparse index files for each partition.
SMALL_FILES = {"segment.index.bytes": "65536"}


def create_topics(cluster, prefix, partitions):
    names = [f"{prefix}-{number}" for number in range(partitions // PER_TOPIC)]
    topics = [NewTopic(name, PER_TOPIC, 1, config=SMALL_FILES) for name in names]
    # A controller refuses what would be ten thousand changes at once.
    for first in range(0, len(topics), TOPICS_AT_ONCE):
        some = topics[first : first + TOPICS_AT_ONCE]
        for future in cluster.admin.create_topics(some, operation_timeout=120).values():
            future.result(300)
    for name in names:
        wait_for(lambda n=name: cluster.partition_count(n) == PER_TOPIC, 120, name)
    return names


def sample(names, partitions):
    """Every so many of all partitions: [(topic, partition)]."""
    return [(names[n // PER_TOPIC], n % PER_TOPIC) for n in range(0, partitions, SAMPLE_EVERY)]


def put_record_in_each(cluster, where):
    producer = Producer(cluster.client_config())
    for topic, partition in where:
        producer.produce(topic, b"x" * 100, partition=partition)
    assert producer.flush(60) == 0


def wait_arrived(worker, target, alias, where, count=1):
    consumer = Consumer(target.client_config(**{"group.id": "arrived"}))
    waiting = [TopicPartition(f"{alias}.{topic}", partition) for topic, partition in where]

    def exists():
        worker.process.must_live()
        found = target.admin.list_topics(timeout=30).topics
        return all(w.topic in found and found[w.topic].partitions for w in waiting)

    def arrived():
        worker.process.must_live()
        waiting[:] = [w for w in waiting if watermarks(consumer, w)[1] < count]
        return not waiting

    wait_for(exists, 600, f"the topics of {alias}", interval=0.5)
    wait_for(arrived, 600, f"a record in each sampled partition of {alias}", interval=0.2)
    consumer.close()


def measure(contender, source, target, prefix, names, where):
    alias = f"{contender}-{prefix}"
    with contenders.running_worker(contender, target, alias) as worker:
        began = time.monotonic()
        contenders.submit(contender, worker, source, target, ",".join(names), alias)
        wait_arrived(worker, target, alias, where)
        seconds = time.monotonic() - began
        time.sleep(0 if options.QUICK else SETTLE_SECONDS)
        result = {
            "seconds_until_all_mirrored": round(seconds, 2),
            "idle_cpu_of_a_core": round(cpu_share(worker.process, 5 if options.QUICK else 20), 4),
            "rss_mb": round(resident(worker.process), 1),
            "peak_rss_mb": round(worker.process.peak_rss() / 1e6, 1),
            "threads": threads(worker.process),
        }
        worker.stop()
        put_record_in_each(source, where)
        began = time.monotonic()
        worker.start()
        wait_arrived(worker, target, alias, where, 2)
        result["restart_seconds"] = round(time.monotonic() - began, 2)
    target.delete_topic(*[f"{alias}.{name}" for name in names])
    return result


def run_size(source, target, partitions):
    prefix = f"many-{partitions}"
    names = create_topics(source, prefix, partitions)
    where = sample(names, partitions)
    put_record_in_each(source, where)
    among = ["isthmus", "java"] if os.environ.get("BENCH_JAVA_PARTITIONS") else ["isthmus"]
    results = {}
    for contender in options.contenders(*among):
        results[contender] = measure(contender, source, target, prefix, names, where)
        print(f"  {contender}, {partitions:,} partitions: {results[contender]}", flush=True)
    source.delete_topic(*names)
    return results


def run_section(source, target):
    print("\npartitions", flush=True)
    sizes = options.sizes("PARTITIONS", [1000, 10000], [200, 1000])
    return {f"partitions-{size}": run_size(source, target, size) for size in sizes}
