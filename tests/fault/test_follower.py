# SPDX-License-Identifier: Apache-2.0
"""A mirror that has a replica in its own rack reads from there (KIP-392), and can do without.

Where its bytes come from is seen by what the links to the brokers carry.
"""

from processes import wait_for
from workers import PATIENCE

RACK = 2


def carried(source):
    return {node: link.carried["down"] for node, link in source.links.items()}


def share_of_follower(flow, load):
    """The share of what the source sends that comes from the broker in the mirror's rack."""
    before = carried(flow.source)
    flow.wait_behind(load)
    after = carried(flow.source)
    grown = {node: after[node] - before[node] for node in after}
    return grown[RACK] / (sum(grown.values()) or 1)


def test_is_read_from(mirror):
    flow = mirror(**{"source.consumer.client.rack": f"rack-{RACK}"})
    source = flow.source
    broker = source.broker(RACK)
    leaders = {p.leader for p in source.partitions(flow.topic).values()}
    assert len(leaders) == 3, "other brokers lead partitions, too"
    with flow.load() as load:
        flow.wait_behind(load)
        wait_for(
            lambda: share_of_follower(flow, load) > 0.9,
            60 * PATIENCE,
            f"nearly everything to come from broker {RACK}",
        )
        broker.kill()
        flow.wait_behind(load, timeout=30)
        broker.start()
        source.wait_in_sync(flow.topic)
        wait_for(
            lambda: share_of_follower(flow, load) > 0.9,
            60 * PATIENCE,
            f"nearly everything to come from broker {RACK} again",
        )
    flow.assert_same()
    flow.assert_running()
