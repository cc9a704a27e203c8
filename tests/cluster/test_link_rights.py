# SPDX-License-Identifier: Apache-2.0
"""Rights on mirror topics: ACLs come over, the right to write last; the guard keeps others from
writing until then; and the end of a link leaves none of its denials and settings behind."""

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ConfigResource,
    ResourcePatternType,
    ResourceType,
)

import records
from cli import Cli
from processes import wait_for
from workers import PATIENCE

AUTHORIZER = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",
}
READ, WRITE, ALL = AclOperation.READ, AclOperation.WRITE, AclOperation.ALL
ALLOW, DENY = AclPermissionType.ALLOW, AclPermissionType.DENY
TOPIC, GROUP = ResourceType.TOPIC, ResourceType.GROUP


@pytest.fixture
def source(cluster_factory):
    return cluster_factory("source-acls", properties=AUTHORIZER)


@pytest.fixture
def target(cluster_factory):
    return cluster_factory("target-acls", properties=AUTHORIZER)


def create(cluster, acls):
    bindings = [
        AclBinding(kind, name, ResourcePatternType.LITERAL, user, "*", operation, permission)
        for kind, name, user, operation, permission in acls
    ]
    for future in cluster.admin.create_acls(bindings, request_timeout=120).values():
        future.result(120)


def acls_of(cluster, name):
    """The ACLs of a topic and of a group with that name: "alice READ ALLOW"."""
    everything = AclBindingFilter(
        ResourceType.ANY, name, ResourcePatternType.LITERAL, None, None, AclOperation.ANY,
        AclPermissionType.ANY,
    )  # fmt: skip
    found = cluster.admin.describe_acls(everything, request_timeout=120).result(120)
    return {
        f"{a.principal.removeprefix('User:')} {a.operation.name} {a.permission_type.name}"
        for a in found
    }


def setting(cluster, topic, name):
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    return cluster.admin.describe_configs([resource])[resource].result(120)[name].value


def await_acls(cluster, name, expected):
    wait_for(
        lambda: acls_of(cluster, name) == expected,
        60 * PATIENCE,
        f"{name} to have {expected}",
        interval=0.5,
    )


def commit(cluster, group, topic):
    """The group exists, without a member."""
    consumer = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": group})
    consumer.commit(offsets=[TopicPartition(topic, 0, 50)], asynchronous=False)
    consumer.close()


def await_state(rest, link, topic, state):
    wait_for(
        lambda: rest.get(f"/links/{link}/mirrors/{topic}")["mirror_status"] == state,
        60 * PATIENCE,
        f"{topic} to be {state}",
    )


def test_rights_follow_topics_and_no_denial_is_left(source, target, make_worker, unique):
    link, group = unique("link"), unique("readers")
    orders, bills = unique("orders"), unique("bills")
    for topic in (orders, bills):
        source.create_topic(topic, 1, **{"max.message.bytes": "600000"})
        records.produce(source, topic, 100)
    commit(source, group, bills)
    create(
        source,
        [
            (TOPIC, orders, "User:alice", READ, ALLOW),
            (TOPIC, orders, "User:bob", WRITE, ALLOW),
            (TOPIC, orders, "User:carol", ALL, ALLOW),
            (GROUP, group, "User:alice", READ, ALLOW),
        ],
    )
    create(target, [(TOPIC, orders, "User:dave", WRITE, ALLOW)])
    create(target, [(TOPIC, bills, "User:dave", WRITE, ALLOW)])
    create(target, [(TOPIC, bills, "User:erin", WRITE, DENY)])  # somebody else's denial
    rest = make_worker.distributed().rest
    rest.put_connector(
        link,
        {
            "connector.class": "KafkaLinkConnector",
            "source.cluster.bootstrap.servers": source.bootstrap,
            "target.cluster.bootstrap.servers": target.bootstrap,
            "replication.factor": "1",
            "topics": f"{orders},{bills}",
            "groups": group,
            "link.write.guard": "acl",
            "link.groups.promotion": "manual",
        },
    )
    path = f"/links/{link}"
    wait_for(
        lambda: rest.call("GET", path).status_code == 200 and rest.get(path)["topics"],
        60 * PATIENCE,
        "the link to answer",
    )
    for topic in (orders, bills):
        await_state(rest, link, topic, "LINKING")

    # Before the promotion: reading came over, writing didn't, and who could write can't.
    linked = {"alice READ ALLOW", "carol READ ALLOW", "dave WRITE ALLOW", "dave WRITE DENY"}
    await_acls(target, orders, linked)
    await_acls(target, group, {"alice READ ALLOW"})
    guards = {g["mirror_topic_name"]: g["denied"] for g in rest.get(path)["write_guard"]}
    assert guards == {orders: ["User:dave"], bills: ["User:dave"]}

    # Afterwards: nobody is denied, and those who wrote at the source may write here.
    names = {"mirror_topic_names": [orders], "force": True}
    assert rest.call("POST", f"{path}/mirrors:promote", names).status_code == 202
    await_state(rest, link, orders, "PROMOTED")
    promoted = {"bob WRITE ALLOW", "carol ALL ALLOW", "dave WRITE ALLOW"}
    await_acls(target, orders, {"alice READ ALLOW", "carol READ ALLOW"} | promoted)
    assert [g["mirror_topic_name"] for g in rest.get(path)["write_guard"]] == [bills]

    # The end: what the link has put on the target is gone, and what others have made stays.
    dry = rest.call("DELETE", f"{path}?validate_only=true")
    assert dry.status_code == 200 and dry.json()["guarded_topics"] == [bills]
    assert dry.json()["mirror_topics"] == sorted([orders, bills])
    wait_for(
        lambda: rest.call("DELETE", path).status_code == 204,
        60 * PATIENCE,
        "the link to have ended",
    )
    assert acls_of(target, bills) == {"dave WRITE ALLOW", "erin WRITE DENY"}
    assert setting(target, bills, "max.message.bytes") == "600000"
    assert rest.get(f"{path}/mirrors") == [] and rest.get(f"{path}/groups") == []
    again = rest.call("POST", f"{path}/mirrors", {"mirror_topic_names": [bills]})
    assert again.status_code == 409 and "DELETE /links/" in again.json()["message"]
    assert "is deleted" in Cli(rest.url).run("link", "delete", link, "--yes")
    assert rest.get("/connectors") == []
