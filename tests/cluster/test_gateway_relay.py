# SPDX-License-Identifier: Apache-2.0
"""A gateway as a proxy: librdkafka and others use a cluster through it as they do directly.

Each client knows the gateway's addresses alone, and every address that it is told is the gateway's.
"""

import signal
import socket
import ssl
import struct
import time

import pytest
from confluent_kafka import Consumer, KafkaException, Producer

import properties
import records
from certificates import Authority
from gateways import Gateway, Through, plain_target
from java import tool
from kafka_cluster import Cluster
from processes import free_port, free_ports, run, wait_for
from workers import BINARY, PATIENCE, Workers

TOOLS = "org.apache.kafka.tools"
CONSUMERS = f"{TOOLS}.consumer"


@pytest.fixture(scope="module")
def behind():
    """The cluster behind the gateways: two brokers, so that leaders and coordinators differ."""
    with Cluster("behind", brokers=2, heap="384m") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def gateway(behind):
    with Gateway("relay", plain_target(behind)) as made:
        yield made
        made.process.must_live()


def lines(text):
    return [line for line in text.splitlines() if line.startswith("line ")]


# ---- addresses ----


def test_clients_are_told_the_gateways_addresses(gateway, behind):
    told = gateway.admin.list_topics(timeout=60)
    first = gateway.first_broker_port["PLAINTEXT"]
    direct = behind.admin.list_topics(timeout=60)
    assert told.cluster_id == direct.cluster_id
    assert set(told.brokers) == set(direct.brokers) == {1, 2}
    for node, broker in told.brokers.items():
        assert (broker.host, broker.port) == ("localhost", first + node % gateway.broker_ports)
    described = gateway.admin.describe_cluster(request_timeout=60).result(60)
    assert {node.port for node in described.nodes} == {b.port for b in told.brokers.values()}


# ---- librdkafka ----


def test_librdkafka_produces_and_consumes(gateway, behind, unique):
    """Every shape of record, each codec, plain and in transactions: the same bytes on both sides."""
    topic = behind.create_topic(unique("shapes"), 3)
    for number, codec in enumerate(["none", "gzip", "snappy", "lz4", "zstd"]):
        records.produce(gateway, topic, 200, first=200 * number, codec=codec)
    producer = Producer(gateway.client_config(**{"transactional.id": unique("writer")}))
    producer.init_transactions(60)
    for commit in (True, False, True):
        producer.begin_transaction()
        for n in range(50):
            producer.produce(topic, b"in a transaction", b"%d" % n)
        (producer.commit_transaction if commit else producer.abort_transaction)(60)
    through = records.read_all(gateway, topic)
    assert through == records.read_all(behind, topic)
    assert sum(map(len, through.values())) == 1000 + 100


def test_kcat(gateway, unique, behind):
    topic = behind.create_topic(unique("kcat"))
    server = ["-b", gateway.bootstrap, "-t", topic]
    run("kcat", ["kcat", "-P", *server, "-X", "acks=0"], stdin="line 1\nline 2\n")
    run("kcat", ["kcat", "-P", *server], stdin="line 3\n")
    wait_for(lambda: records.count(behind, topic) == 3, 30, "three records")
    read = run("kcat", ["kcat", "-C", "-e", "-o", "beginning", *server])
    assert lines(read) == ["line 1", "line 2", "line 3"]


def test_a_large_record_and_a_slow_reader(gateway, behind, unique):
    topic = behind.create_topic(unique("large"), max_message_bytes=20_000_000)
    records.produce(gateway, topic, 12, size=5_000_000, **{"message.max.bytes": 20_000_000})
    reader = Consumer(
        gateway.client_config(
            **{
                "group.id": unique("slow"),
                "auto.offset.reset": "earliest",
                "queued.max.messages.kbytes": 6000,
                "fetch.message.max.bytes": 50_000_000,
                "fetch.max.bytes": 50_000_000,
                "receive.message.max.bytes": 100_000_000,
            }
        )
    )
    reader.subscribe([topic])
    seen = []
    while len(seen) < 12:
        message = reader.poll(60)
        assert message is not None and message.error() is None, message and message.error()
        seen.append(message.offset())
        time.sleep(0.05)
    reader.close()
    assert seen == list(range(12))


# ---- trouble ----


def closed_by_peer(sock):
    sock.settimeout(30)
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


def connected(port, *pieces):
    sock = socket.create_connection(("127.0.0.1", port), timeout=10)
    for piece in pieces:
        sock.sendall(piece)
    return sock


def request(api, version, body=b"", correlation=1):
    head = struct.pack(">hhih", api, version, correlation, -1)
    return struct.pack(">i", len(head) + len(body)) + head + body


