# SPDX-License-Identifier: Apache-2.0
"""What clients may do, beside ACLs of topics: ACLs of groups and transactional ids, quotas, settings
of groups; and deletions, which concern only what the mirror itself has created.

Each cluster has Kafka's authorizer. Java's MirrorMaker copies none of this.
"""

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

import records
from java import snippet
from processes import wait_for
from workers import PATIENCE, Workers, mirror_config

AUTHORIZER = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",
}
LITERAL, PREFIXED = ResourcePatternType.LITERAL, ResourcePatternType.PREFIXED
TOPIC, GROUP, TXN = ResourceType.TOPIC, ResourceType.GROUP, ResourceType.TRANSACTIONAL_ID
READ, WRITE = AclOperation.READ, AclOperation.WRITE


@pytest.fixture
def clusters(cluster_factory):
    source = cluster_factory("source-rights", properties=AUTHORIZER)
    return source, cluster_factory("target-rights", properties=AUTHORIZER)


def binding(kind, name, user, operation, pattern=LITERAL):
    return AclBinding(kind, name, pattern, f"User:{user}", "*", operation, AclPermissionType.ALLOW)


def create(cluster, *acls):
    for future in cluster.admin.create_acls(list(acls), request_timeout=120).values():
        future.result(120)


def delete(cluster, acl):
    exactly = AclBindingFilter(
        acl.restype, acl.name, acl.resource_pattern_type, acl.principal, acl.host, acl.operation,
        acl.permission_type,
    )  # fmt: skip
    for future in cluster.admin.delete_acls([exactly], request_timeout=120).values():
        assert len(future.result(120)) == 1


def acls_of(cluster):
    everything = AclBindingFilter(
        ResourceType.ANY, None, ResourcePatternType.ANY, None, None, AclOperation.ANY,
        AclPermissionType.ANY,
    )  # fmt: skip
    found = cluster.admin.describe_acls(everything, request_timeout=120).result(120)
    return {f"{a.restype.name} {a.name} {a.principal} {a.operation.name}" for a in found}


def wait_acls(cluster, condition, what):
    wait_for(lambda: condition(acls_of(cluster)), 60 * PATIENCE, what, interval=0.3)


def test_what_clients_may_do_follows_them(clusters, unique):
    source, target = clusters
    source.create_topic("orders", 1)
    records.produce(source, "orders", 10)
    records.commit(source, "billing", "orders", {0: 5})
    snippet("Rights.java", "set", "billing", source.bootstrap)
    topic_acl = binding(TOPIC, "orders", "alice", READ)
    group_acl = binding(GROUP, "billing", "alice", READ)
    create(
        source, topic_acl, group_acl,
        binding(GROUP, "bill", "bob", READ, PREFIXED),
        binding(GROUP, "connect-x", "carol", READ),
        binding(TXN, "pay", "dave", WRITE),
    )  # fmt: skip
    # Somebody has created these on the target before.
    create(target, binding(GROUP, "stays", "zoe", READ), group_acl)
    workers = Workers("isthmus", target, unique)
    try:
        rest = workers.distributed().rest
        config = mirror_config("Source", source, target, "src", topics="orders")
        config |= {"sync.topic.acls.enabled": "true", "sync.topic.acls.interval.seconds": "1"}

        # Without more settings: as Java. What isn't copied is named.
        rest.put_connector("mirror", config)
        wait_acls(target, lambda acls: "TOPIC src.orders User:alice READ" in acls, "the topic's ACL")

        def told():
            note = rest.get("/connectors/mirror/explain")["connector"].get("note", "")
            return note if "alice (SCRAM-SHA-256)" in note else None

        note = wait_for(told, 60 * PATIENCE, "the users that can't be copied", interval=0.3)
        assert "user alice: consumer_byte_rate=4096" in note
        assert "billing: consumer.session.timeout.ms=50000" in note
        assert acls_of(target) == {
            "TOPIC src.orders User:alice READ", "GROUP stays User:zoe READ",
            "GROUP billing User:alice READ",
        }  # fmt: skip

        config |= {
            "sync.group.acls.enabled": "true",
            "sync.transactional.id.acls.enabled": "true",
            "sync.topic.acls.delete": "true",
            "sync.quotas.enabled": "true",
            "sync.group.configs.enabled": "true",
        }
        rest.put_connector("mirror", config)
        copied = {"GROUP bill User:bob READ", "TRANSACTIONAL_ID pay User:dave WRITE"}
        wait_acls(target, lambda acls: copied <= acls, "the others' ACLs")
        assert "GROUP connect-x User:carol READ" not in acls_of(target), "the group filter"

        def shown():
            lines = snippet("Rights.java", "show", "billing", target.bootstrap).splitlines()
            return set(lines) >= {
                "{user=alice} consumer_byte_rate=4096.0",
                "{user=alice} producer_byte_rate=2048.0",
                "consumer.session.timeout.ms=50000",
            }

        wait_for(shown, 60 * PATIENCE, "quotas and settings", interval=0.5)

        # Deleted is what the mirror has created since it was to delete, and nothing else.
        new_acl = binding(TOPIC, "orders", "erin", READ)
        create(source, new_acl)
        wait_acls(target, lambda acls: "TOPIC src.orders User:erin READ" in acls, "a new ACL")
        rest.call("POST", "/connectors/mirror/restart?includeTasks=true")  # it is remembered
        for acl in (new_acl, topic_acl, group_acl, binding(GROUP, "bill", "bob", READ, PREFIXED)):
            delete(source, acl)
        wait_acls(
            target,
            lambda acls: not {"TOPIC src.orders User:erin READ", "GROUP bill User:bob READ"} & acls,
            "ACLs to go",
        )
        assert acls_of(target) == {
            "TOPIC src.orders User:alice READ", "GROUP stays User:zoe READ",
            "GROUP billing User:alice READ", "TRANSACTIONAL_ID pay User:dave WRITE",
        }  # fmt: skip
        workers.stop()
    finally:
        workers.close()
