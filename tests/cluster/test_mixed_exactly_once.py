# SPDX-License-Identifier: Apache-2.0
"""A group of Isthmus and Java workers with exactly-once sources: fencing works across the two."""

import pytest
from test_mixed_group import file_source, wait_shared
from workers import PATIENCE

from processes import wait_for


def reset_offsets(rest, connector):
    """DELETE offsets, which fences first; a rebalance under way is waited out."""

    def attempt():
        response = rest.call("DELETE", f"/connectors/{connector}/offsets")
        return response.json()["message"] if response.status_code == 200 else None

    return wait_for(attempt, 60 * PATIENCE, f"the offsets of {connector} to be reset", interval=0.5)


@pytest.mark.java
@pytest.mark.slow
@pytest.mark.parametrize("leader", ["isthmus", "java"])
def test_tasks_are_fenced_by_either_leader(target, make_worker, unique, tmp_path, leader, kind):
    topic = unique("lines")
    target.create_topic(topic, 1)
    more = {
        "exactly.once.source.support": "enabled",
        "scheduled.rebalance.max.delay.ms": "1000",
    }
    settings = make_worker.settings(**more)
    group = settings["group.id"]
    others = make_worker.settings(group, **more)
    leading = make_worker.distributed(settings, kind=kind if leader == "isthmus" else "java")
    following = make_worker.distributed(others, kind="java" if leader == "isthmus" else kind)
    ids = [s["listeners"].removeprefix("http://") for s in (settings, others)]

    connectors = [unique("file") for _ in range(4)]
    for connector in connectors:
        path = tmp_path / connector
        path.write_text("a line\n")
        leading.rest.put_connector(connector, file_source(path, topic))
    wait_shared(leading.rest, connectors, ids)
    # New task configs: the next generation starts once the last one has been fenced.
    for connector in connectors:
        config = leading.rest.config(connector)
        following.rest.put_connector(connector, {**config, "batch.size": "100"})
    wait_shared(leading.rest, connectors, ids)
    for connector in connectors[:2]:
        following.rest.stop_connector(connector, 60 * PATIENCE)
        assert "reset successfully" in reset_offsets(following.rest, connector)
