# SPDX-License-Identifier: Apache-2.0
"""Clients of several ages through a gateway between clusters of several ages: Kafka 4.1's, Kafka
2.8's and librdkafka write while the topic is linked, across its promotion and after it, and read it
in groups all the while.

A link's target must be Kafka 2.8 or later; before an older one a gateway only relays.
"""

import pytest
import records
from gateways import Gateway, plain_target, routing_gateway
from kafka_cluster import Cluster
from links import linked_topic, promote
from routed_writers import values_of
from whole_clients import JavaClients, LibrdkafkaClients
from workers import PATIENCE, SHORT_SESSION, Workers

NEW, MIDDLE, OLD = "4.1.0", "3.9.1", "2.1.1"
OLD_CLIENT = "2.8.2"
PARTITIONS = 2
PAIRS = [(source, target) for target in (NEW, MIDDLE) for source in (NEW, MIDDLE, OLD)]


@pytest.fixture(scope="module")
def clusters(request):
    """Clusters by role and version: those of all tests, and others that are started when they are
    needed first."""
    made = {}

    def get(role, version):
        if version == NEW:
            return request.getfixturevalue(role)
        if (role, version) not in made:
            made[role, version] = Cluster(f"{role}-{version}", version=version, heap="384m")
            made[role, version].start()
        return made[role, version]

    yield get
    for cluster in made.values():
        cluster.close()


@pytest.fixture
def start():
    """Starts one of each client at a gateway, and closes those that the test hasn't."""
    started = []

    def all_kinds(gateway, topic):
        started.append(LibrdkafkaClients(gateway, topic, PARTITIONS, "librdkafka"))
        for version in (NEW, OLD_CLIENT):
            name = f"java-{version}"
            started.append(JavaClients(gateway, topic, PARTITIONS, name, version=version))
        return started

    yield all_kinds
    for app in started:
        app.close()


@pytest.fixture
def make_workers(kind, unique):
    """The factory of workers, of a target; see conftest.make_worker."""
    made = []

    def make(target):
        made.append(Workers(kind, target, unique))
        return made[-1]

    try:
        yield make
        for factory in made:
            factory.stop()
    finally:
        for factory in made:
            factory.close()


def ends(cluster, topic):
    return sum(end for _, end in records.end_offsets(cluster, topic).values())


def wait_all(apps, more):
    for app in apps:
        app.wait(more, timeout=90 * PATIENCE)


def check_end(apps, cluster, topic):
    """Closes them."""
    for app in apps:
        app.end_writing()
    found = values_of(cluster, topic)
    while apps:
        app = apps.pop()
        app.wait_read(found)
        app.check(found)
        print(app.name, app.written, "written", app.warnings()[:5])
        app.close()


@pytest.mark.parametrize(
    "source_version, target_version",
    [pytest.param(*pair, marks=[] if pair == (NEW, NEW) else pytest.mark.long) for pair in PAIRS],
)
def test_across_the_flip(clusters, make_workers, start, unique, source_version, target_version):
    source, target = clusters("source", source_version), clusters("target", target_version)
    workers = make_workers(target)
    worker = workers.distributed(workers.settings(**SHORT_SESSION))
    link, topic = linked_topic(worker, source, target, unique, PARTITIONS)
    with routing_gateway(unique("pair"), link, source, target) as gateway:
        apps = start(gateway, topic)
        wait_all(apps, 50)
        before = ends(source, topic)
        wait_all(apps, 50)
        assert ends(source, topic) > before  # that's where it goes
        promote(link, topic)
        flip = ends(source, topic)
        wait_all(apps, 100)
        assert ends(source, topic) == flip  # nothing goes there any more
        check_end(apps, target, topic)
        at_source, at_target = values_of(source, topic), values_of(target, topic)
        assert at_source.items() <= at_target.items()


@pytest.mark.long
def test_relayed_to_an_old_target(clusters, start, unique):
    """Without a link: Kafka 2.1 can be no link's target."""
    target = clusters("target", OLD)
    topic = target.create_topic(unique("relayed"), PARTITIONS)
    with Gateway("pair-old", plain_target(target)) as gateway:
        apps = start(gateway, topic)
        wait_all(apps, 100)
        check_end(apps, target, topic)
