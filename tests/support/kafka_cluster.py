# SPDX-License-Identifier: Apache-2.0
"""Real Kafka clusters on loopback: KRaft, one JVM per broker, each broker a controller as well.
Versions before 3 have a ZooKeeper beside them.

    with Cluster("source", brokers=3) as cluster:
        cluster.bootstrap            # "127.0.0.1:port,..."
        cluster.brokers[1].kill()    # SIGKILL; also stop(), pause(), resume(), start()

Data lies under build/test-data and goes when the cluster is closed.
"""

import base64
import functools
import os
import shutil
import socket
import uuid

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic

import properties
from java import DEFAULT_VERSION, java
from processes import BUILD, Process, free_port, run, wait_for

DATA = BUILD / "test-data" / str(os.getpid())

# What a quiet little cluster needs and a broker's defaults don't give.
SMALL = {
    "num.network.threads": "2",
    "num.io.threads": "4",
    "num.partitions": "1",
    "default.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "2",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "2000",
    "log.retention.check.interval.ms": "1000",
    "controlled.shutdown.enable": "false",
    # A record of nothing, twice a second by default, costs a broker at rest a tenth of a processor.
    "metadata.max.idle.interval.ms": "10000",
    "log.segment.delete.delay.ms": "1000",
    "log.cleaner.backoff.ms": "1000",
}

# When a broker that is killed is missed. Among others they take its place by then; alone it can't
# come back before, for the controller takes it for a stranger with the same number.
SHORT_BROKER_SESSION = {
    "broker.session.timeout.ms": "4000",
    "broker.heartbeat.interval.ms": "1000",
}
# Of a broker that is alone and goes on living: it is out of service for as long as it is missed,
# and on a busy machine it may have no processor for seconds.
LONG_BROKER_SESSION = {"broker.session.timeout.ms": "20000"}


# Of a cluster whose brokers are out of service for a moment.
PASSING = {
    KafkaError.INVALID_REPLICATION_FACTOR,
    KafkaError.NOT_CONTROLLER,
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError._TIMED_OUT,
    KafkaError._TRANSPORT,
}


# Where a formatted storage says what its metadata begins with.
FEATURES = "bootstrap.checkpoint"


def new_id():
    """An id as Kafka writes them. Without a leading '-', which StorageTool takes for an option."""
    return "C" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]


