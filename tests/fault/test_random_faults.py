# SPDX-License-Identifier: Apache-2.0
"""Random faults on a cluster of three workers; afterwards all runs, once, and nothing is lost.

A seeded generator kills workers (SIGKILL), freezes them for longer than their session lasts (so that
they come back as zombies), restarts the broker, and creates, deletes, changes, pauses, resumes,
stops and restarts connectors, by whichever worker answers. Then all is given time to settle, and:

- REST says RUNNING of every connector and task, once each, on a worker that lives;
- the file of each file source is held open by exactly one descriptor of all workers (seen in /proc),
  and a line that is appended arrives exactly once: no task runs twice, wherever;
- the config topic, read without any worker, says what REST says, and what was acknowledged;
- every record of the mirrored topic is in the mirror; with exactly-once, once and in order.

This goes in episodes, each with its own end. RANDOM_FAULT_SECONDS (15) of faults per test,
RANDOM_FAULT_SEED (1; "random" for another each time), RANDOM_FAULT_JAVA=1: the third worker is
Java's.
"""

import collections
import os
import random
import threading
import time

import pytest
import requests

import config_topic
import records
from processes import wait_for
from workers import PATIENCE, mirror_config

SECONDS = float(os.environ.get("RANDOM_FAULT_SECONDS", "15"))
SEED = os.environ.get("RANDOM_FAULT_SEED", "1")
WITH_JAVA = bool(os.environ.get("RANDOM_FAULT_JAVA"))
SOURCE = "org.apache.kafka.connect.file.FileStreamSourceConnector"
STRINGS = "org.apache.kafka.connect.storage.StringConverter"
FILES = 5  # file sources that come and go
EPISODE_SECONDS = 30
RETRY_SECONDS = 120
SETTLE_SECONDS = 150
FROZEN_SECONDS = (7, 10)  # the session is 6 s
DOWN_SECONDS = (0, 5)
SESSION = {
    "session.timeout.ms": "6000",
    "heartbeat.interval.ms": "1000",
    "scheduled.rebalance.max.delay.ms": "2000",
    "task.shutdown.graceful.timeout.ms": "3000",
    "offset.flush.interval.ms": "500",
}
# What may happen, and how often in proportion.
ACTIONS = {
    "kill": 2,
    "freeze": 2,
    "restart_broker": 0.5,
    "configure": 5,
    "delete": 2,
    "pause": 2,
    "resume": 3,
    "stop": 2,
    "restart": 3,
    "restart_task": 2,
    "feed": 4,
}


class Tally(threading.Thread):
    """Produces numbered records into the mirrored topic until told to end."""

    def __init__(self, cluster, topic):
        super().__init__(name="tally")
        self.cluster, self.topic = cluster, topic
        self.count = 0
        self._ended = threading.Event()

    def run(self):
        while not self._ended.wait(0.1):
            records.produce(self.cluster, self.topic, 20, first=self.count)
            self.count += 20

    def end(self):
        self._ended.set()
        self.join()


