# SPDX-License-Identifier: Apache-2.0
"""What shouldn't be in a Connect group: strange members, damaged topics, wrong clocks, zombies.

Nothing of it ends a worker or stops work that has nothing to do with it; where Connect gives up,
the worker does so with a word that helps.
"""

import base64
import json
import os
import pathlib
import re
import struct
import subprocess
import time

import pytest
from confluent_kafka import Consumer, Producer
from test_mixed_group import file_source, owners, wait_shared

import config_topic
import records
from group_member import NONE, Member, Reader, config_offset, metadata
from processes import BUILD, SANITIZER, wait_for
from task_moves import stamp
from workers import PATIENCE

SESSION = {
    "session.timeout.ms": "6000",
    "heartbeat.interval.ms": "1000",
    "scheduled.rebalance.max.delay.ms": "1000",
}
HERE = pathlib.Path(__file__).resolve().parent


def worker_id(settings):
    return settings["listeners"].removeprefix("http://")


def sources(worker, unique, tmp_path, topic, count):
    """File sources that run; {name: path}."""
    made = {}
    for _ in range(count):
        name = unique("file")
        made[name] = tmp_path / name
        made[name].write_text("first\n")
        worker.rest.put_connector(name, file_source(made[name], topic))
    for name in made:
        worker.rest.wait_running(name, timeout=60 * PATIENCE)
    return made


def starts(worker, names):
    """How often these connectors and their tasks were started there, by the log."""
    words = re.findall(r"INFO Starting (?:task|connector) (\S+)", worker.process.log())
    return sum(word.startswith(tuple(names)) for word in words)


def each_runs_once(workers, made):
    """Of each file source one task, wherever."""
    for name, path in made.items():
        wait_for(
            lambda p=path: sum(w.process.holds(p) for w in workers if w.alive) == 1,
            20 * PATIENCE,
            f"one task of {name}",
        )


def lines(target, topic):
    found = records.read_all(target, topic).get(0, [])
    return [record.value.decode() for record in found]


# ---- members ----


def test_a_consumer_group_of_the_same_name(target, make_worker, unique, tmp_path):
    topic = target.create_topic(unique("lines"))
    settings = make_worker.settings(**SESSION)
    worker = make_worker.distributed(settings)
    made = sources(worker, unique, tmp_path, topic, 1)
    before = starts(worker, made)
    consumer = Consumer(target.client_config(**{"group.id": settings["group.id"], "log_level": 0}))
    consumer.subscribe([topic])
    message = wait_for(lambda: consumer.poll(0.5), 30, "the consumer to be refused")
    assert message.error() and "rotocol" in str(message.error()), message.error()
    consumer.close()
    assert starts(worker, made) == before and "Rebalance started: group" not in worker.process.log()

    # And the other way round: the consumers were there first.
    group = unique("taken")
    consumer = Consumer(target.client_config(**{"group.id": group}))
    consumer.subscribe([topic])
    wait_for(lambda: consumer.poll(0.2) is not None or consumer.assignment(), 30, "the consumer")
    late = make_worker.distributed(make_worker.settings(group, **SESSION), start=False)
    late.start(wait=False)
    assert late.process.wait(60 * PATIENCE) != 0
    assert "INCONSISTENT_GROUP_PROTOCOL" in late.process.log()
    assert "no consumer group has this name" in late.process.log()
    consumer.close()


def given(assignment):
    """(error, config offset, connectors that were assigned) from a member's assignment."""
    reader = Reader(assignment)
    reader.take("h")
    error = reader.take("h")
    reader.text(), reader.text()
    offset = reader.take("q")
    return error, offset, [reader.text() for _ in range(min(1, max(0, reader.take("i"))))]


NONSENSE = [b"", b"\0", b"\xff" * 40, struct.pack(">hh", 2, 30000) + b"http", os.urandom(300)]


def test_members_that_speak_nonsense(target, make_worker, unique, tmp_path):
    topic = target.create_topic(unique("lines"))
    settings = make_worker.settings(**SESSION)
    worker = make_worker.distributed(settings)
    made = sources(worker, unique, tmp_path, topic, 2)
    before = starts(worker, made)
    for number, about in enumerate(NONSENSE):
        with Member(target, settings["group.id"]) as member:
            assert member.join({"sessioned": about}) == NONE
            error, assignment = member.sync()
            assert error == NONE and given(assignment)[2] == [], f"{about!r} was given work"
            assert f"Member {member.id} of the group is given no work" in worker.process.log()
            feed(made, f"nonsense {number}", 1)
            last = f"{next(iter(made))} nonsense {number} 0"
            wait_for(lambda line=last: line in lines(target, topic), 30 * PATIENCE, last)
    assert owners(worker.rest, made) == {worker_id(settings): 4}
    assert starts(worker, made) == before, "work was stopped for them"


