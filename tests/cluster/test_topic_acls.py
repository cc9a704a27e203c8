# SPDX-License-Identifier: Apache-2.0
"""ACLs of mirrored topics: what reaches the target is what Java's MirrorMaker writes there.

Both clusters have Kafka's authorizer. Isthmus and Java mirror the same topics under aliases of
their own, one after the other; then the ACLs of the one's topics are compared with the other's.
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

from processes import wait_for
from workers import PATIENCE, Workers, mirror_config

AUTHORIZER = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",
}
LITERAL, PREFIXED = ResourcePatternType.LITERAL, ResourcePatternType.PREFIXED
ALLOW, DENY = AclPermissionType.ALLOW, AclPermissionType.DENY
# (name, pattern, principal, host, operation, permission)
GIVEN = [
    ("orders", LITERAL, "User:alice", "*", AclOperation.READ, ALLOW),
    ("orders", LITERAL, "User:alice", "*", AclOperation.DESCRIBE, ALLOW),
    ("orders", LITERAL, "User:bob", "10.1.2.3", AclOperation.ALL, ALLOW),
    ("orders", LITERAL, "User:carol", "*", AclOperation.WRITE, ALLOW),
    ("orders", LITERAL, "User:mallory", "*", AclOperation.WRITE, DENY),
    ("orders", LITERAL, "User:mallory", "*", AclOperation.ALL, DENY),
    ("or", PREFIXED, "User:dave", "*", AclOperation.READ, ALLOW),
    ("invoices", LITERAL, "User:erin", "*", AclOperation.READ, ALLOW),
    ("*", LITERAL, "User:frank", "*", AclOperation.READ, ALLOW),
]
COPIED = "Copied "


@pytest.fixture
def source(cluster_factory):
    return cluster_factory("source-acls", properties=AUTHORIZER)


@pytest.fixture
def target(cluster_factory):
    return cluster_factory("target-acls", properties=AUTHORIZER)


def create(cluster, acls):
    bindings = [AclBinding(ResourceType.TOPIC, *acl) for acl in acls]
    for future in cluster.admin.create_acls(bindings, request_timeout=120).values():
        future.result(120)


def acls_of(cluster, alias):
    """The ACLs of the topics of an alias, as a set of texts without the alias."""
    everything = AclBindingFilter(
        ResourceType.TOPIC, None, ResourcePatternType.ANY, None, None, AclOperation.ANY,
        AclPermissionType.ANY,
    )  # fmt: skip
    found = cluster.admin.describe_acls(everything, request_timeout=120).result(120)
    return {
        f"{a.name.removeprefix(alias + '.')} {a.resource_pattern_type.name} {a.principal} {a.host} "
        f"{a.operation.name} {a.permission_type.name}"
        for a in found
        if a.name.startswith(f"{alias}.")
    }


def mirrored_by(workers, source, target, alias):
    """A worker that mirrors all topics and their ACLs, and what it has written after a while."""
    worker = workers.distributed()
    config = mirror_config("Source", source, target, alias, topics="orders")
    config |= {"sync.topic.acls.enabled": "true", "sync.topic.acls.interval.seconds": "1"}
    worker.rest.put_connector("mirror", config)
    wait_for(lambda: acls_of(target, alias), 60 * PATIENCE, f"ACLs of {alias}", interval=0.5)
    return worker


def copied(worker):
    """How many ACLs it has said that it copied, each time. It says so after they are there."""
    copies = [line for line in worker.process.log().splitlines() if COPIED in line]
    return [line.split(COPIED)[1].split()[0] for line in copies]


def test_they_are_those_that_java_writes(source, target, unique):
    for topic in ("orders", "invoices"):
        source.create_topic(topic, 1)
    create(source, GIVEN)
    workers = Workers("isthmus", target, unique)
    try:
        worker = mirrored_by(workers, source, target, "c")
        workers.kind = "java"
        mirrored_by(workers, source, target, "java")
        ours, theirs = acls_of(target, "c"), acls_of(target, "java")
        assert ours == theirs, ours ^ theirs
        assert "orders LITERAL User:bob 10.1.2.3 READ ALLOW" in ours
        assert not any("User:carol" in acl for acl in ours), "nobody but the mirror writes"
        # What is there isn't written again, but what is new is.
        create(source, [("orders", LITERAL, "User:zoe", "*", AclOperation.READ, ALLOW)])
        wait_for(
            lambda: any("User:zoe" in acl for acl in acls_of(target, "c")),
            60 * PATIENCE,
            "the new ACL",
            interval=0.5,
        )
        wait_for(lambda: len(copied(worker)) > 1, 60 * PATIENCE, "the count of what is new")
        assert copied(worker) == [str(len(ours)), "1"]
        workers.stop()
    finally:
        workers.close()