class Group:
    """The workers under fault, and calls to whichever of them answers."""

    def __init__(self, make_worker, kinds, settings):
        group = None
        self.workers, self.ids = [], []
        for kind in kinds:
            own = make_worker.settings(group, **settings)
            group = own["group.id"]
            heap = {"heap": "256m"} if kind == "java" else {}
            self.workers.append(make_worker.distributed(own, kind=kind, start=False, **heap))
            self.ids.append(own["listeners"].removeprefix("http://"))
        self.config_topic = own["config.storage.topic"]
        for worker in self.workers:
            worker.start(wait=False)
        for worker in self.workers:
            worker.wait_ready()
        self.due = []  # (moment, what to do): frozen workers thaw, dead ones start
        self.frozen = set()

    def busy(self, worker):
        return worker in self.frozen or not worker.alive

    def later(self, seconds, what, worker):
        self.due.append((time.monotonic() + seconds, what, worker))

    def run_due(self, all_of_them=False):
        now = time.monotonic()
        ready = [entry for entry in self.due if all_of_them or entry[0] <= now]
        self.due = [entry for entry in self.due if entry not in ready]
        for _, what, worker in ready:
            what(worker)

    def kill(self, worker, seconds):
        worker.kill()
        self.later(seconds, lambda w: w.start(wait=False), worker)

    def freeze(self, worker, seconds):
        worker.process.pause()
        self.frozen.add(worker)
        self.later(seconds, self.thaw, worker)

    def thaw(self, worker):
        worker.process.resume()
        self.frozen.discard(worker)

    def must_live(self):
        """A worker that has ended by itself is a finding at once."""
        starting = [worker for _, _, worker in self.due]
        for worker in self.workers:
            if not worker.alive and worker not in starting:
                worker.process.must_live()

    def call(self, method, path, body=None, first=0, missing_ok=False):
        """Asks one worker after the other until one gives a final answer. Returns whether an
        earlier attempt may have been carried out as well, or may yet be."""
        deadline = time.monotonic() + RETRY_SECONDS * PATIENCE
        doubtful, last = False, None
        for attempt in range(1 << 30):
            self.run_due()
            self.must_live()
            worker = self.workers[(first + attempt) % len(self.workers)]
            if not self.busy(worker):
                try:
                    answer = worker.rest.call(method, path, body, timeout=4)
                except requests.RequestException as failure:
                    # A connection that wasn't made has carried nothing.
                    doubtful = doubtful or not isinstance(failure, requests.ConnectionError)
                    doubtful = doubtful or "RemoteDisconnected" in repr(failure)
                    last = repr(failure)
                else:
                    last = f"{answer.status_code} {answer.text[:300]}"
                    if answer.status_code < 300 or (missing_ok and answer.status_code == 404):
                        return doubtful
                    doubtful = doubtful or answer.status_code >= 500
            assert time.monotonic() < deadline, f"{method} {path} in vain; last: {last}"
            time.sleep(0.2)


class Model:
    """What the connectors should be by all that was acknowledged."""

    def __init__(self):
        self.configs, self.targets = {}, {}
        self.doubtful = set()  # an attempt of unknown outcome may come to pass later

    def assert_says(self, found):
        """found: {name: config_topic.Wanted}"""
        for name in (set(self.configs) | set(found)) - self.doubtful:
            if name not in self.configs:
                assert name not in found, f"{name} was deleted and is back: {found[name]}"
            else:
                assert name in found, f"{name} is missing from the config topic"
                assert found[name].config == self.configs[name], name
                assert found[name].target == self.targets[name], name


class Faults:
    """One action each, by the generator; every action draws the same numbers whatever the state."""

    def __init__(self, group, broker, model, files, topic, mirror, generator):
        self.group, self.broker, self.model = group, broker, model
        self.files, self.topic, self.mirror = files, topic, mirror
        self.generator = generator
        self.counts = collections.Counter()
        self.fed = {name: [] for name in files}

    def step(self):
        draw = self.generator
        action = draw.choices(list(ACTIONS), list(ACTIONS.values()))[0]
        self.worker = draw.choice(self.group.workers)
        self.first = draw.randrange(len(self.group.workers))
        self.name = draw.choice([*self.files, self.mirror])
        self.share = draw.random()
        if getattr(self, action)() is not False:
            self.counts[action] += 1

    def between(self, low, high):
        return low + (high - low) * self.share

    def kill(self):
        if self.group.busy(self.worker):
            return False
        self.group.kill(self.worker, self.between(*DOWN_SECONDS))

    def freeze(self):
        if self.group.busy(self.worker):
            return False
        self.group.freeze(self.worker, self.between(*FROZEN_SECONDS))

    def restart_broker(self):
        self.broker.kill()
        self.broker.start(wait=False)
        self.broker.wait_ready()

    def ask(self, method, path, body=None, **options):
        if self.group.call(method, path, body, self.first, **options):
            self.model.doubtful.add(self.name)

    def configure(self):
        config = self.model.configs.get(self.name) or file_source(
            self.name, self.files.get(self.name), self.topic
        )
        number = {"batch.size": str(1 + int(self.share * 1000))}
        if self.name == self.mirror:
            number = {"tasks.max": str(1 + int(self.share * 4))}
        config = {**config, **number}
        self.ask("PUT", f"/connectors/{self.name}/config", config)
        self.model.configs[self.name] = config
        self.model.targets.setdefault(self.name, "STARTED")

    def delete(self):
        if self.name == self.mirror or self.name not in self.model.configs:
            return False
        self.ask("DELETE", f"/connectors/{self.name}", missing_ok=True)
        del self.model.configs[self.name]
        del self.model.targets[self.name]

    def _state(self, verb, target):
        if self.name not in self.model.configs:
            return False
        self.ask("PUT", f"/connectors/{self.name}/{verb}")
        self.model.targets[self.name] = target

    def pause(self):
        return self._state("pause", "PAUSED")

    def resume(self):
        return self._state("resume", "STARTED")

    def stop(self):
        return self._state("stop", "STOPPED")

    def _once(self, path):
        """Restarts aren't insisted upon: what they restart may be stopped or moving."""
        if self.name not in self.model.configs or self.group.busy(self.worker):
            return False
        try:
            self.worker.rest.call("POST", path, timeout=4)
        except requests.RequestException:
            return False

    def restart(self):
        flags = f"?includeTasks={self.share < 0.7}&onlyFailed={self.share < 0.2}"
        return self._once(f"/connectors/{self.name}/restart{flags}")

    def restart_task(self):
        return self._once(f"/connectors/{self.name}/tasks/0/restart")

    def feed(self):
        for name, path in self.files.items():
            line = f"{name} {len(self.fed[name])}"
            with open(path, "a") as file:
                file.write(line + "\n")
            self.fed[name].append(line)