def test_a_member_with_no_protocol_of_connect(target, make_worker, unique, tmp_path):
    topic = target.create_topic(unique("lines"))
    settings = make_worker.settings(**SESSION)
    worker = make_worker.distributed(settings)
    made = sources(worker, unique, tmp_path, topic, 1)
    with Member(target, settings["group.id"]) as member:
        assert member.join({"unheard-of": b""}) != NONE
    assert owners(worker.rest, made) == {worker_id(settings): 2}


@pytest.mark.java
def test_an_eager_java_worker(target, make_worker, unique, tmp_path, kind):
    """One old worker makes the whole group eager, and unsigned; all of it ends with the worker."""
    topic = target.create_topic(unique("lines"))
    settings = make_worker.settings(**SESSION)
    worker = make_worker.distributed(settings)
    made = sources(worker, unique, tmp_path, topic, 3)
    old = make_worker.settings(settings["group.id"], **SESSION, **{"connect.protocol": "eager"})
    java = make_worker.distributed(old, kind="java", heap="256m")
    wait_shared(worker.rest, made, [worker_id(settings), worker_id(old)])
    each_runs_once([worker, java], made)
    with Member(target, settings["group.id"]) as observer:
        assert observer.described()[1] == "default"
    # A connector that comes through the eager worker, with tasks that are written by the leader.
    name = unique("file")
    (tmp_path / name).write_text("one\n")
    java.rest.put_connector(name, file_source(tmp_path / name, topic))
    made[name] = tmp_path / name
    wait_shared(worker.rest, made, [worker_id(settings), worker_id(old)])
    each_runs_once([worker, java], made)
    java.stop()
    wait_shared(worker.rest, made, [worker_id(settings)])
    each_runs_once([worker], made)
    with Member(target, settings["group.id"]) as observer:
        wait_for(lambda: observer.described()[1] == "sessioned", 30 * PATIENCE, "sessioned again")


# ---- the internal topics ----

