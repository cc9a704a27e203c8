# SPDX-License-Identifier: Apache-2.0
"""Replace in place, and roll back: Isthmus and Java's Connect hand a running mirror to each other.

Both are started on one and the same properties file. Each finds the connectors that the other has
left, with their configs and states, and goes on at the other's offsets: no record comes twice.
"""

import pytest

import records
from workers import PATIENCE, mirror_config, settings_file


@pytest.mark.java
def test_there_and_back(source, target, make_worker, unique, kind):
    topic, alias, group = unique("orders"), unique("src"), unique("billing")
    remote = f"{alias}.{topic}"
    source.create_topic(topic, 3)
    settings = make_worker.settings()
    file = settings_file(unique("worker"), settings)
    mirror = mirror_config("Source", source, target, alias, topics=topic)
    checkpoint = mirror_config("Checkpoint", source, target, alias, topics=topic, groups=group)
    records.produce(source, topic, 500)
    records.commit(source, group, topic, {0: 10})

    produced = 500
    for turn, worker_kind in enumerate([kind, "java", kind, "java"]):
        worker = make_worker.distributed(settings, kind=worker_kind, file=file)
        if turn == 0:
            worker.rest.put_connector("mirror", mirror)
            worker.rest.put_connector("checkpoint", checkpoint)
            heartbeat = mirror_config("Heartbeat", source, target, alias)
            worker.rest.put_connector("heartbeat", heartbeat)
        worker.rest.wait_running("mirror", timeout=90 * PATIENCE)
        worker.rest.wait_running("checkpoint", timeout=90 * PATIENCE)
        assert worker.rest.get("/connectors/mirror/config") == {**mirror, "name": "mirror"}
        if turn == 1:
            worker.rest.stop_connector("heartbeat", 60 * PATIENCE)
        if turn >= 1:
            state = worker.rest.status("heartbeat")["connector"]["state"]
            assert state == "STOPPED", "the other worker's target state is kept"

        records.produce(source, topic, 700, first=produced)
        produced += 700
        count = records.assert_mirrored(source, topic, target, remote, 60 * PATIENCE)
        assert count == produced, f"turn {turn}: {worker_kind}"
        worker.stop()

    # Nothing came twice over four turns: the mirror is as long as its source.
    assert records.end_offsets(source, topic) == records.end_offsets(target, remote)