def file_source(name, path, topic):
    return {
        "name": name,
        "connector.class": SOURCE,
        "file": str(path),
        "topic": topic,
        "key.converter": STRINGS,
        "value.converter": STRINGS,
    }


def settled(group, wanted):
    """Every connector and each of its tasks RUNNING on one of the workers, as all of them say."""
    for worker in group.workers:
        everything = worker.rest.get("/connectors?expand=status", timeout=10)
        if set(everything) != set(wanted):
            return None
        for name, entry in everything.items():
            status = entry["status"]
            parts = [status["connector"], *status["tasks"]]
            if wanted[name].tasks is None or len(wanted[name].tasks) != len(status["tasks"]):
                return None
            if not status["tasks"] or any(p["state"] != "RUNNING" for p in parts):
                return None
            if any(p["worker_id"] not in group.ids for p in parts):
                return None
    return everything


def same_as_rest(group, wanted):
    for worker in group.workers:
        for name, found in wanted.items():
            assert worker.rest.config(name) == found.config, f"{name} at {worker.name}"
            tasks = worker.rest.get(f"/connectors/{name}/tasks")
            assert [task["config"] for task in tasks] == found.tasks, f"{name} at {worker.name}"


def lines(target, topic):
    found = records.read_all(target, topic).get(0, [])
    return collections.Counter(record.value.decode() for record in found)


def assert_all_there(source, topic, target, remote, exactly):
    """Every record is in the mirror. A zombie's writes may come late and again, as in Java; with
    exactly-once nothing does."""
    if exactly:
        return records.assert_mirrored(source, topic, target, remote, 90 * PATIENCE)
    expected = {r for found in records.read_all(source, topic).values() for r in found}

    def complete():
        found = {r for part in records.read_all(target, remote).values() for r in part}
        assert found <= expected, "made-up records"
        return expected <= found

    wait_for(complete, 90 * PATIENCE, f"all {len(expected)} records in {remote}", interval=0.5)
    return len(expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    "mode", [pytest.param("at-least-once", marks=pytest.mark.long), "exactly-once"]
)
def test_random_faults(source, target, make_worker, unique, tmp_path, mode, kind):
    seed = random.randrange(1 << 32) if SEED == "random" else int(SEED)
    print(f"RANDOM_FAULT_SEED={seed} RANDOM_FAULT_SECONDS={SECONDS:g} {mode}", flush=True)
    orders, alias, topic = unique("orders"), unique("src"), unique("lines")
    source.create_topic(orders, 4)
    target.create_topic(topic, 1)
    exactly = mode == "exactly-once"
    more = {"exactly.once.source.support": "enabled"} if exactly else {}
    kinds = [kind, kind, "java" if WITH_JAVA else kind]
    group = Group(make_worker, kinds, {**SESSION, **more})
    files = {unique("file"): tmp_path / f"{n}.txt" for n in range(FILES)}
    for path in files.values():
        path.write_text("")
    mirror = unique("mirror")
    model = Model()
    model.configs[mirror] = {
        "name": mirror,
        **mirror_config("Source", source, target, alias, topics=orders),
        "tasks.max": "2",
        "topics": orders,
    }
    model.targets[mirror] = "STARTED"
    group.call("PUT", f"/connectors/{mirror}/config", model.configs[mirror])
    faults = Faults(group, target.brokers[0], model, files, topic, mirror, random.Random(seed))
    tally = Tally(source, orders)
    tally.start()
    try:
        left = SECONDS
        while left > 0:
            run_episode(faults, min(left, EPISODE_SECONDS))
            left -= EPISODE_SECONDS
            print(f"  {dict(faults.counts)}, {len(model.doubtful)} doubtful", end="", flush=True)
            settle(group, target, model, files, topic, faults)
            assert_each_runs_once(group, target, topic, faults, exactly)
    finally:
        tally.end()
    remote = f"{alias}.{orders}"
    assert assert_all_there(source, orders, target, remote, exactly) == tally.count
    # The mirror, too, runs once: what comes now comes once.
    records.produce(source, orders, 200, first=tally.count)
    assert_all_there(source, orders, target, remote, exactly)
    found = collections.Counter(r.value for p in records.read_all(target, remote).values() for r in p)
    fresh = {records.shape(n, 100)[1] for n in range(tally.count, tally.count + 200)} - {b"", None}
    assert all(found[value] == 1 for value in fresh), "two mirrors are at work"
    print(f"  {tally.count} records are all there")


