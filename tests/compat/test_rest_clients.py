# SPDX-License-Identifier: Apache-2.0
"""REST clients that others wrote drive a connector from its making to its end.

In Python (kafka-connect-py with its command kc, kafka-connect-api) and Java (kafka-connect-client),
fetched into build/clients at the first run; in Go (go-kafka/connect, whose module isn't on the
proxy) with CONNECT_GO_CLIENT=DIR, a checkout of it. The drivers are under clients/.
The web UI that most people know (lensesio's kafka-connect-ui) isn't in any package registry: the
requests that its pages send are sent here as a browser sends them, from another origin.
`--worker=java` proves all of it against Java's Connect.
"""

import os
import pathlib
import shutil
import sys

import pytest

from java import QUICK
from processes import BUILD, run
from workers import PATIENCE

CLIENTS = pathlib.Path(__file__).resolve().parent / "clients"
FETCHED = BUILD / "clients"
PYTHON_PACKAGES = ["kafka-connect-py==1.0.0", "kafka-connect-api==0.5.10", "requests"]
SOURCE = "org.apache.kafka.connect.file.FileStreamSourceConnector"
STRINGS = "org.apache.kafka.connect.storage.StringConverter"


def fetched(name, fetch):
    """build/clients/NAME, which fetch(directory) fills once."""
    directory = FETCHED / name
    if not (directory / "complete").exists():
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        fetch(directory)
        (directory / "complete").touch()
    return directory


def python_client():
    def fetch(directory):
        run("venv", [sys.executable, "-m", "venv", directory / "venv"], timeout=120)
        pip = directory / "venv" / "bin" / "pip"
        run("pip", [pip, "install", "-q", *PYTHON_PACKAGES], timeout=300)

    return [fetched("python", fetch) / "venv" / "bin" / "python", CLIENTS / "python_life.py"]


def java_client():
    def fetch(directory):
        maven = ["mvn", "-q", "-B", "-f", CLIENTS / "pom.xml", "dependency:copy-dependencies"]
        run("mvn", [*maven, f"-DoutputDirectory={directory}/lib"], timeout=300)

    jars = fetched("java", fetch) / "lib"
    return ["java", *QUICK, "-Xmx128m", "-cp", f"{jars}/*", CLIENTS / "JavaLife.java"]


def go_client(tmp_path):
    checkout = os.environ.get("CONNECT_GO_CLIENT")
    if not checkout or not shutil.which("go"):
        pytest.skip("CONNECT_GO_CLIENT names no checkout of go-kafka/connect, or there is no Go")
    module = "github.com/go-kafka/connect"
    (tmp_path / "go.mod").write_text(
        f"module life\n\ngo 1.18\n\nrequire {module} v0.0.0\n\nreplace {module} => {checkout}\n"
    )
    shutil.copy(CLIENTS / "go_life.go", tmp_path)
    program = tmp_path / "go_life"
    command = ["go", "build", "-C", tmp_path, "-mod=mod", "-o", program, "."]
    run("go build", command, timeout=300, env={"GOFLAGS": "-buildvcs=false", "GOPROXY": "off"})
    return [program]


@pytest.mark.parametrize("language", ["python", "java", "go"])
def test_the_life_of_a_connector(target, make_worker, unique, tmp_path, language):
    if language == "go":
        command = go_client(tmp_path)
    else:
        command = python_client() if language == "python" else java_client()
    topic = target.create_topic(unique("lines"))
    settings = make_worker.settings(**{"key.converter": STRINGS, "value.converter": STRINGS})
    worker = make_worker.distributed(settings)
    file = tmp_path / "in.txt"
    file.write_text("a line\n")
    arguments = [worker.rest.url, unique("file"), SOURCE, file, topic]
    printed = run(language, [*command, *arguments], timeout=180 * PATIENCE)
    assert printed.splitlines()[-1] == "all done", printed
    assert worker.rest.get("/connectors") == []


# What the UI's one place for requests sends: a content type always, a slash after connector-plugins.
UI_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "Origin": "http://ui.example:8000",
}


def test_the_requests_of_a_web_ui(target, make_worker, unique, tmp_path):
    topic, name = target.create_topic(unique("lines")), unique("file")
    cors = {
        "access.control.allow.origin": "*",
        "access.control.allow.methods": "GET,POST,PUT,DELETE,OPTIONS,HEAD",
        "key.converter": STRINGS,
        "value.converter": STRINGS,
    }
    rest = make_worker.distributed(make_worker.settings(**cors)).rest
    (tmp_path / "in.txt").write_text("a line\n")
    config = {"connector.class": SOURCE, "file": str(tmp_path / "in.txt"), "topic": topic}

    def ask(method, path, *statuses, body=None):
        answer = rest.insist(method, path, body, headers=UI_HEADERS)
        assert answer.status_code in statuses, f"{method} {path}: {answer.status_code} {answer.text}"
        assert answer.headers.get("Access-Control-Allow-Origin") in ("*", UI_HEADERS["Origin"])
        return answer.json() if answer.content else None

    def preflight(method, path):
        asked = {"Access-Control-Request-Method": method, "Origin": UI_HEADERS["Origin"]}
        asked["Access-Control-Request-Headers"] = "content-type"
        answer = rest.call("OPTIONS", path, headers=asked)
        assert answer.status_code == 200, answer.text
        assert method in answer.headers["Access-Control-Allow-Methods"]
        assert "content-type" in answer.headers["Access-Control-Allow-Headers"].lower()

    assert any(plugin["class"] == SOURCE for plugin in ask("GET", "/connector-plugins/", 200))
    preflight("PUT", f"/connector-plugins/{SOURCE}/config/validate")
    named = {**config, "name": name}
    checked = ask("PUT", f"/connector-plugins/{SOURCE}/config/validate", 200, body=named)
    assert checked["error_count"] == 0
    preflight("POST", "/connectors")
    ask("POST", "/connectors", 201, body={"name": name, "config": config})
    assert ask("GET", "/connectors", 200) == [name]
    rest.wait_running(name)
    assert ask("GET", f"/connectors/{name}", 200)["config"] == named
    assert ask("GET", f"/connectors/{name}/tasks", 200)[0]["id"]["task"] == 0
    assert ask("GET", f"/connectors/{name}/status", 200)["tasks"][0]["state"] == "RUNNING"
    ask("PUT", f"/connectors/{name}/pause", 202)
    rest.wait_state(name, "PAUSED")
    ask("PUT", f"/connectors/{name}/resume", 202)
    rest.wait_running(name)
    ask("POST", f"/connectors/{name}/restart", 204)
    ask("POST", f"/connectors/{name}/tasks/0/restart", 204)
    preflight("PUT", f"/connectors/{name}/config")
    ask("PUT", f"/connectors/{name}/config", 200, body={**named, "batch.size": "7"})
    assert ask("GET", f"/connectors/{name}/config", 200)["batch.size"] == "7"
    preflight("DELETE", f"/connectors/{name}")
    ask("DELETE", f"/connectors/{name}", 204)
    assert ask("GET", f"/connectors/{name}", 404)["error_code"] == 404