DAMAGED = [
    ("connector-x", b"not json"),
    ("connector-x", b'{"properties":[]}'),
    ("connector-x", b'{"properties":"text"}'),
    ("connector-x", b"[]"),
    ("connector-x", b"17"),
    ("connector-x", b"{}"),
    ("connector-x", b'{"properties":{"connector.class"'),
    ("connector-", b'{"properties":{"no.name":"at all"}}'),
    ("task-x", b'{"properties":{"a":"b"}}'),
    ("task-x-99999999999999999999", b'{"properties":{"a":"b"}}'),
    ("task-x--1", b'{"properties":{"a":"b"}}'),
    ("task-x-0", b'{"properties":7}'),
    ("commit-x", b'{"tasks":3}'),
    ("commit-x", b'{"tasks":"three"}'),
    ("commit-x", b'{"tasks":-1}'),
    ("commit-x", b'{"tasks":4611686018427387904}'),
    ("commit-x", b'{"tasks":1.5}'),
    ("target-state-x", b'{"state":7}'),
    ("target-state-x", b'{"state":"FLYING"}'),
    ("target-state-x", b'{"state.v2":["STOPPED"]}'),
    ("restart-connector-x", b'{"include-tasks":"yes"}'),
    ("restart-connector-x", b'"now"'),
    ("tasks-fencing-x", b'{"task-count":null}'),
    ("session-key", b'{"key":"%%%","algorithm":"HmacSHA256","creation-timestamp":1}'),
    ("session-key", b'{"key":7}'),
    ("logger-cluster-root", b'{"level":{}}'),
    ("logger-cluster-root", b'{"level":"SHOUTING"}'),
    ("unheard-of", b'{"a":1}'),
    ("", b"{}"),
    ("connector-\xff".encode("latin-1"), b"{}"),
    (b"connector-nul\0byte", b'{"properties":{"a":"b"}}'),
    ("connector-huge", b'{"properties":"' + b"x" * 900_000 + b'"}'),
    ("connector-deep", b"[" * 100_000),
    ("connector-deep", b'{"properties":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001),
]


def put_records(target, topic, found):
    producer = Producer(target.client_config(**{"enable.idempotence": True}))
    for key, value in found:
        producer.produce(topic, value, key, partition=0)
    assert producer.flush(120) == 0


def test_a_damaged_config_topic(target, make_worker, unique, tmp_path):
    topic = target.create_topic(unique("lines"))
    settings = make_worker.settings(**SESSION)
    configs = settings["config.storage.topic"]
    target.create_topic(configs, 1, cleanup_policy="compact")
    put_records(target, configs, [*DAMAGED, (None, b"{}"), (None, None)])
    worker = make_worker.distributed(settings)
    made = sources(worker, unique, tmp_path, topic, 1)
    before = starts(worker, made)
    put_records(target, configs, [*DAMAGED, (None, b"{}"), (None, None)])
    made_up = "connector-made-up"  # the last record: it tells that all have been read
    put_records(target, configs, [(made_up, b"{}")])
    wait_for(lambda: f"key {made_up}" in worker.process.log(), 30 * PATIENCE, "the last record")
    assert set(worker.rest.get("/connectors")) <= {*made, ""}
    # A commit without all of its tasks, for a connector that runs: it is configured anew.
    name, path = next(iter(made.items()))
    with open(path, "a") as file:
        file.write("second\n")
    wait_for(lambda: "second" in lines(target, topic), 30 * PATIENCE, "the second line")
    assert starts(worker, made) == before, "work was stopped for records that say nothing about it"
    warnings = worker.process.log().count("WARN Ignoring config record")
    assert warnings <= 2 * (len(DAMAGED) + 2) + 1, "more than one warning for a record"
    worker.stop()
    worker.start()
    worker.rest.wait_running(name, timeout=60 * PATIENCE)


def test_a_zombies_word_of_others_tasks(target, make_worker, unique, tmp_path, kind):
    """A worker that was frozen says RUNNING, and then UNASSIGNED, of what others have by now."""
    if kind == "java":
        pytest.skip("in Java's status it stays until the task's next change")
    settings = make_worker.settings(**SESSION)
    worker = make_worker.distributed(settings)
    made = sources(worker, unique, tmp_path, unique("lines"), 1)
    (name,) = made
    producer = Producer({"bootstrap.servers": target.bootstrap, "partitioner": "murmur2_random"})
    for state in ("RUNNING", "UNASSIGNED", "FAILED"):
        for key in (f"status-connector-{name}", f"status-task-{name}-0"):
            word = {"state": state, "trace": None, "worker_id": "zombie:1", "generation": 0}
            producer.produce(settings["status.storage.topic"], json.dumps(word), key)
        assert producer.flush(120) == 0

    def last_words():
        """What a worker that starts now would read."""
        found = records.read_all(target, settings["status.storage.topic"])
        last = {r.key.decode(): json.loads(r.value) for part in found.values() for r in part if r.value}
        return [
            (last[key]["state"], last[key]["worker_id"])
            for key in (f"status-connector-{name}", f"status-task-{name}-0")
        ]

    wait_for(
        lambda: last_words() == [("RUNNING", worker_id(settings))] * 2,
        30 * PATIENCE,
        "the owner to have the last word",
        interval=0.3,
    )
    worker.rest.wait_running(name, timeout=30 * PATIENCE)


def test_tasks_that_are_missing(target, make_worker, unique, tmp_path):
    """A commit that finds some of its tasks missing: the owner has them written anew."""
    topic = target.create_topic(unique("lines"))
    settings = make_worker.settings(**SESSION)
    configs = settings["config.storage.topic"]
    worker = make_worker.distributed(settings)
    (name,) = sources(worker, unique, tmp_path, topic, 1)
    worker.stop()
    put_records(target, configs, [(f"commit-{name}", b'{"tasks":3}')])
    assert config_topic.read(target, configs)[name].tasks is None
    worker.start()
    wait_for(
        lambda: config_topic.read(target, configs)[name].tasks,
        60 * PATIENCE,
        "task configs that are complete",
        interval=0.3,
    )
    worker.rest.wait_running(name, timeout=60 * PATIENCE)
    assert len(worker.rest.status(name)["tasks"]) == 1


def offsets_of_others(member):
    """The config offsets that the workers join with: a member that joins has them all say."""
    about = {"sessioned": metadata(2, "http://nowhere:1/", -1)}
    if member.join(about) != NONE or member.sync()[0] != NONE:
        member.leave()
        return set()
    state, _, members = member.described()
    if state != "Stable":
        return set()
    return {config_offset(about) for id, about in members.items() if id != member.id}


@pytest.mark.java
def test_both_skip_the_same_records(target, make_worker, unique, tmp_path, kind):
    """Workers agree on the config offset whatever the last record is, else nothing ever starts."""
    settings = make_worker.settings(**SESSION)
    configs = settings["config.storage.topic"]
    worker = make_worker.distributed(settings)
    other = make_worker.settings(settings["group.id"], **SESSION)
    make_worker.distributed(other, kind="java", heap="256m")
    group = settings["group.id"]
    for value in (b"not json", b'{"tasks":1} trailing', b"123456789012345678901234567890", b""):
        put_records(target, configs, [("commit-unknown", value)])
        with Member(target, group) as member:
            wait_for(
                lambda m=member: len(offsets_of_others(m)) == 1,
                30 * PATIENCE,
                f"both workers to have one config offset after {value!r}",
            )
    assert worker.alive


@pytest.mark.parametrize("which", ["config", "offset", "status"])
def test_an_internal_topic_that_cannot_serve(target, make_worker, unique, which):
    settings = make_worker.settings(**SESSION)
    topic = settings[f"{which}.storage.topic"]
    if which == "config":
        target.create_topic(topic, 2, cleanup_policy="compact")
    else:
        target.create_topic(topic, 2, cleanup_policy="delete")
    worker = make_worker.distributed(settings, start=False).start(wait=False)
    assert worker.process.wait(60 * PATIENCE) != 0
    wanted = "is required to have a single partition" if which == "config" else "cleanup.policy=compact"
    assert f"Topic '{topic}' supplied via the '{which}.storage.topic' property" in worker.process.log()
    assert wanted in worker.process.log()


# ---- clocks ----


@pytest.mark.parametrize("created", [(1 << 63) - 1, -(1 << 63)])
def test_a_session_key_of_another_time(target, make_worker, unique, tmp_path, created):
    """A key of the far future is used; one of the past is replaced, once."""
    topic = target.create_topic(unique("lines"))
    settings = make_worker.settings(**SESSION)
    configs = settings["config.storage.topic"]
    target.create_topic(configs, 1, cleanup_policy="compact")
    key = base64.b64encode(os.urandom(32)).decode()
    record = {"key": key, "algorithm": "HmacSHA256", "creation-timestamp": created}
    put_records(target, configs, [("session-key", json.dumps(record).encode())])
    others = make_worker.settings(settings["group.id"], **SESSION)
    first = make_worker.distributed(settings)
    second = make_worker.distributed(others)
    made = sources(second, unique, tmp_path, topic, 4)
    wait_shared(first.rest, made, [worker_id(settings), worker_id(others)])
    keys = [r for r in records.read_all(target, configs)[0] if r.key == b"session-key"]
    assert len(keys) == (1 if created > time.time() * 1000 else 2), keys


@pytest.mark.skipif(bool(SANITIZER), reason="sanitizers must be the first library")
@pytest.mark.parametrize("ahead", ["leader", "follower"])
def test_clocks_that_differ(target, make_worker, unique, tmp_path, ahead):
    """Two workers differ by more than a session key's life: requests stay signed."""
    topic = target.create_topic(unique("lines"))
    wrong = clock_ahead(50 * 60)  # brokers take records that are an hour ahead
    key_life = {"inter.worker.key.ttl.ms": str(30 * 60 * 1000)}
    settings = make_worker.settings(**SESSION, **key_life)
    others = make_worker.settings(settings["group.id"], **SESSION, **key_life)
    leading = make_worker.distributed(settings, environment=wrong if ahead == "leader" else None)
    following = make_worker.distributed(others, environment=wrong if ahead == "follower" else None)
    made = sources(following, unique, tmp_path, topic, 4)
    ids = [worker_id(settings), worker_id(others)]
    wait_shared(leading.rest, made, ids)
    # Tasks of the follower's connectors are written by the leader, at a signed request.
    for name in made:
        config = leading.rest.config(name)
        following.rest.put_connector(name, {**config, "batch.size": "77"})
    wait_shared(leading.rest, made, ids)
    # The other one leads; its clock says otherwise of the key's age.
    leading.stop()
    wait_shared(following.rest, made, ids[1:])
    leading.start()
    wait_shared(following.rest, made, ids)
    found = records.read_all(target, settings["config.storage.topic"])[0]
    keys = [record for record in found if record.key == b"session-key"]
    assert len(keys) <= 2, f"{len(keys)} session keys"


@pytest.mark.skipif(bool(SANITIZER), reason="sanitizers must be the first library")
def test_a_clock_that_the_broker_refuses(target, make_worker):
    """More than message.timestamp.after.max.ms ahead, nothing can be written: the log says so, and
    the worker tries again at its ease."""
    settings = make_worker.settings(**SESSION)
    worker = make_worker.distributed(settings, environment=clock_ahead(2 * 3600))
    said = "INFO Failed to write new session key"

    def tries():
        return [stamp(line) for line in worker.process.log().splitlines() if said in line]

    moments = wait_for(lambda: len(tries()) > 2 and tries(), 60 * PATIENCE, "three attempts")
    assert all(b - a >= 0.9 for a, b in zip(moments, moments[1:]))
    assert "INVALID_TIMESTAMP" in worker.process.log() or "timestamp" in worker.process.log()


def clock_ahead(seconds):
    """The environment of a process whose wall clock is ahead; the steady one is left alone."""
    shim = BUILD / "clock_shim.so"
    source = HERE.parent / "support" / "clock_shim.c"
    if not shim.exists() or shim.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(
            ["cc", "-shared", "-fPIC", "-O1", source, "-o", shim, "-ldl"], check=True, timeout=60
        )
    return {"LD_PRELOAD": str(shim), "CLOCK_AHEAD_SECONDS": str(seconds)}


# ---- zombies ----


@pytest.mark.parametrize("mode", ["at-least-once", "exactly-once"])
def test_a_worker_that_comes_back_from_the_dead(target, make_worker, unique, tmp_path, mode):
    """A worker is frozen for longer than its session; its tasks go on elsewhere, and not twice."""
    exactly = {"exactly.once.source.support": "enabled"} if mode == "exactly-once" else {}
    topic = target.create_topic(unique("lines"))
    settings = make_worker.settings(**SESSION, **exactly)
    others = make_worker.settings(settings["group.id"], **SESSION, **exactly)
    alive = make_worker.distributed(settings)
    frozen = make_worker.distributed(others)
    made = sources(alive, unique, tmp_path, topic, 2)
    wait_shared(alive.rest, made, [worker_id(settings), worker_id(others)])
    feed(made, "before", 50)
    frozen.process.pause()
    try:
        feed(made, "meanwhile", 50)
        wait_shared(alive.rest, made, [worker_id(settings)])
        expected = {f"{name} meanwhile {n}" for name in made for n in range(50)}
        wait_for(
            lambda: expected <= set(lines(target, topic)), 60 * PATIENCE, "its lines", interval=0.3
        )
    finally:
        frozen.process.resume()
    wait_shared(alive.rest, made, [worker_id(settings), worker_id(others)])
    feed(made, "after", 50)
    expected = {f"{name} after {n}" for name in made for n in range(50)}
    wait_for(lambda: expected <= set(lines(target, topic)), 60 * PATIENCE, "the last lines")
    found = lines(target, topic)
    for name in made:
        after = [line for line in found if line.startswith(f"{name} after")]
        assert after == [f"{name} after {n}" for n in range(50)], "a task runs twice"
        if exactly:
            own = [line for line in found if line.startswith(name)]
            assert own == [f"{name} {w} {n}" for w in ("before", "meanwhile", "after") for n in range(50)]


def test_what_others_gave_up_meanwhile_is_said_to_run(target, make_worker, unique, tmp_path, kind):
    """A worker is frozen, another one takes its tasks and leaves; then it comes back and keeps them."""
    if kind == "java":
        pytest.skip("in Java's status they stay UNASSIGNED until their next change")
    settings = make_worker.settings(**SESSION)
    others = make_worker.settings(settings["group.id"], **SESSION)
    frozen = make_worker.distributed(settings)
    made = sources(frozen, unique, tmp_path, target.create_topic(unique("lines")), 2)
    frozen.process.pause()
    try:
        other = make_worker.distributed(others)
        wait_shared(other.rest, made, [worker_id(others)])
        other.stop()
    finally:
        frozen.process.resume()
    wait_shared(frozen.rest, made, [worker_id(settings)])


def feed(made, what, count):
    for name, path in made.items():
        with open(path, "a") as file:
            file.write("".join(f"{name} {what} {n}\n" for n in range(count)))
