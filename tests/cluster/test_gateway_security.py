# SPDX-License-Identifier: Apache-2.0
"""A gateway in front of a target that knows its clients: what they may do through it is what they
may do without it, also where their writes go to a source under the link's credentials.

The target has a listener with SASL_SSL for SCRAM, PLAIN and OAUTHBEARER, and an authorizer. Logins
end after five seconds, so that clients renew theirs. The test itself is a superuser by a plain one.
"""

import json
import socket
import struct
import subprocess
import time
import urllib.request

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

import properties
import records
from gateways import Gateway, Through
from kafka_cluster import Cluster
from links import Link, link_config
from processes import free_port, wait_for
from security import MODULE, SECRET, USER, SecureCluster
from workers import BINARY, PATIENCE, Workers

REAUTHENTICATE_MS = 5000
RIGHTS_MS = 1000
TOPIC, TRANSACTION = ResourceType.TOPIC, ResourceType.TRANSACTIONAL_ID
WRITE = AclOperation.WRITE
AUTHORIZER = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
OTHERS = ("mutual", "weak", "plain", "oauth", "unsecured", "kerberos")


def binding(user, name, operation, kind=TOPIC):
    return AclBinding(
        kind, name, ResourcePatternType.LITERAL, f"User:{user}", "*", operation,
        AclPermissionType.ALLOW,
    )  # fmt: skip


def allow(cluster, user, name, operation, kind=TOPIC):
    acl = binding(user, name, operation, kind)
    cluster.admin.create_acls([acl], request_timeout=120)[acl].result(120)


def forbid(cluster, user, name, operation, kind=TOPIC):
    found = AclBindingFilter(
        kind, name, ResourcePatternType.LITERAL, f"User:{user}", "*", operation,
        AclPermissionType.ALLOW,
    )  # fmt: skip
    cluster.admin.delete_acls([found], request_timeout=120)[found].result(120)


def add_user(cluster, name):
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    user = UserScramCredentialUpsertion(name, info, SECRET.encode())
    cluster.admin.alter_user_scram_credentials([user])[name].result(120)


class GuardedTarget(SecureCluster):
    """Its listener "scram" takes all mechanisms; SCRAM knows alice and bob, PLAIN pat."""

    def __init__(self, name):
        super().__init__(name, REAUTHENTICATE_MS, without=OTHERS)
        prefix = "listener.name.scram"
        oauth = f"{MODULE}.oauthbearer.OAuthBearer"
        self.properties |= {
            "authorizer.class.name": AUTHORIZER,
            "super.users": f"User:ANONYMOUS;User:{USER}",
            f"{prefix}.sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN,OAUTHBEARER",
            f"{prefix}.plain.sasl.jaas.config": (
                f'{MODULE}.plain.PlainLoginModule required user_pat="{SECRET}";'
            ),
            f"{prefix}.oauthbearer.sasl.jaas.config": f"{oauth}LoginModule required;",
            f"{prefix}.sasl.oauthbearer.jwks.endpoint.url": self._key_set_url(),
            f"{prefix}.sasl.oauthbearer.expected.audience": "kafka",
            f"{prefix}.oauthbearer.sasl.server.callback.handler.class": (
                f"{oauth}ValidatorCallbackHandler"
            ),
        }

    def start(self):
        super().start()
        for user in ("alice", "bob"):
            add_user(self, user)
        return self


@pytest.fixture(scope="module")
def guarded():
    with GuardedTarget("guarded-target") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def origin():
    """The source: with an authorizer, so that it knows who may write."""
    properties = {"authorizer.class.name": AUTHORIZER, "super.users": "User:ANONYMOUS"}
    with Cluster("origin", heap="384m", properties=properties) as cluster:
        yield cluster


def target_settings(guarded, origin, directory):
    """The gateway is the user "mirror"; its clients' credentials come from a file."""
    settings = {k: str(v) for k, v in guarded.settings("scram").items()}
    secrets = directory / "secrets"
    secrets.write_text(f"password={SECRET}\n")
    for user in ("alice", "bob"):
        settings[f"gateway.credentials.{user}.sasl.jaas.config"] = (
            f'{MODULE}.scram.ScramLoginModule required username="{user}" '
            f'password="${{file:{secrets}:password}}";'
        )
    key = guarded.authority.issue("gateway")
    return settings | {
        "source.cluster.bootstrap.servers": origin.bootstrap,
        **{k: str(v) for k, v in key.settings("PKCS12").items()},
        "gateway.listener.name.mtls.ssl.client.auth": "required",
        "gateway.listener.name.mtls.ssl.principal.mapping.rules": "RULE:^CN=cert-(.*)$/$1/",
        "gateway.credentials.map": "alice,bob",
        "gateway.rights.cache.ms": RIGHTS_MS,
        "config.providers": "file",
        "config.providers.file.class": "org.apache.kafka.common.config.provider.FileConfigProvider",
    }


