# SPDX-License-Identifier: Apache-2.0
"""A Java cluster that runs MM2's connectors is replaced worker by worker, and then back again.

Three Java workers mirror under a constant load. One after the other is stopped with SIGTERM and an
Isthmus is started in its place, on the same file and port; then the same the other way round. All
the while REST is asked: it answers on every worker that lives, and nothing is ever FAILED. No
record is lost, and none comes twice.

`--worker=java` does the same steps from Java to Java; both print their figures.
ROLLING_ROUNDS (1), ROLLING_RATE (200 records/s).
"""

import itertools
import os
import threading
import time

import pytest
import requests

import records
from processes import wait_for
from rest import Rest
from workers import PATIENCE, mirror_config, settings_file

ROUNDS = int(os.environ.get("ROLLING_ROUNDS", "1"))
RATE = int(os.environ.get("ROLLING_RATE", "200"))
WORKERS = 3
PARTITIONS = 8
TASKS = {"mirror": 4, "checkpoint": 1, "heartbeat": 1}
GROUP = {
    "session.timeout.ms": "10000",
    "heartbeat.interval.ms": "1000",
    "scheduled.rebalance.max.delay.ms": "3000",
    "task.shutdown.graceful.timeout.ms": "30000",
}


class Load(threading.Thread):
    """Produces at an even rate until told to end."""

    def __init__(self, cluster, topic):
        super().__init__(name="load")
        self.cluster, self.topic, self.count = cluster, topic, 0
        self._ended = threading.Event()

    def run(self):
        while not self._ended.wait(0.25):
            records.produce(self.cluster, self.topic, RATE // 4, first=self.count)
            self.count += RATE // 4

    def end(self):
        self._ended.set()
        self.join()


class Poller(threading.Thread):
    """Asks the workers that live, in turn; retries what Connect's clients retry, and counts it."""

    def __init__(self, target, remote):
        super().__init__(name="poller")
        self.live = {}  # url: its client
        self.answers = self.retried = 0
        self.slowest = self.stalled = 0.0
        self.wrong = []
        self._target, self._remote = target, remote
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._count, self._grew = 0, None

    def add(self, url):
        """From when the worker says that it is healthy: it has read its topics then."""
        rest = Rest(url)

        def healthy():
            return rest.call("GET", "/health").status_code == 200

        wait_for(healthy, 60 * PATIENCE, f"{url} to be healthy")
        with self._lock:
            self.live[url] = rest

    def remove(self, url):
        """Returns once no request to the worker is under way."""
        with self._lock:
            del self.live[url]

    def run(self):
        paths = ["/", "/connectors", "/connectors?expand=status&expand=info", "/connector-plugins"]
        for name in TASKS:
            parts = ["", "/config", "/status", "/tasks", "/topics", "/tasks/0/status"]
            paths += [f"/connectors/{name}{part}" for part in parts]
        turns = itertools.count()
        for path in itertools.cycle(paths):
            if self._ended.wait(0.02):
                return
            with self._lock:
                if self.live:
                    self._ask(list(self.live.values())[next(turns) % len(self.live)], path)
            if path == "/":
                self._watch_mirror()

    def _ask(self, rest, path):
        began = time.monotonic()
        try:
            answer = rest.call("GET", path, timeout=30)
        except requests.RequestException as failure:
            self.wrong.append(f"GET {rest.url}{path}: {failure!r}")
            return
        self.slowest = max(self.slowest, time.monotonic() - began)
        rebalancing = answer.status_code == 409 or "a rebalance is expected" in answer.text
        if rebalancing or (answer.status_code == 404 and self._without_groups(rest, path)):
            self.retried += 1
        elif answer.status_code != 200 or '"FAILED"' in answer.text:
            self.wrong.append(f"GET {rest.url}{path}: {answer.status_code} {answer.text[:500]}")
        self.answers += 1

    def _without_groups(self, rest, path):
        """A checkpoint connector has no task while the source says that it has no groups, as a
        broker does that is out of service for a moment; Java's as ours."""
        tasks = rest.call("GET", "/connectors/checkpoint/tasks", timeout=30)
        return path == "/connectors/checkpoint/tasks/0/status" and tasks.json() == []

    def _watch_mirror(self):
        count, now = records.count(self._target, self._remote), time.monotonic()
        if self._grew is None or count > self._count:
            self._count, self._grew = count, now
        self.stalled = max(self.stalled, now - self._grew)

    def end(self):
        self._ended.set()
        self.join()


class Replacement:
    """The cluster, its files, and what is done to it."""

    def __init__(self, make_worker, unique, poller):
        group = None
        self._make, self._poller = make_worker, poller
        self.places, self.workers = [], []
        for _ in range(WORKERS):
            settings = make_worker.settings(group, **GROUP)
            group = settings["group.id"]
            self.places.append((settings, settings_file(unique("worker"), settings)))

    def start(self, place, kind, wait=True):
        settings, file = self.places[place]
        worker = self._make.distributed(settings, kind=kind, file=file, start=False, heap="256m")
        return worker.start(wait)

    def start_all(self, kind):
        self.workers = [self.start(place, kind, wait=False) for place in range(WORKERS)]
        for worker in self.workers:
            worker.wait_ready(120)
            self._poller.add(worker.rest.url)

    def replace(self, place, kind):
        """Returns the seconds until everything ran again, with a share for the new worker."""
        leaving = self.workers[place]
        began = time.monotonic()
        self._poller.remove(leaving.rest.url)
        leaving.stop()
        self.workers[place] = self.start(place, kind)
        self._poller.add(leaving.rest.url)
        # The new worker, whoever leads, takes writes too: they reach the leader through it.
        self.workers[place].rest.put_connector("heartbeat", self.changed_heartbeat())
        self.wait_shared()
        return time.monotonic() - began

    def changed_heartbeat(self):
        config = self.workers[0].rest.config("heartbeat")
        interval = 2 if config.get("emit.heartbeats.interval.seconds") == "1" else 1
        return {**config, "emit.heartbeats.interval.seconds": str(interval)}

    def wait_shared(self):
        ids = {s["listeners"].removeprefix("http://") for s, _ in self.places}

        def shared():
            owners = set()
            for name, tasks in TASKS.items():
                status = self.workers[0].rest.status(name)
                parts = [status["connector"], *status["tasks"]] if status else []
                if len(parts) != tasks + 1 or {p["state"] for p in parts} != {"RUNNING"}:
                    return None
                owners |= {p["worker_id"] for p in parts}
            return owners == ids

        wait_for(shared, 90 * PATIENCE, f"all connectors to run on all of {ids}", interval=0.2)


@pytest.mark.java
@pytest.mark.slow
def test_worker_by_worker_and_back(source, target, make_worker, unique, kind):
    topic, alias = unique("orders"), unique("src")
    remote = f"{alias}.{topic}"
    source.create_topic(topic, PARTITIONS)
    group = unique("billing")
    records.commit(source, group, topic, {0: 0})  # Java's checkpoint connector has a task for it
    poller, load = Poller(target, remote), Load(source, topic)
    cluster = Replacement(make_worker, unique, poller)
    cluster.start_all("java")
    for connector in ("Heartbeat", "Checkpoint", "Source"):
        name = "mirror" if connector == "Source" else connector.lower()
        more = {"topics": topic, "groups": group, "tasks.max": TASKS[name]}
        config = mirror_config(connector, source, target, alias, **more)
        cluster.workers[0].rest.put_connector(name, config)
    cluster.wait_shared()
    seconds = {}
    load.start()
    poller.start()
    try:
        for _ in range(ROUNDS):
            for new in (kind, "java"):
                for place in range(WORKERS):
                    took = cluster.replace(place, new)
                    seconds.setdefault(f"to {new}", []).append(round(took, 1))
                    assert not poller.wrong, poller.wrong[:5]
    finally:
        load.end()
        poller.end()
    produced = records.assert_mirrored(source, topic, target, remote, 60 * PATIENCE, exactly=False)
    assert produced == load.count
    twice = records.count(target, remote) - produced
    print(
        f"\njava -> {kind} -> java: {produced} records, {twice} of them twice; {poller.answers} "
        f"answers, the slowest in {poller.slowest:.2f} s, {poller.retried} to be retried for a "
        f"rebalance; the mirror stood still for {poller.stalled:.1f} s at most; seconds for each "
        f"replacement: {seconds}"
    )
    assert not poller.wrong, poller.wrong[:5]
    assert twice == 0, "a worker that is stopped commits what it has written"
