# SPDX-License-Identifier: Apache-2.0
"""Throughput: every contender mirrors the same topics, one after the other."""

import dataclasses
import statistics
import time

import contenders
import options
import records
from java import tool
from probe import Watch
from processes import wait_for

RAW_LANE = ("bare", "raw-loop", "isthmus", "isthmus-default", "java")
BOTH_LANES = (*RAW_LANE, "isthmus-record")
# A second of processor time moves by a tenth from one round to the next: these are measured
# several times, in turn, since one is held against the other.
IN_ROUNDS = ("raw-loop", "isthmus", "isthmus-default")


@dataclasses.dataclass
class Load:
    name: str
    records: int
    size: int
    codec: str
    among: tuple = BOTH_LANES

    @property
    def gigabytes(self):
        """Of record values."""
        return self.records * self.size / 1e9


def loads():
    kilobytes = options.size("1K_RECORDS", 2_000_000, 100_000)
    small = options.size("100B_RECORDS", 20_000_000, 500_000)
    return [
        Load("1k-none", kilobytes, 1024, "none"),
        Load("100b-lz4", small, 100, "lz4"),
        Load("100b-zstd", small, 100, "zstd", RAW_LANE),
    ]


def fill(cluster, topic, load, partitions=options.PARTITIONS):
    cluster.create_topic(topic, partitions)
    tool(
        "org.apache.kafka.tools.ProducerPerformance",
        *("--topic", topic, "--num-records", str(load.records)),
        *("--record-size", str(load.size), "--throughput", "-1", "--producer-props"),
        f"bootstrap.servers={cluster.bootstrap}",
        *("acks=1", "linger.ms=20", "batch.size=131072", f"compression.type={load.codec}"),
        timeout=options.MOST_SECONDS,
    )
    # With acks=1 the last ones may not be replicated yet.
    what = f"{load.records} records in {topic}"
    wait_for(lambda: records.count(cluster, topic) == load.records, 60, what)


def figures(load, started, watch, cpu_seconds, peak_bytes):
    rate = watch.rate(started)
    return {
        "records_per_second": round(rate),
        "megabytes_per_second": round(rate * load.size / 1e6, 1),
        "cpu_seconds_per_gb": round(cpu_seconds / load.gigabytes, 2),
        "peak_rss_mb": round(peak_bytes / 1e6, 1),
        "seconds": round(watch.last - started, 2),
    }


class Sampled:
    """The last figures of a process that ends by itself: /proc tells nothing of the ended."""

    def __init__(self, process):
        self.process, self.cpu, self.peak = process, 0.0, 0

    def must_live(self):
        try:
            if self.process.alive:
                self.cpu = self.process.cpu_seconds()
                self.peak = max(self.peak, self.process.peak_rss())
        except (FileNotFoundError, IndexError):
            pass  # it has ended in between
        assert self.process.status in (None, 0), self.process.tail()
        return True


def run_loop(contender, source, target, topic, remote, load):
    target.create_topic(remote, options.PARTITIONS)
    started = time.monotonic()
    process = contenders.start_loop(contender, source, target, topic, remote, load)
    sampled = Sampled(process)
    watch = Watch(target, remote, range(options.PARTITIONS), load.records)
    try:
        # Looked at often: the last sample is what is left of a process that has ended.
        watch.until_done(sampled.must_live, options.MOST_SECONDS, interval=0.02)
        process.wait(60)
    finally:
        if process.alive:
            process.kill()
    return figures(load, started, watch, sampled.cpu, sampled.peak)


def run_worker(contender, source, target, topic, alias, load, partitions=options.PARTITIONS, **how):
    """Figures of a mirror from the creation of its connectors on; how: see submit()."""
    with contenders.running_worker(contender, target, alias) as worker:
        process = worker.process
        before, started = process.cpu_seconds(), time.monotonic()
        contenders.submit(contender, worker, source, target, topic, alias, **how)
        watch = Watch(target, f"{alias}.{topic}", range(partitions), load.records)
        watch.until_done(process.must_live, options.MOST_SECONDS)
        return figures(load, started, watch, process.cpu_seconds() - before, process.peak_rss())


def summary(rounds, most="peak_rss_mb"):
    """Each figure's median, whatever the others of its round, but of `most` the largest."""
    found = {figure: statistics.median(r[figure] for r in rounds) for figure in rounds[0]}
    return {**found, most: max(r[most] for r in rounds)}


def run_contender(contender, source, target, topic, load, number=0, **settings):
    """Its figures; its copy goes before the next begins."""
    alias = f"{contender}-{load.name}-{number}"
    remote = f"{alias}.{topic}"
    if contender in options.LOOPS:
        result = run_loop(contender, source, target, topic, remote, load)
    else:
        result = run_worker(contender, source, target, topic, alias, load, **settings)
    target.delete_topic(remote)
    return result


def run_load(load, source, target):
    topic = f"bench-{load.name}"
    print(f"\n{load.name}: {load.records:,} records of {load.size} bytes, {load.codec}", flush=True)
    fill(source, topic, load)
    # A young JVM compiles beside the first who is measured.
    run_contender("raw-loop", source, target, topic, dataclasses.replace(load, name="warm-up"))
    results = {contender: [] for contender in options.contenders(*load.among)}
    for number in range(options.size("LOAD_ROUNDS", 3, 1)):
        for contender, rounds in results.items():
            if number == 0 or contender in IN_ROUNDS:
                rounds.append(run_contender(contender, source, target, topic, load, number))
                print(f"  {contender}: {rounds[-1]}", flush=True)
    source.delete_topic(topic)
    return {contender: summary(rounds) for contender, rounds in results.items()}


def run_section(source, target):
    return {load.name: run_load(load, source, target) for load in loads()}