@pytest.fixture(scope="module")
def gateway(guarded, origin, tmp_path_factory):
    directory = tmp_path_factory.mktemp("gateway")
    port = free_port()
    more = {
        "gateway__metrics__listener": f"http://127.0.0.1:{port}",
        "gateway__login__timeout__ms": 3000,
    }
    listeners = {"OUT": "SASL_SSL", "MTLS": "SSL"}
    settings = target_settings(guarded, origin, directory)
    with Gateway("guarded", settings, listeners, **more) as made:
        made.http = f"http://127.0.0.1:{port}"
        yield made
        made.process.must_live()


def by_login(gateway, guarded, user, mechanism="SCRAM-SHA-512", secret=SECRET, **more):
    settings = {
        "bootstrap.servers": gateway.address("OUT"),
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": str(guarded.authority.certificate),
        "sasl.mechanism": mechanism,
        "log_level": 0,
    }
    if mechanism == "OAUTHBEARER":
        settings["sasl.oauthbearer.config"] = "unused"
        settings["oauth_cb"] = lambda _: (guarded.tokens.token(), time.time() + 300)
    else:
        settings |= {"sasl.username": user, "sasl.password": secret}
    return Through({**settings, **more})


def by_certificate(gateway, guarded, name):
    key = guarded.authority.issue(name)
    return Through(
        {
            "bootstrap.servers": gateway.address("MTLS"),
            "security.protocol": "SSL",
            "ssl.ca.location": str(guarded.authority.certificate),
            "ssl.key.location": str(key.key),
            "ssl.certificate.location": str(key.chain),
            "log_level": 0,
        }
    )


def write(through, topic, value, **more):
    """Writes one record; the error, None where it was acknowledged."""
    told = []
    producer = Producer(through.client_config(**{"message.timeout.ms": 20000, **more}))
    try:
        producer.produce(topic, value, on_delivery=lambda *what: told.append(what))
    except KafkaException as failure:
        return failure.args[0].code()
    producer.flush(60)
    assert told, "nothing was told"
    return told[0][0] and told[0][0].code()


def values(cluster, topic):
    return [r.value for part in records.read_all(cluster, topic).values() for r in part]


# ---- who clients are ----


def test_each_login_has_its_own_rights(gateway, guarded, unique):
    topic = guarded.create_topic(unique("plain"))
    for user in ("alice", "pat", USER):
        allow(guarded, user, topic, WRITE)
    assert write(by_login(gateway, guarded, "alice"), topic, b"scram") is None
    assert write(by_login(gateway, guarded, "pat", "PLAIN"), topic, b"plain") is None
    assert write(by_login(gateway, guarded, USER, "OAUTHBEARER"), topic, b"oauth") is None
    refused = write(by_login(gateway, guarded, "bob"), topic, b"bob")
    assert refused == KafkaError.TOPIC_AUTHORIZATION_FAILED
    for wrong in ("alice", "nobody"):
        with pytest.raises(KafkaException):
            by_login(gateway, guarded, wrong, secret="wrong").admin.list_topics(timeout=5)
    assert values(guarded, topic) == [b"scram", b"plain", b"oauth"]


def test_certificates_log_in_by_the_map(gateway, guarded, unique):
    """Also for longer than the target's login lasts; a stranger to the map isn't let in."""
    topic = guarded.create_topic(unique("certificates"))
    allow(guarded, "alice", topic, WRITE)
    alice = by_certificate(gateway, guarded, "cert-alice")
    producer, told = Producer(alice.client_config()), []
    until = time.monotonic() + 2.5 * REAUTHENTICATE_MS / 1000
    while time.monotonic() < until:
        producer.produce(topic, b"alice", on_delivery=lambda *what: told.append(what[0]))
        assert producer.flush(60) == 0
        time.sleep(0.3)
    assert told and not any(told), told
    refused = write(by_certificate(gateway, guarded, "cert-bob"), topic, b"bob")
    assert refused == KafkaError.TOPIC_AUTHORIZATION_FAILED
    for stranger in ("cert-carol", "alice", USER):
        with pytest.raises(KafkaException):
            by_certificate(gateway, guarded, stranger).admin.list_topics(timeout=5)
    wait_for(lambda: "gateway.credentials.map has no entry" in gateway.log(), 20, "a line about carol")
    without = Through(
        {
            "bootstrap.servers": gateway.address("MTLS"),
            "security.protocol": "SSL",
            "ssl.ca.location": str(guarded.authority.certificate),
            "log_level": 0,
        }
    )
    with pytest.raises(KafkaException):
        without.admin.list_topics(timeout=5)
    assert set(values(guarded, topic)) == {b"alice"}
    assert SECRET not in gateway.log()


