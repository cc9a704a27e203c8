# SPDX-License-Identifier: Apache-2.0
"""`make demo`: a migration with MirrorMaker 2's connectors, and one by a link, before your eyes.

Two real Kafka clusters on loopback, topics with history and a live tail, consumer groups. A worker
mirrors two topics as MirrorMaker 2 does. Then a link moves a third one and its consumers under
their own names and offsets, by the command line. What it shows is what the clusters say, and
source and target are compared record by record. Exit status 0 if all is well. `--worker java` shows
Java's Connect, which has no links.
"""

import argparse
import sys
import threading
import time

from confluent_kafka import Consumer

import processes
import records
from cli import Cli
from kafka_cluster import Cluster
from processes import wait_for
from workers import distributed, distributed_settings, mirror_config

TOPICS = {"orders": 4, "payments": 2}
HISTORY = 20000
TAIL_PER_SECOND = 500
GROUP = "billing"
MOVED, MOVED_GROUP = "invoices", "accounting"
BOLD, DIM, PLAIN = ("\033[1m", "\033[2m", "\033[0m") if sys.stdout.isatty() else ("", "", "")


def say(text):
    print(f"\n{BOLD}{text}{PLAIN}", flush=True)


def note(text):
    print(f"  {text}", flush=True)


class Tail(threading.Thread):
    """Produces a little to every topic all the time, until it is told to end."""

    def __init__(self, cluster):
        super().__init__(name="tail")
        self.cluster = cluster
        self.ended = threading.Event()
        self.failure = None

    def run(self):
        number = HISTORY
        share = TAIL_PER_SECOND // 10
        try:
            while not self.ended.wait(0.1):
                for topic in TOPICS:
                    records.produce(self.cluster, topic, share, first=number)
                number += share
        except AssertionError as failure:
            self.failure = failure

    def end(self):
        self.ended.set()
        self.join()
        if self.failure:
            raise self.failure


def table(header, rows):
    widths = [max(len(str(row[i])) for row in [header, *rows]) for i in range(len(header))]
    for index, row in enumerate([header, *rows]):
        cells = [
            str(cell).ljust(width) if i == 0 else str(cell).rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))
        ]
        style = DIM if index == 0 else ""
        print(f"    {style}{'   '.join(cells)}{PLAIN}")
    sys.stdout.flush()


def thousands(number):
    return f"{number:,}"


def show_topics(source, target):
    """One line per topic; returns the records that are still to come."""
    rows, open_records = [], 0
    for topic in TOPICS:
        there = records.count(source, topic)
        here = records.count(target, f"source.{topic}")
        lag = max(0, there - here)
        open_records += lag
        rows.append([topic, thousands(there), f"source.{topic}", thousands(here), thousands(lag)])
    table(["topic", "on the source", "mirror", "on the target", "lag"], rows)
    return open_records


def show_group(source, target, exact):
    """The group's offsets on both sides; returns whether each has arrived, exactly if asked for."""
    rows, complete = [], True
    for topic, partitions in TOPICS.items():
        on_source = records.committed(source, GROUP, topic, range(partitions))
        on_target = records.committed(target, GROUP, f"source.{topic}", range(partitions))
        ends = records.end_offsets(target, f"source.{topic}")
        ends_there = records.end_offsets(source, topic)
        for partition, offset in sorted(on_source.items()):
            translated = on_target.get(partition)
            complete = complete and translated is not None
            shown, lag, more = "-", "", ""
            if translated is not None:
                must = ends_there[partition][1] - offset
                behind = ends[partition][1] - translated
                complete = complete and (behind == must or not exact)
                shown, lag, more = map(thousands, (translated, behind, behind - must))
            rows.append([f"{topic}-{partition}", thousands(offset), shown, lag, more])
    heads = ["offset on the source", "translated", "lag on the target", "more than it must"]
    table(["group " + GROUP, *heads], rows)
    return complete