class Broker:
    """One node of a cluster: its files, its ports and, while it runs, its process."""

    def __init__(self, cluster, node):
        self.cluster = cluster
        self.node = node
        self.name = f"{cluster.name}-broker-{node}"
        self.port = free_port()
        self.controller_port = free_port()
        self.directory = cluster.directory / f"node-{node}"
        self.process = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def kraft_settings(self, voters):
        return {
            "process.roles": "broker,controller",
            "node.id": self.node,
            "controller.quorum.voters": voters,
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://127.0.0.1:{self.controller_port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
        }

    def zookeeper_settings(self):
        return {
            "broker.id": self.node,
            "listeners": f"PLAINTEXT://{self.address}",
            "zookeeper.connect": self.cluster.zookeeper.address,
            "zookeeper.connection.timeout.ms": "30000",
        }

    def write_file(self, own):
        """Writes the properties file: what is this node's own, and what all have alike."""
        cluster = self.cluster
        replicas = str(min(3, cluster.size))
        settings = {
            **own,
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": self.directory / "data",
            "auto.create.topics.enable": str(cluster.auto_create).lower(),
            "offsets.topic.replication.factor": replicas,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.replication.factor": replicas,
            "share.coordinator.state.topic.min.isr": "1",
            **SMALL,
            **(SHORT_BROKER_SESSION if cluster.size > 1 else LONG_BROKER_SESSION),
        }
        for key, value in cluster.properties.items():
            settings[key] = value(self) if callable(value) else value
        self.file = properties.write(self.directory / "server.properties", settings)

    def format(self):
        """Formats the storage, as KRaft needs it. A JVM does so for the first of each version: the
        features that it wrote down are the same for all brokers that have no users to begin with."""
        data, features = self.directory / "data", DATA / f"features-{self.cluster.version}"
        if features.exists() and not self.cluster.scram:
            own = {
                "version": "1",
                "cluster.id": self.cluster.cluster_id,
                "node.id": self.node,
                "directory.id": new_id(),
            }
            properties.write(data / "meta.properties", own)
            shutil.copy(features, data / FEATURES)
            return
        arguments = ["format", "-t", self.cluster.cluster_id, "-c", self.file]
        for record in self.cluster.scram:
            arguments += ["--add-scram", record]
        version = self.cluster.version
        command = java("kafka.tools.StorageTool", *arguments, version=version, heap="128m")
        run(f"{self.name}-format", command, timeout=90)
        if not self.cluster.scram:
            shutil.copy(data / FEATURES, features)

    def start(self, wait=True):
        command = java(
            "kafka.Kafka",
            self.file,
            version=self.cluster.version,
            heap=self.cluster.heap,
            quick=self.cluster.quick,
            options=self.cluster.options,
        )
        self.process = Process(self.name, command)
        if wait:
            self.wait_ready()

    def _wait_metadata(self, holds, timeout, what):
        """Asks this broker alone, for another may know less, or what was before a restart."""
        settings = {"bootstrap.servers": self.address, "log_level": 0}
        client = AdminClient(
            {**self.cluster.client_config(**settings), "reconnect.backoff.max.ms": 200}
        )

        def held():
            self.process.must_live()
            try:
                return holds(client.list_topics(timeout=5))
            except KafkaException:
                return False

        wait_for(held, timeout, what)

    def wait_ready(self, timeout=90):
        self._wait_metadata(
            lambda metadata: self.node in metadata.brokers,
            timeout,
            f"broker {self.name} at {self.address}",
        )

    def wait_topic(self, topic):
        """Until it knows the topic, which others may have told of already."""
        self._wait_metadata(
            lambda metadata: topic in metadata.topics, 60, f"broker {self.name} to know {topic}"
        )

    def stop(self, timeout=60):
        return self.process.stop(timeout)

    def kill(self):
        self.process.kill()

    def pause(self):
        self.process.pause()

    def resume(self):
        self.process.resume()

    def restart(self):
        self.stop()
        self.start()


class ZooKeeper:
    """The one ZooKeeper of a cluster whose version has no KRaft."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.port = free_port()
        self.directory = cluster.directory / "zookeeper"
        self.process = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        """Starts it, and waits until it serves.

        Its port is open before that, and it never answers one who asks for a session too early."""
        settings = {
            "dataDir": self.directory / "data",
            "clientPort": self.port,
            "clientPortAddress": "127.0.0.1",
            "maxClientCnxns": "0",
            "admin.enableServer": "false",
        }
        file = properties.write(self.directory / "zookeeper.properties", settings)
        command = java(
            "org.apache.zookeeper.server.quorum.QuorumPeerMain",
            file,
            version=self.cluster.version,
            heap="128m",
            options=["-Dzookeeper.jmx.log4j.disable=true"],
        )
        self.process = Process(f"{self.cluster.name}-zookeeper", command)
        wait_for(self._serves, 60, f"{self.process.name} to serve")

    def _serves(self):
        """What its four-letter command says: a server that isn't ready says so instead of a mode."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(b"srvr")
                return b"Mode:" in connection.makefile("rb").read()
        except OSError:
            return False

    def close(self):
        if self.process and self.process.alive:
            self.process.kill()


