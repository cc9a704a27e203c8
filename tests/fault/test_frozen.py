# SPDX-License-Identifier: Apache-2.0
"""A broker that neither answers nor closes: requests time out, the connection is replaced.

Frozen links stand for a broker that hangs, swallowing ones for a network that has gone; a stopped
process is a broker that hangs altogether and is deposed meanwhile.
"""

import contextlib
import time

import pytest

from faults import SECONDS
from processes import wait_for
from workers import PATIENCE

# Short time-outs make short tests; what depends on them doesn't change with their length.
IMPATIENT = {
    f"{prefix}.{key}": value
    for prefix in ("source.consumer", "consumer", "producer.override")
    for key, value in (
        ("request.timeout.ms", 2000 * PATIENCE),
        ("socket.connection.setup.timeout.ms", 2000 * PATIENCE),
    )
}


def hold(load):
    """The fault lasts until a request has had the time to time out, and records have piled up."""
    end = time.monotonic() + 2.5 * PATIENCE + SECONDS
    load.wait(500)
    while time.monotonic() < end:
        load.wait(100)


@pytest.mark.parametrize("side", ["source", "target"])
def test_links(mirror, side):
    flow = mirror(**IMPATIENT)
    cluster = {"source": flow.source, "target": flow.target}[side]
    with flow.load() as load:
        flow.wait_behind(load)
        links = list(cluster.links.values())
        for sickness in (links[0].freeze, links[1].swallow, links[2].freeze):
            accepted = sum(link.accepted for link in links)
            with sickness():
                hold(load)
            wait_for(
                lambda: sum(link.accepted for link in links) > accepted,
                60 * PATIENCE,
                "a connection in the place of the one that timed out",
            )
            flow.wait_behind(load)
        with links[0].freeze(up=False):
            hold(load)
        flow.wait_behind(load)
        with links[0].slow(latency=0.2, rate=200000):
            flow.wait_behind(load)
        for link in links:
            link.cut()
        flow.wait_behind(load)
        with contextlib.ExitStack() as everything:
            for link in links:
                everything.enter_context(link.down())
            load.wait(500)
        flow.wait_behind(load)
    flow.assert_same()
    flow.assert_running()


def test_stopped_brokers(mirror):
    flow = mirror(**IMPATIENT)
    with flow.load() as load:
        flow.wait_behind(load)
        for cluster, topic in ((flow.target, flow.remote), (flow.source, flow.topic)):
            broker = cluster.broker(cluster.leader(topic))
            broker.pause()
            try:
                wait_for(
                    lambda: broker.node not in cluster.leaders_without(broker.node, topic),
                    60,
                    f"broker {broker.node} to be deposed",
                )
                flow.wait_behind(load)
            finally:
                broker.resume()
            cluster.wait_in_sync(topic)
        flow.wait_behind(load)
    flow.assert_same()
    flow.assert_running()