def test_hostile_bytes_end_their_own_connection_alone(gateway):
    port = gateway.ports["PLAINTEXT"]
    bystander = connected(port, request(18, 0))
    assert bystander.recv(4)
    hostile = {
        "text": b"GET / HTTP/1.1\r\n\r\n",
        "a huge frame": struct.pack(">i", 0x7FFFFFFF) + b"x" * 100,
        "a negative length": struct.pack(">i", -5),
        "an empty frame": struct.pack(">i", 0),
        "half a header": struct.pack(">i", 3) + b"\0\3\0",
        "a version that isn't offered": request(3, 99),
        "a login of old": request(17, 0, struct.pack(">h", 5) + b"PLAIN"),
        "an API that nobody knows": request(1234, 0),
        "garbage behind a header": request(3, 9, b"\xff" * 50),
    }
    for what, sent in hostile.items():
        with connected(port, sent) as sock:
            assert closed_by_peer(sock), what
    unused = gateway.first_broker_port["PLAINTEXT"] + 3
    with connected(unused) as sock:
        assert closed_by_peer(sock)
    wait_for(lambda: f"no broker of the target has port {unused}" in gateway.log(), 10, "a line")
    with connected(port, request(18, 0)[:6]):  # half a frame, and gone
        pass
    assert bystander.recv(1)
    bystander.close()
    assert gateway.admin.list_topics(timeout=60).brokers
    gateway.process.must_live()


def test_a_client_newer_than_the_gateway_is_told_the_versions(gateway):
    with connected(gateway.ports["PLAINTEXT"], request(18, 60, b"\0", correlation=77)) as sock:
        size, correlation, error, count, key, least, most = struct.unpack(
            ">iihihhh", sock.recv(100)
        )
    assert (size, correlation, error, count, key) == (16, 77, 35, 1, 18) and most >= 3 >= least


def test_a_broker_dies_and_comes_back(cluster_factory, unique):
    """Clients are cut as by the broker itself, and go on when it is back; a stop drains."""
    cluster = cluster_factory("dies", heap="384m")
    with Gateway("dies", plain_target(cluster), gateway__drain__ms=20000) as gateway:
        topic = cluster.create_topic(unique("dies"))
        records.produce(gateway, topic, 100)
        cluster.brokers[0].kill()
        producer = Producer(gateway.client_config(**{"log_level": 0}))
        delivered = []
        producer.produce(topic, b"while it was down", on_delivery=lambda *told: delivered.append(told))
        wait_for(lambda: "Closed the connection" in gateway.log(), 30, "a line about it")
        cluster.brokers[0].start()
        assert producer.flush(120) == 0 and delivered[0][0] is None, delivered
        assert records.count(cluster, topic) == 101
        # A fetch that waits is answered before the end; no connection is taken any more.
        reader = Consumer(
            gateway.client_config(
                **{"group.id": unique("reader"), "fetch.wait.max.ms": 3000, "log_level": 0}
            )
        )
        reader.subscribe([topic])
        reader.poll(5)
        begun = time.monotonic()
        gateway.process.signal(signal.SIGTERM)
        assert gateway.process.wait(40 * PATIENCE) == 0
        assert time.monotonic() - begun < 30 * PATIENCE
        assert "connections had requests under way" not in gateway.log()
        reader.close()


def test_wrong_settings_are_named(tmp_path, gateway):
    """With file and line, before anything is opened."""
    def fails(settings):
        file = properties.write(tmp_path / "gateway.properties", settings)
        return run("gateway", [BINARY, "gateway", file], check=False)

    good = gateway.file_settings()
    taken = fails(good)
    assert "can't listen on 127.0.0.1" in taken and "gateway.listeners" in taken
    wrong = {
        "gateway.listeners": "nonsense",
        "gateway.broker.ports": "PLAINTEXT:9300-9200",
        "gateway.threads": "many",
        "gateway.after.promotion": "sometimes",
        "security.protocol": "SASL_PLAINTEXT",
    }
    for key, value in wrong.items():
        told = fails({**good, key: value})
        assert str(tmp_path) in told and (key in told or "SASL" in told), f"{key}: {told}"
    without = {k: v for k, v in good.items() if k != "gateway.broker.ports"}
    assert "gateway.broker.ports" in fails(without)
    assert "unknown configuration 'gateway.thread'" in fails({**good, "gateway.thread": "1"})


# ---- inside a worker ----


