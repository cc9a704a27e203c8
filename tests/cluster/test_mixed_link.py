# SPDX-License-Identifier: Apache-2.0
"""A link in a Connect group that has Java workers, too: they can't run it, so it runs on the others,
whoever leads; and where a leader of Java's gives it to one of its own, everybody is told why it
waits."""

import offset_by_offset
import pytest
import records
from links import Link, link_config
from processes import wait_for
from test_mixed_group import file_source, owners, wait_shared
from workers import PATIENCE

SESSION = {
    "session.timeout.ms": "6000",
    "heartbeat.interval.ms": "1000",
    "scheduled.rebalance.max.delay.ms": "1000",
}


class Group:
    """Workers of one Connect group."""

    def __init__(self, make_worker):
        self.make_worker = make_worker
        self.group = None

    def start(self, kind):
        """A worker, and its id."""
        settings = self.make_worker.settings(self.group, **SESSION)
        self.group = settings["group.id"]
        worker = self.make_worker.distributed(settings, kind=kind)
        return worker, settings["listeners"].removeprefix("http://")


def where(rest, connector):
    """{part: (worker, state)} of a connector and its tasks, as REST has it."""
    status = rest.status(connector)
    if not status:
        return {}
    parts = {task["id"]: task for task in status["tasks"]} | {"connector": status["connector"]}
    return {name: (part["worker_id"], part["state"]) for name, part in parts.items()}


def wait_runs_on(rest, connector, worker_id, tasks):
    def runs():
        parts = where(rest, connector)
        return len(parts) == 1 + tasks and set(parts.values()) == {(worker_id, "RUNNING")}

    wait_for(runs, 90 * PATIENCE, f"{connector} to run on {worker_id}", interval=0.3)


@pytest.mark.long
@pytest.mark.java
def test_only_isthmus_workers_run_it(source, target, make_worker, unique, tmp_path):
    group, topic, lines = Group(make_worker), unique("orders"), unique("lines")
    source.create_topic(topic, 2)
    target.create_topic(lines, 1)
    records.produce(source, topic, 300)
    first, one = group.start("isthmus")
    java, two = group.start("java")
    link = Link(first.rest, unique("link"))
    files = [unique("file") for _ in range(4)]
    for name in files:
        (tmp_path / name).write_text("a line\n")
        first.rest.put_connector(name, file_source(tmp_path / name, lines))
    first.rest.put_connector(link.name, link_config(source, target, topics=topic, tasks_max=2))
    wait_runs_on(first.rest, link.name, one, tasks=2)
    link.wait_copied(topic)
    wait_shared(first.rest, files, [one, two])  # the rest is shared as ever
    # The same by whichever worker is asked: it reaches the one that can answer.
    answer = java.rest.call("PUT", f"/connectors/{link.name}/pause")
    assert answer.status_code == 202, answer.text
    first.rest.wait_state(link.name, "PAUSED")
    first.rest.call("PUT", f"/connectors/{link.name}/resume")
    wait_runs_on(first.rest, link.name, one, tasks=2)

    # The leader goes, and a worker of Java's leads. What it does with the link is its own affair: if it
    # gives it to a worker of Java's, the others say why nothing moves.
    third, three = group.start("isthmus")
    wait_shared(third.rest, files, [one, two, three])
    first.stop()
    wait_shared(third.rest, files, [two, three])
    link = Link(third.rest, link.name)
    records.produce(source, topic, 300, first=300)

    def told():
        parts = where(third.rest, link.name)
        if not parts or any(state == "UNASSIGNED" for _, state in parts.values()):
            return None
        if parts["connector"] == (three, "RUNNING"):
            return "it runs"
        answer = third.rest.call("GET", f"/links/{link.name}")
        print(parts, answer.status_code, answer.text)
        return answer.status_code == 503 and "Java" in answer.text and answer.text

    print(wait_for(told, 90 * PATIENCE, "the link to be told of", interval=0.5))

    # The last worker of Java's goes: the link goes on where it was, and nothing is missing.
    java.stop()
    wait_runs_on(third.rest, link.name, three, tasks=2)
    link.wait_copied(topic)
    assert offset_by_offset.assert_same(source, target, topic) == 600
    assert set(owners(third.rest, files)) == {three}


@pytest.mark.long
@pytest.mark.java
def test_a_leader_of_javas(source, target, make_worker, unique):
    """It refuses a link that is created, and says so; nothing of it is left.

    The follower has the plugin and finds nothing wrong. So it passes the settings on to the leader,
    which validates them, too (DistributedHerder.doPutConnectorConfig), and knows no such class."""
    group = Group(make_worker)
    java, _ = group.start("java")
    # Its REST answers before it has joined the group, and the first member leads. /health is
    # answered by the herder, which is a member then.
    wait_for(
        lambda: java.rest.call("GET", "/health").status_code == 200,
        60 * PATIENCE,
        "Java's worker to be in its group",
    )
    follower, _ = group.start("isthmus")
    name = unique("link")
    answer = follower.rest.insist("PUT", f"/connectors/{name}/config", link_config(source, target))
    print(answer.status_code, answer.text)
    assert answer.status_code == 400, answer.text
    assert "Failed to find any class" in answer.text and "KafkaLinkConnector" in answer.text
    assert name not in java.rest.get("/connectors")