def fill(source):
    say("A topic with history, and a consumer group that has read a part of it")
    for topic, partitions in TOPICS.items():
        source.create_topic(topic, partitions)
        records.produce(source, topic, HISTORY, codec="lz4")
        read = records.consume_group(source, GROUP, topic, HISTORY // 2)
        note(f"{topic}: {thousands(HISTORY)} records, {GROUP} has read {thousands(len(read))}")


def submit(rest, source, target):
    say("Submitting MirrorSource, MirrorCheckpoint and MirrorHeartbeat by REST")
    what = {"topics": ",".join(TOPICS), "groups": GROUP, "tasks.max": "2"}
    group_sync = {
        "sync.group.offsets.enabled": "true",
        "sync.group.offsets.interval.seconds": "1",
    }
    for connector, more in [
        ("Source", what),
        ("Checkpoint", {**what, **group_sync}),
        ("Heartbeat", {}),
    ]:
        name = f"mirror-{connector.lower()}"
        rest.put_connector(name, mirror_config(connector, source, target, **more))
        note(f"PUT {rest.url}/connectors/{name}/config")
    for name in ("mirror-source", "mirror-checkpoint", "mirror-heartbeat"):
        status = rest.wait_running(name, timeout=90)
        tasks = [task["state"] for task in status["tasks"]]
        note(f"{name}: {status['connector']['state']}, tasks: {', '.join(tasks)}")


def watch(source, target, tail, exact):
    say("While records keep coming")
    for _ in range(4):
        show_topics(source, target)
        time.sleep(1.5)
    tail.end()
    say("The producer has ended; the mirror runs empty")
    wait_for(lambda: show_topics(source, target) == 0, 60, "the mirror to catch up", interval=1)
    say("The consumer group can go on at the target")
    wait_for(lambda: show_group(source, target, exact), 60, "the group's offsets", interval=2)
    beats = wait_for(lambda: records.count(target, "heartbeats"), 30, "heartbeats")
    note(f"heartbeats on the target: {beats}")


def verify(source, target):
    say("Comparing source and target, record by record")
    for topic in TOPICS:
        count = records.assert_mirrored(source, topic, target, f"source.{topic}")
        note(f"{topic}: {thousands(count)} records equal: key, value, timestamp, headers, order")


def command(cli, *words):
    """Runs a command as one would type it, and shows what it prints."""
    print(f"\n    {BOLD}$ isthmus {' '.join(words)}{PLAIN}", flush=True)
    shown = cli.run(*words)
    for line in shown.splitlines():
        print(f"    {line}", flush=True)
    return shown


def move_by_link(source, target, url):
    """A topic and its consumers move: same name, same offsets, same group."""
    cli = Cli(url)
    say(f"Moving the topic {MOVED} and the group {MOVED_GROUP} by a link, with the command line")
    source.create_topic(MOVED, 3)
    records.produce(source, MOVED, HISTORY, codec="lz4")
    records.consume_group(source, MOVED_GROUP, MOVED, HISTORY)
    sides = ("--source", source.bootstrap, "--target", target.bootstrap)
    command(cli, "link", "create", "move", *sides, "--set", "replication.factor=1")
    command(cli, "mirror", "create", "move", MOVED, "--watch")
    command(cli, "verify", "move", MOVED)
    command(cli, "group", "create", "move", MOVED_GROUP)

    def state():
        return cli.data("group", "describe", "move", MOVED_GROUP)["group_status"]

    wait_for(lambda: state() == "STANDBY", 60, f"{MOVED_GROUP} to be held", interval=0.5)
    note("a consumer joins the group at the target, and nobody is left at the source")
    consumer = Consumer(
        target.client_config(**{"group.id": MOVED_GROUP, "auto.offset.reset": "latest"})
    )
    consumer.subscribe([MOVED])

    def promoted():
        assert consumer.poll(0.2) is None, "the group has read records again"
        return state() == "PROMOTED"

    wait_for(promoted, 90, f"{MOVED_GROUP} to be promoted by itself", interval=0.5)
    command(cli, "group", "describe", "move", MOVED_GROUP)
    command(cli, "mirror", "promote", "move", MOVED, "--yes", "--watch")
    command(cli, "link", "report", "move")
    on_source = records.committed(source, MOVED_GROUP, MOVED, range(3))
    on_target = records.committed(target, MOVED_GROUP, MOVED, range(3))
    if on_source != on_target:
        raise AssertionError(f"committed on the source: {on_source}, on the target: {on_target}")
    records.produce(target, MOVED, 1000, first=HISTORY)
    read = 0
    deadline = time.monotonic() + 60
    while read < 1000 and time.monotonic() < deadline:
        read += len(consumer.consume(500, 0.5))
    consumer.close()
    if read != 1000:
        raise AssertionError(f"{MOVED_GROUP} has read {read} of the 1,000 records since")
    note(f"{MOVED_GROUP} goes on at the target: it has read the 1,000 records written there since")
    command(cli, "link", "delete", "move", "--yes")


def migrate(worker_kind):
    say("Starting two Kafka clusters")
    with Cluster("source") as source, Cluster("target") as target:
        note(f"source {source.bootstrap}, target {target.bootstrap}")
        fill(source)
        say(f"Starting the worker ({worker_kind}) against the target")
        worker = distributed(worker_kind, "worker", distributed_settings(target, "demo"))
        started = time.monotonic()
        worker.start()
        note(f"{worker.rest.url} answers after {time.monotonic() - started:.2f} s")
        tail = Tail(source)
        try:
            submit(worker.rest, source, target)
            tail.start()
            watch(source, target, tail, exact=worker_kind == "isthmus")
            verify(source, target)
            if worker_kind == "isthmus":
                move_by_link(source, target, worker.rest.url)
            used, peak = worker.process.cpu_seconds(), worker.process.peak_rss()
            status = worker.stop()
            if worker_kind == "isthmus" and status != 0:
                raise AssertionError(f"the worker ended with status {status}")
            note(f"the worker has used {used:.1f} s of CPU and {peak >> 20} MiB at its peak")
        finally:
            tail.ended.set()
            worker.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--worker", choices=["isthmus", "java"], default="isthmus")
    options = parser.parse_args()
    processes.interrupt_on_sigterm()
    started = time.monotonic()
    try:
        migrate(options.worker)
    except AssertionError as failure:
        for process in processes.recent_processes():
            print(process.tail(15), file=sys.stderr)
        sys.exit(f"\nThe demo failed: {failure}")
    say(f"Done in {time.monotonic() - started:.0f} s; everything is stopped")


if __name__ == "__main__":
    main()
