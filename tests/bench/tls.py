# SPDX-License-Identifier: Apache-2.0
"""TLS on both sides: clusters of their own, whose brokers have an SSL listener beside the plain one
that the load is produced by and the worker lives on."""

import options
from certificates import PASSWORD, Authority
from kafka_cluster import Cluster
from loads import Load, fill, run_contender
from processes import free_port

TOPIC = "bench-tls"


class TlsCluster(Cluster):
    """settings(prefix): those of a Java client of the SSL listener."""

    def __init__(self, name):
        super().__init__(name, **options.BROKER)
        broker, self.tls = self.brokers[0], f"localhost:{free_port()}"
        self.authority = Authority(self.directory / "certificates", name)
        plain = f"PLAINTEXT://{broker.address}"
        controller = f"CONTROLLER://127.0.0.1:{broker.controller_port}"
        protocols = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TLS:SSL"
        self.properties = {
            "listeners": f"{plain},{controller},TLS://{self.tls}",
            "advertised.listeners": f"{plain},TLS://{self.tls}",
            "listener.security.protocol.map": protocols,
            "ssl.keystore.location": self.authority.issue("broker").store("PKCS12"),
            "ssl.keystore.password": PASSWORD,
            "ssl.key.password": PASSWORD,
            "ssl.keystore.type": "PKCS12",
        }

    def settings(self, prefix):
        return {
            f"{prefix}bootstrap.servers": self.tls,
            f"{prefix}security.protocol": "SSL",
            **self.authority.settings("JKS", prefix),
        }


def loads():
    kilobytes = options.size("TLS_1K_RECORDS", 1_000_000, 100_000)
    small = options.size("TLS_100B_RECORDS", 10_000_000, 500_000)
    return [Load("1k-none-tls", kilobytes, 1024, "none"), Load("100b-lz4-tls", small, 100, "lz4")]


def client_settings(source, target):
    return {
        **source.settings("source.cluster."),
        **target.settings("target.cluster."),
        **target.settings("producer.override."),
    }


def warm_up(source, target):
    """A young JVM encrypts at some 20 MB/s, whoever reads."""
    load = Load("tls-warm-up", options.size("TLS_WARM_RECORDS", 500_000, 50_000), 1024, "none")
    fill(source, TOPIC, load)
    settings = client_settings(source, target)
    run_contender("isthmus-default", source, target, TOPIC, load, **settings)
    source.delete_topic(TOPIC)


def run_load(load, source, target):
    print(f"\n{load.name}: {load.records:,} records", flush=True)
    fill(source, TOPIC, load)
    settings = client_settings(source, target)
    found = {}
    for contender in options.contenders("isthmus-default", "java"):
        found[contender] = run_contender(contender, source, target, TOPIC, load, **settings)
        print(f"  {contender}: {found[contender]}", flush=True)
    source.delete_topic(TOPIC)
    return found


def run_section(source, target):
    del source, target  # those have no such listener
    with TlsCluster("tls-source") as tls_source, TlsCluster("tls-target") as tls_target:
        warm_up(tls_source, tls_target)
        return {load.name: run_load(load, tls_source, tls_target) for load in loads()}
