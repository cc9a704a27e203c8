# SPDX-License-Identifier: Apache-2.0
"""Exactly-once source support: a worker is killed again and again, and every line arrives once.

Readers of committed records see each line of the file exactly once and in order, whatever happened
to the worker in between; offsets travel in the records' own transaction. A separate offsets topic
is used, so that its copy in the worker's topic is seen as well. At the end the offsets are set back
by REST, and the lines come again.
"""

import json

import records
from processes import wait_for
from workers import PATIENCE, SHORT_SESSION

STRING = "org.apache.kafka.connect.storage.StringConverter"
ROUNDS = 4
LINES = 500


def lines_of(target, topic):
    found = records.read_all(target, topic, isolation="read_committed")
    return [message.value.decode() for message in found.get(0, [])]


def test_every_line_arrives_once(target, make_worker, unique, tmp_path):
    topic, name = unique("lines"), unique("lines-in")
    target.create_topic(topic)
    inbox = tmp_path / "in.txt"
    inbox.write_text("")
    settings = make_worker.settings(
        **{"exactly.once.source.support": "enabled", **SHORT_SESSION}
    )
    worker = make_worker.distributed(settings)
    config = {
        "connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector",
        "tasks.max": "1",
        "file": str(inbox),
        "topic": topic,
        "batch.size": "50",
        "value.converter": STRING,
        "offsets.storage.topic": f"{name}-offsets",
    }
    worker.rest.put_connector(name, config)
    expected = []
    for number in range(ROUNDS):
        new = [f"line {number} {i}" for i in range(LINES)]
        expected += new
        with open(inbox, "a") as file:
            file.write("".join(f"{line}\n" for line in new))
        # Somewhere in the middle of the round.
        wait_for(
            lambda: worker.process.must_live() and len(lines_of(target, topic)) > number * LINES,
            90 * PATIENCE,
            f"the first lines of round {number}",
            interval=0.05,
        )
        worker.kill()
        worker.start()
    wait_for(
        lambda: len(lines_of(target, topic)) >= len(expected),
        90 * PATIENCE,
        "all lines to have arrived",
        interval=0.5,
    )
    assert lines_of(target, topic) == expected

    # Both topics know the last offset.
    size = inbox.stat().st_size
    for where in (f"{name}-offsets", settings["offset.storage.topic"]):
        found = records.read_all(target, where, isolation="read_committed")
        values = [m.value for partition in found.values() for m in partition if m.value]
        assert json.loads(max(values, key=lambda v: json.loads(v)["position"])) == {
            "position": size
        }, where

    # Set back by REST, it begins again.
    worker.rest.stop_connector(name)
    answer = worker.rest.ok("DELETE", f"/connectors/{name}/offsets")
    assert "reset successfully" in answer["message"]
    assert worker.rest.get(f"/connectors/{name}/offsets") == {"offsets": []}
    worker.rest.ok("PUT", f"/connectors/{name}/resume")
    wait_for(
        lambda: len(lines_of(target, topic)) >= 2 * len(expected),
        60 * PATIENCE,
        "all lines to have come again",
        interval=0.5,
    )
    assert lines_of(target, topic) == 2 * expected
