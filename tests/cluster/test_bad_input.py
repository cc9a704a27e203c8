# SPDX-License-Identifier: Apache-2.0
"""Bad input over REST and at the start: each gets its error, the worker stays up, and nothing that
was acknowledged is lost.

One worker serves all calls over REST; `--worker=java` answers alike, but where a test says so.
"""

import contextlib
import http.client
import json
import shutil
import subprocess

import pytest
import requests

from processes import free_port, wait_for
from records import read_all
from rest import quote
from workers import PATIENCE, Workers, settings_file

FILE = "org.apache.kafka.connect.file.FileStream"
STRING = "org.apache.kafka.connect.storage.StringConverter"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def worker(request, target):
    """One worker for all calls, with one connector that must live through them."""
    kind = request.config.getoption("--worker")
    factory = Workers(kind, target, lambda word: f"{word}-bad-input")
    worker = factory.distributed()
    body = {"name": "witness", "config": file_source(), "initial_state": "STOPPED"}
    (answer,) = wait_for(
        lambda: (a := worker.rest.call("POST", "/connectors", body)).status_code != 409 and [a],
        60 * PATIENCE,
        "the group to settle",
    )
    assert answer.status_code == 201, answer.text
    yield worker
    factory.stop()
    factory.close()


@pytest.fixture
def rest(worker):
    """The worker's REST, which works and knows its connector before and after each test."""
    yield worker.rest
    assert worker.process.must_live()
    assert worker.rest.config("witness")["name"] == "witness"
    assert worker.rest.call("GET", "/health").status_code == 200


def file_source(**more):
    return {"connector.class": f"{FILE}SourceConnector", "topic": "t", "file": "/no/such", **more}


def error(response, status):
    assert response.status_code == status, f"{response.status_code} {response.text[:500]}"
    body = response.json()
    assert body["error_code"] == status
    return body["message"] or ""


def put_raw(rest, body, name="bad"):
    return rest.call("PUT", f"/connectors/{name}/config", data=body, headers=JSON)


# ---- JSON ----


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"connector.class"',
        b"nonsense",
        b'{"a":"\xff\xfe"}',
        b'{"a":012}',
        b"{'a':'b'}",
        b'{"a":{"b":"c"}}',
        b'{"a":["b"]}',
        b"[]",
        b'"text"',
        b"",
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
    ids=lambda body: body[:24].decode("latin-1"),
)
def test_bodies_that_are_no_configuration(rest, body):
    error(put_raw(rest, body), 500)
    error(rest.call("PATCH", "/connectors/witness/config", data=body, headers=JSON), 500)


def test_what_stands_last_counts_and_scalars_are_text(rest):
    body = (
        b'{"name":"twice","connector.class":"No","connector.class":"FileStreamSource",'
        b'"topic":"t","tasks.max":1,"file":1.50,"errors.log.enable":true,"x":1e3}'
    )
    path = "/connector-plugins/FileStreamSource/config/validate"
    report = rest.call("PUT", path, data=body, headers=JSON)
    assert report.status_code == 200 and report.json()["error_count"] == 0, report.text
    values = {c["value"]["name"]: c["value"]["value"] for c in report.json()["configs"]}
    assert values["tasks.max"] == "1" and values["file"] == "1.50"
    assert values["errors.log.enable"] == "true"


def test_a_body_of_100_megabytes(rest, kind):
    """Isthmus says that it is too large (413); Java takes it in and fails to store it."""
    body = json.dumps(file_source(file="x" * 100_000_000)).encode()
    try:
        answer = put_raw(rest, body)
    except requests.ConnectionError:
        pytest.fail("the connection was cut instead of an answer")
    assert answer.status_code == (500 if kind == "java" else 413)
    assert "bad" not in rest.get("/connectors")


