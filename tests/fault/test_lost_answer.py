# SPDX-License-Identifier: Apache-2.0
"""An answer that gets lost, and a retry that is refused: no later record is taken for a duplicate.

The target writes a batch, but its answer never arrives. When the producer tries again, it has lost
its right to write (a real ACL), and errors.tolerance=all lets the task go on. The next batch has as
many records, so that it would have the same sequence numbers if the first one's were given out
again: the broker would take it for the first one, say that it is written, and drop it.
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
from faults import LANES
from kafka_cluster import Cluster
from processes import free_port, wait_for
from toxics import Toxics
from workers import PATIENCE, mirror_config

PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
SETTINGS = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",
    "listener.security.protocol.map": (
        "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,CLIENT:SASL_PLAINTEXT"
    ),
    "listener.name.client.sasl.enabled.mechanisms": "PLAIN",
    "listener.name.client.plain.sasl.jaas.config": f'{PLAIN} required user_mirror="secret";',
}
TOGETHER = {"linger.ms": 500}  # one batch


class GuardedCluster(Cluster):
    """One broker with ACLs, and a listener behind a link for the user "mirror"."""

    def __init__(self, name):
        self.toxics = Toxics()
        self._inner = free_port()
        self.link = self.toxics.link(to=self._inner)
        listeners = {
            "listeners": lambda broker: (
                f"PLAINTEXT://{broker.address},CLIENT://127.0.0.1:{self._inner},"
                f"CONTROLLER://127.0.0.1:{broker.controller_port}"
            ),
            "advertised.listeners": lambda broker: (
                f"PLAINTEXT://{broker.address},CLIENT://{self.link.address}"
            ),
        }
        super().__init__(name, properties={**SETTINGS, **listeners})

    def producer(self):
        """Settings of the guarded user's producer."""
        settings = {
            "bootstrap.servers": self.link.address,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "PLAIN",
            "sasl.jaas.config": f'{PLAIN} required username="mirror" password="secret";',
        }
        return {f"producer.override.{key}": value for key, value in settings.items()}

    def allow(self, topic, operation):
        binding = AclBinding(
            ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, "User:mirror", "*", operation,
            AclPermissionType.ALLOW,
        )  # fmt: skip
        self.admin.create_acls([binding], request_timeout=30)[binding].result(30)

    def forbid(self, topic, operation):
        found = AclBindingFilter(
            ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, "User:mirror", "*", operation,
            AclPermissionType.ALLOW,
        )  # fmt: skip
        self.admin.delete_acls([found], request_timeout=30)[found].result(30)

    def close(self):
        super().close()
        self.toxics.close()


@pytest.fixture(scope="module")
def guarded():
    with GuardedCluster("guarded") as cluster:
        yield cluster


@pytest.fixture
def target(guarded):
    """Where make_worker's workers live."""
    return guarded


@pytest.mark.parametrize("lane", LANES)
def test_the_next_batch_is_written(guarded, make_worker, unique, lane):
    topic, alias = unique("orders"), unique("src")
    remote = f"{alias}.{topic}"
    guarded.create_topic(topic, 1)
    guarded.allow(remote, AclOperation.WRITE)
    guarded.allow(remote, AclOperation.DESCRIBE)
    rest = make_worker.distributed().rest
    config = mirror_config("Source", guarded, guarded, alias, topics=topic) | guarded.producer()
    config |= {"errors.tolerance": "all", "raw.lane.enabled": str(lane == "raw").lower()}
    rest.put_connector("mirror", config)
    rest.wait_running("mirror", timeout=60 * PATIENCE)
    records.produce(guarded, topic, 10)
    records.wait_count(guarded, remote, 10, 60 * PATIENCE)

    def wait_passed(count):
        """Until the task is done with so many records, written or not."""

        def passed():
            found = rest.offsets("mirror")
            return found and found[0]["offset"]["offset"] == count - 1

        wait_for(passed, 120 * PATIENCE, f"the task to pass {count} records", interval=0.2)

    wait_passed(10)
    with guarded.link.freeze(up=False):
        records.produce(guarded, topic, 5, first=10, **TOGETHER)
        records.wait_count(guarded, remote, 15, 60 * PATIENCE)
        guarded.forbid(remote, AclOperation.WRITE)
        guarded.link.cut()
    wait_passed(15)
    guarded.allow(remote, AclOperation.WRITE)
    records.produce(guarded, topic, 5, first=15, **TOGETHER)
    wait_passed(20)
    records.compare(
        records.read_all(guarded, topic)[0], records.read_all(guarded, remote)[0], remote
    )