def test_a_gateway_inside_a_worker(behind, kind, unique):
    if kind == "java":
        pytest.skip("about Isthmus's own gateway")
    port, first = free_port(), free_ports(4)
    workers = Workers(kind, behind, unique)
    settings = {
        "gateway.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "gateway.advertised.listeners": f"PLAINTEXT://localhost:{port}",
        "gateway.broker.ports": f"{first}-{first + 3}",
    }
    try:
        worker = workers.distributed(workers.settings(**settings))
        served = f" serves PLAINTEXT at 127.0.0.1:{port}"
        wait_for(lambda: served in worker.process.log(), 60 * PATIENCE, "the gateway to serve")
        through = Through({"bootstrap.servers": f"localhost:{port}"})
        topic = behind.create_topic(unique("worker"))
        records.produce(through, topic, 100)
        assert records.read_all(through, topic) == records.read_all(behind, topic)
        workers.stop()
        assert "Gateway" in worker.process.log() and "stopped" in worker.process.log()
    finally:
        workers.close()


# ---- security ----

PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"


def secure_properties(authority):
    """A listener with logins, and one with TLS, beside the plain one. The key store is PEM."""
    key = authority.issue("broker")

    def listeners(broker):
        own = f"PLAINTEXT://{broker.address},CONTROLLER://127.0.0.1:{broker.controller_port}"
        return f"{own},SASL_SSL://127.0.0.1:{broker.login_port}"

    def advertised(broker):
        return f"PLAINTEXT://{broker.address},SASL_SSL://localhost:{broker.login_port}"

    protocols = ["PLAINTEXT", "CONTROLLER:PLAINTEXT", "SASL_SSL"]
    return {
        "listeners": listeners,
        "advertised.listeners": advertised,
        "listener.security.protocol.map": ",".join(p if ":" in p else f"{p}:{p}" for p in protocols),
        **key.settings("PKCS12"),
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256",
        "connections.max.reauth.ms": 4000,
        "listener.name.sasl_ssl.plain.sasl.jaas.config": (
            f'{PLAIN} required user_gateway="gateway-secret" user_alice="alice-secret";'
        ),
        "listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config": f"{SCRAM} required;",
    }


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    """A gateway with a listener for each protocol that has a login, before a cluster with logins.

    The same password store serves both; clients verify the gateway's certificate."""
    directory = tmp_path_factory.mktemp("certificates")
    authority = Authority(directory, "ours")
    cluster = Cluster("secured", heap="384m", properties=secure_properties(authority))
    cluster.scram = ["SCRAM-SHA-256=[name=bob,password=bob-secret]"]
    for broker in cluster.brokers:
        broker.login_port = free_port()
    target = {
        "bootstrap.servers": f"localhost:{cluster.brokers[0].login_port}",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "PLAIN",
        "sasl.jaas.config": f'{PLAIN} required username="gateway" password="gateway-secret";',
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": authority.certificate,
    }
    key = authority.issue("gateway")
    for listener in ("sasl_ssl", "named"):
        target.update(key.settings("PKCS12", f"gateway.listener.name.{listener}."))
    listeners = {"SASL_SSL": "SASL_SSL", "SASL_PLAINTEXT": "SASL_PLAINTEXT", "NAMED": "SASL_SSL"}
    hosts = {"NAMED": "broker-{id}.gateway.test"}
    with cluster, Gateway("secured", target, listeners, hosts=hosts) as gateway:
        yield gateway, cluster, authority
        gateway.process.must_live()


def login(gateway, listener, mechanism, user, password, authority):
    settings = {
        "bootstrap.servers": gateway.address(listener),
        "security.protocol": gateway.listeners[listener],
        "sasl.mechanism": mechanism,
        "sasl.username": user,
        "sasl.password": password,
        "log_level": 0,
    }
    if "SSL" in gateway.listeners[listener]:
        settings["ssl.ca.location"] = str(authority.certificate)
    return Through(settings)


def test_logins_are_relayed_and_repeated(secured, unique):
    """PLAIN and SCRAM through TLS and without; each login lasts four seconds (KIP-368)."""
    gateway, cluster, authority = secured
    topic = cluster.create_topic(unique("logins"), 2)
    users = [
        ("SASL_SSL", "PLAIN", "alice", "alice-secret"),
        ("SASL_PLAINTEXT", "SCRAM-SHA-256", "bob", "bob-secret"),
    ]
    for number, (listener, mechanism, user, password) in enumerate(users):
        through = login(gateway, listener, mechanism, user, password, authority)
        producer = Producer(through.client_config())
        until = time.monotonic() + 10
        while time.monotonic() < until:
            producer.produce(topic, b"by " + user.encode())
            assert producer.flush(60) == 0
            time.sleep(0.2)
        wrong = login(gateway, listener, mechanism, user, "wrong", authority)
        with pytest.raises(KafkaException):
            wrong.admin.list_topics(timeout=5)
    read = records.read_all(through, topic)
    assert read == records.read_all(cluster, topic)
    assert {r.value for part in read.values() for r in part} == {b"by alice", b"by bob"}


