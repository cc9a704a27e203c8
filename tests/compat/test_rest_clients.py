# SPDX-License-Identifier: Apache-2.0
"""REST clients that others wrote drive a connector from its making to its end.

In Python (kafka-connect-py with its command kc, kafka-connect-api) and Java (kafka-connect-client),
fetched into build/clients at the first run; in Go (go-kafka/connect, whose module isn't on the
proxy) with CONNECT_GO_CLIENT=DIR, a checkout of it. The drivers are under clients/.
`--worker=java` proves them against Java's Connect.
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
    command = ["go", "build", "-mod=mod", "-C", tmp_path, "-o", program, "."]
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
