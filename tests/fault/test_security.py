# SPDX-License-Identifier: Apache-2.0
"""Every way to log in, on both sides, by the keys that Java's clients have.

Each mirror's worker keeps its own topics and group on the target by the same settings, so that
librdkafka and wire both log in. Sessions end after REAUTHENTICATE_MS: brokers close what hasn't
authenticated again by then, so a load that flows for longer shows that it is done (KIP-368).
"""

import re
import time

import pytest

import records
from faults import SECONDS
from load import Load
from processes import wait_for
from security import Kerberos, SecureCluster
from workers import PATIENCE, mirror_config

REAUTHENTICATE_MS = 2000


@pytest.fixture(scope="module")
def secure():
    with SecureCluster("secure", REAUTHENTICATE_MS) as cluster:
        yield cluster


@pytest.fixture
def target(secure):
    """Where make_worker's workers live."""
    return secure


@pytest.fixture
def flow(secure, make_worker, unique):
    """Starts a mirror from the cluster to itself: flow(source_settings, target_settings)."""
    topic, alias = unique("orders"), unique("src")
    secure.create_topic(topic, 3)

    def start(source, target, wait=True, consumer=None, **more):
        prefixes = ("", "producer.", "consumer.", "admin.")
        own = {prefix + key: value for prefix in prefixes for key, value in target.items()}
        worker = make_worker.distributed(
            make_worker.settings(**own), environment=secure.environment
        )
        config = mirror_config("Source", secure, secure, alias, topics=topic, **more)
        config.update({f"source.cluster.{key}": str(value) for key, value in source.items()})
        config.update({f"target.cluster.{key}": str(value) for key, value in target.items()})
        for key, value in (consumer or {}).items():
            config[f"source.consumer.{key}"] = str(value)
        worker.rest.put_connector("mirror", config)
        if wait:
            worker.rest.wait_running("mirror", timeout=60 * PATIENCE)
        return worker

    start.topic, start.remote = topic, f"{alias}.{topic}"
    return start


def sides(secure):
    """The settings by name."""
    unsecured = secure.settings("unsecured")
    file = secure.tokens.file
    file.write_text(secure.tokens.token(3600))
    found = {
        "mutual TLS, JKS": secure.settings("mutual", **secure.stores("JKS")),
        "mutual TLS, PKCS#12": secure.settings("mutual", **secure.stores("PKCS12")),
        "mutual TLS, PEM": secure.settings("mutual", **secure.stores("PEM")),
        "SHA-1 and RSA of 1024 bits": secure.settings("weak"),
        "PLAIN": secure.settings("plain"),
        "SCRAM": secure.settings("scram"),
        "OAuth endpoint": secure.settings("oauth"),
        "OAuth file": {
            **secure.settings("oauth"),
            "sasl.oauthbearer.token.endpoint.url": f"file://{file}",
        },
        "OAuth assertion": secure.settings("oauth", login="", **secure.tokens.assertion),
        "OAuth unsecured": unsecured,
    }
    if secure.kerberos:
        found["Kerberos"] = secure.settings("kerberos")
    return found


@pytest.mark.parametrize(
    "from_side, to_side",
    [
        ("PLAIN", "SCRAM"),
        ("SCRAM", "OAuth assertion"),
        ("mutual TLS, JKS", "OAuth endpoint"),
        ("OAuth file", "mutual TLS, PEM"),
        ("mutual TLS, PKCS#12", "PLAIN"),
        ("OAuth unsecured", "OAuth unsecured"),
        ("SHA-1 and RSA of 1024 bits", "SHA-1 and RSA of 1024 bits"),
        ("Kerberos", "Kerberos"),
    ],
    ids=lambda name: re.sub(r"\W+", "-", name),
)
def test_logs_in(secure, flow, from_side, to_side):
    if "Kerberos" in (from_side, to_side) and Kerberos.missing():
        pytest.skip(f"not installed: {Kerberos.missing()}")
    found = sides(secure)
    sessions = not from_side.startswith(("mutual", "SHA-1"))
    worker = flow(found[from_side], found[to_side])
    assert_flows(secure, flow, worker, sessions)
    if "SHA-1" in from_side:
        assert "its RSA key has 1024 bits, and it is signed with SHA1" in worker.process.log()


WIRE_LEVEL = "/admin/loggers/org.isthmus.wire.connection"


def assert_flows(secure, flow, worker, has_sessions):
    worker.rest.ok("PUT", WIRE_LEVEL, {"level": "TRACE"})
    with Load(secure, flow.topic) as load:
        end = time.monotonic() + 2.2 * REAUTHENTICATE_MS / 1000 + SECONDS
        while time.monotonic() < end:
            load.wait(100)
        records.wait_count(secure, flow.remote, load.acknowledged, 60 * PATIENCE)
    assert records.assert_mirrored(secure, flow.topic, secure, flow.remote, 60 * PATIENCE) > 0
    if has_sessions:
        assert_renewed(worker)


def assert_renewed(worker):
    again = r"\[fetch-\S+\|mirror\] .*: waiting to authenticate again"
    if worker.kind == "isthmus":
        assert re.search(again, worker.process.log()), "within the connection, not by another one"


@pytest.fixture
def short_tokens(secure):
    """The endpoint's tokens end after so many seconds."""
    lifetime, secure.tokens.lifetime = secure.tokens.lifetime, 6
    yield secure.tokens.lifetime
    secure.tokens.lifetime = lifetime


