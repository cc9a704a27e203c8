# SPDX-License-Identifier: Apache-2.0
"""Checkpoints at size: ten thousand groups, each with offsets in ten partitions.

A round reads what all groups have committed on the source, translates it, writes the checkpoints
that are new, and commits on the target what is ahead of there. Measured: the first round, in which
every group is new on the target; rounds in which a tenth of the groups got on; rounds in which
nothing did; and the worker's CPU time for each.
"""

import time

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

import options
import records
from metrics import scrape
from processes import wait_for
from workers import distributed, distributed_settings, mirror_config

GROUPS = options.size("GROUPS", 10000, 1000)
PARTITIONS = 10
RECORDS = 20000
INTERVAL = 5  # seconds between two rounds
ROUNDS = options.size("GROUPS_ROUNDS", 6, 3)
AT_ONCE = 500  # commits of ours under way
PREFIX = "isthmus_mirror_checkpoint_"


def names():
    return [f"groups-{number:05}" for number in range(GROUPS)]


def commit(source, topic, groups, offset):
    for first in range(0, len(groups), AT_ONCE):
        waiting = []
        for group in groups[first : first + AT_ONCE]:
            where = [TopicPartition(topic, p, offset) for p in range(PARTITIONS)]
            wanted = [ConsumerGroupTopicPartitions(group, where)]
            waiting += source.admin.alter_consumer_group_offsets(wanted).values()
        for future in waiting:
            future.result(60)


class Rounds:
    """What the worker says of its rounds."""

    def __init__(self, worker):
        self.worker = worker

    def value(self, name):
        return scrape(self.worker.rest).value(PREFIX + name)

    def synced(self):
        return scrape(self.worker.rest).sum("isthmus_mirror_group_synced_offsets_total")

    def times(self):
        found = scrape(self.worker.rest)
        return found.value(PREFIX + "round_ms") or 0, found.value(PREFIX + "sync_ms") or 0

    def measure(self, seconds):
        """CPU seconds of a round, and the longest round and sync that were seen."""
        time.sleep(INTERVAL)  # the last round's times are there until the next
        began, cpu = time.monotonic(), self.worker.process.cpu_seconds()
        longest = [0, 0]
        while time.monotonic() - began < seconds:
            longest = [max(a, b) for a, b in zip(longest, self.times())]
            time.sleep(INTERVAL / 2)
        used = self.worker.process.cpu_seconds() - cpu
        rounds = (time.monotonic() - began) / INTERVAL
        return {
            "seconds": round(sum(longest) / 1000, 3),
            "cpu_seconds_per_round": round(used / rounds, 3),
        }


def start(worker, source, target, topic):
    more = {
        "topics": topic,
        "groups": "groups-.*",
        "emit.checkpoints.interval.seconds": INTERVAL,
        "sync.group.offsets.enabled": "true",
        "sync.group.offsets.interval.seconds": INTERVAL,
        "refresh.groups.interval.seconds": 600,
    }
    rest = worker.rest
    rest.put_connector("groups-mirror", mirror_config("Source", source, target, "groups", **more))
    records.wait_count(target, f"groups.{topic}", RECORDS)
    rest.put_connector(
        "groups-checkpoint", mirror_config("Checkpoint", source, target, "groups", **more)
    )


def run_worker(source, target, topic):
    worker = distributed("isthmus", "groups", distributed_settings(target, "groups"))
    worker.start()
    results = {}
    try:
        start(worker, source, target, topic)
        rounds = Rounds(worker)
        # Seldom: a scrape of very many groups takes the processors that the round needs.
        wait_for(lambda: rounds.synced() >= GROUPS * PARTITIONS, 300, "all groups' offsets", 1)
        first = [ms / 1000 for ms in rounds.times()]
        results["groups-first"] = {"seconds": round(sum(first), 3)}
        print(f"  first: {results['groups-first']}", flush=True)
        results["groups-idle"] = rounds.measure(ROUNDS * INTERVAL)
        print(f"  idle: {results['groups-idle']}", flush=True)
        assert rounds.value("inexact_offsets") == 0, "offsets that aren't exact"
        before = rounds.synced()
        commit(source, topic, names()[::10], 1500)
        results["groups-some"] = rounds.measure(ROUNDS * INTERVAL)
        moved = rounds.synced() - before
        assert moved >= GROUPS // 10 * PARTITIONS, f"{moved} offsets were synced"
        print(f"  some: {results['groups-some']}", flush=True)
        results["groups-idle"]["peak_rss_mb"] = round(worker.process.peak_rss() / 1e6, 1)
    finally:
        worker.close()
    return {section: {"isthmus": figures} for section, figures in results.items()}


def run_section(source, target):
    print(f"\ngroups: {GROUPS} groups with offsets in {PARTITIONS} partitions")
    topic = source.create_topic("groups-topic", PARTITIONS)
    for partition in range(PARTITIONS):
        records.produce(source, topic, RECORDS // PARTITIONS, partition=partition)
    commit(source, topic, names(), 1000)
    results = run_worker(source, target, topic)
    source.delete_topic(topic)
    return results
