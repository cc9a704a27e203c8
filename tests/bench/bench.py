# SPDX-License-Identifier: Apache-2.0
"""`make bench`: Isthmus against Java's MirrorMaker 2 in one run, on the same brokers.

Both are a distributed Connect worker with MM2's three connectors and the same settings; a bare
librdkafka loop (bare_loop.c) stands beside them for what a record-by-record copy costs at least.
Each mirrors the same source topics, to a target topic of its own. Measured: throughput, CPU
seconds per GB of record values, peak memory, start-up until REST answers, end-to-end latency at
1,000 records/s. Writes build/bench/NAME.json and prints a table.

Sizes by environment: BENCH_QUICK=1 (small), BENCH_1K_RECORDS (2,000,000), BENCH_100B_RECORDS
(10,000,000), BENCH_LATENCY_SECONDS (60), BENCH_CONTENDERS (bare,isthmus,java).
"""

import dataclasses
import json
import os
import statistics
import threading
import time

import support  # noqa: F401  (puts tests/support on the path)
import processes
import records
from confluent_kafka import OFFSET_END, Consumer, Producer, TopicPartition
from java import tool
from kafka_cluster import Cluster
from processes import BINARY_DIR, BUILD, Process, wait_for
from workers import distributed, distributed_settings, mirror_config

QUICK = bool(os.environ.get("BENCH_QUICK"))
PARTITIONS = 8
TASKS = 4
OUT = BUILD / "bench"
CONTENDERS = os.environ.get("BENCH_CONTENDERS", "bare,isthmus,java").split(",")
LATENCY_SECONDS = int(os.environ.get("BENCH_LATENCY_SECONDS", "5" if QUICK else "60"))
LATENCY_RATE = int(os.environ.get("BENCH_LATENCY_RATE", "5000"))
STARTS = 1 if QUICK else 3
MOST_SECONDS = 1800


@dataclasses.dataclass
class Load:
    name: str
    records: int
    size: int
    codec: str

    @property
    def gigabytes(self):
        return self.records * self.size / 1e9


def size(name, full, quick):
    return int(os.environ.get(name, quick if QUICK else full))


LOADS = [
    Load("1k-none", size("BENCH_1K_RECORDS", 2_000_000, 100_000), 1024, "none"),
    Load("100b-lz4", size("BENCH_100B_RECORDS", 10_000_000, 500_000), 100, "lz4"),
]


def fill(cluster, topic, load):
    cluster.create_topic(topic, PARTITIONS)
    tool(
        "org.apache.kafka.tools.ProducerPerformance",
        *("--topic", topic, "--num-records", str(load.records)),
        *("--record-size", str(load.size), "--throughput", "-1", "--producer-props"),
        f"bootstrap.servers={cluster.bootstrap}",
        *("acks=1", "linger.ms=20", "batch.size=131072", f"compression.type={load.codec}"),
        timeout=MOST_SECONDS,
    )
    found = records.count(cluster, topic)
    assert found == load.records, f"{found} of {load.records} records in {topic}"


class Watch:
    """Follows the growth of a mirror: when its first record came and when its last."""

    def __init__(self, cluster, topic, expected):
        self.expected = expected
        self.first = self.first_count = None
        self._consumer = Consumer(cluster.client_config(**{"group.id": "watch"}))
        self._topic = topic
        self._cluster = cluster

    def count(self):
        total = 0
        for partition in range(PARTITIONS):
            where = TopicPartition(self._topic, partition)
            total += records.watermarks(self._consumer, where)[1]
        return total

    def until_done(self, must_live):
        wait_for(
            lambda: must_live() and self._cluster.partition_count(self._topic) == PARTITIONS,
            120,
            f"{self._topic} to be created",
        )

        def done():
            must_live()
            now, count = time.monotonic(), self.count()
            if count and self.first is None:
                self.first, self.first_count = now, count
            return count >= self.expected and now

        last = wait_for(done, MOST_SECONDS, f"{self.expected} records", interval=0.1)
        self._consumer.close()
        return last


def measured(load, process, started, watch, last, cpu_before):
    """The figures of one contender at one load."""
    total = last - started
    steady = last - watch.first
    counted = load.records - watch.first_count
    # A mirror that is through between two looks has no steady part to speak of.
    rate = counted / steady if steady > 1 else load.records / total
    return {
        "seconds": round(total, 3),
        "records_per_second": round(rate),
        "megabytes_per_second": round(rate * load.size / 1e6, 1),
        "cpu_seconds_per_gb": round((process.cpu_seconds() - cpu_before) / load.gigabytes, 2),
        "peak_rss_mb": round(process.peak_rss() / 1e6, 1),
    }


