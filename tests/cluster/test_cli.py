# SPDX-License-Identifier: Apache-2.0
"""The command line for people against a worker: connectors from creation to deletion, plugins,
help, slips, logins, https."""

import json
import re

import pytest

import records
from certificates import Authority
from cli import Cli
from processes import TOP, wait_for
from rest import Rest
from workers import PATIENCE, mirror_config

SERVER = "org.apache.kafka.connect.rest.basic.auth.extension"
pytestmark = pytest.mark.skipif("config.getoption('--worker') == 'java'", reason="our program")


@pytest.fixture
def cli(make_worker):
    worker = make_worker.distributed()
    return Cli(worker.rest.url)


def properties(path, config):
    path.write_text("".join(f"{key}={value}\n" for key, value in config.items()))
    return path


def test_a_connector_lives(cli, source, target, unique, tmp_path):
    topic, name, other = unique("orders"), unique("mirror"), unique("other")
    source.create_topic(topic, 2)
    records.produce(source, topic, 100)
    config = mirror_config("Source", source, target, topics=topic, **{"tasks.max": 1})

    # A dry run says what is wrong, and creates nothing.
    wrong = properties(tmp_path / "wrong.properties", {**config, "tasks.max": "many"})
    refused = cli.call("connector", "create", name, wrong, "--dry-run")
    assert refused.returncode == 1 and "many" in refused.stdout and "tasks.max" in refused.stdout
    good = properties(tmp_path / "good.properties", config)
    assert "Nothing is wrong" in cli.run("connector", "create", name, good, "--dry-run")
    assert cli.data("connector", "list") == []

    # From properties, from JSON on standard input, and a second time.
    created = cli.run("connector", "create", name, good, "--set", "tasks.max=2")
    assert f"{name} is created" in created
    body = json.dumps({"name": "ignored", "config": config})
    cli.run("connector", "create", other, "-", "--state", "STOPPED", input=body)
    assert "already exists" in cli.run("connector", "create", name, good, status=1)

    def running():
        rows = {row["name"]: row for row in cli.data("connector", "list")}
        return rows[name]["task_states"] == {"RUNNING": 2} and rows[other]["state"] == "STOPPED"

    wait_for(running, 60 * PATIENCE, "two tasks to run")
    table = cli.run("connector", "list", "--state", "stopped")
    assert other in table and name not in table
    assert table.splitlines()[0].split() == ["NAME", "TYPE", "STATE", "TASKS", "WORKER", "CLASS"]
    assert "\033" not in table
    shown = cli.run("connector", "describe", name)
    assert "State    RUNNING" in shown and "TASK  STATE" in shown
    assert "\nstate: RUNNING\n" in cli.run("connector", "describe", name, "-o", "yaml")

    # Configuration: shown, changed, replaced.
    assert cli.data("connector", "config", name)["tasks.max"] == "2"
    wrong = cli.call("connector", "config", name, "--set", "tasks.max=none", "--dry-run")
    assert wrong.returncode == 1 and "tasks.max" in wrong.stdout
    cli.run("connector", "config", name, "--set", "tasks.max=1", "--unset", "replication.factor")
    now = cli.data("connector", "config", name)
    assert now["tasks.max"] == "1" and "replication.factor" not in now
    cli.run("connector", "config", name, good)
    assert "replication.factor" in cli.run("connector", "config", name)

    # States, each waited for.
    assert cli.run("connector", "pause", name) == f"{name} is PAUSED.\n"
    assert cli.data("connector", "describe", name)["state"] == "PAUSED"
    assert cli.run("connector", "resume", name) == f"{name} is RUNNING.\n"
    cli.run("connector", "restart", name, "--include-tasks")
    cli.run("connector", "restart", name, "--task", "0")

    # Offsets: shown, changed, forgotten.
    wait_for(
        lambda: len(cli.data("connector", "offsets", name)["offsets"]) == 2,
        60 * PATIENCE,
        "offsets of two partitions",
    )
    file = tmp_path / "offsets.json"
    file.write_text(cli.run("connector", "offsets", name, "-o", "json"))
    assert '"partition":0' in cli.run("connector", "offsets", name)
    refused = cli.run("connector", "offsets", name, file, status=1)
    assert "STOPPED" in refused
    cli.run("connector", "stop", name)
    assert "altered successfully" in cli.run("connector", "offsets", name, file)
    assert "nobody can be asked" in cli.run("connector", "offsets", name, "--reset", status=2)
    assert "reset" in cli.run("connector", "offsets", name, "--reset", "--yes")
    assert cli.data("connector", "offsets", name)["offsets"] == []

    assert "nobody can be asked" in cli.run("connector", "delete", name, other, status=2)
    assert len(cli.data("connector", "list")) == 2
    gone = cli.run("connector", "delete", name, other, "--yes")
    assert gone == f"{name} is deleted.\n{other} is deleted.\n"
    assert cli.data("connector", "list") == []
    assert "not found" in cli.run("connector", "describe", name, status=1)

    # Plugins.
    classes = {row["class"] for row in cli.data("plugin", "list")}
    assert "org.apache.kafka.connect.mirror.MirrorSourceConnector" in classes
    every = {row["type"] for row in cli.data("plugin", "list", "--all")}
    assert {"source", "sink", "converter", "transformation"} <= every
    assert "Nothing is wrong" in cli.run("plugin", "validate", good, "--set", "name=x")
    assert "no connector.class" in cli.run("plugin", "validate", status=2)