# ---- strangers ----


def frame(api, version, body=b"", size=None):
    head = struct.pack(">hhih", api, version, 1, -1)
    return struct.pack(">i", size or len(head) + len(body)) + head + body


def tls(gateway, guarded):
    import ssl

    context = ssl.create_default_context(cafile=str(guarded.authority.certificate))
    plain = socket.create_connection(("localhost", gateway.ports["OUT"]), timeout=10)
    return context.wrap_socket(plain, server_hostname="localhost")


def is_closed(sock, seconds):
    sock.settimeout(seconds)
    try:
        while True:
            if sock.recv(4096) == b"":
                return True
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def test_strangers_get_little(gateway, guarded):
    """Small requests, and little time, until the target has let them in."""
    with tls(gateway, guarded) as sock:
        sock.sendall(frame(17, 1, b"x" * 10, size=700_000))
        assert is_closed(sock, 2), "a large request before the login"
    begun = time.monotonic()
    with tls(gateway, guarded) as sock:
        sock.sendall(frame(18, 0))
        assert is_closed(sock, 30 * PATIENCE), "no login in time"
    assert time.monotonic() - begun > 2
    with tls(gateway, guarded) as sock:
        sock.sendall(frame(3, 1, struct.pack(">i", 0)))
        assert is_closed(sock, 10), "metadata before the login"


# ---- routed writes ----


@pytest.fixture(scope="module")
def linked(guarded, origin):
    """A worker, and the factory of topics that it links: name -> LINKING."""
    made = []
    number = iter(range(1000))

    def unique(word):
        return f"{word}-guarded-{next(number)}"

    workers = Workers("isthmus", guarded, unique)
    worker = workers.distributed()
    link = Link(worker.rest, "guarded-link")

    def make(topic):
        origin.create_topic(topic)
        made.append(topic)
        config = link_config(origin, guarded, topics=",".join(made))
        config["sync.topic.acls.enabled"] = "false"
        worker.rest.put_connector(link.name, config)
        link.wait_state(topic, "LINKING")
        return topic

    make.link = link
    try:
        yield make
        workers.stop()
    finally:
        workers.close()


def test_rights_at_the_target_decide_on_routed_writes(gateway, guarded, origin, linked, unique):
    """The link's credentials may write anything at the source; clients only what they may write at
    the target, and no longer than that."""
    topic = linked(unique("orders"))
    allow(guarded, "alice", topic, WRITE)
    allow(guarded, "pat", topic, AclOperation.READ)
    alice = by_login(gateway, guarded, "alice")
    wait_for(lambda: write(alice, topic, b"alice") is None, 60, "alice's write to be routed")
    assert b"alice" in values(origin, topic)
    before = values(origin, topic)
    for stranger in (
        by_login(gateway, guarded, "bob"),
        by_login(gateway, guarded, "bob", **{"enable.idempotence": True}),
        by_login(gateway, guarded, "pat", "PLAIN"),
        by_certificate(gateway, guarded, "cert-bob"),
    ):
        assert write(stranger, topic, b"stranger") == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert values(origin, topic) == before
    assert write(by_certificate(gateway, guarded, "cert-alice"), topic, b"by certificate") is None

    # A right that is taken away ends on a connection that has used it, too.
    producer, told = Producer(alice.client_config()), []
    producer.produce(topic, b"still", on_delivery=lambda *what: told.append(what[0]))
    producer.flush(60)
    forbid(guarded, "alice", topic, WRITE)

    def refused():
        producer.produce(topic, b"perhaps", on_delivery=lambda *what: told.append(what[0]))
        producer.flush(60)
        return told[-1] and told[-1].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED

    begun = time.monotonic()
    wait_for(refused, 30, "alice's right to end")
    assert told[0] is None and time.monotonic() - begun < 10 * PATIENCE
    at_source = len(values(origin, topic))
    assert write(alice, topic, b"never") == KafkaError.TOPIC_AUTHORIZATION_FAILED
    assert len(values(origin, topic)) == at_source
    assert b"never" not in values(guarded, topic)
    text = urllib.request.urlopen(f"{gateway.http}/metrics", timeout=10).read().decode()
    refusals = [l for l in text.splitlines() if l.startswith("isthmus_gateway_rights_refused_total ")]
    assert float(refusals[0].split()[1]) >= 2, refusals


