# SPDX-License-Identifier: Apache-2.0
"""A plugin out of a shared object that has a REST resource and holds consumer groups: built with the
public headers alone, on two workers with basic authentication."""

import pathlib
import subprocess

import pytest
from confluent_kafka import Consumer

import records
from processes import BUILD, wait_for
from rest import Rest
from workers import PATIENCE

TOP = pathlib.Path(__file__).resolve().parents[2]
THINGS = TOP / "tests" / "support" / "plugins" / "things.c"
USER = ("ann", "secret")
SERVER = "org.apache.kafka.connect.rest.basic.auth.extension"


@pytest.fixture
def pair(make_worker, unique, tmp_path):
    """Two workers of one group that have the plugin, and ask who one is."""
    jansson = subprocess.run(["pkg-config", "--cflags", "jansson"], capture_output=True, text=True)
    subprocess.run(
        ["cc", "-shared", "-fPIC", f"-I{TOP / 'include'}", *jansson.stdout.split(), THINGS, "-o"]
        + [tmp_path / "things.so"],
        check=True,
        cwd=BUILD,
    )
    jaas, passwords = tmp_path / "jaas.conf", tmp_path / "users"
    passwords.write_text(f"{USER[0]}={USER[1]}\n")
    jaas.write_text(
        f'KafkaConnect {{\n  {SERVER}.PropertyFileLoginModule required\n  file="{passwords}";\n}};\n'
    )
    group, more = unique("connect"), {
        "plugin.path": str(tmp_path / "things.so"),
        "rest.extension.classes": f"{SERVER}.BasicAuthSecurityRestExtension",
        "rest.request.body.max.bytes": "100000",
    }
    made = []
    for _ in range(2):
        worker = make_worker.distributed(
            make_worker.settings(group=group, **more),
            environment={"KAFKA_OPTS": f"-Djava.security.auth.login.config={jaas}"},
            start=False,
        )
        worker.rest = Rest(worker.rest.url, auth=USER)
        made.append(worker.start())
    return made


def thing(rest, name, **config):
    rest.put_connector(name, {"connector.class": "org.example.ThingConnector", **config})
    wait_for(
        lambda: rest.call("GET", f"/things/{name}").status_code == 200,
        60 * PATIENCE,
        f"{name} to answer",
    )


def test_the_owner_answers_through_any_worker(pair):
    rests = [worker.rest for worker in pair]
    for name in ("a", "b", "c", "d"):
        thing(rests[0], name)
    # Both own some, and every connector is answered by one process, whoever is asked.
    owners = [{n: r.get(f"/things/{n}")["process"] for n in "abcd"} for r in rests]
    assert owners[0] == owners[1]
    assert set(owners[0].values()) == {worker.process.pid for worker in pair}

    other = {n: r for r, w in zip(rests, pair) for n in "abcd" if owners[0][n] != w.process.pid}
    for name, rest in other.items():
        part = rest.insist(
            "POST", f"/things/{name}/parts?color=dark%20red", {"a": [1, None]}, headers={"X-Note": "n"}
        )
        assert part.status_code == 201
        assert part.json() == {"part": {"a": [1, None]}, "color": "dark red", "note": "n"}
        assert part.headers["X-Made-By"] == "things"
        assert rest.call("DELETE", f"/things/{name}/parts/7").status_code == 200
        assert rest.call("DELETE", f"/things/{name}/parts/9").json() == {
            "error_code": 404,
            "message": "part 9",
        }
        picture = rest.call("GET", f"/things/{name}/picture")
        assert picture.content == b"\x89PNG\0\1\2"
        assert picture.headers["Content-Type"] == "image/png"
        etag = {"If-None-Match": picture.headers["ETag"]}
        assert rest.call("GET", f"/things/{name}/picture", headers=etag).status_code == 304
        head = rest.call("HEAD", f"/things/{name}/picture")
        assert (head.status_code, head.headers["Content-Length"], head.content) == (200, "7", b"")

    for rest in rests:
        assert sorted(t["thing_name"] for t in rest.get("/things")) == ["a", "b", "c", "d"]
        assert Rest(rest.url).call("GET", "/things/a").status_code == 401
        assert Rest(rest.url).call("GET", "/things").status_code == 401
        large = rest.call("POST", "/things/a/parts", "x" * 200000)
        assert large.status_code == 413
        assert "rest.request.body.max.bytes" in large.json()["message"]

    rests[0].stop_connector("b")
    for rest in rests:
        stopped = rest.insist("GET", "/things/b")
        assert stopped.status_code == 409 and "STOPPED" in stopped.json()["message"]
        listed = {t["thing_name"]: t.get("error_code") for t in rest.get("/things")}
        assert listed == {"a": None, "b": 409, "c": None, "d": None}
    rests[1].delete_connector("b")
    wait_for(
        lambda: all(r.call("GET", "/things/b").status_code == 404 for r in rests),
        30 * PATIENCE,
        "b to be gone",
    )


def poll_all(consumer, seen):
    for message in consumer.consume(100, 0.2):
        assert message.error() is None, message.error()
        seen.append((message.partition(), message.offset()))
    return seen


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_consumers_wait_until_the_hold_is_released(pair, target, unique, protocol):
    """The holder has all partitions. A consumer joins the group, is a member in good standing and reads
    nothing; when the hold commits and leaves, it begins at the committed offsets."""
    topic, group, rest = unique("held"), unique("group"), pair[0].rest
    target.create_topic(topic, 3)
    for partition in range(3):
        records.produce(target, topic, 10, partition=partition)
    thing(
        rest,
        "holder",
        **{
            "group.bootstrap.servers": target.bootstrap,
            "hold.group" if protocol == "classic" else "crowd.group": group,
            "hold.topic": topic,
            "hold.partitions": "3",
            "hold.offset": "6",
        },
    )
    def state():
        return rest.get("/things/holder")

    classic = protocol == "classic"
    holds = (lambda s: s["generation"] > 0) if classic else (lambda s: s["members"] == 3)
    wait_for(lambda: holds(state()), 60 * PATIENCE, "the holder to have all partitions")
    epoch = state()["epoch"]
    settings = {"group.id": group, "auto.offset.reset": "earliest", "group.protocol": protocol}
    if classic:
        settings.update({"session.timeout.ms": 6000, "partition.assignment.strategy": "range"})
    consumer, seen = Consumer(target.client_config(**settings)), []
    consumer.subscribe([topic])
    try:
        # Who leads knows of the new member; where the broker does, the group has a new epoch.
        joined = (lambda s: s["waiting"] == 1) if classic else (lambda s: s["epoch"] > epoch)
        wait_for(
            lambda: poll_all(consumer, seen) or joined(state()),
            60 * PATIENCE,
            "the consumer to join",
        )
        for _ in range(10):
            poll_all(consumer, seen)
        assert seen == [] and holds(state())
        assert rest.insist("POST", "/things/holder/hold:release").status_code == 204
        wait_for(
            lambda: len(poll_all(consumer, seen)) >= 12,
            60 * PATIENCE,
            "the records from the committed offsets on",
        )
        assert sorted(seen) == [(p, o) for p in range(3) for o in range(6, 10)]
    finally:
        consumer.close()
