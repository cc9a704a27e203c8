# SPDX-License-Identifier: Apache-2.0
"""A broker with ACLs: clients of the test may do anything, the user "mirror" what it is allowed.

The user logs in by a listener that is behind a link (toxics.py).
"""

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from kafka_cluster import Cluster
from processes import free_port
from toxics import Toxics

PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
AUTHORIZERS = {
    True: "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    False: "kafka.security.auth.SimpleAclAuthorizer",  # before KRaft
}


class GuardedCluster(Cluster):
    """One broker with ACLs, and a listener behind a link for the user "mirror"."""

    def __init__(self, name, **options):
        self.toxics = Toxics()
        self._inner = free_port()
        self.link = self.toxics.link(to=self._inner)
        super().__init__(name, **options)
        kraft = self.zookeeper is None
        controller = ",CONTROLLER:PLAINTEXT" if kraft else ""
        self.properties = {
            "authorizer.class.name": AUTHORIZERS[kraft],
            "super.users": "User:ANONYMOUS",
            "listener.security.protocol.map": (
                f"PLAINTEXT:PLAINTEXT,CLIENT:SASL_PLAINTEXT{controller}"
            ),
            "listener.name.client.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.client.plain.sasl.jaas.config": (
                f'{PLAIN} required user_mirror="secret";'
            ),
            "listeners": self._listeners,
            "advertised.listeners": lambda broker: (
                f"PLAINTEXT://{broker.address},CLIENT://{self.link.address}"
            ),
        }

    def _listeners(self, broker):
        listeners = f"PLAINTEXT://{broker.address},CLIENT://127.0.0.1:{self._inner}"
        if self.zookeeper:
            return listeners
        return f"{listeners},CONTROLLER://127.0.0.1:{broker.controller_port}"

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
        self.admin.create_acls([binding], request_timeout=120)[binding].result(120)

    def allow_producer_ids(self):
        binding = AclBinding(
            ResourceType.BROKER, "kafka-cluster", ResourcePatternType.LITERAL, "User:mirror", "*",
            AclOperation.IDEMPOTENT_WRITE, AclPermissionType.ALLOW,
        )  # fmt: skip
        self.admin.create_acls([binding], request_timeout=120)[binding].result(120)

    def forbid(self, topic, operation):
        found = AclBindingFilter(
            ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, "User:mirror", "*", operation,
            AclPermissionType.ALLOW,
        )  # fmt: skip
        self.admin.delete_acls([found], request_timeout=120)[found].result(120)

    def close(self):
        super().close()
        self.toxics.close()
