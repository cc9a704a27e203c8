# SPDX-License-Identifier: Apache-2.0
"""What is read of processes and topics while they are measured."""

import pathlib
import time

import records
from confluent_kafka import Consumer, TopicPartition
from processes import wait_for


def resident(process):
    """Resident memory now, in MB."""
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def threads(process):
    return len(list(pathlib.Path(f"/proc/{process.pid}/task").iterdir()))


def cpu_share(process, seconds):
    """Of one core, over the next seconds."""
    before, began = process.cpu_seconds(), time.monotonic()
    time.sleep(seconds)
    return (process.cpu_seconds() - before) / (time.monotonic() - began)


class Watch:
    """Follows a topic's growth: when its first record came and when its last."""

    def __init__(self, cluster, topic, partitions, expected):
        self.expected = expected
        self.first = self.first_count = self.last = None
        self._where = [TopicPartition(topic, p) for p in partitions]
        self._consumer = Consumer(cluster.client_config(**{"group.id": "watch"}))
        self._cluster, self._topic = cluster, topic

    def _count(self):
        return sum(records.watermarks(self._consumer, where)[1] for where in self._where)

    def _done(self):
        now, count = time.monotonic(), self._count()
        if count and self.first is None:
            self.first, self.first_count = now, count
        self.last = now
        return count >= self.expected

    def until_done(self, must_live, timeout, interval=0.1):
        """must_live is called between looks, and fails once there is no use in waiting."""
        highest = max(where.partition for where in self._where)
        wait_for(
            lambda: must_live() and self._cluster.partition_count(self._topic) > highest,
            timeout,
            f"{self._topic} to be created",
        )
        what = f"{self.expected} records in {self._topic}"
        wait_for(lambda: must_live() and self._done(), timeout, what, interval=interval)
        self._consumer.close()
        return self

    def rate(self, started):
        """Records a second from the first to the last, or from the start where all came at once."""
        steady = self.last - self.first
        if steady > 1:
            return (self.expected - self.first_count) / steady
        return self.expected / (self.last - started)
