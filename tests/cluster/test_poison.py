# SPDX-License-Identifier: Apache-2.0
"""Configurations that took a worker down again and again: each is its own connector's failure.

The worker has a limit on its memory, so that what allocates without bound ends it at once.
"""

import resource

import pytest

import records
from processes import wait_for
from workers import PATIENCE, mirror_config

FILE = "org.apache.kafka.connect.file.FileStream"
STRING = "org.apache.kafka.connect.storage.StringConverter"
SINK = {"connector.class": f"{FILE}SinkConnector", "file": "/dev/null", "topics": "any"}
SOURCE = {"connector.class": f"{FILE}SourceConnector", "topic": "any"}
BYTES = 768 << 20
# What is wrong: (settings, who fails, what it says)
POISON = {
    "no-lines": ({**SOURCE, "file": "/dev/zero"}, "tasks", "The line at offset 0 of /dev/zero"),
    "too-many-tasks": ({**SINK, "tasks.max": "2000000000"}, "connector", "lower tasks.max"),
}
# What is strange, but no failure.
STRANGE = {
    "batch-size": {**SOURCE, "file": "/etc/hostname", "batch.size": "2147483647"},
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


def test_each_is_its_connectors_own(source, target, small, unique):
    rest, pid = small.rest, small.process.pid
    for name, (settings, part, says) in POISON.items():
        own = {"key.converter": STRING, "value.converter": STRING}
        rest.put_connector(name, settings | own)
        trace = wait_for(
            lambda: failure(rest, name, part), 60 * PATIENCE, f"{name} to fail", interval=0.2
        )
        assert says in trace
    for name, settings in STRANGE.items():
        rest.put_connector(name, settings | {"value.converter": STRING})
        rest.wait_running(name, timeout=60 * PATIENCE)
    # The others go on, in the same process.
    topic, alias = unique("orders"), unique("src")
    source.create_topic(topic, 1)
    records.produce(source, topic, 100)
    rest.put_connector("mirror", mirror_config("Source", source, target, alias, topics=topic))
    records.assert_mirrored(source, topic, target, f"{alias}.{topic}", 60 * PATIENCE)
    assert small.process.pid == pid
    assert small.process.alive
