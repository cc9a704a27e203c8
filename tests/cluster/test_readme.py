# SPDX-License-Identifier: Apache-2.0
"""The README's commands, run as they stand there; only addresses are put in.

Size: ISTHMUS_README_RECORDS (2000).
"""

import os
import re
import signal
import subprocess

import pytest

import records
from processes import TOP, Process, free_port, wait_for
from rest import Rest
from workers import PATIENCE, SANITIZER, sanitizer_environment, worker_command

RECORDS = int(os.environ.get("ISTHMUS_README_RECORDS", "2000"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECTION = re.compile(r"^## (.+)$", re.MULTILINE)


def blocks():
    """{section: [(language, text)]}, the section before the first heading being ''."""
    parts = SECTION.split((TOP / "README.md").read_text())
    sections = dict(zip(["", *parts[1::2]], parts[0::2]))
    return {name: BLOCK.findall(text) for name, text in sections.items()}


def shell(text, **options):
    done = subprocess.run(
        ["sh", "-e", "-c", text],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
        **options,
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}"
    return done.stdout


def test_make_targets_exist():
    """make demo and make check are what runs this; here only that make knows them."""
    text = blocks()[""][0][1]
    for command in text.strip().splitlines():
        assert command.startswith("make ")
        shell(command.replace("make ", "make -n -o deps "), cwd=TOP)


def test_install(tmp_path, kind):
    if kind == "java" or SANITIZER:
        pytest.skip("about the plain build of Isthmus")
    ((_, text),) = blocks()["Install"]
    shell(text, cwd=TOP, env={**os.environ, "HOME": str(tmp_path), "MAKEFLAGS": ""})
    binary = tmp_path / ".local" / "bin" / "isthmus"
    assert "isthmus" in shell(f"{binary} --version").lower()
    assert (tmp_path / ".local" / "include" / "connect" / "error.h").exists()


def test_first_migration(cluster_factory, kind, tmp_path):
    source, target = cluster_factory("source-readme"), cluster_factory("target-readme")
    source.create_topic("orders", 3)
    records.produce(source, "orders", RECORDS)
    records.consume_group(source, "billing", "orders", RECORDS)
    port = free_port()

    def localized(text):
        text = text.replace("source:9092", source.bootstrap)
        return text.replace("target:9092", target.bootstrap).replace("8083", str(port))

    story = [(language, localized(text)) for language, text in blocks()["A first migration"]]
    (language, settings), (_, start), *calls = story
    assert language == "properties"
    (tmp_path / "worker.properties").write_text(settings)
    program, role, file = start.split()
    assert program == "isthmus"
    command, environment = worker_command(kind, role, [file]), sanitizer_environment("readme")
    worker = Process("readme-worker", command, environment, tmp_path)
    rest = Rest(f"http://127.0.0.1:{port}")
    wait_for(lambda: worker.must_live() and rest.answers(), 60 * PATIENCE, "GET / to answer")

    def run(number):
        return shell(calls[number][1], cwd=tmp_path)

    run(0)
    found = records.assert_mirrored(source, "orders", target, "source.orders", 60 * PATIENCE)
    assert found == RECORDS
    run(1)
    ends = {p: high for p, (low, high) in records.end_offsets(source, "orders").items()}
    wait_for(
        lambda: records.committed(target, "billing", "source.orders", ends).keys() == ends.keys(),
        120 * PATIENCE,
        "billing on the target",
        interval=1,
    )
    assert "RUNNING" in run(2)
    if kind != "java":
        assert "source.orders" in run(3)
    run(4)
    wait_for(lambda: rest.get("/connectors") == [], 30, "the connectors to be gone")
    assert "source.orders" in target.topics()
    worker.signal(signal.SIGTERM)
    status = worker.wait(30 * PATIENCE)
    assert kind == "java" or status == 0
