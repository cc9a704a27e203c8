# SPDX-License-Identifier: Apache-2.0
"""A gateway gets out of the way: after the last promotion it tells clients the brokers' own
addresses, all of them leave it without a restart, and it is stopped while they go on. With
gateway.after.promotion=relay they stay.

Clients of Java, librdkafka and franz-go write and read all the while, and some members of groups
have nothing to read. None is thrown out of its group. They have their own defaults but for the
intervals of commits, which the tests' applications set.
"""

import pytest
import records
from applications import Librdkafka
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from franz import Franz, program
from gateways import routing_gateway
from links import linked_topic, promote
from metrics import scrape
from processes import free_port, wait_for
from rest import Rest
from routed_writers import InTransactions, check_writer, values_of
from whole_clients import JavaClients, LibrdkafkaClients
from workers import PATIENCE, SHORT_SESSION

PARTITIONS = 3
ASIDE_MS = 1000
# librdkafka's own, in place of what the tests' applications have.
SESSION = {"session.timeout.ms": "45000", "heartbeat.interval.ms": "3000"}


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
def start(linked, keep):
    """Starts writers that read as well: of Java and librdkafka."""

    def both(gateway):
        at = gateway, linked[1], PARTITIONS
        apps = [
            keep(JavaClients(*at, "java")),
            keep(LibrdkafkaClients(*at, "librdkafka", **SESSION)),
        ]
        for app in apps:
            app.wait(50, timeout=90)
        return apps

    return both


class Waiting:
    """Members of groups that have nothing to read until the end, one of each kind."""

    def __init__(self, gateway, target, topic, keep, franz=False):
        self.cluster, self.topic = target, topic
        self.members = {
            f"{topic}-classic": keep(Librdkafka(gateway, f"{topic}-classic", [topic], **SESSION)),
            f"{topic}-consumer": keep(
                Librdkafka(gateway, f"{topic}-consumer", [topic], **{"group.protocol": "consumer"})
            ),
        }
        if franz and program()[0]:
            self.members[f"{topic}-franz"] = keep(Franz(gateway, f"{topic}-franz", [topic]))

    def check(self):
        """They get what is written now, and commit it: they know their coordinator."""
        records.produce(self.cluster, self.topic, 3)
        for group, member in self.members.items():
            wait_for(lambda m=member: len(m.seen) == 3, 60 * PATIENCE, f"{group} to read on")
            wait_for(
                lambda g=group: committed(self.cluster, g, self.topic) == 3,
                30 * PATIENCE,
                f"{group} to commit",
            )


def committed(cluster, group, topic):
    """What the group has committed of the topic's only partition."""
    asked = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0)])
    [future] = cluster.admin.list_consumer_group_offsets([asked]).values()
    return future.result(60).topic_partitions[0].offset


def member_ids(cluster, groups):
    """{group: ids of its members}, once each group has one that is assigned something."""

    def assigned():
        found = {}
        for group, future in cluster.admin.describe_consumer_groups(groups).items():
            members = future.result(60).members
            if not members or not all(each.assignment.topic_partitions for each in members):
                return None
            found[group] = sorted(each.member_id for each in members)
        return found

    return wait_for(assigned, 60 * PATIENCE, f"members of {groups}")


def connections(gateway):
    return scrape(gateway.http).value("isthmus_gateway_clients")


def wait_said(gateway, said):
    wait_for(lambda: said in gateway.log(), 90 * PATIENCE, f"{gateway.name} to say: {said}")


def check_end(apps, target, topic):
    for app in apps:
        app.end_writing()
    found = values_of(target, topic)
    for app in apps:
        app.wait_read(found)
        app.check(found)
        print(app.name, app.written, app.warnings())


def leave(linked, gateway, apps, waiting, target, gone):
    """Promotes the topic, and stops the gateway once gone() says so."""
    link, topic = linked
    groups = [*waiting.members, *(f"{topic}-{app.name}" for app in apps)]
    members = member_ids(target, groups)
    assert connections(gateway) > 0
    promote(link, topic)
    wait_said(gateway, "gets out of the way: its")
    gone()
    gateway.stop()
    for app in apps:
        app.wait(50)  # without the gateway
    waiting.check()
    assert member_ids(target, groups) == members
    check_end(apps, target, topic)


def test_clients_leave_and_go_on(linked, make_gateway, start, keep, target, unique):
    gateway = make_gateway()
    apps = start(gateway)
    waiting = Waiting(gateway, target, target.create_topic(unique("quiet")), keep)
    told = gateway.admin.list_topics(timeout=60)

    def gone():
        wait_for(lambda: connections(gateway) == 0, 90 * PATIENCE, "clients to leave")

    leave(linked, gateway, apps, waiting, target, gone)
    direct = target.admin.list_topics(timeout=60)
    assert told.cluster_id == direct.cluster_id and set(told.brokers) == set(direct.brokers)


@pytest.mark.long
def test_the_last_one_is_told(linked, make_gateway, start, keep, target, unique):
    """That nobody comes back takes longer: franz-go and transactions are there as well."""
    gateway = make_gateway()
    apps = start(gateway)
    writer = keep(InTransactions(gateway, linked[1], PARTITIONS, "tx", rate=50))
    writer.wait(50)
    aborted = []
    waiting = Waiting(gateway, target, target.create_topic(unique("quiet")), keep, franz=True)

    def gone():
        aborted.append(writer.aborted)  # by the promotion
        wait_said(gateway, "The last client has left gateway")
        assert connections(gateway) == 0
        writer.wait(50)
        writer.close()

    leave(linked, gateway, apps, waiting, target, gone)
    assert aborted == [writer.aborted]
    check_writer(values_of(target, linked[1]), writer)


def addresses(cluster):
    brokers = cluster.admin.list_topics(timeout=60).brokers
    return {node: (broker.host, broker.port) for node, broker in brokers.items()}


def relayed(gateway):
    return scrape(gateway.http).value("isthmus_gateway_requests_total", way="relayed")


@pytest.mark.long
def test_clients_stay_where_they_are_relayed(linked, make_gateway, start, target):
    """A gateway that steps aside, beside it, says when the other one would have."""
    link, topic = linked
    gateway, other = make_gateway(gateway__after__promotion="relay"), make_gateway()
    apps = start(gateway)
    told = addresses(gateway)
    promote(link, topic)
    wait_said(other, "The last client has left gateway")
    before = relayed(gateway)
    for app in apps:
        app.wait(100)
    assert relayed(gateway) > before and connections(gateway) > 0
    assert addresses(gateway) == told != addresses(target)
    assert "gets out of the way" not in gateway.log()
    check_end(apps, target, topic)
