# SPDX-License-Identifier: Apache-2.0
"""Standalone mode with the file connectors: a file into a topic, and the topic into a file.

The worker is stopped in between and goes on where it was, for its offsets are in a file.
"""

from processes import free_port, wait_for
from workers import PATIENCE

STRING = "org.apache.kafka.connect.storage.StringConverter"
FILE = "org.apache.kafka.connect.file.FileStream"


def test_lines_travel_through_a_topic(target, make_worker, unique, tmp_path):
    topic, group = unique("lines"), unique("sink")
    target.create_topic(topic)
    inbox, outbox = tmp_path / "in.txt", tmp_path / "out.txt"
    inbox.write_text("one\ntwo\nthree, not ended")
    settings = {
        "bootstrap.servers": target.bootstrap,
        "key.converter": STRING,
        "value.converter": STRING,
        "offset.storage.file.filename": tmp_path / "offsets",
        "offset.flush.interval.ms": "500",
        "listeners": f"http://127.0.0.1:{free_port()}",
        "isthmus.plugins.file.enabled": "true",
    }
    connectors = {
        f"in-{group}": {
            "connector.class": f"{FILE}SourceConnector",
            "tasks.max": "1",
            "file": inbox,
            "topic": topic,
        },
        group: {
            "connector.class": f"{FILE}SinkConnector",
            "tasks.max": "1",
            "file": outbox,
            "topics": topic,
        },
    }
    worker = make_worker.standalone(settings, connectors)
    wait_for(
        lambda: set(worker.rest.get("/connectors")) == set(connectors),
        30 * PATIENCE,
        "both connectors to be there",
    )

    def out():
        return outbox.read_text() if outbox.exists() else ""

    # A last line without its end waits for the rest.
    wait_for(lambda: out() == "one\ntwo\n", 60 * PATIENCE, "the complete lines to arrive")
    with open(inbox, "a") as file:
        file.write(" yet\n")
    expected = "one\ntwo\nthree, not ended yet\n"
    wait_for(lambda: out() == expected, 60 * PATIENCE, "the line once it is complete")

    worker.stop()
    with open(inbox, "a") as file:
        file.write("four\n")
    worker.start()
    wait_for(lambda: out() == expected + "four\n", 60 * PATIENCE, "the line after the restart")

    # A connector made by REST lasts as long as the worker.
    config = {**connectors[group], "file": str(tmp_path / "second.txt")}
    worker.rest.put_connector(f"second-{group}", config)
    second = tmp_path / "second.txt"
    wait_for(
        lambda: second.exists() and second.read_text() == expected + "four\n",
        60 * PATIENCE,
        "the second sink to have read all",
    )