def test_tokens_are_renewed(secure, flow, short_tokens, unique):
    """Four tokens end one after another, and both lanes go on: the broker closes what hasn't shown
    a newer one by then. The raw lane does so within its connections."""
    login = secure.settings("oauth", **{"sasl.login.refresh.buffer.seconds": 0})
    worker = flow(login, login)
    worker.rest.ok("PUT", WIRE_LEVEL, {"level": "TRACE"})
    alias = unique("records")
    config = worker.rest.config("mirror")
    config.update({"source.cluster.alias": alias, "raw.lane.enabled": "false"})
    worker.rest.put_connector("records", config | {"name": "records"})
    worker.rest.wait_running("records", timeout=60 * PATIENCE)
    remotes = [flow.remote, f"{alias}.{flow.topic}"]
    with Load(secure, flow.topic) as load:
        for remote in remotes:
            records.wait_count(secure, remote, load.acknowledged, 60 * PATIENCE)
        given = secure.tokens.given
        end = time.monotonic() + 4 * short_tokens + SECONDS
        while time.monotonic() < end:
            load.wait(100)
        assert secure.tokens.given > given + 4
        assert_renewed(worker)
    for remote in remotes:
        assert records.assert_mirrored(secure, flow.topic, secure, remote, 60 * PATIENCE) > 0


@pytest.mark.parametrize("listener", ["scram", "plain", "oauth"])
def test_wrong_credentials_are_said(secure, flow, listener):
    wrong = secure.settings(listener, secret="wrong")
    plain = secure.settings("plain")
    worker = flow(plain, plain, wait=False, consumer=wrong)
    mechanism = wrong["sasl.mechanism"]
    address = wrong["bootstrap.servers"]
    said = rf"Could not read .* authenticating with {address}.*"
    line = wait_for(
        lambda: re.search(said, worker.process.log()), 60 * PATIENCE, f"the log to say {said}"
    )
    assert mechanism in line.group() or "clientSecret" in line.group(), line.group()
    assert "wrong" not in line.group()


def trouble(worker):
    """What `explain` says keeps the connector and its tasks from their clusters."""
    explained = worker.rest.ok("GET", "/connectors/mirror/explain")
    said = explained["connector"].get("trouble", [])
    return said + [text for task in explained["tasks"] for text in task.get("trouble", [])]


NOT_LET_IN = {
    "SCRAM": ("scram", {"secret": "wrong"}, "SCRAM-SHA-512, user mirror"),
    "PLAIN": ("plain", {"secret": "wrong"}, "PLAIN, user mirror"),
    "another mechanism": ("plain", {"sasl.mechanism": "SCRAM-SHA-256"}, "SCRAM-SHA-256"),
    "untrusted": ("plain", {"ssl.truststore.location": None}, "SASL_SSL"),
    "unreachable": ("plain", {"bootstrap.servers": "localhost:1"}, "localhost:1"),
}


@pytest.mark.parametrize("case", NOT_LET_IN, ids=lambda name: name.replace(" ", "-"))
def test_who_is_not_let_in_says_so(secure, flow, case):
    """The whole source: Java's connector has no status for minutes, and nothing but its log tells
    why nothing is mirrored."""
    listener, changes, named = NOT_LET_IN[case]
    settings = secure.settings(listener, **changes)
    if "sasl.mechanism" in changes:
        settings["sasl.jaas.config"] = settings["sasl.jaas.config"].replace(
            "plain.PlainLoginModule", "scram.ScramLoginModule"
        )
    settings = {key: value for key, value in settings.items() if value is not None}
    worker = flow(settings, secure.settings("plain"), wait=False)
    wait_for(lambda: worker.rest.status("mirror"), 10 * PATIENCE, "the connector's first status")
    address = settings["bootstrap.servers"]

    def told():
        return [text for text in trouble(worker) if address in text and named in text]

    texts = wait_for(told, 30 * PATIENCE, "explain to say what is wrong")
    assert all("wrong" not in text for text in texts), texts
    wait_for(
        lambda: "can't use the cluster at " + address in worker.process.log(),
        30 * PATIENCE,
        "the log to say what is wrong",
    )
    states = worker.rest.ok("GET", "/connectors/mirror/status")
    assert states["connector"]["state"] in ("RUNNING", "FAILED", "UNASSIGNED"), states
    if case != "unreachable":  # who is refused needn't wait for the admin's time-outs
        worker.rest.wait_running("mirror", tasks=0, timeout=40 * PATIENCE)


def test_certificates_are_replaced(secure, flow):
    mutual = secure.settings("mutual", **secure.stores("PKCS12", "renewed"))
    store = mutual["ssl.keystore.location"]
    good = store.read_bytes()
    worker = flow(mutual, secure.settings("plain"))
    link = secure.links["mutual"]

    def reconnect(said):
        link.cut()
        wait_for(lambda: said in worker.process.log(), 30 * PATIENCE, f"the log to say {said}")
        load.wait(300)
        records.wait_count(secure, flow.remote, load.acknowledged, 60 * PATIENCE)

    with Load(secure, flow.topic) as load:
        load.wait(300)
        records.wait_count(secure, flow.remote, load.acknowledged, 60 * PATIENCE)
        store.write_bytes(b"not a key store")
        reconnect("can't be used, the former stays in use")
        store.write_bytes(good)
        secure.stores("PKCS12", "renewed")
        assert store.read_bytes() != good
        reconnect("were read again because a file changed")
    assert records.assert_mirrored(secure, flow.topic, secure, flow.remote, 60 * PATIENCE) > 0