def test_words_that_are_wrong(tmp_path):
    """No worker is needed to say so."""
    cli = Cli("http://127.0.0.1:1")
    assert "'connector'" in cli.run("conector", "list", status=2)
    assert "'connector list'" in cli.run("connector", "lsit", status=2)
    assert "'--state'" in cli.run("connector", "list", "--sate", "FAILED", status=2)
    assert "do you mean 'json'" in cli.run("connector", "list", "-o", "jsn", status=2).lower()
    assert "no such" in cli.run("connector", "create", "x", "/no/such", status=2).lower()
    bad = tmp_path / "bad.json"
    bad.write_text('{"a": }')
    assert "line 1" in cli.run("connector", "create", "x", bad, status=2)
    lost = cli.run("connector", "list", status=1)
    assert "http://127.0.0.1:1" in lost and "--url" in lost
    strange = tmp_path / "strange.properties"
    strange.write_text("# login\nuser=ann\nulr=http://x\n")
    said = cli.run("connector", "list", "--command-config", strange, status=2)
    assert "strange.properties:3: 'ulr'" in said


def test_help_at_each_level():
    """Each command has examples, and stands in the manual."""
    cli = Cli("http://127.0.0.1:1")
    manual = (TOP / "docs" / "CLI.md").read_text()
    nouns = re.findall(r"^  isthmus (?!connect-|gateway|-)(\S+) ", cli.run("--help"), re.MULTILINE)
    assert {"connector", "plugin"} <= set(nouns)
    for noun in nouns:
        shown = cli.run(noun, "--help")
        line = rf"^  isthmus {noun} ([a-z-]+(?: [a-z]+)?)(?: [A-Z[].*)?\n      "
        verbs = re.findall(line, shown, re.MULTILINE)
        for words in [[noun, *verb.split()] for verb in verbs] or [[noun]]:
            one = cli.run(*words, "--help")
            for part in ("Usage:", "Examples:", "--url URL", "Exit status"):
                assert part in one, words
            listed = rf"^\| `{noun} .*\b{words[-1]}\b" if words[1:] else rf"^\| `{noun} "
            assert re.search(listed, manual, re.MULTILINE), words


def test_a_login_over_https(make_worker, tmp_path):
    """The worker wants to know the client's certificate, and then its name."""
    authority = Authority(tmp_path, "ours")
    own = authority.issue("client")
    passwords, jaas = tmp_path / "users", tmp_path / "jaas.conf"
    passwords.write_text("ann=secret\n")
    jaas.write_text(
        f'KafkaConnect {{\n  {SERVER}.PropertyFileLoginModule required\n  file="{passwords}";\n}};\n'
    )
    settings = make_worker.settings(
        **{
            "rest.extension.classes": f"{SERVER}.BasicAuthSecurityRestExtension",
            "ssl.client.auth": "required",
        }
    )
    settings["listeners"] = settings["listeners"].replace("http://127.0.0.1", "https://localhost")
    settings.update(authority.issue("server").settings("PEM"))
    settings.update(authority.settings("PEM"))
    worker = make_worker.distributed(
        settings,
        environment={"KAFKA_OPTS": f"-Djava.security.auth.login.config={jaas}"},
        start=False,
    )
    worker.rest = Rest(
        settings["listeners"],
        verify=str(authority.certificate),
        cert=(str(own.chain), str(own.key)),
        auth=("ann", "secret"),
    )
    worker.start()
    cli = Cli(worker.rest.url)
    assert "certificate" in cli.run("connector", "list", status=1)
    trusted = ("--cacert", authority.certificate)
    assert "no worker answers" in cli.run("connector", "list", *trusted, status=1)
    known = (*trusted, "--cert", own.store("PEM"))
    assert "Log in" in cli.run("connector", "list", *known, status=1)
    assert cli.data("connector", "list", *known, "--user", "ann:secret") == []
    by_name = Cli(worker.rest.url, ISTHMUS_USER="ann", ISTHMUS_PASSWORD="secret")
    assert by_name.data("connector", "list", *known) == []
    file = tmp_path / "me.properties"
    file.write_text(
        f"url={worker.rest.url}\nuser=ann\npassword=secret\n"
        f"ssl.truststore.type=PEM\nssl.truststore.location={authority.certificate}\n"
        f"ssl.keystore.type=PEM\nssl.keystore.location={own.store('PEM')}\n"
    )
    nowhere = Cli("http://127.0.0.1:1")
    assert nowhere.data("connector", "list", "--command-config", file) == []