def run_bare(source, target, topic, load, name):
    remote = f"{name}.{topic}"
    target.create_topic(remote, PARTITIONS)
    started = time.monotonic()
    program = BINARY_DIR / "bench" / "bare_loop"
    arguments = [source.bootstrap, target.bootstrap, topic, remote]
    arguments += [str(PARTITIONS), str(load.records), load.codec]
    # The process stays until it is told to go, so that its figures can be read.
    process = Process(f"bench-{name}", [program, *arguments])
    watch = Watch(target, remote, load.records)
    figures = {}

    def sample():
        """The last figures while it runs: /proc tells nothing of a process that has ended."""
        if process.alive:
            figures.update(cpu=process.cpu_seconds(), rss=process.peak_rss())
        return process.alive or process.status == 0

    last = watch.until_done(sample)
    process.wait(60)
    total, steady = last - started, last - watch.first
    rate = load.records / total if steady <= 1 else (load.records - watch.first_count) / steady
    return {
        "seconds": round(total, 3),
        "records_per_second": round(rate),
        "megabytes_per_second": round(rate * load.size / 1e6, 1),
        "cpu_seconds_per_gb": round(figures["cpu"] / load.gigabytes, 2),
        "peak_rss_mb": round(figures["rss"] / 1e6, 1),
    }


def start_worker(kind, target, group):
    """A worker as it comes: for Java with the heap that its own start script gives."""
    more = {"heap": "2g", "quick": False} if kind == "java" else {}
    # Flushed as the sample files have it.
    settings = distributed_settings(target, group, **{"offset.flush.interval.ms": "10000"})
    return distributed(kind, f"bench-{group}", settings, **more)


def submit(worker, source, target, topic, alias):
    common = {"topics": topic, "tasks.max": str(TASKS)}
    for connector in ("Heartbeat", "Checkpoint", "Source"):
        config = mirror_config(connector, source, target, alias, **common)
        worker.rest.put_connector(f"mirror-{connector.lower()}", config)


def run_worker(kind, source, target, topic, load):
    alias = f"{kind}-{load.name}"
    worker = start_worker(kind, target, alias)
    try:
        worker.start()
        cpu_before = worker.process.cpu_seconds()
        started = time.monotonic()
        submit(worker, source, target, topic, alias)
        watch = Watch(target, f"{alias}.{topic}", load.records)
        last = watch.until_done(worker.process.must_live)
        return measured(load, worker.process, started, watch, last, cpu_before)
    finally:
        worker.close()


def run_load(load, source, target):
    """All contenders one after the other; each one's copy goes before the next begins."""
    topic = f"bench-{load.name}"
    print(f"\n{load.name}: {load.records:,} records of {load.size} bytes, {load.codec}", flush=True)
    fill(source, topic, load)
    warm = dataclasses.replace(load, records=min(load.records, 200_000))
    run_bare(source, target, topic, warm, "warm-up")
    target.delete_topic(f"warm-up.{topic}")
    results = {}
    for kind in CONTENDERS:
        if kind == "bare":
            results[kind] = run_bare(source, target, topic, load, "bare")
            target.delete_topic(f"bare.{topic}")
        else:
            results[kind] = run_worker(kind, source, target, topic, load)
            target.delete_topic(f"{kind}-{load.name}.{topic}")
        print(f"  {kind}: {results[kind]}", flush=True)
    source.delete_topic(topic)
    return results


def run_startup(target):
    results = {}
    for kind in (c for c in CONTENDERS if c != "bare"):
        seconds, memory = [], []
        for number in range(STARTS):
            worker = start_worker(kind, target, f"start-{kind}-{number}")
            started = time.monotonic()
            worker.start()
            seconds.append(time.monotonic() - started)
            memory.append(worker.process.peak_rss() / 1e6)
            worker.close()
        results[kind] = {
            "rest_ready_seconds": round(statistics.median(seconds), 3),
            "idle_rss_mb": round(statistics.median(memory), 1),
        }
        print(f"  {kind}: {results[kind]}", flush=True)
    return results


