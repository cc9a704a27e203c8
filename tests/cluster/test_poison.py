# SPDX-License-Identifier: Apache-2.0
"""Configurations that took a worker down again and again: each is its own connector's failure.

The worker has a limit on its memory, so that what allocates without bound ends it at once. The
threads of all these connectors together would reach it by their stacks: each goes before the next.
"""

import pathlib
import re
import resource
from concurrent.futures import ThreadPoolExecutor

import pytest

import records
from processes import wait_for
from rest import Rest
from workers import PATIENCE, mirror_config

FILE = "org.apache.kafka.connect.file.FileStream"
STRING = "org.apache.kafka.connect.storage.StringConverter"
SINK = {"connector.class": f"{FILE}SinkConnector", "file": "/dev/null", "topics": "any"}
SOURCE = {"connector.class": f"{FILE}SourceConnector", "topic": "any"}
BYTES = 768 << 20
LINES = {**SOURCE, "file": "/etc/hostname"}
TRANSFORMS = "org.apache.kafka.connect.transforms"
ROUTER = {"transforms": "r", "transforms.r.type": f"{TRANSFORMS}.RegexRouter"}
LARGEST = 2**63 - 1
INTERVALS = [
    "refresh.topics.interval.seconds",
    "sync.topic.configs.interval.seconds",
    "sync.topic.acls.interval.seconds",
    "admin.timeout.ms",
    "consumer.poll.timeout.ms",
    "errors.retry.timeout",
    "errors.retry.delay.max.ms",
    "offset.lag.max",
]
# What is wrong: (settings, who fails, what it says)
POISON = {
    "no-lines": ({**SOURCE, "file": "/dev/zero"}, "tasks", "The line at offset 0 of /dev/zero"),
    "too-many-tasks": ({**SINK, "tasks.max": "2000000000"}, "connector", "lower tasks.max"),
    "long-topic": ({**LINES, "topic": "x" * 900000}, "tasks", "Invalid topic"),
    "topic-of-lines": ({**LINES, "topic": "two\nlines"}, "tasks", "Invalid topic"),
    "endless-match": (
        {**LINES, **ROUTER, "topic": "a" * 100 + "!", "transforms.r.regex": "((a+)+)+"}
        | {"transforms.r.replacement": "x"},
        "tasks",
        "match limit exceeded",
    ),
    "endless-name": (
        {**LINES, **ROUTER, "transforms.r.regex": "(.*)", "transforms.r.replacement": "$1" * 50000},
        "tasks",
        "is longer than 32767 bytes",
    ),
    "endless-format": (
        {**LINES, "transforms": "t", "transforms.t.type": f"{TRANSFORMS}.TimestampConverter$Value"}
        | {"transforms.t.target.type": "string", "transforms.t.format": "%n" * 1000},
        "tasks",
        "Illegal pattern character",
    ),
}
# What is strange, but no failure.
HUGE = "2147483647"
STRANGE = {
    "batch-size": {**LINES, "batch.size": HUGE},
    "huge-buffers": LINES
    | {f"producer.override.{key}": HUGE for key in ("max.request.size", "batch.size")},
    "huge-fetches": SINK
    | {f"consumer.override.{key}": HUGE for key in ("fetch.max.bytes", "max.poll.records")}
    | {"consumer.override.max.partition.fetch.bytes": HUGE},
    "many-topics": SINK
    | {"topics": ",".join(f"t{i}" for i in range(20000))}
    | {"consumer.override.allow.auto.create.topics": "false"},
}


@pytest.fixture
def small(make_worker):
    worker = make_worker.distributed(start=False)
    worker.start()
    resource.prlimit(worker.process.pid, resource.RLIMIT_DATA, (BYTES, BYTES))
    return worker


def failure(rest, name, part):
    status = rest.status(name)
    found = status and (status["tasks"] if part == "tasks" else [status["connector"]])
    return found and found[0]["state"] == "FAILED" and found[0]["trace"]


