# SPDX-License-Identifier: Apache-2.0
"""Quotas on both sides: brokers answer at once and say how long to keep quiet (KIP-219).

The mirror falls behind, as it must, and waits; nothing times out, nothing fails, and once the
quotas are gone it catches up.
"""

import re

import pytest

import records
from faults import SECONDS
from java import snippet
from processes import wait_for
from workers import PATIENCE

BYTES_PER_SECOND = 30000


@pytest.fixture
def throttle(fault_source, fault_target):
    def set_rates(reading, writing):
        snippet("Quotas.java", str(reading), "consumer_byte_rate", fault_source.bootstrap)
        snippet("Quotas.java", str(writing), "producer_byte_rate", fault_target.bootstrap)

    yield set_rates
    set_rates("none", "none")


def test_on_both_sides(mirror, throttle):
    flow = mirror()
    levels = "/admin/loggers/org.isthmus.wire.connection"
    flow.worker.rest.ok("PUT", levels, {"level": "DEBUG"})

    def behind():
        return load.acknowledged - records.count(flow.target, flow.remote) > 1000 + 1000 * SECONDS

    with flow.load() as load:
        flow.wait_behind(load)
        # More is read than may be written, so that either side is throttled.
        throttle(3 * BYTES_PER_SECOND, BYTES_PER_SECOND)
        wait_for(behind, 60 * PATIENCE, "the mirror to fall behind", interval=0.5)
        throttle("none", "none")
        flow.wait_behind(load, timeout=120)
    flow.assert_same()
    flow.assert_running()
    log = flow.worker.process.log()
    for client in ("raw-raw", r"fetch-\S+\|raw"):
        assert re.search(rf"\[{client}\] .* throttles for \d+ ms", log), client
    assert "wasn't answered in time" not in log