def run_episode(faults, seconds):
    group = faults.group
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            group.run_due()
            group.must_live()
            faults.step()
            time.sleep(0.2)
    finally:
        group.run_due(all_of_them=True)
    for worker in group.workers:
        worker.wait_ready()


EXPIRED = "before its producer transaction expired"


def restart_expired(group):
    """With exactly-once, a task of a worker that was frozen for longer than its transaction may last
    has failed in Java, and is restarted by people."""
    if not WITH_JAVA:
        return
    for name, found in group.workers[0].rest.get("/connectors?expand=status").items():
        tasks = found.get("status", {}).get("tasks", [])
        if any(EXPIRED in task.get("trace", "") for task in tasks):
            print(f", {name} is restarted", end="", flush=True)
            group.call("POST", f"/connectors/{name}/restart?includeTasks=true&onlyFailed=true")


def settle(group, target, model, files, topic, faults):
    """What was acknowledged is in the config topic; then everything is resumed and must run."""
    wait_for(
        lambda: all(w.rest.call("GET", "/health").status_code == 200 for w in group.workers),
        SETTLE_SECONDS * PATIENCE,
        "all workers to be healthy",
        interval=0.5,
    )
    model.assert_says(config_topic.read(target, group.config_topic))
    for name in [*files, faults.mirror]:
        config = model.configs.setdefault(name, file_source(name, files.get(name), topic))
        group.call("PUT", f"/connectors/{name}/config", config)
        group.call("PUT", f"/connectors/{name}/resume")

    def agreed():
        restart_expired(group)
        wanted = config_topic.read(target, group.config_topic)
        return wanted if settled(group, wanted) else None

    began = time.monotonic()
    try:
        wanted = wait_for(agreed, SETTLE_SECONDS * PATIENCE, "everything to run", interval=0.5)
    except AssertionError as late:
        statuses = group.workers[0].rest.get("/connectors?expand=status")
        raise AssertionError(f"{late}\n{statuses}") from None
    print(f", settled in {time.monotonic() - began:.1f} s", flush=True)
    model.doubtful.clear()
    model.targets = dict.fromkeys(model.configs, "STARTED")
    assert set(wanted) == {*files, faults.mirror}
    assert all(found.target == "STARTED" for found in wanted.values())
    same_as_rest(group, wanted)


def assert_each_runs_once(group, target, topic, faults, exactly):
    for name, path in faults.files.items():
        wait_for(
            lambda p=path: sum(worker.process.holds(p) for worker in group.workers) == 1,
            20 * PATIENCE,
            f"one task of {name}, of {[w.process.pid for w in group.workers]}, to have {path} open",
        )
    before = lines(target, topic)
    faults.feed()
    last = {fed[-1] for fed in faults.fed.values()}
    expected = {line for fed in faults.fed.values() for line in fed}

    def arrived():
        # A zombie that came back may have fenced a task that had nothing to write until now.
        restart_expired(group)
        return last <= set(lines(target, topic))

    wait_for(arrived, 60 * PATIENCE, f"{last}", interval=0.3)
    found = lines(target, topic)
    assert set(found) == expected, "lines are missing or made up"
    assert not last & set(before)
    assert all(found[line] == 1 for line in last), f"a task runs twice: {found}"
    if exactly:
        assert set(found.values()) == {1}, "exactly-once, and yet twice"
