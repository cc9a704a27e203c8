# SPDX-License-Identifier: Apache-2.0
"""What a gateway costs its clients, against a direct connection to the same broker in the same run,
and against a relay that looks at nothing (bare.py): where that is slower than a direct connection,
it is as fast as this machine lets anybody be.

Throughput: Kafka's own perf tools, records of 1 KB, the middle of some rounds. Young JVMs compile for
the first seconds, therefore so many are fetched. Latency: pulse.c, as in latency.py. Memory: so many
connections, plain and by TLS, from a spread of loopback addresses, each of which has asked once; the
broker behind takes as many. Records that are routed: routed.py. The flip: flip.py.
"""

import re
import resource
import socket
import ssl
import statistics
import struct
import tempfile

import bare
import flip
import options
import routed
from certificates import Authority
from gateways import Gateway, plain_target
from java import tool
from kafka_cluster import DATA
from latency import TOPIC as PULSE
from latency import measure
from loads import summary
from processes import wait_for

PRODUCED, FETCHED = "bench-relay-produced", "bench-relay-fetched"
TOOLS = "org.apache.kafka.tools"
VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)  # an ApiVersions request
PER_ADDRESS = 1000


def resident_mb(process):
    with open(f"/proc/{process.pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) // 1024


def produce(server, topic, count):
    arguments = ["--topic", topic, "--num-records", count, "--record-size", 1024]
    arguments += ["--throughput", -1, "--producer-props", f"bootstrap.servers={server}"]
    arguments += ["acks=all", "batch.size=65536", "linger.ms=5"]
    printed = tool(f"{TOOLS}.ProducerPerformance", *map(str, arguments), timeout=600)
    return round(float(re.findall(r"([\d.]+) records/sec", printed)[-1]))


def fetch(server, count):
    with tempfile.NamedTemporaryFile("w", suffix=".properties") as file:
        file.write("max.partition.fetch.bytes=4194304\n")
        file.flush()
        printed = tool(
            f"{TOOLS}.ConsumerPerformance",
            *("--bootstrap-server", server, "--topic", FETCHED, "--messages", str(count)),
            *("--timeout", "60000", "--consumer.config", file.name),
            timeout=600,
        )
    return round(float(printed.strip().splitlines()[-1].split(",")[-1]))  # fetch.nMsg.sec


def produced(target, server):
    """Records a second into a topic of its own."""
    count = options.size("RELAY_RECORDS", 1_000_000, 100_000)
    target.create_topic(PRODUCED, options.PARTITIONS)
    rate = produce(server, PRODUCED, count)
    target.delete_topic(PRODUCED)
    return rate


def throughput(target, contenders):
    count = options.size("RELAY_FETCHED", 4_000_000, 100_000)
    target.create_topic(FETCHED, options.PARTITIONS)
    produce(target.bootstrap, FETCHED, count)
    rounds = {name: [] for name in contenders}
    for number in range(1 + options.size("RELAY_ROUNDS", 5, 1)):
        for name, contender in contenders.items():
            server = contender.bootstrap
            figures = {"produce": produced(target, server), "fetch": fetch(server, count)}
            print(f"  {name}: {figures}", flush=True)
            if number:  # the first round is for the JVMs behind
                rounds[name].append(figures)
    target.delete_topic(FETCHED)
    return {
        name: {figure: statistics.median(r[figure] for r in found) for figure in found[0]}
        for name, found in rounds.items()
    }


def through_both(target, relay):
    return [(relay, relay)]


def through_one(target, relay):
    return [(relay, target), (target, relay)]


def latency(target, contenders, ways):
    """ways: which end of a record, its producer or its consumer, goes through a contender, in turn.
    A record has one relayed request for each."""
    seconds = options.size("RELAY_SECONDS", 10, 4)
    rounds = {name: [] for name in contenders}
    for number in range(1 + options.size("RELAY_ROUNDS", 5, 1)):
        for name, relay in contenders.items():
            for ends in ways(target, relay):
                found = measure(*ends, PULSE, 1000, seconds)
                if number:
                    rounds[name].append(found)
    return {name: summary(found, most="generator_late_ms") for name, found in rounds.items()}


def connect(port, number, tls):
    client = socket.socket()
    client.bind((f"127.0.{1 + number // PER_ADDRESS}.1", 0))
    client.connect(("127.0.0.1", port))
    if tls:
        client = tls.wrap_socket(client, server_hostname="localhost")
    client.sendall(VERSIONS)
    return client


def connections(gateway, listener, tls=None):
    """The gateway's resident megabytes with so many clients, and before them."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    # The gateway needs two descriptors for each, and some for itself.
    count = min(options.size("RELAY_CONNECTIONS", 10_000, 1_000), (limit - 200) // 2)
    before = resident_mb(gateway.process)
    clients = []
    try:
        for number in range(count):
            clients.append(connect(gateway.ports[listener], number, tls))
            if number % 100 == 99:
                for client in clients[-100:]:
                    assert client.recv(4096)
        wait_for(lambda: gateway.process.must_live(), 10, "the gateway to live")
        return {
            "isthmus": {"clients": count, "rss_mb": resident_mb(gateway.process), "idle_mb": before}
        }
    finally:
        for client in clients:
            client.close()


def tls_gateway(target, authority):
    key = authority.issue("gateway").settings("PEM")
    settings = {name.replace(".", "__"): str(value) for name, value in key.items()}
    return Gateway("bench-tls", plain_target(target), {"SSL": "SSL"}, **settings)


def run_section(source, target):
    print("\nrelay", flush=True)
    target.create_topic(PULSE, options.PARTITIONS)
    results = {}
    with Gateway("bench", plain_target(target)) as gateway, bare.running() as bare_relay:
        contenders = {"direct": target, "bare-relay": bare_relay, "isthmus": gateway}
        results["relay-1k"] = throughput(target, contenders)
        results["relay-latency"] = latency(target, contenders, through_both)
        results["relay-latency-one"] = latency(target, contenders, through_one)
    target.delete_topic(PULSE)
    with Gateway("bench", plain_target(target)) as gateway:
        results["relay-connections"] = connections(gateway, "PLAINTEXT")
    authority = Authority(DATA / "bench-relay", "bench")
    with tls_gateway(target, authority) as gateway:
        tls = ssl.create_default_context(cafile=str(authority.certificate))
        results["relay-connections-tls"] = connections(gateway, "SSL", tls)
    results["relay-routed"] = routed.measure(source, target)
    results["relay-flip"] = {"isthmus": flip.measure(source, target)}
    for name, found in results.items():
        print(f"  {name}: {found}", flush=True)
    return results
