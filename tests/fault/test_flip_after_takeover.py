# SPDX-License-Identifier: Apache-2.0
"""What the source has, but its producer doesn't know of, is found once after a promotion, also if
the link's task has begun after that was copied.

The answer to a write gets lost between source and gateway. The link's task is started again, and
the topic is promoted. The producer sends the batch again, which now belongs to the target.
"""

import contextlib

import pytest
import records
from confluent_kafka import Producer
from gateways import Gateway, plain_target
from links import Link, link_config
from processes import wait_for
from routed_writers import values_of
from workers import PATIENCE, SHORT_SESSION


@pytest.fixture
def linked(make_fault_worker, fault_source, fault_target, unique):
    """A link with a topic that is copied, and the worker's REST."""
    factors = {f"{kind}.storage.replication.factor": 3 for kind in ("offset", "config", "status")}
    settings = make_fault_worker.settings(**factors, **SHORT_SESSION)
    rest = make_fault_worker.distributed(settings).rest
    link, topic = Link(rest, unique("link")), unique("orders")
    fault_source.create_topic(topic, 1)
    config = link_config(fault_source, fault_target, topics=topic, replication_factor=3)
    rest.put_connector(link.name, config)
    link.wait_copied(topic)
    yield link, topic
    rest.delete_connector(link.name)


@pytest.fixture
def gateway(linked, fault_source, fault_target, unique):
    """Its way to the source can be made sick."""
    link, _ = linked
    settings = {
        "source__cluster__bootstrap__servers": fault_source.proxied,
        "gateway__links": link.name,
        "gateway__lease__ms": 3000,
    }
    with Gateway(unique("gateway"), plain_target(fault_target), **settings) as made:
        yield made


def lease_epochs(link):
    return [lease["epoch"] for lease in link.rest.get(f"/links/{link.name}")["leases"]]


def restart_task(link):
    """Its successor has copied nothing of what is there."""
    before = lease_epochs(link)
    link.rest.ok("POST", f"/connectors/{link.name}/tasks/0/restart")
    wait_for(lambda: lease_epochs(link) > before, 60 * PATIENCE, "another task to have the lease")


def test_a_batch_that_is_sent_again(linked, gateway, fault_source, fault_target):
    link, topic = linked
    told = []
    producer = Producer(gateway.client_config(**{"enable.idempotence": True, "log_level": 2}))

    def write(value):
        producer.produce(topic, value, on_delivery=lambda error, message: told.append(error))

    write(b"first")
    assert producer.flush(60) == 0
    with contextlib.ExitStack() as frozen:
        for way in fault_source.links.values():
            frozen.enter_context(way.freeze(up=False))
        write(b"second")
        producer.poll(0.2)
        records.wait_count(fault_target, topic, 2)
        restart_task(link)
        assert link.ask("promote", topic).status_code == 202
        link.wait_state(topic, "PROMOTING")
        for way in fault_source.links.values():
            way.cut()
    link.wait_state(topic, "PROMOTED")
    write(b"third")
    assert producer.flush(60) == 0
    assert told == [None] * 3
    assert values_of(fault_target, topic) == {(0, 0): "first", (0, 1): "second", (0, 2): "third"}
