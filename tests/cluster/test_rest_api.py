# SPDX-License-Identifier: Apache-2.0
"""A walk through Connect's REST API on one distributed worker, as scripts and operators use it."""

import contextlib

import pytest
import requests

from processes import wait_for
from workers import PATIENCE, mirror_config

FILE_SOURCE = "org.apache.kafka.connect.file.FileStreamSourceConnector"
STRING = "org.apache.kafka.connect.storage.StringConverter"


@pytest.fixture
def rest(make_worker):
    return make_worker.distributed().rest


def error(response, status):
    """The message of an error answer with that status."""
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"error_code", "message"} and body["error_code"] == status
    return body["message"]


def test_identity_and_health(rest, target):
    root = rest.get("/")
    assert set(root) == {"version", "commit", "kafka_cluster_id"}
    assert root["kafka_cluster_id"] == target.cluster_id

    def healthy():
        response = rest.call("GET", "/health")
        return response.status_code == 200 and response.json()

    health = wait_for(healthy, 30 * PATIENCE, "GET /health to be healthy")
    assert health == {
        "status": "healthy",
        "message": "Worker has completed startup and is ready to handle requests.",
    }


def test_health_before_a_broker_answers(make_worker, kind):
    """KIP-1017's answer, at once; Java's worker doesn't listen before it has found its brokers."""
    if kind == "java":
        pytest.skip("Java's worker ends after a minute without brokers")
    settings = make_worker.settings(**{"bootstrap.servers": "127.0.0.1:1"})
    worker = make_worker.distributed(settings, start=False)
    worker.start(wait=False)

    def health():
        worker.process.must_live()
        with contextlib.suppress(requests.ConnectionError):
            return [worker.rest.call("GET", "/health", timeout=5)]

    (answer,) = wait_for(health, 20 * PATIENCE, "an answer to GET /health")
    assert answer.status_code == 503
    assert answer.json()["status"] == "starting"
    assert answer.json()["message"].startswith("Worker is still starting up. The worker is ")
    assert worker.rest.call("GET", "/connectors").status_code == 404


def test_answers_to_wrong_requests(rest):
    assert error(rest.call("GET", "/no/such/path"), 404) == "HTTP 404 Not Found"
    assert error(rest.call("DELETE", "/connectors"), 405) == "HTTP 405 Method Not Allowed"
    unsupported = rest.call("POST", "/connectors", data="name=x")
    assert error(unsupported, 415) == "HTTP 415 Unsupported Media Type"
    for wrong in ("garbage", "application/", ";", "application/json; charset", "a/b, c/d"):
        headers = {"Content-Type": wrong}
        assert rest.call("POST", "/connectors", data="{}", headers=headers).status_code == 400
    json = {"Content-Type": "application/json"}
    error(rest.call("POST", "/connectors", data="{", headers=json), 500)
    error(rest.call("POST", "/connectors", {"name": "x", "config": {}, "surprise": 1}), 500)
    error(rest.call("POST", "/connectors", {"name": "x", "config": []}), 500)
    for method, path in [
        ("GET", "/connectors/nobody"),
        ("GET", "/connectors/nobody/config"),
        ("GET", "/connectors/nobody/tasks"),
        ("GET", "/connectors/nobody/offsets"),
        ("DELETE", "/connectors/nobody"),
    ]:
        assert error(rest.call(method, path), 404) == "Connector nobody not found"
    message = error(rest.call("GET", "/connectors/nobody/status"), 404)
    assert message == "No status found for connector nobody"
    assert error(rest.call("PUT", "/connectors/nobody/pause"), 404) == "Unknown connector nobody"
    message = error(rest.call("POST", "/connectors/nobody/restart"), 404)
    assert message == "Unknown connector: nobody"