def test_transactional_ids_are_the_targets_to_give(gateway, guarded, origin, linked, unique):
    topic, own, others = linked(unique("bills")), unique("own"), unique("others")
    allow(guarded, "alice", topic, WRITE)
    allow(guarded, "alice", own, WRITE, TRANSACTION)
    for name, fine in ((own, True), (others, False)):
        through = by_login(gateway, guarded, "alice", **{"transactional.id": name})
        producer = Producer(through.client_config())
        if fine:
            producer.init_transactions(60)
            producer.begin_transaction()
            producer.produce(topic, b"in a transaction")
            producer.commit_transaction(60)
            continue
        with pytest.raises(KafkaException) as failure:
            producer.init_transactions(30)
        code = failure.value.args[0].code()
        assert code == KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, failure.value
    assert values(origin, topic) == [b"in a transaction"]


def test_nothing_is_created_by_asking(gateway, guarded, origin, linked, unique):
    """A topic that is gone at the target is asked for without being made anew."""
    absent = unique("absent")
    allow(guarded, "alice", absent, WRITE)
    assert write(by_login(gateway, guarded, "alice"), absent, b"x") is not None
    assert absent not in guarded.topics() | origin.topics()


# ---- what is missing ----


def test_check_names_what_is_missing(gateway, guarded, origin, linked, unique, tmp_path):
    topic = linked(unique("checked"))
    add_user(origin, "carol")
    for user in ("carol", "dave"):
        allow(origin, user, topic, WRITE)
    allow(guarded, "dave", topic, WRITE)
    file = properties.write(tmp_path / "gateway.properties", gateway.file_settings())

    def check(path=file, *more):
        done = subprocess.run(
            [BINARY, "gateway", "check", path, *more],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout

    status, text = check(file, "-o", "json")
    answer = json.loads(text)
    missing = {(f["code"], f["about"]) for f in answer["findings"] if f["level"] == "missing"}
    assert status == 1 and not answer["ok"], text
    assert missing >= {("MISSING_RIGHT", "User:carol"), ("MISSING_CREDENTIALS", "User:carol")}, text
    assert not {about for _, about in missing} & {"User:dave"}, text
    found = {f["code"] for f in answer["findings"]}
    assert {"REACHED", "LINK"} <= found, text
    assert SECRET not in text

    # With what was missing, all is fine. Ports are in use by the gateway that runs: a warning.
    add_user(guarded, "carol")
    allow(guarded, "carol", topic, WRITE)
    status, text = check()
    assert status == 0 and "Nothing is missing" in text, text
    wrong = gateway.file_settings() | {"gateway.links": "no-such-link", "gateway.broker.ports": "OUT:1-2"}
    status, text = check(properties.write(tmp_path / "wrong.properties", wrong))
    assert status == 1 and "missing" in text, text


def test_a_link_shows_its_gateways_and_their_clients(gateway, guarded, linked, unique):
    topic = linked(unique("shown"))
    allow(guarded, "alice", topic, WRITE)
    through = by_login(gateway, guarded, "alice", **{"client.id": "billing"})
    producer = Producer(through.client_config())

    def shown():
        producer.produce(topic, b"x")
        producer.flush(60)
        link = linked.link.rest.get(f"/links/{linked.link.name}")
        clients = [c for g in link["gateways"] for c in g["clients"]]
        return next((c for c in clients if c["client_id"] == "billing" and topic in c["writes"]), None)

    client = wait_for(shown, 60 * PATIENCE, "the client to be shown", interval=1)
    assert client["principal"] == "alice" and "rdkafka" in client["software"]
    gateways = linked.link.rest.get(f"/links/{linked.link.name}")["gateways"]
    assert gateways[0]["lease"]["duration_ms"] > 0 and gateways[0]["address"], gateways
