# SPDX-License-Identifier: Apache-2.0
"""docs/OPERATIONS.md: its commands in their order, and that metrics and lines it names exist.

Also the names of files and functions in the walks of docs/DESIGN.md.
"""

import os
import re
import signal

import pytest

import properties
import records
from processes import TOP, Process, free_port, wait_for
from rest import Rest
from test_readme import BLOCK, SECTION, shell
from workers import BINARY, PATIENCE, mirror_config, sanitizer_environment

PAGE = (TOP / "docs" / "OPERATIONS.md").read_text()
CODE = re.compile(r"`([^`]+)`")


def blocks():
    """{section: [commands]}."""
    parts = SECTION.split(PAGE)
    return {
        name: [text for _, text in BLOCK.findall(body)]
        for name, body in zip(parts[1::2], parts[2::2])
    }


def sources():
    return [path for top in ("worker", "connectors") for path in (TOP / top).rglob("*.[ch]")]


def rows(section):
    """The first cells of the tables of a section."""
    body = dict(zip(SECTION.split(PAGE)[1::2], SECTION.split(PAGE)[2::2]))[section]
    lines = [line for line in body.splitlines() if line.startswith("| `")]
    return [line.split(" | ")[0] for line in lines]


def test_lines_of_the_log_are_those_of_the_program():
    program = "".join(path.read_text() for path in sources())
    program = re.sub(r'"\s*\n\s*"', "", program)
    for row in rows("Lines of the log"):
        for line in CODE.findall(row):
            pieces = [piece.strip() for piece in line.split("...") if piece.strip()]
            missing = [piece for piece in pieces if piece not in program]
            assert pieces and not missing, line


def test_walks_name_what_is_there():
    page = (TOP / "docs" / "DESIGN.md").read_text()
    walks = page.split("## Three walks")[1].split("\n## ")[0]
    names = {path.name: path for path in sources()}
    program = "".join(path.read_text() for path in sources())
    for name in CODE.findall(walks):
        if name.endswith((".c", ".h")):
            assert name.split("/")[-1] in names, name
            assert "/" not in name or str(names[name.split("/")[-1]]).endswith(name), name
        elif name.endswith("()"):
            assert re.search(rf"\b{re.escape(name[:-2])}\(", program), name


def measured(page, metrics):
    """Whether each metric that a mirror's worker always has is there."""
    always = ("kafka_connect_connector", "kafka_connect_worker", "kafka_connect_mirror", "process_")
    names = [name.strip() for cell in metrics for name in cell.split("{")[0].split(" / ")]
    return all(name in page for name in names if name.startswith(always))


@pytest.fixture
def worker(target, kind, make_worker, tmp_path):
    """The worker that the page's first command starts, with the port of its REST API."""
    if kind == "java":
        pytest.skip("about Isthmus's own page")
    port = free_port()
    settings = make_worker.settings(listeners=f"http://127.0.0.1:{port}")
    properties.write(tmp_path / "worker.properties", settings)
    path = f"{BINARY.parent}:{os.environ['PATH']}"
    environment = {**sanitizer_environment("operations"), "PATH": path}
    text = blocks()["Start and stop"][0]
    process = Process("operations", ["sh", "-e", "-c", f"{text}wait $!"], environment, tmp_path)
    yield process, port
    if process.alive:
        os.killpg(process.pid, signal.SIGKILL)


def test_commands(source, target, worker, unique, tmp_path):
    process, port = worker
    topic = unique("orders")
    source.create_topic(topic, 2)
    records.produce(source, topic, 100)

    def run(section, number):
        text = blocks()[section][number]
        return shell(text.replace("8083", str(port)), cwd=tmp_path)

    rest = Rest(f"http://127.0.0.1:{port}")
    wait_for(lambda: process.must_live() and rest.answers(), 60 * PATIENCE, "GET / to answer")
    assert "healthy" in run("Start and stop", 1)

    rest.put_connector("mirror-source", mirror_config("Source", source, target, topics=topic))
    rest.wait_running("mirror-source")
    records.wait_count(target, f"source.{topic}", 100, 60 * PATIENCE)
    metrics = [CODE.findall(row)[0] for row in rows("What to look at")]
    wait_for(
        lambda: measured(run("What to look at", 0), metrics),
        60 * PATIENCE,
        f"{metrics} in /metrics",
        interval=1,
    )
    run("States", 0)
    run("States", 1)
    rest.wait_running("mirror-source")
    run("States", 2)
    run("The end", 0)
    assert process.wait(60 * PATIENCE) == 0
