# SPDX-License-Identifier: Apache-2.0
"""What fault tests mirror, and what has to come out of it.

FAULT_SECONDS (0): how much longer each fault lasts or repeats than it needs to be shown.
"""

import dataclasses
import os

import records
import workers
from fault_cluster import FaultCluster
from load import Load
from workers import PATIENCE

SECONDS = float(os.environ.get("FAULT_SECONDS", "0"))
# A worker that doesn't give its tasks up while its group's coordinator is away, which Connect's do
# after heartbeat.interval.ms: what comes twice would be theirs.
CALM = {
    "session.timeout.ms": "180000",
    "heartbeat.interval.ms": "60000",
    "rebalance.timeout.ms": "60000",
}
LANES = ("raw", "records")


@dataclasses.dataclass
class Mirror:
    """A topic with a partition per codec, mirrored by a connector for each lane."""

    source: FaultCluster
    target: FaultCluster
    worker: workers.Worker
    topic: str
    remotes: dict  # lane -> topic on the target

    @property
    def remote(self):
        return self.remotes["raw"]

    def load(self, **options):
        return Load(self.source, self.topic, **options)

    def wait_behind(self, load, more=300, timeout=90):
        """Waits until the target has what the load has had acknowledged up to more from now."""
        load.wait(more, timeout * PATIENCE)
        self.wait_count(load.acknowledged, timeout)

    def wait_count(self, count, timeout=60):
        for remote in self.remotes.values():
            records.wait_count(self.target, remote, count, timeout * PATIENCE)

    def assert_same(self, exactly=True, timeout=90):
        """The raw lane's appender is idempotent: nothing comes twice while the worker lives. The
        record lane's producer is not, as Connect's isn't."""
        for lane, remote in self.remotes.items():
            once = exactly and lane == "raw"
            records.assert_mirrored(
                self.source, self.topic, self.target, remote, timeout * PATIENCE, once
            )

    def assert_running(self):
        for lane in self.remotes:
            self.worker.rest.wait_running(lane, timeout=60 * PATIENCE)


def worker_settings(factory, target, **more):
    factors = {f"{kind}.storage.replication.factor": 3 for kind in ("offset", "config", "status")}
    return factory.settings(
        **{"bootstrap.servers": target.proxied, **factors, **CALM, **more}
    )


def mirror_settings(source, target, alias, topic, lane):
    config = workers.mirror_config("Source", source, target, alias, topics=topic)
    config.update(
        {
            "source.cluster.bootstrap.servers": source.proxied,
            "target.cluster.bootstrap.servers": target.proxied,
            "producer.override.bootstrap.servers": target.proxied,
            "replication.factor": "3",
            "offset-syncs.topic.replication.factor": "3",
            "raw.lane.enabled": str(lane == "raw").lower(),
        }
    )
    return config
