# SPDX-License-Identifier: Apache-2.0
"""What becomes of a mirror that a cluster doesn't let in, or that can't find it: as on Java, FAILED
where Java's is, and else with a reason in `explain`.

All mirrors live in one worker. Each has one client that can't log in: those of its source's admin,
its consumer, or its producer.
"""

import os
import socket
import ssl
import threading

import pytest

import records
from certificates import Authority
from processes import wait_for
from security import SECRET, SecureCluster
from workers import PATIENCE, Workers, mirror_config

PREFIXES = {
    "source": "source.cluster.",
    "consumer": "source.consumer.",
    "producer": "producer.override.",
}
# Java's states of the connector and of its task, None where there is none, by side and by what is
# wrong: the cluster refuses the login, is away, or the settings can't be used.
JAVA = {
    "refused": {
        "source": ("RUNNING", None),
        "consumer": ("RUNNING", "RUNNING"),
        "producer": ("RUNNING", "FAILED"),
    },
    "away": {
        "source": ("RUNNING", None),
        "consumer": ("RUNNING", "RUNNING"),
        "producer": ("RUNNING", "RUNNING"),
    },
    "wrong": {
        "source": ("FAILED", None),
        "consumer": ("RUNNING", "FAILED"),
        "producer": ("RUNNING", "FAILED"),
    },
    "works": {side: ("RUNNING", "RUNNING") for side in PREFIXES},
}


@pytest.fixture(scope="module")
def secure():
    lacking = ["mutual", "weak", "oauth", "unsecured", "kerberos"]
    with SecureCluster("refusing", 60000, lacking) as cluster:
        yield cluster


@pytest.fixture
def worker(kind, secure, unique):
    factory = Workers(kind, secure, unique)
    try:
        yield factory.distributed(factory.settings())
        factory.stop()
    finally:
        factory.close()


