# SPDX-License-Identifier: Apache-2.0
"""Strangers at the REST port: what costs the sender little must not cost the worker much.

One distributed worker takes all attacks within 512 MB (a control group where there is one), and
serves its users before, during and after each.
"""

import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import threading

import pytest

from kafka_cluster import DATA
from memory_limit import MemoryLimit
from processes import SANITIZER, free_port, wait_for
from rest import Rest
from workers import BINARY, BYTES, MIRROR, PATIENCE, Workers, settings_file

pytestmark = pytest.mark.skipif(bool(SANITIZER), reason="a sanitizer's memory isn't the program's")

LIMIT = 512 << 20
BODY_MAX = 16 << 20
HEARTBEAT = f"{MIRROR}.MirrorHeartbeatConnector"


@pytest.fixture(scope="module")
def worker(request, target):
    factory = Workers("isthmus", target, lambda word: f"{word}-rest-attacks")
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(files, 512), most))
    worker = factory.distributed()
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    with MemoryLimit(worker.process, LIMIT):
        wait_for(
            lambda: worker.rest.call("GET", "/health").status_code == 200,
            60 * PATIENCE,
            "the worker to be healthy",
        )
        yield worker
        factory.stop()
    factory.close()


@pytest.fixture(autouse=True)
def serves(worker):
    """The worker lives through the attack, and within its memory."""
    users_are_served(worker)
    yield
    users_are_served(worker)
    peak = worker.process.peak_rss()
    print(f"{peak / 1e6:.0f} MB at most")
    assert peak < LIMIT - (64 << 20), f"{peak / 1e6:.0f} MB resident"


def users_are_served(worker):
    assert worker.process.must_live()
    assert worker.rest.call("GET", "/connectors", timeout=30).status_code == 200
    assert worker.rest.call("GET", "/health", timeout=30).status_code == 200
    assert worker.rest.call("GET", "/metrics", timeout=30).status_code == 200
    beat = {"connector.class": HEARTBEAT, "name": "b"}
    path = f"/connector-plugins/{HEARTBEAT}/config/validate"
    assert worker.rest.call("PUT", path, beat, timeout=60).status_code == 200


def connect(worker):
    host, port = worker.rest.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=120)


def head(method, path, length, *more):
    lines = [f"{method} {path} HTTP/1.1", "Host: h", "Content-Type: application/json"]
    lines += [f"Content-Length: {length}", *more, "", ""]
    return "\r\n".join(lines).encode()


def status(connection):
    """The status of the answer; 0: the connection ended without one."""
    with contextlib.suppress(ConnectionError):
        line = connection.makefile("rb").readline().split()
        return int(line[1]) if len(line) > 1 else 0
    return 0


def send(connection, *parts):
    """Sends as much as the worker takes."""
    with contextlib.suppress(ConnectionError, TimeoutError):
        for part in parts:
            connection.sendall(part)


def side_by_side(count, run):
    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)


SIGNED = ("X-Connect-Authorization: AAAA", "X-Connect-Request-Signature-Algorithm: HmacSHA256")


@pytest.mark.parametrize("signature", [(), SIGNED], ids=["unsigned", "badly-signed"])
def test_what_strangers_send_is_not_parsed(worker, signature):
    body = b"[" + b"[]," * ((BODY_MAX - 10) // 3) + b"[]]"
    statuses = set()

    def attack():
        with connect(worker) as connection:
            send(connection, head("POST", "/connectors/x/tasks", len(body), *signature), body)
            statuses.add(status(connection))

    before = worker.process.cpu_seconds()
    side_by_side(8, attack)
    # 400: no signature; 403: a wrong one; 503: no room to keep what it is the signature of.
    assert statuses <= ({403, 503} if signature else {400}), statuses
    assert worker.process.cpu_seconds() - before < 8


def test_arrays_in_arrays_from_users(worker):
    """Without a signature to check, a configuration is parsed, within bounds."""
    nested = [b"[" * BODY_MAX, b"[" + b"{}," * (BODY_MAX // 3 - 10) + b"{}]"]
    statuses = set()

    def attack():
        for body in nested:
            with connect(worker) as connection:
                send(connection, head("PUT", "/connectors/c/config", len(body)), body)
                statuses.add(status(connection))

    side_by_side(6, attack)
    assert statuses <= {400, 500, 503} and statuses & {400, 500}, statuses


def test_bodies_that_lack_one_byte(worker):
    with contextlib.ExitStack() as stack:
        for _ in range(60):
            connection = stack.enter_context(connect(worker))
            connection.settimeout(5)
            part = b" " * (1 << 20)
            send(connection, head("PUT", "/connectors/c/config", BODY_MAX), *[part] * 15)
            send(connection, part[:-1])
        users_are_served(worker)


def test_answers_that_nobody_reads(worker):
    """The answer says the name again, which is long."""
    config = json.dumps({"connector.class": HEARTBEAT, "name": "n" * (10 << 20)}).encode()
    path = f"/connector-plugins/{HEARTBEAT}/config/validate"
    with contextlib.ExitStack() as stack:
        for _ in range(60):
            connection = stack.enter_context(connect(worker))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(10)
            send(connection, head("PUT", path, len(config)), config)
        users_are_served(worker)


def test_half_sent_requests(worker):
    """Four thousand of them, twice as many as there are places."""
    begin = b"GET / HTTP/1.1\r\nHost: h\r\nX-Slow: " + b"x" * 30000
    with contextlib.ExitStack() as stack:
        for number in range(4200):
            connection = stack.enter_context(connect(worker))
            with contextlib.suppress(ConnectionError):
                connection.sendall(begin if number % 4 == 0 else begin[:10])
            if number % 600 == 599:
                users_are_served(worker)


def test_all_files_that_it_may_open(worker):
    """The soft limit, under which the worker was started, isn't what it works with."""
    files, most = resource.prlimit(worker.process.pid, resource.RLIMIT_NOFILE)
    assert files == most > 512


def test_a_forged_log_line(worker):
    forged = "x%0A[2026-01-01%2000:00:00,000]%20ERROR%20Disk%20failed%20(org.x)"
    path = f"/admin/loggers/org.x?scope={forged}"
    assert worker.rest.call("PUT", path, {"level": "INFO"}).status_code == 200

    def told():
        return [line for line in worker.process.log().splitlines() if "ERROR Disk failed" in line]

    lines = wait_for(told, 10 * PATIENCE, "a line about the scope")
    assert all("WARN Received invalid scope" in line for line in lines)


@contextlib.contextmanager
def unread_worker(target):
    """A worker whose log goes into a pipe that nobody reads."""
    url = f"http://127.0.0.1:{free_port()}"
    settings = {
        "bootstrap.servers": target.bootstrap,
        "key.converter": BYTES,
        "value.converter": BYTES,
        "offset.storage.file.filename": str(DATA / "files" / "unread.offsets"),
        "listeners": url,
    }
    file = settings_file("unread", settings)
    command = ["setpriv", "--pdeathsig", "KILL", BINARY, "connect-standalone", file]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            yield process, Rest(url)
        finally:
            process.kill()


def test_a_log_that_nobody_reads(target):
    with unread_worker(target) as (process, rest):
        wait_for(rest.answers, 60 * PATIENCE, "the worker to answer")
        agent = {"User-Agent": "a" * 1000}
        for _ in range(200):  # access log: three times what the pipe takes
            assert rest.call("GET", "/connectors", timeout=30, headers=agent).status_code == 200
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(30 * PATIENCE) == 0