def test_life_of_a_connector(rest, source, target, unique):
    name = unique("beat")
    config = mirror_config("Heartbeat", source, target, unique("src"))

    created = rest.call("POST", "/connectors", {"name": name, "config": config})
    assert created.status_code == 201
    assert created.headers["Location"] == f"{rest.url}/connectors/{name}"
    body = created.json()
    assert body["name"] == name and body["type"] == "source"
    assert body["config"] == {**config, "name": name}
    again = rest.call("POST", "/connectors", {"name": name, "config": config})
    assert error(again, 409) == f"Connector {name} already exists"

    status = rest.wait_running(name, timeout=60 * PATIENCE)
    worker_id = rest.url.removeprefix("http://")
    assert status["name"] == name and status["type"] == "source"
    assert status["connector"]["worker_id"] == worker_id
    assert [task["id"] for task in status["tasks"]] == [0]
    assert rest.get("/connectors") == [name]
    info = rest.get(f"/connectors/{name}")
    assert info["tasks"] == [{"connector": name, "task": 0}]
    assert rest.get(f"/connectors/{name}/config") == {**config, "name": name}
    tasks = rest.get(f"/connectors/{name}/tasks")
    assert tasks[0]["id"] == {"connector": name, "task": 0}
    assert tasks[0]["config"]["source.cluster.alias"] == config["source.cluster.alias"]
    task = rest.get(f"/connectors/{name}/tasks/0/status")
    assert (task["id"], task["state"]) == (0, "RUNNING")
    expanded = rest.get("/connectors?expand=status&expand=info")
    assert set(expanded[name]) == {"status", "info"} and expanded[name]["info"] == info

    # Active topics appear once the task has written.
    wait_for(
        lambda: rest.get(f"/connectors/{name}/topics") == {name: {"topics": ["heartbeats"]}},
        30 * PATIENCE,
        "the active topic",
    )
    assert rest.call("PUT", f"/connectors/{name}/topics/reset").status_code == 202

    # Pause, resume, restart, stop.
    assert rest.call("PUT", f"/connectors/{name}/pause").status_code == 202
    rest.wait_state(name, "PAUSED", 30 * PATIENCE)
    assert rest.call("PUT", f"/connectors/{name}/resume").status_code == 202
    rest.wait_running(name, timeout=30 * PATIENCE)
    assert rest.call("POST", f"/connectors/{name}/restart").status_code == 204
    rest.wait_running(name, timeout=30 * PATIENCE)
    assert rest.call("POST", f"/connectors/{name}/tasks/0/restart").status_code == 204
    rest.wait_running(name, timeout=30 * PATIENCE)
    plan = rest.call("POST", f"/connectors/{name}/restart?includeTasks=true")
    assert plan.status_code == 202
    assert plan.json()["connector"]["state"] == "RESTARTING"
    assert [t["state"] for t in plan.json()["tasks"]] == ["RESTARTING"]
    rest.wait_running(name, timeout=30 * PATIENCE)
    message = error(rest.call("POST", f"/connectors/{name}/tasks/7/restart"), 404)
    assert message == f"Unknown task: {name}-7"

    # Configs: PUT replaces, PATCH changes.
    changed = {**config, "emit.heartbeats.interval.seconds": "2"}
    put = rest.call("PUT", f"/connectors/{name}/config", changed)
    assert put.status_code == 200 and put.json()["config"] == {**changed, "name": name}
    patch = {"emit.heartbeats.interval.seconds": None, "tasks.max": "1"}
    patched = rest.insist("PATCH", f"/connectors/{name}/config", patch)
    assert patched.status_code == 200
    assert patched.json()["config"] == {**config, "name": name, "tasks.max": "1"}
    bad = rest.insist("PUT", f"/connectors/{name}/config", {**config, "tasks.max": "none"})
    message = error(bad, 400)
    assert message.startswith("Connector configuration is invalid and contains the following 2 ")
    assert "Invalid value none for configuration tasks.max: Not a number of type INT" in message
    rest.wait_running(name, timeout=30 * PATIENCE)

    # Offsets can be read at any time and changed while stopped only.
    def has_offsets():
        offsets = rest.offsets(name)
        return offsets if offsets else None

    offsets = wait_for(has_offsets, 30 * PATIENCE, "offsets of the connector")
    aliases = {
        "sourceClusterAlias": config["source.cluster.alias"],
        "targetClusterAlias": "target",
    }
    assert offsets == [{"partition": aliases, "offset": {"offset": 0}}]
    message = error(rest.insist("DELETE", f"/connectors/{name}/offsets"), 400)
    assert message.startswith("Connectors must be in the STOPPED state before their offsets can")
    rest.stop_connector(name, 30 * PATIENCE)
    answer = rest.insist("PATCH", f"/connectors/{name}/offsets", {"offsets": offsets})
    assert answer.status_code == 200, answer.text
    text = "The offsets for this connector have been altered successfully"
    assert answer.json() == {"message": text}
    answer = rest.insist("DELETE", f"/connectors/{name}/offsets")
    assert answer.json() == {"message": text.replace("altered", "reset")}
    assert rest.offsets(name) == []
    rest.call("PUT", f"/connectors/{name}/resume")
    rest.wait_running(name, timeout=30 * PATIENCE)

    assert rest.call("DELETE", f"/connectors/{name}").status_code == 204
    wait_for(lambda: rest.get("/connectors") == [], 30 * PATIENCE, "the connector to be gone")
    assert error(rest.call("GET", f"/connectors/{name}"), 404) == f"Connector {name} not found"