def test_javas_tools_log_in(secured, unique, tmp_path):
    gateway, cluster, authority = secured
    topic = cluster.create_topic(unique("java"))
    settings = {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.jaas.config": f'{SCRAM} required username="bob" password="bob-secret";',
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": authority.certificate,
    }
    file = properties.write(tmp_path / "client.properties", settings)
    server = ["--bootstrap-server", gateway.address("SASL_SSL"), "--topic", topic]
    sent = [f"line {n}" for n in range(20)]
    tool(
        f"{TOOLS}.ConsoleProducer",
        *(*server, "--producer.config", file),
        stdin="\n".join(sent) + "\n",
    )
    read = tool(
        f"{CONSUMERS}.ConsoleConsumer",
        *(*server, "--consumer.config", file, "--from-beginning"),
        *("--max-messages", "20", "--timeout-ms", "60000"),
    )
    assert lines(read) == sent


def test_brokers_by_host_name(secured):
    """SNI says which broker a client means; all of them have the bootstrap port."""
    gateway, _, authority = secured
    port = gateway.ports["NAMED"]
    through = login(gateway, "NAMED", "PLAIN", "alice", "alice-secret", authority)
    told = through.admin.list_topics(timeout=60).brokers
    assert [(b.host, b.port) for b in told.values()] == [("broker-1.gateway.test", port)]
    context = ssl.create_default_context(cafile=authority.certificate)
    context.check_hostname = False
    for name, known in (("broker-1.gateway.test", True), ("broker-7.gateway.test", False)):
        with context.wrap_socket(connected(port), server_hostname=name) as sock:
            sock.settimeout(30)
            sock.sendall(request(18, 0))
            assert bool(sock.recv(100)) == known, name
    wait_for(lambda: "broker 7 isn't known" in gateway.log(), 10, "a line")


def test_strangers_at_a_tls_port(secured):
    gateway, _, _ = secured
    port = gateway.ports["SASL_SSL"]
    for sent in (b"GET / HTTP/1.1\r\n\r\n", request(18, 0), b"\x16\x03\x01\x02\x00" + b"\xff" * 600):
        with connected(port, sent) as sock:
            sock.settimeout(30)
            while sock.recv(1000):  # an alert, perhaps
                pass
    wait_for(lambda: "Closed the connection" in gateway.log(), 10, "a line")
    with connected(gateway.ports["SASL_PLAINTEXT"], request(3, 1, struct.pack(">i", 0))) as sock:
        assert closed_by_peer(sock), "metadata without a login"
    gateway.process.must_live()


# ---- old brokers ----


def test_an_old_broker(cluster_factory, unique):
    """Kafka 2.1, with clients of its time and of ours."""
    cluster = cluster_factory("old-behind", version="2.1.1")
    with Gateway("old", plain_target(cluster)) as gateway:
        topic = cluster.create_topic(unique("old"), 2)
        records.produce(gateway, topic, 200, codec="lz4")
        assert records.read_all(gateway, topic) == records.read_all(cluster, topic)
        old = {"version": "2.1.1"}
        plain = cluster.create_topic(unique("plain"))
        sent = [f"line {n}" for n in range(20)]
        server = gateway.bootstrap
        tool(
            "kafka.tools.ConsoleProducer",
            *("--broker-list", server, "--topic", plain),
            stdin="\n".join(sent) + "\n",
            **old,
        )
        read = tool(
            "kafka.tools.ConsoleConsumer",
            *("--bootstrap-server", server, "--topic", plain, "--from-beginning"),
            *("--group", unique("group"), "--max-messages", "20", "--timeout-ms", "60000"),
            **old,
        )
        assert lines(read) == sent


def test_an_old_client_at_a_new_cluster(gateway, behind, unique):
    topic = behind.create_topic(unique("newer"))
    sent = [f"line {n}" for n in range(20)]
    tool(
        "kafka.tools.ConsoleProducer",
        *("--broker-list", gateway.bootstrap, "--topic", topic),
        stdin="\n".join(sent) + "\n",
        version="2.1.1",
    )
    read = tool(
        "kafka.tools.ConsoleConsumer",
        *("--bootstrap-server", gateway.bootstrap, "--topic", topic, "--from-beginning"),
        *("--max-messages", "20", "--timeout-ms", "60000"),
        version="2.1.1",
    )
    assert lines(read) == sent
