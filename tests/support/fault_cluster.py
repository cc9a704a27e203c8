# SPDX-License-Identifier: Apache-2.0
"""A cluster, usually of three brokers, that clients reach through links (toxics.py).

Brokers among themselves, and the test's own clients, use the plain listener; workers are given
`proxied`, whose brokers advertise their links' ports.
"""

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from kafka_cluster import Cluster
from processes import free_port, wait_for
from toxics import Toxics

SETTINGS = {
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "broker.rack": lambda broker: f"rack-{broker.node}",
    "replica.selector.class": "org.apache.kafka.common.replica.RackAwareReplicaSelector",
    "quota.window.num": "3",
    # Of topics that gateways make.
    "default.replication.factor": lambda broker: str(min(3, broker.cluster.size)),
    # Members of KIP-848 groups ask for news every five seconds by default.
    "group.consumer.min.heartbeat.interval.ms": "500",
    "group.consumer.heartbeat.interval.ms": "1000",
    "controller.quorum.election.timeout.ms": "500",
    "controller.quorum.fetch.timeout.ms": "1500",
}


class FaultCluster(Cluster):
    """links[node] is what clients go through to that broker."""

    def __init__(self, name, brokers=3, **options):
        self.toxics = Toxics()
        self._inner = {}
        self.links = {}
        more = options.pop("properties", {})
        settings = {
            **SETTINGS,
            "listeners": self._listeners,
            "advertised.listeners": self._advertised,
            **more,
        }
        # A broker that is frozen holds the test's own clients up for this long only.
        client = {"socket.timeout.ms": 10000}
        super().__init__(
            name, brokers, heap="320m", properties=settings, client=client, **options
        )
        for broker in self.brokers:
            self._inner[broker.node] = free_port()
            self.links[broker.node] = self.toxics.link(to=self._inner[broker.node])

    def _listeners(self, broker):
        return (
            f"PLAINTEXT://{broker.address},CLIENT://127.0.0.1:{self._inner[broker.node]},"
            f"CONTROLLER://127.0.0.1:{broker.controller_port}"
        )

    def _advertised(self, broker):
        return f"PLAINTEXT://{broker.address},CLIENT://{self.links[broker.node].address}"

    @property
    def proxied(self):
        """Bootstrap servers for what is to feel the faults."""
        return ",".join(link.address for link in self.links.values())

    def broker(self, node):
        return self.brokers[node - 1]

    def partitions(self, topic):
        """The topic's metadata by partition: leader, replicas, isrs."""
        return self.admin.list_topics(topic, timeout=60).topics[topic].partitions

    def leaders_without(self, node, topic):
        """Who leads the topic's partitions, asked of the others while that broker can't answer."""
        others = ",".join(b.address for b in self.brokers if b.node != node)
        client = AdminClient({"bootstrap.servers": others, "log_level": 0})
        try:
            found = client.list_topics(topic, timeout=5).topics[topic].partitions
        except KafkaException:
            return {node}
        return {partition.leader for partition in found.values()}

    def leader(self, topic, partition=0):
        return self.partitions(topic)[partition].leader

    def wait_in_sync(self, topic, timeout=60):
        """Waits until every replica of the topic is in sync again."""

        def in_sync():
            found = self.partitions(topic).values()
            return all(p.leader > 0 and set(p.isrs) == set(p.replicas) for p in found)

        wait_for(in_sync, timeout, f"the replicas of {topic} to be in sync", interval=0.2)

    def close(self):
        super().close()
        self.toxics.close()