def mirrors(source, target, topic):
    """Mirrors with patterns and intervals that nobody should have."""

    def mirror(kind, **more):
        return mirror_config(kind, source, target, "odd", topics=topic, **more)

    return {
        "endless-patterns": mirror("Source") | {"topics": f"((a+)+)+,{topic}"},
        "many-patterns": mirror("Source")
        | {"topics": ",".join([f"t{i}" for i in range(100000)] + [topic])},
        "never": mirror("Source", **{key: LARGEST for key in INTERVALS}),
        "less-than-nothing": mirror("Source", **{key: -LARGEST - 1 for key in INTERVALS})
        | {"admin.timeout.ms": "60000"},
        "never-beats": mirror("Heartbeat", **{"emit.heartbeats.interval.seconds": LARGEST}),
        "always-beats": mirror("Heartbeat", **{"emit.heartbeats.interval.seconds": 0}),
    }


def check_rest(rest):
    """What no connector can be made of is refused at once."""
    config = {**LINES, "value.converter": STRING}
    body = {"name": "n" * (1 << 20), "config": config}
    assert rest.call("POST", "/connectors", body).status_code in (400, 500)
    assert "U+0000" in rest.call("PUT", "/connectors/nul/config", {**config, "x": "a\0b"}).text
    headers = {"Content-Type": "application/json"}
    broken = b'{"x": "\xff\xfe"}'
    assert rest.call("PUT", "/connectors/b/config", data=broken, headers=headers).status_code >= 400
    listed = {**config, "transforms": ",".join(f"t{i}" for i in range(10000))}
    answer = rest.call("PUT", "/connectors/listed/config", listed)
    assert answer.status_code == 400
    assert "following 10000 error(s)" in answer.text


def check_without_memory(rest, process):
    """Bodies for which there is no memory are those requests' own trouble."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    data = int(re.search(r"VmData:\s+(\d+) kB", status).group(1)) << 10
    body = {"connector.class": f"{FILE}SourceConnector", "x": "x" * (14 << 20)}
    path = f"/connector-plugins/{FILE}SourceConnector/config/validate"
    resource.prlimit(process.pid, resource.RLIMIT_DATA, (data + (4 << 20), BYTES))
    try:
        with ThreadPoolExecutor(4) as pool:
            calls = [pool.submit(Rest(rest.url).call, "PUT", path, body) for _ in range(4)]
            answers = [call.result() for call in calls]
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_DATA, (BYTES, BYTES))
    assert 503 in {answer.status_code for answer in answers} <= {200, 503}
    assert rest.call("PUT", path, body).status_code == 200


def test_each_is_its_connectors_own(source, target, small, unique):
    rest, pid = small.rest, small.process.pid
    check_rest(rest)
    for name, (settings, part, says) in POISON.items():
        own = {"key.converter": STRING, "value.converter": STRING}
        rest.put_connector(name, settings | own)
        trace = wait_for(
            lambda: failure(rest, name, part), 60 * PATIENCE, f"{name} to fail", interval=0.2
        )
        assert says in trace
        rest.delete_connector(name)
    for name, settings in STRANGE.items():
        rest.put_connector(name, settings | {"value.converter": STRING})
        rest.wait_running(name, timeout=60 * PATIENCE)
        rest.delete_connector(name)
    odd = unique("odd")
    source.create_topic(odd, 1)
    source.create_topic("a" * 100 + f"-{odd}", 1)
    for name, settings in mirrors(source, target, odd).items():
        rest.put_connector(name, settings)
        rest.wait_running(name, timeout=60 * PATIENCE)
        rest.delete_connector(name)
    assert "against pattern '((a+)+)+|" in small.process.log()
    # The others go on, in the same process.
    topic, alias = unique("orders"), unique("src")
    source.create_topic(topic, 1)
    records.produce(source, topic, 100)
    rest.put_connector("mirror", mirror_config("Source", source, target, alias, topics=topic))
    records.assert_mirrored(source, topic, target, f"{alias}.{topic}", 60 * PATIENCE)
    check_without_memory(rest, small.process)
    assert small.process.pid == pid
    assert small.process.alive