def test_a_configuration_larger_than_a_record(rest):
    """What the config topic can't take is an error, and isn't there afterwards."""
    body = {"name": "large", "config": file_source(file="x" * 3_000_000)}
    body["initial_state"] = "STOPPED"
    answer = rest.call("POST", "/connectors", body)
    assert answer.status_code == 500, answer.text[:500]
    assert "large" not in rest.get("/connectors")


# ---- names ----


@pytest.mark.parametrize(
    "name",
    ["sl/ash", "per%2Fcent", "gr\u00fc\u00df \u4e2d \U0001f600", "dot.s", "a;b", "a?b#c", "q'\"uote",
     "n" * 1000],
    ids=lambda name: name[:16],
)  # fmt: skip
def test_names_that_are_odd_but_allowed(rest, kind, name):
    """They are created and listed; with a slash, Java and Isthmus alike refuse them in a path."""
    body = {"name": name, "config": file_source(), "initial_state": "STOPPED"}
    answer = rest.call("POST", "/connectors", body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["name"] == name
    assert name in rest.get("/connectors")
    if "/" in name or "%" in name:
        status = rest.call("GET", f"/connectors/{quote(name)}").status_code
        assert status == 400 if "/" in name else status in (200, 400)
        return
    assert rest.config(name)["name"] == name
    rest.delete_connector(name)
    wait_for(lambda: name not in rest.get("/connectors"), 30 * PATIENCE, "it to be gone")


@pytest.mark.parametrize("name", ["", "  ", "a\u0007b", "a\nb", "a\u007fb", "a\u0085b"])
def test_names_that_are_refused(rest, name):
    before = rest.get("/connectors")
    body = {"name": name, "config": file_source(), "initial_state": "STOPPED"}
    message = error(rest.call("POST", "/connectors", body), 400)
    assert "name" in message
    assert rest.get("/connectors") == before


def test_a_name_of_10_000_letters(rest, kind):
    name = "n" * 10_000
    body = {"name": name, "config": file_source(), "initial_state": "STOPPED"}
    assert rest.call("POST", "/connectors", body).status_code == 201
    assert name in rest.get("/connectors")
    answer = rest.call("DELETE", f"/connectors/{name}")
    if kind == "java":
        assert answer.status_code == 414  # Jetty takes paths of 8 KB
    else:
        assert answer.status_code == 204, answer.text[:200]
        wait_for(lambda: name not in rest.get("/connectors"), 30 * PATIENCE, "it to be gone")


@pytest.mark.parametrize("path", ["no%2Fbody", "no%00body", "%zz", "%"])
def test_paths_that_are_refused(rest, path):
    connection = http.client.HTTPConnection(rest.url.removeprefix("http://"), timeout=60)
    connection.request("GET", f"/connectors/{path}")
    assert connection.getresponse().status == 400
    connection.close()


# ---- configurations ----


@pytest.mark.parametrize(
    "change,part",
    [
        ({"topic": None}, "topic"),
        ({"tasks.max": "0"}, "tasks.max"),
        ({"tasks.max": "many"}, "tasks.max"),
        ({"batch.size": "few"}, "batch.size"),
        ({"connector.class": None}, "contains no connector type"),
        ({"connector.class": "No.Such"}, "No.Such"),
        ({"connector.class": f"{FILE}SinkConnector"}, "topics"),
        ({"key.converter": "No.Such"}, "key.converter"),
        ({"transforms": "a"}, "transforms.a.type"),
        ({"transforms": "a,a"}, "transforms"),
        ({"errors.tolerance": "some"}, "errors.tolerance"),
        ({"exactly.once.support": "required"}, "exactly-once source support"),
        ({"name": "other"}, "doesn't match"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_configurations_that_are_refused(rest, change, part):
    config = {k: v for k, v in {**file_source(), **change}.items() if v is not None}
    before = rest.get("/connectors")
    answer = rest.call("PUT", "/connectors/refused/config", config)
    assert answer.status_code == 400, answer.text
    assert part in answer.json()["message"]
    assert rest.get("/connectors") == before
    patch = {**change, "connector.class": change.get("connector.class", f"{FILE}SourceConnector")}
    if "name" not in change:
        answer = rest.call("PATCH", "/connectors/witness/config", patch)
        assert answer.status_code == 400, answer.text
    assert rest.config("witness") == {**file_source(), "name": "witness"}


def test_a_sink_may_not_read_topics_and_a_pattern(rest):
    config = {"connector.class": f"{FILE}SinkConnector", "topics": "a", "topics.regex": "b"}
    message = error(rest.call("PUT", "/connectors/both/config", config), 400)
    assert "topics.regex" in message


# ---- starts that can't succeed ----


def refused(make_worker, kind, settings, role="connect-distributed", text=None):
    """What a worker that can't start said; it ends with an error status and doesn't linger."""
    worker = make_worker.distributed(settings, start=False)
    worker.role = role
    if text is not None:
        worker.files = [str(settings_file("broken", {}))]
        with open(worker.files[0], "w") as file:
            file.write(text)
    worker.start(wait=False)
    status = worker.process.wait(90 * PATIENCE)
    assert status not in (0, None) and status > 0, worker.process.tail()
    said = [line for line in worker.process.log().splitlines() if line.startswith("isthmus: ")]
    if kind == "isthmus":
        assert len(said) == 1, worker.process.tail()
        return said[0]
    return worker.process.log()


@pytest.mark.parametrize(
    "change,part",
    [
        ({"group.id": None}, "group.id"),
        ({"config.storage.topic": None}, "config.storage.topic"),
        ({"key.converter": None}, "key.converter"),
        ({"bootstrap.servers": "nonsense"}, "bootstrap.servers"),
        ({"offset.flush.interval.ms": "soon"}, "offset.flush.interval.ms"),
        ({"heartbeat.interval.ms": "20000"}, "heartbeat"),
        ({"connect.protocol": "telepathy"}, "connect.protocol"),
        ({"listeners": "ftp://localhost:1"}, "http"),
        ({"listeners": "nonsense"}, "protocol://hostname:port"),
        ({"admin.listeners": "http://localhost:1,"}, "admin.listeners"),
        ({"response.http.headers.config": "frobnicate X:y"}, "frobnicate"),
        ({"rest.extension.classes": "no.such.Extension"}, "no.such.Extension"),
        ({"inter.worker.signature.algorithm": "ROT13"}, "ROT13"),
        ({"config.providers": "p", "config.providers.p.class": "No.Such"}, "No.Such"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_settings_that_prevent_a_start(make_worker, kind, change, part):
    settings = {**make_worker.settings(), **change}
    said = refused(make_worker, kind, {k: v for k, v in settings.items() if v is not None})
    assert part in said


def test_files_that_prevent_a_start(make_worker, kind):
    said = refused(make_worker, kind, make_worker.settings(), text="group.id=\\u00zz\n")
    assert kind == "java" or "broken" in said
    worker = make_worker.distributed(make_worker.settings(), start=False)
    worker.files = ["/no/such/file.properties"]
    worker.start(wait=False)
    assert worker.process.wait(60 * PATIENCE) > 0
    assert "/no/such/file.properties" in worker.process.log()


def test_a_port_in_use(make_worker, kind, worker):
    settings = make_worker.settings(listeners=worker.rest.url)
    said = refused(make_worker, kind, settings)
    assert "Address already in use" in said or "Failed to bind" in said
    assert worker.rest.answers()


def test_a_cluster_that_is_not_there(make_worker, kind):
    """Nobody listens there. Java gives up after its time limits; Isthmus goes on looking, and says
    where, so that the order in which things start doesn't matter."""
    address = f"127.0.0.1:{free_port()}"
    limits = {"request.timeout.ms": "2000", "default.api.timeout.ms": "4000"}
    settings = {**make_worker.settings(), **limits, "bootstrap.servers": address}
    if kind == "java":
        refused(make_worker, kind, settings)
        return
    worker = make_worker.distributed(settings, start=False)
    worker.start(wait=False)
    wait_for(
        lambda: "Can't reach the Kafka cluster yet" in worker.process.log(), 60 * PATIENCE, "a word"
    )
    assert address in worker.process.log()
    assert worker.rest.call("GET", "/connectors").status_code == 404
    assert worker.stop() == 0


def test_a_converter_that_is_not_there(make_worker, kind):
    """Java refuses to start; Isthmus takes the file of a Java worker, and warns."""
    settings = make_worker.settings(**{"value.converter": "com.example.AvroConverter"})
    if kind == "java":
        assert "com.example.AvroConverter" in refused(make_worker, kind, settings)
        return
    worker = make_worker.distributed(settings)
    assert "value.converter=com.example.AvroConverter: there is no such" in worker.process.log()


@pytest.mark.parametrize("fault", ["partitions", "policy"])
def test_a_config_topic_that_will_not_do(make_worker, kind, target, unique, fault):
    """Two partitions would lose the order of configurations, deletion would lose themselves."""
    settings = make_worker.settings()
    topic = settings["config.storage.topic"]
    if fault == "partitions":
        target.create_topic(topic, partitions=2, **{"cleanup.policy": "compact"})
    else:
        target.create_topic(topic, **{"cleanup.policy": "delete"})
    said = refused(make_worker, kind, settings)
    assert topic in said
    assert ("partition" if fault == "partitions" else "cleanup.policy") in said


# ---- a full disk ----


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KB."""
    where = tmp_path / "disk"
    where.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", where], check=False, capture_output=True
    )
    if mount.returncode:
        pytest.skip("a small file system needs the right to mount one")
    yield where
    subprocess.run(["umount", "-l", where], check=True)


def test_a_full_disk_under_the_offsets(make_worker, target, unique, tmp_path, small_disk):
    """Standalone offsets that can't be written: the worker goes on and says so; the former file
    stays whole; once there is room, offsets are written again and nothing is lost."""
    topic, name = unique("lines"), unique("in")
    target.create_topic(topic)
    inbox = tmp_path / "in.txt"
    inbox.write_text("one\n")
    settings = {
        "bootstrap.servers": target.bootstrap,
        "key.converter": STRING,
        "value.converter": STRING,
        "isthmus.plugins.file.enabled": "true",
        "offset.storage.file.filename": small_disk / "offsets",
        "offset.flush.interval.ms": "300",
        "listeners": f"http://127.0.0.1:{free_port()}",
    }
    connector = {"connector.class": f"{FILE}SourceConnector", "file": inbox, "topic": topic}
    worker = make_worker.standalone(settings, {name: connector})

    def position():
        offsets = worker.rest.offsets(name)
        return offsets[0]["offset"]["position"] if offsets else 0

    wait_for(lambda: (small_disk / "offsets").exists() and position() == 4, 60 * PATIENCE, "4")
    ballast = small_disk / "ballast"
    with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 1024)
    with open(inbox, "a") as file:
        file.write("two\n")
    wait_for(
        lambda: "No space left on device" in worker.process.log(), 60 * PATIENCE, "a complaint"
    )
    assert worker.rest.status(name)["tasks"][0]["state"] == "RUNNING"
    ballast.unlink()
    with open(inbox, "a") as file:
        file.write("three\n")
    wait_for(lambda: position() == 14, 60 * PATIENCE, "the offsets to be written again")
    worker.kill()
    kept = tmp_path / "kept"
    shutil.copy(small_disk / "offsets", kept)
    assert kept.stat().st_size > 0
    with open(inbox, "a") as file:
        file.write("four\n")
    settings["offset.storage.file.filename"] = kept
    again = make_worker.standalone(settings, {name: connector})
    wait_for(lambda: again.rest.status(name), 60 * PATIENCE, "a status")

    def lines():
        return [record.value for record in read_all(target, topic)[0]]

    wait_for(lambda: b"four" in lines(), 60 * PATIENCE, "the last line")
    assert lines() == [b"one", b"two", b"three", b"four"]