def test_connector_born_stopped(rest, source, target, unique):
    name = unique("stopped")
    config = mirror_config("Heartbeat", source, target, unique("src"))
    body = {"name": name, "config": config, "initial_state": "STOPPED"}
    assert rest.call("POST", "/connectors", body).status_code == 201
    status = wait_for(lambda: rest.status(name), 30 * PATIENCE, "a status")
    wait_for(lambda: rest.status(name)["connector"]["state"] == "STOPPED", 30 * PATIENCE, "STOPPED")
    assert status["tasks"] == []


def test_plugins_and_validation(rest):
    connectors = rest.get("/connector-plugins")
    classes = {plugin["class"]: plugin["type"] for plugin in connectors}
    for name in ("MirrorSource", "MirrorCheckpoint", "MirrorHeartbeat"):
        assert classes[f"org.apache.kafka.connect.mirror.{name}Connector"] == "source"
    assert classes[FILE_SOURCE] == "source"
    everything = rest.get("/connector-plugins?connectorsOnly=false")
    kinds = {plugin["type"] for plugin in everything}
    assert kinds == {
        "sink",
        "source",
        "transformation",
        "predicate",
        "converter",
        "header_converter",
    }

    keys = {key["name"]: key for key in rest.get("/connector-plugins/MirrorSource/config")}
    assert keys["topics"]["default_value"] == ".*" and keys["topics"]["type"] == "LIST"
    assert keys["source.cluster.alias"]["required"] is True
    assert keys["tasks.max"]["default_value"] == "1"
    message = error(rest.call("GET", "/connector-plugins/NoSuch/config"), 404)
    assert message == "Unknown plugin NoSuch."

    config = {"connector.class": FILE_SOURCE, "name": "f", "tasks.max": "zero", "topic": "t"}
    path = "/connector-plugins/FileStreamSource/config/validate"
    report = rest.ok("PUT", path, config)
    assert report["name"] == FILE_SOURCE
    assert report["error_count"] == 2
    values = {entry["value"]["name"]: entry["value"] for entry in report["configs"]}
    assert values["topic"]["value"] == "t" and values["topic"]["errors"] == []
    assert "Invalid value zero for configuration tasks.max: Not a number of type INT" in (
        values["tasks.max"]["errors"]
    )
    mismatch = rest.call("PUT", "/connector-plugins/MirrorSource/config/validate", config)
    message = error(mismatch, 400)
    assert message.startswith(f"Included connector type {FILE_SOURCE} does not match request type")


def test_loggers(rest):
    loggers = rest.get("/admin/loggers")
    assert set(loggers["root"]) == {"level", "last_modified"}
    assert loggers["root"]["last_modified"] is None
    affected = rest.ok("PUT", "/admin/loggers/org.apache.kafka.connect", {"level": "debug"})
    assert "org.apache.kafka.connect" in affected
    changed = rest.get("/admin/loggers/org.apache.kafka.connect")
    assert changed["level"] == "DEBUG" and changed["last_modified"] > 0
    answer = rest.call("PUT", "/admin/loggers/org.apache.kafka.connect", {"level": "LOUD"})
    assert error(answer, 404) == "invalid log level 'LOUD'."
    message = error(rest.call("PUT", "/admin/loggers/root", {}), 400)
    assert message == "Desired 'level' parameter was not specified in request."
    everywhere = "/admin/loggers/org.apache.kafka.connect?scope=cluster"
    assert rest.call("PUT", everywhere, {"level": "INFO"}).status_code == 204
    wait_for(
        lambda: rest.get("/admin/loggers/org.apache.kafka.connect")["level"] == "INFO",
        30 * PATIENCE,
        "the level to reach the worker",
    )


def test_a_failing_task_says_why_and_restarts(rest, target, unique, tmp_path):
    """A sink onto a directory that doesn't exist fails with its reason; mended, it restarts."""
    topic, name = unique("lines"), unique("file")
    target.create_topic(topic)
    missing = tmp_path / "later" / "lines.txt"
    config = {
        "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector",
        "topics": topic,
        "file": str(missing),
        "key.converter": STRING,
        "value.converter": STRING,
    }
    rest.put_connector(name, config)

    def failed():
        status = rest.status(name)
        tasks = status["tasks"] if status else []
        return tasks[0] if tasks and tasks[0]["state"] == "FAILED" else None

    task = wait_for(failed, 60 * PATIENCE, "the task to fail")
    assert "lines.txt" in task["trace"]
    missing.parent.mkdir()
    answer = rest.call("POST", f"/connectors/{name}/restart?includeTasks=true&onlyFailed=true")
    assert answer.status_code == 202
    assert answer.json()["connector"]["state"] == "RUNNING"
    assert [t["state"] for t in answer.json()["tasks"]] == ["RESTARTING"]
    wait_for(
        lambda: rest.status(name)["tasks"][0]["state"] == "RUNNING", 60 * PATIENCE, "the restart"
    )