class Shaking:
    """A port that shakes hands by TLS with a key, and does nothing more."""

    def __init__(self, key):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(key.chain, key.key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"localhost:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._shake, args=(near,), daemon=True).start()

    def _shake(self, near):
        try:
            with self._context.wrap_socket(near, server_side=True) as stream:
                stream.recv(1)
        except OSError:
            near.close()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def shaking(secure):
    made = {
        "elsewhere": Shaking(secure.authority.issue("elsewhere", ["elsewhere.example"])),
        "expired": Shaking(secure.authority.issue("expired", days=-1)),
    }
    yield made
    for port in made.values():
        port.close()


def cases(secure, shaking, tmp_path):
    """By name: what is wrong, the settings, and what the reason has to name beside the address."""
    plain, tls = secure.settings("plain"), {"security.protocol": "SSL"}
    tls |= {key: value for key, value in plain.items() if key.startswith("ssl.")}
    here = {"bootstrap.servers": secure.bootstrap}
    jaas = plain["sasl.jaas.config"]
    others = Authority(tmp_path / "other", "other").store("JKS")
    scram = jaas.replace("plain.Plain", "scram.Scram")
    nowhere = "nobrokerrunningatthisaddress"
    return {
        "plain-password": (
            "refused", secure.settings("plain", secret="wrong"), "PLAIN, user mirror",
        ),
        "scram-password": (
            "refused", secure.settings("scram", secret="wrong"), "SCRAM-SHA-512, user mirror",
        ),
        "user": (
            "refused",
            plain | {"sasl.jaas.config": jaas.replace('username="mirror"', 'username="nobody"')},
            "PLAIN, user nobody",
        ),
        "mechanism": (
            "refused",
            plain | {"sasl.mechanism": "SCRAM-SHA-256", "sasl.jaas.config": scram},
            "SCRAM-SHA-256",
        ),
        "sasl-where-none-is": (
            "refused",
            plain | here | {"security.protocol": "SASL_PLAINTEXT"},
            "SASL_PLAINTEXT, PLAIN",
        ),
        "untrusted": ("refused", plain | {"ssl.truststore.location": others}, "certificate"),
        "another-host": (
            "refused", tls | {"bootstrap.servers": shaking["elsewhere"].address}, "certificate",
        ),
        "expired": (
            "refused", tls | {"bootstrap.servers": shaking["expired"].address}, "certificate",
        ),
        "nobody-there": ("away", {"bootstrap.servers": "localhost:1"}, "refused"),
        "tls-to-plaintext": ("away", tls | here, "SSL"),
        "plaintext-to-tls": (
            "away", {"bootstrap.servers": plain["bootstrap.servers"]}, "PLAINTEXT",
        ),
        "no-port": ("wrong", {"bootstrap.servers": nowhere}, nowhere),
        "no-address": ("wrong", {"bootstrap.servers": f"{nowhere}:9092"}, "No resolvable"),
        "no-login": ("wrong", plain | {"sasl.jaas.config": ""}, "sasl.jaas.config"),
        "no-store": ("wrong", plain | {"ssl.truststore.location": "/nowhere.jks"}, "/nowhere.jks"),
        "store-password": (
            "wrong", plain | {"ssl.truststore.password": "other"}, secure.trust.name,
        ),
        "protocol": ("wrong", here | {"security.protocol": "NONSENSE"}, "security.protocol"),
        "scheme": ("works", {"bootstrap.servers": f"http://{secure.bootstrap}"}, None),
    }  # fmt: skip


# One of each kind; ISTHMUS_LONG=1 has all.
SHORT = ["plain-password", "untrusted", "nobody-there", "plaintext-to-tls", "no-address", "scheme"]


def put(worker, secure, topic, name, side, settings):
    config = mirror_config("Source", secure, secure, name, topics=topic)
    config["admin.timeout.ms"] = "3000"
    config.update({PREFIXES[side] + key: str(value) for key, value in settings.items()})
    checked = worker.rest.ok(
        "PUT", "/connector-plugins/MirrorSourceConnector/config/validate", config | {"name": name}
    )
    wrong = [c["value"] for c in checked["configs"] if c["value"]["errors"]]
    assert not wrong, "validation asks no cluster, and no file of a client's"
    worker.rest.put_connector(name, config)


def states(status):
    tasks = status["tasks"] if status else []
    return (status["connector"]["state"], tasks[0]["state"] if tasks else None) if status else None


def reasons(worker, name, status):
    """What a person is told: traces of what has failed, and what `explain` calls trouble."""
    parts = [status["connector"], *status["tasks"]]
    found = [part["trace"] for part in parts if part.get("trace")]
    explained = worker.rest.ok("GET", f"/connectors/{name}/explain")
    for part in [explained["connector"], *explained["tasks"]]:
        found += part.get("trouble", [])
    return found


def test_each_ends_as_on_java_and_says_why(kind, secure, worker, shaking, unique, tmp_path):
    topic = unique("orders")
    secure.create_topic(topic, 1)
    records.produce(secure, topic, 10)
    found = cases(secure, shaking, tmp_path)
    if not os.environ.get("ISTHMUS_LONG"):
        found = {case: found[case] for case in SHORT}
    mirrors = {f"{side}-{case}": (side, case) for case in found for side in PREFIXES}
    for name, (side, case) in mirrors.items():
        put(worker, secure, topic, name, side, found[case][1])
    for name, (side, case) in mirrors.items():
        wrong, settings, named = found[case]
        wait_for(
            lambda: states(worker.rest.status(name)) == JAVA[wrong][side],
            90 * PATIENCE,
            f"{name} to be {JAVA[wrong][side]}",
        )
        if kind == "java" or wrong == "works":
            continue
        address = "" if wrong == "wrong" else settings["bootstrap.servers"]

        def told():
            texts = reasons(worker, name, worker.rest.status(name))
            assert not any(SECRET in text for text in texts)
            return any(address in text and named in text for text in texts)

        wait_for(told, 60 * PATIENCE, f"{name} to say {named}, {address}")


@pytest.fixture
def exactly_once_worker(kind, secure, unique):
    factory = Workers(kind, secure, unique)
    try:
        yield factory.distributed(
            factory.settings(**{"exactly.once.source.support": "enabled"})
        )
        factory.stop()
    finally:
        factory.close()


def test_exactly_once_tasks_end_the_same(kind, secure, exactly_once_worker, unique):
    """Whichever client has the transactions."""
    worker, topic = exactly_once_worker, unique("orders")
    secure.create_topic(topic, 1)
    records.produce(secure, topic, 10)
    settings = secure.settings("plain", secret="wrong")
    for name, lane in {"raw": "true", "records": "false"}.items():
        config = mirror_config("Source", secure, secure, name, topics=topic)
        config["raw.lane.enabled"] = lane
        config |= {f"producer.override.{key}": str(value) for key, value in settings.items()}
        worker.rest.put_connector(name, config)
    for name in ("raw", "records"):
        wait_for(
            lambda: states(worker.rest.status(name)) == ("RUNNING", "FAILED"),
            90 * PATIENCE,
            f"the task of {name} to fail",
        )
        trace = worker.rest.status(name)["tasks"][0]["trace"]
        assert "Authentication failed: Invalid username or password" in trace, trace
