# SPDX-License-Identifier: Apache-2.0
"""A target that stands still stops the fetching; it doesn't grow the worker.

The target's broker is halted (SIGSTOP) while the source gets far more to be mirrored than the worker
may hold. The worker's memory stays within its bound then and while it catches up, and everything
arrives. Size: ISTHMUS_SLOW_MB (200).
"""

import os

import pytest

import records
from processes import SANITIZER, wait_for
from workers import PATIENCE, Workers, mirror_config

MEGABYTES = int(os.environ.get("ISTHMUS_SLOW_MB", "200"))
RECORD = 10_000
# A worker at full speed; sanitizers take several times as much.
MOST_RESIDENT = 128_000_000 * (10 if SANITIZER else 1)


def resident_kb(process):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def wait_settled(process):
    """Until the memory in use hasn't grown in ten looks that follow each other."""
    seen = []

    def settled():
        process.must_live()
        seen.append(resident_kb(process))
        return len(seen) > 20 and max(seen[-10:]) <= max(seen[:-10])

    wait_for(settled, 60 * PATIENCE, "the worker's memory to stop growing", interval=0.2)


@pytest.mark.parametrize("raw_lane", ["true", pytest.param("false", marks=pytest.mark.long)])
def test_memory_stays_bounded(source, cluster_factory, unique, raw_lane):
    topic, alias, count = unique("orders"), unique("src"), MEGABYTES * 1_000_000 // RECORD
    remote = f"{alias}.{topic}"
    source.create_topic(topic, 8)
    records.produce(source, topic, 1000, size=RECORD)
    target = cluster_factory(unique("slow"))
    workers = Workers("isthmus", target, unique)
    try:
        worker = workers.distributed()
        more = {"topics": topic, "tasks.max": "4", "raw.lane.enabled": raw_lane}
        worker.rest.put_connector("mirror", mirror_config("Source", source, target, alias, **more))
        records.wait_count(target, remote, 1, 60 * PATIENCE)
        target.brokers[0].pause()
        records.produce(source, topic, count, first=1000, size=RECORD)
        wait_settled(worker.process)
        target.brokers[0].resume()
        # The controller may take a broker that didn't answer for dead, for a moment.
        led = "the target's broker to lead again"
        wait_for(lambda: target.partition_count(remote) == 8, 60 * PATIENCE, led)
        records.assert_mirrored(source, topic, target, remote, 120 * PATIENCE, exactly=False)
        peak = worker.process.peak_rss()
        print(f"{peak / 1e6:.0f} MB at most")
        assert peak < MOST_RESIDENT, f"{peak / 1e6:.0f} MB resident"
        workers.stop()
    finally:
        target.brokers[0].resume()
        workers.close()