class Cluster:
    """A cluster of 1..N brokers.

    properties: further broker settings; a callable value is called with its Broker.
    client: librdkafka settings for the test's own clients (security of an added listener).
    scram: users for StorageTool's --add-scram.
    """

    def __init__(
        self,
        name,
        brokers=1,
        version=DEFAULT_VERSION,
        properties=None,
        auto_create=False,
        heap="512m",
        quick=True,
        options=(),
        client=None,
        scram=(),
    ):
        self.name = name
        self.size = brokers
        self.version = version
        self.properties = properties or {}
        self.auto_create = auto_create
        self.heap = heap
        self.quick = quick
        self.options = list(options)
        self.client = client or {}
        self.scram = list(scram)
        self.cluster_id = new_id()
        self.directory = DATA / f"{name}-{uuid.uuid4().hex[:8]}"
        self.zookeeper = ZooKeeper(self) if int(version.split(".")[0]) < 3 else None
        self.brokers = [Broker(self, node) for node in range(1, brokers + 1)]

    @property
    def bootstrap(self):
        return ",".join(broker.address for broker in self.brokers)

    def client_config(self, **more):
        return {"bootstrap.servers": self.bootstrap, **self.client, **more}

    def prepare_kraft(self):
        voters = ",".join(f"{b.node}@127.0.0.1:{b.controller_port}" for b in self.brokers)
        for broker in self.brokers:
            broker.write_file(broker.kraft_settings(voters))
            broker.format()

    def prepare_zookeeper(self):
        for broker in self.brokers:
            broker.write_file(broker.zookeeper_settings())
        self.zookeeper.start()

    def start(self):
        if self.zookeeper:
            self.prepare_zookeeper()
        else:
            self.prepare_kraft()
        for broker in self.brokers:
            broker.start(wait=False)
        self.wait_ready()
        return self

    def wait_ready(self, timeout=90):
        """Waits until every running broker answers and knows itself to be in service."""
        for broker in self.brokers:
            if broker.process and broker.process.alive:
                broker.wait_ready(timeout)

    @functools.cached_property
    def admin(self):
        """One client for all calls: results come only as long as their client lives."""
        return AdminClient(self.client_config(**{"log_level": 0, "reconnect.backoff.max.ms": 500}))

    def create_topic(self, topic, partitions=1, replication=None, replicas=None, **config):
        """Creates a topic and waits until all of its partitions have a leader.

        replicas: the brokers of each partition, in place of the two numbers."""
        settings = {key.replace("_", "."): str(value) for key, value in config.items()}
        if replicas:
            partitions = len(replicas)
            new = NewTopic(topic, partitions, replica_assignment=replicas, config=settings)
        else:
            new = NewTopic(topic, partitions, replication or min(3, self.size), config=settings)
        before = topic in self.topics()

        def made():
            # A call that finds no controller at first finds none for as long as it lasts. One whose
            # answer is lost is repeated by the client, too, and finds its own topic.
            try:
                self.admin.create_topics([new], request_timeout=10)[topic].result(60)
            except KafkaException as failure:
                code = failure.args[0].code()
                done = code == KafkaError.TOPIC_ALREADY_EXISTS and not before
                if not done and code not in PASSING:
                    raise
                return done
            return True

        wait_for(made, 60, f"topic {topic} to be made", interval=0.5)
        wait_for(lambda: self.partition_count(topic) == partitions, 30, f"topic {topic}")
        return topic

    def add_partitions(self, topic, total):
        self.admin.create_partitions([NewPartitions(topic, total)])[topic].result(120)
        wait_for(lambda: self.partition_count(topic) == total, 30, f"{total} partitions of {topic}")

    def delete_topic(self, *topics):
        for future in self.admin.delete_topics(list(topics)).values():
            future.result(120)
        wait_for(lambda: not self.topics() & set(topics), 30, f"{topics} to be deleted")

    def topics(self):
        return set(self.admin.list_topics(timeout=60).topics)

    def partition_count(self, topic):
        """How many partitions of the topic have a leader; 0 if it doesn't exist."""
        found = self.admin.list_topics(timeout=60).topics.get(topic)
        if found is None:
            return 0
        return sum(1 for p in found.partitions.values() if p.error is None and p.leader >= 0)

    def topic_config(self, topic):
        """The topic's configuration, defaults included: {name: value}."""
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
        entries = self.admin.describe_configs([resource])[resource].result(120)
        return {name: entry.value for name, entry in entries.items()}

    def close(self):
        for broker in self.brokers:
            if broker.process and broker.process.alive:
                broker.kill()
        if self.zookeeper:
            self.zookeeper.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *exc):
        self.close()
