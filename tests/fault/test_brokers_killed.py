# SPDX-License-Identifier: Apache-2.0
"""Brokers are killed and come back, one after another, on either side, while records flow.

The worker lives, so there is no reason for a duplicate: each record arrives once and in order.
"""

from faults import SECONDS


def roll(cluster, topic, load):
    """Kills and restarts brokers; each replica is in sync again before the next is killed."""
    for i in range(2 + int(SECONDS / 10)):
        broker = cluster.broker(cluster.leader(topic, i % 5))
        broker.kill()
        load.wait(300)
        broker.start()
        cluster.wait_in_sync(topic)


def test_of_the_target(mirror):
    flow = mirror()
    with flow.load() as load:
        flow.wait_behind(load)
        roll(flow.target, flow.remote, load)
        flow.wait_behind(load)
    flow.assert_same()
    flow.assert_running()


def test_of_the_source(mirror):
    flow = mirror()
    with flow.load() as load:
        flow.wait_behind(load)
        roll(flow.source, flow.topic, load)
        flow.wait_behind(load)
    flow.assert_same()
    flow.assert_running()
