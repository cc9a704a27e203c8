# SPDX-License-Identifier: Apache-2.0
"""Gateways before real clusters.

with Gateway("g1", cluster, tmp_path) as gateway:
    gateway.bootstrap                         # of its first listener
    records.produce(gateway, "orders", 100)   # wherever a cluster is taken, for its clients
"""

from confluent_kafka.admin import AdminClient

import properties
from kafka_cluster import DATA
from processes import Process, free_port, free_ports, wait_for
from workers import BINARY, PATIENCE, sanitizer_environment

PORTS = 4  # brokers of a test's cluster, and one more


class Through:
    """A cluster as clients with these settings of librdkafka see it."""

    def __init__(self, client):
        self.client = client
        self.name = client["bootstrap.servers"]
        self._admin = None

    def client_config(self, **more):
        return {**self.client, **more}

    @property
    def bootstrap(self):
        return self.client["bootstrap.servers"]

    @property
    def admin(self):
        if not self._admin:
            self._admin = AdminClient(self.client_config(log_level=0))
        return self._admin


class Gateway(Through):
    """One gateway process before a cluster, on loopback.

    target: a Java client's settings for the target; by default the cluster's plain listener.
    listeners: {name: protocol}; its own clients take the first one. hosts: {name: template} of those
    whose brokers have host names, not ports.
    """

    def __init__(self, name, target, listeners=None, ports=PORTS, hosts=None, **settings):
        self.target = target
        self.listeners = listeners or {"PLAINTEXT": "PLAINTEXT"}
        self.ports = {listener: free_port() for listener in self.listeners}
        self.hosts = hosts or {}
        self.first_broker_port = {
            listener: free_ports(ports) for listener in self.listeners if listener not in self.hosts
        }
        self.broker_ports = ports
        self.settings = settings
        self.process = None
        self.directory = DATA / f"gateway-{name}"
        super().__init__({"bootstrap.servers": self.bootstrap})
        self.name = name

    def file_settings(self):
        brokers = [
            f"{name}:{first}-{first + self.broker_ports - 1}"
            for name, first in self.first_broker_port.items()
        ]
        own = {
            "gateway.listeners": ",".join(
                f"{name}://127.0.0.1:{port}" for name, port in self.ports.items()
            ),
            "gateway.advertised.listeners": ",".join(
                f"{name}://localhost:{port}" for name, port in self.ports.items()
            ),
            "gateway.listener.security.protocol.map": ",".join(
                f"{name}:{protocol}" for name, protocol in self.listeners.items()
            ),
            "gateway.broker.ports": ",".join(brokers),
            "gateway.broker.hosts": ",".join(f"{k}:{host}" for k, host in self.hosts.items()),
        }
        more = {key.replace("__", "."): value for key, value in self.settings.items()}
        return {**self.target, **own, **more}

    def start(self, wait=True):
        file = properties.write(self.directory / "gateway.properties", self.file_settings())
        self.process = Process(
            f"gateway-{self.name}",
            [BINARY, "gateway", file],
            env=sanitizer_environment(f"gateway-{self.name}"),
        )
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        wait_for(
            lambda: self.process.must_live() and f" serves {list(self.ports)[-1]} at " in self.log(),
            60 * PATIENCE,
            f"gateway {self.name} to serve",
        )

    def log(self):
        return self.process.log()

    @property
    def bootstrap(self):
        return self.address(next(iter(self.ports)))

    def address(self, listener):
        return f"localhost:{self.ports[listener]}"

    def stop(self, timeout=40):
        """SIGTERM; it must end cleanly."""
        status = self.process.stop(timeout * PATIENCE)
        assert status == 0, self.process.tail()

    def kill(self):
        self.process.kill()

    def close(self):
        if self.process and self.process.alive:
            self.kill()

    def __enter__(self):
        return self.start()

    def __exit__(self, failed, *rest):
        if self.process.alive and not failed:
            self.stop()
        self.close()


def plain_target(cluster):
    return {"bootstrap.servers": cluster.bootstrap}


def routing_gateway(name, link, source, target, **settings):
    """A gateway before the target, for one link from the source, or for all (None); not yet
    started."""
    theirs = {f"source.cluster.{key}": value for key, value in plain_target(source).items()}
    if link:
        theirs["gateway.links"] = link.name
    return Gateway(
        name,
        plain_target(target),
        **{key.replace(".", "__"): value for key, value in theirs.items()},
        **settings,
    )
