# SPDX-License-Identifier: Apache-2.0
"""The last thing that a link does for a group, after it has committed the group's offsets, is to leave
it. Where it isn't sure that it has left, it leaves again. It doesn't commit again: members that go on
by then have committed more."""

import contextlib
import threading
import time

import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition

from applications import Librdkafka, PlainWriter
from links import Link, link_config
from processes import wait_for

pytestmark = pytest.mark.skipif("config.getoption('--worker') == 'java'", reason="our own link")


class Committed:
    """What a group has committed for a partition, again and again."""

    def __init__(self, cluster, group, topic):
        self.offsets, self._over = [], threading.Event()
        self._consumer = Consumer(cluster.client_config(**{"group.id": group}))
        self._thread = threading.Thread(target=self._run, args=(topic,), daemon=True)
        self._thread.start()

    def _run(self, topic):
        while not self._over.wait(0.02):
            with contextlib.suppress(KafkaException):
                [place] = self._consumer.committed([TopicPartition(topic, 0)], timeout=5)
                self.offsets.append(place.offset)

    def close(self):
        self._over.set()
        self._thread.join()
        self._consumer.close()


def test_offsets_do_not_go_back_where_leaving_takes_several_tries(
    fault_source, fault_target, make_fault_worker, keep, unique
):
    topic, group, name = unique("orders"), unique("group"), unique("link")
    fault_source.create_topic(topic, 1)
    factors = {f"{kind}.storage.replication.factor": 3 for kind in ("offset", "config", "status")}
    worker = make_fault_worker.distributed(make_fault_worker.settings(unique("connect"), **factors))
    link = Link(worker.rest, name)
    config = link_config(
        fault_source,
        fault_target,
        topics=topic,
        replication_factor=3,
        link_group_idle_ms=1000,
        target_cluster_bootstrap_servers=fault_target.proxied,
    )
    writer = keep(PlainWriter(fault_source, topic))
    at_source = Librdkafka(fault_source, group, [topic])
    try:
        wait_for(lambda: len(at_source.seen) > 100, 60, "the member to read")
        worker.rest.put_connector(name, config)
        wait_for(lambda: link.register(group).status_code < 300, 60, "the group to be registered")
        link.wait_group(group, "STANDBY")
        link.wait_state(topic, "LINKING")
    finally:
        at_source.close()
    # A member that the link takes for its own, so that it seems to be in the group still.
    holder = f"isthmus-link-{name}"
    stranger = "x" * len(holder)
    with contextlib.ExitStack() as stack:
        for each in fault_target.links.values():
            stack.enter_context(each.lie(stranger.encode(), holder.encode()))
        keep(Librdkafka(fault_target, group, [topic], **{"group.instance.id": stranger}))
        committed = keep(Committed(fault_target, group, topic))
        path = f"/links/{name}/groups:promote"
        wait_for(  # the mirror may be behind the group still
            lambda: worker.rest.call("POST", path, {"group_ids": [group]}).status_code < 300,
            60,
            "the promotion to be taken",
        )
        wait_for(lambda: link.group(group)["group_status"] != "STANDBY", 60, "the promotion")
        time.sleep(8)
    wait_for(
        lambda: link.group(group)["group_status"] in ("PROMOTED", "HOLD_LOST"),
        60,
        "the end",
    )
    writer.wait(100)
    committed.close()
    back = [pair for pair in zip(committed.offsets, committed.offsets[1:]) if pair[1] < pair[0]]
    assert not back, back