class Pulse(threading.Thread):
    """Produces records with the time of their making, evenly, at the rate."""

    def __init__(self, cluster, topic, seconds):
        super().__init__(name="pulse")
        self.producer = Producer(cluster.client_config(**{"linger.ms": 0, "acks": "1"}))
        self.topic, self.total = topic, seconds * LATENCY_RATE

    def run(self):
        began = time.monotonic()
        for number in range(self.total):
            due = began + number / LATENCY_RATE
            delay = due - time.monotonic()
            if delay > 0:
                time.sleep(delay)
            body = b"%d" % time.time_ns()
            self.producer.produce(self.topic, body.ljust(100), partition=number % PARTITIONS)
            self.producer.poll(0)
        self.producer.flush(30)


def latencies(source, target, topic, remote, seconds):
    """Milliseconds from the making of each record to its arrival at a consumer of the mirror."""
    settings = {"group.id": "latency", "fetch.wait.max.ms": 5, "enable.auto.commit": False}
    consumer = Consumer(target.client_config(**settings))
    consumer.assign([TopicPartition(remote, p, OFFSET_END) for p in range(PARTITIONS)])
    consumer.consume(1, timeout=1)
    pulse = Pulse(source, topic, seconds)
    pulse.start()
    found = []
    deadline = time.monotonic() + seconds + 60
    while len(found) < pulse.total and time.monotonic() < deadline:
        for message in consumer.consume(500, timeout=0.1):
            if not message.error():
                found.append((time.time_ns() - int(message.value())) / 1e6)
    pulse.join()
    consumer.close()
    assert len(found) >= pulse.total, f"{len(found)} of {pulse.total} records came"
    return found


def run_latency(source, target):
    topic = "bench-latency"
    source.create_topic(topic, PARTITIONS)
    results = {}
    for kind in (c for c in CONTENDERS if c != "bare"):
        alias = f"{kind}-latency"
        worker = start_worker(kind, target, alias)
        try:
            worker.start()
            submit(worker, source, target, topic, alias)
            remote = f"{alias}.{topic}"
            worker.rest.wait_running("mirror-source", TASKS, 120)
            wait_for(lambda r=remote: target.partition_count(r) == PARTITIONS, 60, remote)
            # First a short run that nobody counts, for the mirror to be in its stride.
            latencies(source, target, topic, remote, 3)
            found = sorted(latencies(source, target, topic, remote, LATENCY_SECONDS))
        finally:
            worker.close()
        results[kind] = {
            "p50_ms": round(found[len(found) // 2], 2),
            "p99_ms": round(found[len(found) * 99 // 100], 2),
            "max_ms": round(found[-1], 2),
        }
        print(f"  {kind}: {results[kind]}", flush=True)
    source.delete_topic(topic)
    return results


def ratio(left, right):
    return f"{left / right:.2f}" if right else "-"


def print_table(results):
    """One line per figure: each contender, and Isthmus as a multiple of Java."""
    header = ["", *CONTENDERS, "isthmus / java"]
    rows = []
    for name, by_kind in results.items():
        for figure in next(iter(by_kind.values())):
            values = [by_kind.get(kind, {}).get(figure) for kind in CONTENDERS]
            pair = [by_kind.get(kind, {}).get(figure) for kind in ("isthmus", "java")]
            cells = ["-" if value is None else f"{value:,}" for value in values]
            rows.append([f"{name} {figure}", *cells, ratio(*pair) if all(pair) else "-"])
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    for row in [header, *rows]:
        cells = [c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))]
        print("  ".join(cells))


def save(name, result):
    OUT.mkdir(parents=True, exist_ok=True)
    machine = {"cpus": os.cpu_count(), "quick": QUICK, "time": int(time.time())}
    text = json.dumps({"name": name, "machine": machine, "results": result}, indent=2)
    (OUT / f"{name}.json").write_text(text + "\n")


def main():
    processes.interrupt_on_sigterm()
    results = {}
    brokers = {"heap": "1g", "quick": False}
    with Cluster("source", **brokers) as source, Cluster("target", **brokers) as target:
        for load in LOADS:
            results[load.name] = run_load(load, source, target)
            save(load.name, results[load.name])
        print(f"\nlatency at {LATENCY_RATE:,} records/s for {LATENCY_SECONDS} s", flush=True)
        results["latency"] = run_latency(source, target)
        save("latency", results["latency"])
        print(f"\nstart-up, median of {STARTS}", flush=True)
        results["start-up"] = run_startup(target)
        save("start-up", results["start-up"])
    print()
    print_table(results)


if __name__ == "__main__":
    main()
