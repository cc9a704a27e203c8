# SPDX-License-Identifier: Apache-2.0
"""REST over HTTPS: stores of every kind, clients with certificates, changed stores, forwarding.

Java's server reads no PEM stores and doesn't look for changed ones; what it does, it does alike.
"""

import json
import os
import shutil
import socket
import ssl

import pytest
import requests

from certificates import PASSWORD, Authority
from processes import free_port, wait_for
from rest import Rest
from workers import PATIENCE, mirror_config


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ours"), "ours")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("theirs"), "theirs")


@pytest.fixture(scope="module")
def server(ours):
    return ours.issue("server")


@pytest.fixture
def https_worker(make_worker, ours):
    """Starts a distributed worker whose first listener is https; .rest trusts our authority."""

    def make(*more, settings=None, start=True, cert=None, port=None, **options):
        port = port or free_port()
        merged = {**(settings or make_worker.settings())}
        merged["listeners"] = f"https://localhost:{port}"
        for part in more:
            merged.update(part)
        worker = make_worker.distributed(merged, start=False, **options)
        url = f"https://localhost:{port}"
        worker.rest = Rest(url, verify=str(ours.certificate), cert=cert)
        return worker.start() if start else worker

    return make


def pair(key):
    return (str(key.chain), str(key.key))


def handshake(port, context, host="localhost"):
    """What a client got to know in a handshake: (version, suite, the server's certificate)."""
    with socket.create_connection(("localhost", port), timeout=20) as plain:
        with context.wrap_socket(plain, server_hostname=host) as secure:
            return secure.version(), secure.cipher()[0], secure.getpeercert(binary_form=True)


def test_listeners_of_their_own(https_worker, ours, server, theirs):
    """https and http side by side; the admin listener has another key and another authority."""
    plain, admin = free_port(), free_port()
    port = free_port()
    worker = https_worker(
        server.settings("PKCS12"),
        {
            "listeners": f"https://localhost:{port},http://localhost:{plain}",
            "admin.listeners": f"https://localhost:{admin}",
            "rest.advertised.listener": "https",
        },
        theirs.issue("admin").settings("JKS", "admin.listeners.https."),
        port=port,
    )
    assert worker.rest.get("/connectors") == []
    assert Rest(f"http://localhost:{plain}").get("/connectors") == []
    assert worker.rest.call("GET", "/admin/loggers").status_code == 404
    admin_rest = Rest(f"https://localhost:{admin}", verify=str(theirs.certificate))
    assert "root" in admin_rest.get("/admin/loggers")
    with pytest.raises(requests.exceptions.SSLError):
        Rest(f"https://localhost:{admin}", verify=str(ours.certificate)).get("/admin/loggers")
    with pytest.raises(requests.exceptions.ConnectionError):
        Rest(f"http://localhost:{port}").call("GET", "/", timeout=10)
    assert f"https://localhost:{port}/" in worker.process.log()


