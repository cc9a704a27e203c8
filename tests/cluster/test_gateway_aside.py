# SPDX-License-Identifier: Apache-2.0
"""A gateway gets out of the way: after the last promotion it tells clients the brokers' own
addresses, they leave it without a restart, and it is stopped while they go on.

Clients of librdkafka and Java write and read all the while, with their own defaults but for a
metadata age that is short, so that the test is.
"""

import pytest
from gateways import routing_gateway
from links import linked_topic, promote
from metrics import scrape
from processes import free_port, wait_for
from rest import Rest
from routed_writers import values_of
from whole_clients import JavaClients, LibrdkafkaClients
from workers import PATIENCE, SHORT_SESSION

PARTITIONS = 3
AGE_MS = 2000
ASIDE_MS = 1000


@pytest.fixture
def linked(make_worker, source, target, unique):
    worker = make_worker.distributed(make_worker.settings(**SHORT_SESSION))
    return linked_topic(worker, source, target, unique, PARTITIONS)


@pytest.fixture
def make_gateway(linked, source, target, unique):
    made = []

    def make(**settings):
        port = free_port()
        gateway = routing_gateway(
            unique("aside"),
            linked[0],
            source,
            target,
            gateway__aside__ms=ASIDE_MS,
            gateway__metrics__listener=f"http://127.0.0.1:{port}",
            **settings,
        )
        gateway.http = Rest(f"http://127.0.0.1:{port}")
        made.append(gateway.start())
        return gateway

    yield make
    for gateway in made:
        gateway.close()


@pytest.fixture
def start(linked):
    """Starts both kinds of clients at a gateway."""
    started = []

    def both(gateway, name):
        at = gateway, linked[1], PARTITIONS
        age = {"topic.metadata.refresh.interval.ms": AGE_MS, "metadata.max.age.ms": AGE_MS}
        apps = [
            JavaClients(*at, f"java-{name}", **{"both.metadata.max.age.ms": AGE_MS}),
            LibrdkafkaClients(*at, f"librdkafka-{name}", **age),
        ]
        started.extend(apps)
        for app in apps:
            app.wait(50, timeout=90)
        return apps

    yield both
    for app in started:
        app.close()


def connections(gateway):
    return scrape(gateway.http).value("isthmus_gateway_clients")


def wait_aside(gateway):
    said = "gets out of the way: its"
    wait_for(lambda: said in gateway.log(), 60 * PATIENCE, "the gateway to get out of the way")


def check_end(apps, target, topic):
    for app in apps:
        app.end_writing()
    found = values_of(target, topic)
    for app in apps:
        app.wait_read(found)
        app.check(found)


def test_clients_leave_and_go_on(linked, make_gateway, start, target):
    link, topic = linked
    gateway = make_gateway()
    apps = start(gateway, "leaving")
    told = gateway.admin.list_topics(timeout=60)
    assert connections(gateway) > 0
    promote(link, topic)
    wait_aside(gateway)
    # librdkafka's member keeps its coordinator's address until it looks for the coordinator anew:
    # after coordinator.query.interval.ms, or when it can't connect there.
    wait_for(lambda: connections(gateway) <= 1, 60 * PATIENCE, "clients to leave")
    gateway.stop()
    for app in apps:
        app.wait(50)  # without the gateway
    check_end(apps, target, topic)
    direct = target.admin.list_topics(timeout=60)
    assert told.cluster_id == direct.cluster_id and set(told.brokers) == set(direct.brokers)
    for app in apps:
        print(app.name, app.written, app.warnings())
