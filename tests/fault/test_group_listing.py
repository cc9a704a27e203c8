# SPDX-License-Identifier: Apache-2.0
"""A listing of the source's groups lacks one that has members, as it may while its coordinator
moves: brokers that answer don't have it yet, the one that had it isn't asked any more. The link asks
the coordinator itself before it takes the group's members to be gone."""

import contextlib
import time

import pytest

from applications import Librdkafka, PlainWriter
from links import Link, link_config
from processes import wait_for

IDLE_MS = 1000

pytestmark = pytest.mark.skipif("config.getoption('--worker') == 'java'", reason="our own link")


def listed(group):
    """A group in an answer to ListGroups; other answers have something else behind its name."""
    return bytes([len(group) + 1]) + group.encode() + bytes([len("consumer") + 1]) + b"consumer"


@contextlib.contextmanager
def unlisted(cluster, group):
    true = listed(group)
    told = true.replace(group.encode(), b"-" * len(group))
    with contextlib.ExitStack() as stack:
        for link in cluster.links.values():
            stack.enter_context(link.lie(true, told))
        yield


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_group_that_a_listing_lacks(
    fault_source, fault_target, make_fault_worker, keep, unique, protocol
):
    topic, group, name = unique("orders"), unique("group"), unique("link")
    fault_source.create_topic(topic, 2)
    factors = {f"{kind}.storage.replication.factor": 3 for kind in ("offset", "config", "status")}
    worker = make_fault_worker.distributed(make_fault_worker.settings(unique("connect"), **factors))
    link = Link(worker.rest, name)
    config = link_config(
        fault_source,
        fault_target,
        topics=topic,
        replication_factor=3,
        link_group_idle_ms=IDLE_MS,
        source_cluster_bootstrap_servers=fault_source.proxied,
    )
    writer = keep(PlainWriter(fault_source, topic))
    at_source = Librdkafka(fault_source, group, [topic], **{"group.protocol": protocol})
    try:
        wait_for(lambda: len(at_source.seen) > 100, 60, "the member to read")
        worker.rest.put_connector(name, config)
        wait_for(lambda: link.register(group).status_code < 300, 60, "the group to be registered")
        link.wait_group(group, "STANDBY")
        keep(Librdkafka(fault_target, group, [topic], **{"group.protocol": protocol}))
        link.wait_state(topic, "LINKING")
        with unlisted(fault_source, group):
            until = time.monotonic() + 8 * IDLE_MS / 1000
            while time.monotonic() < until:
                assert link.group(group)["group_status"] == "STANDBY"
                time.sleep(0.1)
        assert "last member has left" in link.group(group)["reason"]
    finally:
        at_source.close()
    link.wait_group(group, "PROMOTED")
    writer.wait(100)
