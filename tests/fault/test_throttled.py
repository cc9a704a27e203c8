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

    def wait_throttled(client):
        said = rf"\[{client}\] .* throttles for \d+ ms"
        wait_for(
            lambda: re.search(said, flow.worker.process.log()),
            60 * PATIENCE,
            f"{client} to be throttled",
            interval=0.5,
        )

    with flow.load(rate=1500) as load:  # several times what the quotas let pass
        flow.wait_behind(load)
        throttle(BYTES_PER_SECOND, "none")
        wait_throttled(r"fetch-\S+\|raw")
        wait_for(behind, 60 * PATIENCE, "the mirror to fall behind", interval=0.5)
        throttle("none", BYTES_PER_SECOND)
        wait_throttled("raw-raw")
        throttle("none", "none")
        flow.wait_behind(load, timeout=120)
    flow.assert_same()
    flow.assert_running()
    assert "wasn't answered in time" not in flow.worker.process.log()
