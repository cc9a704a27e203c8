# SPDX-License-Identifier: Apache-2.0
"""The files of config/, each started as it stands there; only addresses and paths are put in.

And the ways to call the program: by its own name with a role, or under the names of Apache's scripts.
"""

import os
import pathlib
import re
import signal
import subprocess

import pytest
from confluent_kafka.admin import AdminClient

import records
from processes import TOP, Process, free_port, free_ports, wait_for
from rest import Rest
from workers import BINARY, PATIENCE, sanitizer_environment

SAMPLES = TOP / "config"
TESTED = {
    "connect-distributed.properties",
    "connect-standalone.properties",
    "connect-file-source.properties",
    "connect-file-sink.properties",
    "connect-console-source.properties",
    "connect-console-sink.properties",
    "connect-mirror-maker.properties",
    "gateway.properties",
}


@pytest.fixture
def run(tmp_path, kind):
    """Starts the program in a directory of its own; what still runs must end cleanly on SIGTERM."""
    if kind == "java":
        pytest.skip("about Isthmus's own files and program")
    started = []

    def start(*arguments, program=BINARY, stdin=None):
        name = f"sample-{len(started)}"
        command = [program, *arguments]
        if stdin:
            command = ["sh", "-c", f'exec "$0" "$@" < {stdin}', *command]
        process = Process(name, command, env=sanitizer_environment(name), cwd=tmp_path)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.alive:
            assert process.stop(40 * PATIENCE) == 0, process.tail()


def test_every_sample_is_tested():
    assert set(os.listdir(SAMPLES)) == TESTED


def serves(process, url):
    rest = Rest(url)
    wait_for(lambda: process.must_live() and rest.answers(), 60 * PATIENCE, f"{url} to answer")
    return rest


def override(*settings):
    return [word for setting in settings for word in ("--override", setting)]


@pytest.mark.parametrize("name", ["isthmus", "connect-distributed.sh", "connect-distributed"])
def test_distributed(target, run, tmp_path, name):
    url = f"http://127.0.0.1:{free_port()}"
    program = tmp_path / name
    program.symlink_to(BINARY)
    role = ["connect-distributed"] if name == "isthmus" else []
    settings = (f"bootstrap.servers={target.bootstrap}", f"listeners={url}")
    file = SAMPLES / "connect-distributed.properties"
    process = run(*role, file, *override(*settings), program=program)
    rest = serves(process, url)
    wait_for(lambda: rest.call("GET", "/health").status_code == 200, 60 * PATIENCE, "a group")
    assert rest.get("/connectors") == []
    assert {"connect-configs", "connect-offsets", "connect-status"} <= target.topics()


def test_in_the_background(target, kind, tmp_path):
    """-daemon, as unit files of old have it: the call returns, the log is in $LOG_DIR."""
    url = f"http://127.0.0.1:{free_port()}"
    file = placed("connect-standalone.properties", target, tmp_path, listeners=url)
    program = tmp_path / "connect-standalone.sh"
    program.symlink_to(BINARY)
    logs = tmp_path / "logs"
    environment = {**os.environ, "LOG_DIR": str(logs), **sanitizer_environment("daemon")}
    done = subprocess.run(
        [program, "-daemon", file], capture_output=True, timeout=30, env=environment, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    (pid,) = wait_for(lambda: processes_with(str(file)), 30, "the process")
    try:
        rest = Rest(url)
        wait_for(rest.answers, 60 * PATIENCE, f"{url} to answer")
        assert os.getsid(pid) == pid
    finally:
        os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not processes_with(str(file)), 40 * PATIENCE, "its end")
    assert "Isthmus stopped" in (logs / "connectStandalone.out").read_text()


def processes_with(word):
    """Pids of the processes that have this word in their command line."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word.encode() in entry.read_bytes().split(b"\0"):
                found.append(int(entry.parent.name))
        except OSError:  # it has ended
            pass
    return found


def placed(name, target, tmp_path, **more):
    """A copy of the sample with the test's addresses; the topic of the samples exists."""
    if "connect-test" not in target.topics():
        target.create_topic("connect-test")
    text = (SAMPLES / name).read_text().replace("localhost:9092", target.bootstrap)
    text = text.replace("/tmp/connect.offsets", str(tmp_path / "offsets"))
    if name != "connect-mirror-maker.properties":
        text = text.replace("#isthmus.plugins.file.enabled", "isthmus.plugins.file.enabled")
    text += "".join(f"\n{key}={value}" for key, value in more.items())
    copy = tmp_path / name
    copy.write_text(text + "\n")
    return copy


@pytest.mark.parametrize("name", ["isthmus", "connect-standalone.sh"])
def test_standalone_with_files(target, run, tmp_path, name):
    url = f"http://127.0.0.1:{free_port()}"
    program = tmp_path / name
    program.symlink_to(BINARY)
    worker = placed("connect-standalone.properties", target, tmp_path, listeners=url)
    source, sink = (SAMPLES / f"connect-file-{kind}.properties" for kind in ("source", "sink"))
    (tmp_path / "test.txt").write_text(f"by {name}\n")
    role = ["connect-standalone"] if name == "isthmus" else []
    process = run(*role, worker, source, sink, program=program)
    rest = serves(process, url)
    out = tmp_path / "test.sink.txt"
    wait_for(
        lambda: process.must_live() and out.exists() and f"by {name}\n" in out.read_text(),
        60 * PATIENCE,
        f"the line to arrive in {out}",
    )
    assert set(rest.get("/connectors")) == {"local-file-source", "local-file-sink"}