def test_location_of_what_was_created_is_https(https_worker, server, source, target, unique):
    worker = https_worker(server.settings("JKS"))
    name = unique("beat")
    config = mirror_config("Heartbeat", source, target, unique("src"))
    body = {"name": name, "config": config, "initial_state": "STOPPED"}
    answer = worker.rest.call("POST", "/connectors", body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"{worker.rest.url}/connectors/{name}"
    assert worker.rest.config(name)["name"] == name


@pytest.mark.parametrize("auth", ["required", "requested"])
def test_clients_prove_themselves(https_worker, kind, ours, theirs, server, auth):
    """required: only with a certificate of ours; requested: with none as well, but with no other."""
    trust = "PKCS12" if kind == "java" or auth == "required" else "PEM"
    friend, stranger = ours.issue(f"friend-{auth}"), theirs.issue(f"stranger-{auth}")
    worker = https_worker(
        server.settings("PKCS12"),
        ours.settings(trust),
        {"ssl.client.auth": auth},
        cert=pair(friend),
    )
    assert worker.rest.get("/connectors") == []
    anybody = Rest(worker.rest.url, verify=str(ours.certificate))
    if auth == "required":
        with pytest.raises(requests.exceptions.ConnectionError):
            anybody.get("/connectors")
    else:
        assert anybody.get("/connectors") == []
    other = Rest(worker.rest.url, verify=str(ours.certificate), cert=pair(stranger))
    with pytest.raises(requests.exceptions.ConnectionError):
        other.get("/connectors")
    assert worker.rest.get("/connectors") == []


def test_protocols_and_suites(https_worker, ours, server):
    port = free_port()
    suite = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
    https_worker(
        server.settings("PKCS12"),
        {"ssl.enabled.protocols": "TLSv1.2", "ssl.cipher.suites": suite},
        port=port,
    )
    context = ssl.create_default_context(cafile=ours.certificate)
    version, chosen, _ = handshake(port, context)
    assert (version, chosen) == ("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384")
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with pytest.raises(ssl.SSLError):
        handshake(port, context)
    context = ssl.create_default_context(cafile=ours.certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")
    with pytest.raises(ssl.SSLError):
        handshake(port, context)


def test_a_pem_store_that_changes(https_worker, kind, ours, theirs, server, tmp_path):
    """A renewed key is used by the next connection; one that can't be read changes nothing."""
    if kind == "java":
        pytest.skip("Java's server reads no PEM stores")
    file, port = tmp_path / "own.pem", free_port()
    shutil.copy(server.store("PEM"), file)
    worker = https_worker(
        {"ssl.keystore.type": "PEM", "ssl.keystore.location": file}, port=port
    )
    context = ssl.create_default_context(cafile=ours.certificate)
    first = handshake(port, context)[2]

    def replace(text):
        fresh = tmp_path / "fresh"
        fresh.write_text(text)
        os.replace(fresh, file)

    replace(ours.issue("renewed").store("PEM").read_text())
    second = wait_for(
        lambda: (now := handshake(port, context)[2]) != first and now, 20, "the renewed key"
    )
    assert worker.rest.get("/connectors") == []
    replace("no key at all")
    assert handshake(port, context)[2] == second
    wait_for(lambda: "can't be used, the former stays" in worker.process.log(), 20, "a warning")


def refusal(make_worker, kind, settings):
    """The exit status and the last line of a worker that can't start."""
    worker = make_worker.distributed(settings, start=False)
    worker.start(wait=False)
    status = worker.process.wait(60 * PATIENCE)
    lines = [line for line in worker.process.log().splitlines() if line.startswith("isthmus: ")]
    if kind == "isthmus":
        assert status == 1 and len(lines) == 1, worker.process.tail()
    assert status != 0
    return lines[0] if lines else worker.process.log()


def test_stores_that_cannot_be_used(make_worker, kind, ours, theirs, server, tmp_path):
    settings = make_worker.settings(listeners=f"https://localhost:{free_port()}")
    good = server.settings("PKCS12")
    where = str(good["ssl.keystore.location"])
    refused = lambda *parts: refusal(  # noqa: E731
        make_worker, kind, {k: v for part in (settings, *parts) for k, v in part.items()}
    )
    line = refused(good, {"ssl.keystore.password": "wrong", "ssl.key.password": "wrong"})
    assert "password" in line and (kind == "java" or where in line)
    line = refused(good, {"ssl.keystore.location": "/no/such/store.p12"})
    assert "/no/such/store.p12" in line
    if kind == "java":
        return
    line = refused({})
    assert "ssl.keystore.location" in line
    mixed = tmp_path / "mixed.pem"
    mixed.write_text(server.chain.read_text() + theirs.issue("other").key.read_text())
    line = refused({"ssl.keystore.type": "PEM", "ssl.keystore.location": mixed})
    assert "belong together" in line and str(mixed) in line
    line = refused(good, {"ssl.cipher.suites": "TLS_RSA_WITH_ROT13"})
    assert "TLS_RSA_WITH_ROT13" in line
    line = refused(good, {"ssl.enabled.protocols": "SSLv9"})
    assert "SSLv9" in line
    line = refused(good, {"ssl.client.auth": "perhaps"})
    assert "ssl.client.auth" in line
    line = refused(
        good,
        {"ssl.client.auth": "required", "ssl.truststore.type": "JKS"},
        {"ssl.truststore.location": ours.store("JKS"), "ssl.truststore.password": "wrong"},
    )
    assert "ssl.truststore.location" in line and PASSWORD not in line


@pytest.mark.java
@pytest.mark.parametrize("peer", ["same", "java"])
def test_workers_forward_over_https(https_worker, make_worker, kind, peer, ours, server, source,
                                    target, unique):
    """Both insist on certificates, and each shows its own to the other. A connector created at
    either worker exists for both, so one of the two calls was forwarded; its tasks' configurations
    come from the follower too."""
    settings = make_worker.settings()
    tls = {
        **server.settings("PKCS12", "listeners.https."),
        **ours.settings("PKCS12", "listeners.https."),
        "listeners.https.ssl.client.auth": "required",
        "listeners.https.ssl.cipher.suites": "TLS_AES_256_GCM_SHA384",
    }
    friend = pair(ours.issue(f"caller-{peer}"))
    kinds = [kind, kind if peer == "same" else "java"]
    workers = [
        https_worker(tls, settings=settings, cert=friend, kind=each, start=False) for each in kinds
    ]
    for worker in workers:
        worker.start(wait=False)
    for worker in workers:
        worker.wait_ready()
    names = []
    for number, worker in enumerate(workers):
        name = unique(f"beat{number}")
        names.append(name)
        config = mirror_config("Heartbeat", source, target, unique("src"))
        worker.rest.put_connector(name, config)
    for worker in workers:
        for name in names:
            worker.rest.wait_running(name, timeout=60 * PATIENCE)
    owners = {json.dumps(workers[0].rest.status(name)["tasks"][0]["worker_id"]) for name in names}
    assert len(owners) == 2, f"both tasks run on {owners}"


def test_a_peer_of_another_name_is_not_believed(https_worker, make_worker, kind, ours, source,
                                                target, unique):
    """The certificate must name the host (ssl.endpoint.identification.algorithm, https unless it
    is empty): a follower doesn't forward to a leader that it can't tell from an impostor."""
    settings = make_worker.settings()
    named = ours.issue("elsewhere", ["elsewhere.example"])
    answers = {}
    for algorithm in ("https", ""):
        tls = {
            **named.settings("PKCS12"),
            **ours.settings("PKCS12"),
            "ssl.endpoint.identification.algorithm": algorithm,
            "group.id": f"{settings['group.id']}-{algorithm or 'off'}",
        }
        workers = [https_worker(tls, settings=settings, start=False) for _ in range(2)]
        for worker in workers:
            worker.rest = Rest(worker.rest.url, verify=False)
            worker.start(wait=False)
        for worker in workers:
            worker.wait_ready()
        statuses = []
        for number, worker in enumerate(workers):
            name = unique(f"beat{number}")
            config = mirror_config("Heartbeat", source, target, unique("src"))

            def settled(worker=worker, name=name, config=config):
                answer = worker.rest.call("PUT", f"/connectors/{name}/config", config)
                return [answer] if answer.status_code != 409 else None

            (answer,) = wait_for(settled, 60 * PATIENCE, "no rebalance", interval=0.3)
            statuses.append(answer.status_code)
        answers[algorithm] = sorted(statuses)
        for worker in workers:
            worker.stop()
    assert answers == {"https": [201, 500], "": [201, 201]}
