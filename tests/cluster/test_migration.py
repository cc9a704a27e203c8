# SPDX-License-Identifier: Apache-2.0
"""docs/MIGRATION.md: the commands, run as they stand there, with consumers that move meanwhile; only
addresses and names are put in. Each record is processed once by the group, in order.

Size: ISTHMUS_MIGRATION_RECORDS (5000).
"""

import os
import re
import subprocess

import pytest
from confluent_kafka import Consumer

import records
from cli import Cli
from processes import TOP, wait_for
from workers import BINARY, PATIENCE

RECORDS = int(os.environ.get("ISTHMUS_MIGRATION_RECORDS", "5000"))
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
pytestmark = pytest.mark.skipif("config.getoption('--worker') == 'java'", reason="our program")


class Page:
    """The blocks of the page, one after the other."""

    def __init__(self, source, target, url, directory, names):
        (directory / "isthmus").symlink_to(BINARY)
        self._directory = directory
        self._environment = {
            **os.environ,
            "PATH": f"{directory}:{os.environ['PATH']}",
            "ISTHMUS_URL": url,
        }
        text = (TOP / "docs" / "MIGRATION.md").read_text()
        names = {**names, "source:9092": source.bootstrap, "target:9092": target.bootstrap}
        words = re.compile(rf"\b({'|'.join(names)})\b")
        self._blocks = [words.sub(lambda m: names[m[0]], b) for b in BLOCK.findall(text)]

    def _shell(self, text):
        return subprocess.run(
            ["sh", "-e", "-c", text],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300 * PATIENCE,
            cwd=self._directory,
            env=self._environment,
            check=False,
        )

    def next(self, word):
        """Runs the next block, which is about word."""
        block = self._blocks.pop(0)
        assert word in block
        done = self._shell(block)
        assert done.returncode == 0, f"{block}\n{done.stdout}"
        return done.stdout

    def until(self, word, found):
        """Runs the next block again and again until it prints what is looked for."""
        block = self._blocks.pop(0)
        assert word in block
        return wait_for(
            lambda: (done := self._shell(block)).returncode == 0 and found(done.stdout),
            90 * PATIENCE,
            f"{block}",
            interval=1,
        )

    def ended(self):
        return not self._blocks


def consumer(cluster, group, topic):
    made = Consumer(
        cluster.client_config(
            **{
                "group.id": group,
                "auto.offset.reset": "latest",  # a lost offset would lose records
                "enable.auto.commit": False,
                "session.timeout.ms": 10000,
            }
        )
    )
    made.subscribe([topic])
    return made


def take(consumer, seen, seconds):
    for message in consumer.consume(500, seconds):
        if message.error() is None:
            seen.append((message.partition(), message.offset()))


def read(consumer, seen, wanted):
    """Processes until so many were seen, [(partition, offset)], and commits."""

    def some():
        take(consumer, seen, 1)
        return len(seen) >= wanted

    wait_for(some, 90 * PATIENCE, f"{wanted} records to be read")
    consumer.commit(asynchronous=False)


def test_the_page(source, target, make_worker, unique, tmp_path):
    topic, group = unique("orders"), unique("billing")
    names = {"orders": topic, "billing": group, "move": unique("move")}
    worker = make_worker.distributed()
    page = Page(source, target, worker.rest.url, tmp_path, names)
    source.create_topic(topic, 3)
    seen = []
    before = consumer(source, group, topic)
    wait_for(lambda: take(before, seen, 0.2) or before.assignment(), 60 * PATIENCE, "a member")
    records.produce(source, topic, RECORDS)
    read(before, seen, RECORDS)

    assert "Nothing is wrong" in page.next("link create")
    shown = page.next("mirror create")
    assert "LINKING" in shown and "100.0%" in shown
    assert f"3 of 3 partitions are equal: {RECORDS:,} records." in page.next("verify")
    assert group in page.next("group create")
    page.until("group list", lambda text: "STANDBY" in text)

    # The new member waits while the old one goes on; then the group moves by itself.
    after = consumer(target, group, topic)
    take(after, seen, 5)
    records.produce(source, topic, 300, first=RECORDS)
    read(before, seen, RECORDS + 300)
    take(after, seen, 5)
    assert len(seen) == RECORDS + 300
    before.close()
    records.produce(source, topic, 200, first=RECORDS + 300)

    def promoted(text):
        take(after, seen, 0.5)
        return "PROMOTED" in text

    page.until("group describe", promoted)
    read(after, seen, RECORDS + 500)

    page.until("--dry-run", lambda text: "ok" in text)
    assert "PROMOTED" in page.next("--yes --watch")
    records.produce(target, topic, 100, first=RECORDS + 500)
    read(after, seen, RECORDS + 600)
    after.close()

    page.until("reverse-and-start", lambda text: "100.0%" in text)
    wait_for(
        lambda: records.count(source, topic) == RECORDS + 600, 60 * PATIENCE, "what was written since"
    )
    page.next("finalize")

    assert "PROMOTED" in page.next("link report")
    assert (tmp_path / f"{names['move']}.json").stat().st_size > 0
    assert "is deleted" in page.next("link delete")
    assert page.ended()

    # Once each, in order, with the same numbers on both sides.
    assert len(seen) == len(set(seen)) == RECORDS + 600
    for partition in range(3):
        offsets = [offset for where, offset in seen if where == partition]
        assert offsets == list(range(len(offsets)))
    assert topic in target.topics()


def test_a_wave(source, target, make_worker, unique, tmp_path):
    """Two topics and a group in batches: proposed, stored from a manifest, started."""
    topics, group, link = [unique("small"), unique("large")], unique("billing"), unique("move")
    for topic, count in zip(topics, (100, 400)):
        source.create_topic(topic, 2)
        records.produce(source, topic, count)
    records.consume_group(source, group, topics[1], 400)
    cli = Cli(make_worker.distributed().rest.url)
    sides = ("--source", source.bootstrap, "--target", target.bootstrap)
    cli.run("link", "create", link, *sides, "--set", "replication.factor=1")
    cli.run("mirror", "create", link, *topics, "--watch")
    cli.run("group", "create", link, group)

    shown = cli.run("link", "waves", "propose", link)
    assert all(topic in shown for topic in topics)
    manifest = cli.run("link", "waves", "propose", link, "--manifest")
    file = tmp_path / "wave.yaml"
    file.write_text("# what moves first\n" + manifest.replace("proposed", "first"))
    cli.run("link", "waves", "create", link, file, "--dry-run")
    assert cli.data("link", "waves", "list", link) == []
    cli.run("link", "waves", "create", link, file)
    (wave,) = cli.data("link", "waves", "list", link)
    assert sorted(t for b in wave["batches"] for t in b["topics"]) == sorted(topics)
    assert [g for b in wave["batches"] for g in b["groups"]] == [group]
    assert "PLANNED" in cli.run("link", "waves", "describe", link, "first")

    assert "nobody can be asked" in cli.call("link", "waves", "start", link, "first").stderr
    cli.run("link", "waves", "start", link, "first", "--yes")
    wait_for(
        lambda: cli.data("link", "waves", "describe", link, "first")["state"] == "DONE",
        120 * PATIENCE,
        "the wave to be done",
        interval=1,
    )
    states = {row["mirror_status"] for row in cli.data("mirror", "list", link)}
    assert states == {"PROMOTED"}
    assert cli.data("group", "describe", link, group)["group_status"] == "PROMOTED"
    assert "is deleted" in cli.run("link", "waves", "delete", link, "first", "--yes")
    assert "has no wave" in cli.run("link", "waves", "describe", link, "first", status=1)