def test_standalone_with_the_console(target, run, tmp_path):
    url = f"http://127.0.0.1:{free_port()}"
    worker = placed("connect-standalone.properties", target, tmp_path, listeners=url)
    files = [SAMPLES / f"connect-console-{kind}.properties" for kind in ("source", "sink")]
    typed = tmp_path / "typed"
    typed.write_text("typed in\n")
    process = run("connect-standalone", worker, *files, stdin=typed)
    wait_for(
        lambda: process.must_live() and "typed in" in process.log().splitlines(),
        60 * PATIENCE,
        "the line to be printed",
    )


@pytest.mark.slow
def test_mirror_maker(cluster_factory, run, tmp_path):
    east, west = cluster_factory("sample-a"), cluster_factory("sample-b")
    text = (SAMPLES / "connect-mirror-maker.properties").read_text()
    text = re.sub(r"A_host1:9092.*", east.bootstrap, text)
    text = re.sub(r"B_host1:9092.*", west.bootstrap, text)
    file = tmp_path / "connect-mirror-maker.properties"
    file.write_text(text)
    east.create_topic("there", 2)
    west.create_topic("back", 1)
    records.produce(east, "there", 200)
    records.produce(west, "back", 100)
    program = tmp_path / "connect-mirror-maker.sh"
    program.symlink_to(BINARY)
    process = run(file, program=program)
    records.assert_mirrored(east, "there", west, "A.there", 90 * PATIENCE)
    records.assert_mirrored(west, "back", east, "B.back", 90 * PATIENCE)
    process.must_live()


def test_gateway(target, run, tmp_path):
    first = free_ports(101)
    text = (SAMPLES / "gateway.properties").read_text().replace("localhost:9092", target.bootstrap)
    text = text.replace("://:9192", f"://:{first}").replace("9193-9292", f"{first + 1}-{first + 100}")
    file = tmp_path / "gateway.properties"
    file.write_text(text)
    process = run("gateway", file)
    wait_for(
        lambda: process.must_live() and f" serves PLAINTEXT at *:{first}" in process.log(),
        60 * PATIENCE,
        "the gateway to serve",
    )
    client = AdminClient({"bootstrap.servers": f"localhost:{first}", "log_level": 0})
    brokers = client.list_topics(timeout=60).brokers.values()
    assert [first < broker.port <= first + 100 for broker in brokers] == [True]


# ---- calls that end by themselves ----


def call(*words, name=None, tmp_path=None):
    program = BINARY
    if name:
        program = tmp_path / name
        program.symlink_to(BINARY)
    return subprocess.run(
        [program, *words], capture_output=True, text=True, timeout=60, check=False
    )


def test_help_and_version(kind, tmp_path):
    for word in ("--help", "-h"):
        done = call(word)
        assert done.returncode == 0 and "connect-distributed" in done.stdout and not done.stderr
    assert re.match(r"isthmus \d+\.\d+\.\d+ \([0-9a-f]+|unknown\)$", call("--version").stdout)
    for role in ("connect-distributed", "connect-standalone", "connect-mirror-maker", "gateway"):
        helped = call(role, "--help")
        assert helped.returncode == 0 and role in helped.stdout
        asked = call("--help", name=f"{role}.sh", tmp_path=tmp_path)
        assert asked.returncode == 0 and role in asked.stdout
        nothing = call(role)
        assert nothing.returncode != 0 and "Usage" in nothing.stderr


@pytest.mark.parametrize(
    "words, wanted",
    [
        ([], "Usage"),
        (["connect-somehow"], "unknown command 'connect-somehow'"),
        (["connect-distributed", "/no/such/file"], "/no/such/file"),
        (["connect-distributed", "FILE", "--override"], "--override"),
        (["connect-distributed", "FILE", "--override", "novalue"], "KEY=VALUE"),
        (["connect-distributed", "FILE", "more"], "more"),
        (["connect-standalone", "FILE", "/no/such/connector"], "/no/such/connector"),
        (["connect-mirror-maker", "/no/such/file"], "/no/such/file"),
        (["connect-mirror-maker", "FILE", "--clusters"], "--clusters"),
        (["gateway", "/no/such/file"], "/no/such/file"),
        (["gateway", "FILE"], "gateway.listeners"),
        (["gateway", "FILE", "more"], "more"),
    ],
)
def test_wrong_calls_say_what_is_wrong(words, wanted, tmp_path):
    file = tmp_path / "worker.properties"
    role = "connect-standalone" if words[:1] == ["connect-standalone"] else "connect-distributed"
    file.write_text((SAMPLES / f"{role}.properties").read_text())
    done = call(*[str(file) if word == "FILE" else word for word in words])
    assert done.returncode not in (0, -6, -11), done
    assert wanted in done.stderr, done
