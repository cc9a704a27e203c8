# SPDX-License-Identifier: Apache-2.0
"""The state topic is damaged and deleted while a link runs. The link says so and does nothing that
wouldn't be kept; the worker writes the topic again from its memory, and after a restart all is
known as before."""

import offset_by_offset
import records
from copier import set_config
from links import Link, link_config, promote
from processes import wait_for
from workers import PATIENCE, SHORT_SESSION

STATE = "isthmus-link-state"


def wait_link(link, state, *words):
    def said():
        found = link.rest.get(f"/links/{link.name}")
        there = found["link_state"] == state
        return there and all(word in str(found["link_error_message"]) for word in words) and found

    return wait_for(said, 30 * PATIENCE, f"the link to be {state}", interval=0.2)


def errors(worker):
    """What the log says of the state topic as an error or a warning."""
    lines = worker.process.log().splitlines()
    return [line for line in lines if STATE in line and (" ERROR " in line or " WARN " in line)]


def test_what_was_deleted_is_written_again(make_worker, source, target, unique):
    worker = make_worker.distributed(make_worker.settings(**SHORT_SESSION))
    link, topic, group = Link(worker.rest, unique("link")), unique("orders"), unique("group")
    source.create_topic(topic, 2)
    records.produce(source, topic, 200)
    worker.rest.put_connector(link.name, link_config(source, target))
    worker.rest.wait_running(link.name, tasks=1)
    assert link.create(topic).status_code == 202
    link.wait_copied(topic)
    records.commit(source, group, topic, {0: 5, 1: 6})
    assert link.register(group).status_code == 202
    link.wait_group(group, "STANDBY")
    wait_link(link, "ACTIVE", "None")

    # It would lose records: nothing is ordered, and the reason says what to do.
    set_config(target, STATE, "cleanup.policy", "delete")
    found = wait_link(link, "STATE_LOST", "Set cleanup.policy=compact")
    assert [blocker["code"] for blocker in found["blockers"]] == ["STATE_LOST"]
    refused = link.ask("promote", topic)
    assert refused.status_code == 503 and "Set cleanup.policy=compact" in refused.text
    assert link.state(topic) == "LINKING"

    # It is deleted: the worker makes it anew, as a link makes it, with all that it had.
    target.delete_topic(STATE)
    wait_link(link, "ACTIVE", "None")
    settings = target.topic_config(STATE)
    assert settings["cleanup.policy"] == "compact"
    assert int(settings["min.compaction.lag.ms"]) >= 3600000
    told = errors(worker)
    assert len(told) < 8, told  # what is wrong, and what was under way; not again and again
    records.produce(source, topic, 100, first=200)
    link.wait_copied(topic)

    # A worker that begins with this topic knows what the former one knew.
    worker.kill()
    worker.start()
    worker.rest.wait_running(link.name, tasks=1)
    records.produce(source, topic, 100, first=300)
    link.wait_copied(topic)
    link.wait_group(group, "STANDBY")
    offset_by_offset.assert_same(source, target, topic)
    promote(link, topic)
    offset_by_offset.assert_same(source, target, topic)
    receipt = link.rest.get(f"/links/{link.name}/receipts/{topic}")
    assert sum(part["records"] for part in receipt["partitions"]) == 400, receipt
