# SPDX-License-Identifier: Apache-2.0
"""A link with link.offsets=translate: its records are the source's without gaps, and each offset of
the source has exactly one on the target, for REST, for groups and for verify."""

import json
import random

import exactness
import pytest
import records
from links import Link, link_config
from processes import wait_for
from workers import PATIENCE, SHORT_SESSION

INDEX = "isthmus-link-index"
pytestmark = pytest.mark.skipif("config.getoption('--worker') == 'java'", reason="our program")


def places(source, topic):
    """The target's offset of each offset of partition 0, up to its end."""
    found = records.read_all(source, topic, isolation="read_committed")
    visible = {record.offset for record in found[0]}
    numbers, at = [], 0
    for offset in range(records.end_offsets(source, topic)[0][1] + 1):
        numbers.append(at)
        at += offset in visible
    return numbers


def check_offsets(rest, link, source, topic):
    """Each offset is exact, and what lies beyond isn't told."""
    expected = places(source, topic)
    where = f"/links/{link.name}/offsets?topic={topic}&partition=0&source_offset="
    answers = [rest.get(f"{where}{offset}") for offset in range(len(expected))]
    assert [answer["target_offset"] for answer in answers] == expected
    assert [answer["mirrored"] for answer in answers] == [at < expected[-1] for at in expected]
    beyond = rest.get(f"{where}{len(expected)}")
    assert beyond["target_offset"] is None and not beyond["mirrored"]
    return expected


def copied(target, topic, count):
    wait_for(
        lambda: records.end_offsets(target, topic)[0][1] == count, 60 * PATIENCE, "all records"
    )


def test_each_offset_has_its_place(make_worker, source, target, unique):
    worker = make_worker.distributed(make_worker.settings(**SHORT_SESSION))
    rest, link, topic = worker.rest, Link(worker.rest, unique("link")), unique("orders")
    source.create_topic(topic)
    exactness.produce_transactions(source, topic, random.Random(7), 40)
    config = link_config(
        source,
        target,
        link_offsets="translate",
        link_groups_promotion="manual",
        link_group_idle_ms=100,
    )
    rest.put_connector(link.name, config)
    rest.wait_running(link.name)
    assert link.create(topic).status_code == 202
    link.wait_copied(topic)
    mirror = link.mirror(topic)
    assert mirror["offsets"] == "translate"
    end = records.end_offsets(source, topic)[0][1]
    [lag] = mirror["mirror_lags"]
    assert (lag["lag"], lag["last_source_fetch_offset"]) == (0, end - 1)
    check_offsets(rest, link, source, topic)

    # The worker is killed while more is written, and another one goes on.
    worker.kill()
    exactness.produce_transactions(source, topic, random.Random(8), 20)
    worker.start()
    rest.wait_running(link.name)
    copied(target, topic, places(source, topic)[-1])
    link.wait_copied(topic)
    expected = check_offsets(rest, link, source, topic)
    there = records.read_all(source, topic, isolation="read_committed")
    assert there == records.read_all(target, topic, isolation="read_committed")
    [compared] = rest.ok("POST", f"/links/{link.name}/verify", {})["topics"]
    assert compared["partitions"][0]["equal"] and compared["partitions"][0]["complete"]
    assert compared["partitions"][0]["records"] == expected[-1]

    # Groups anywhere go on at the record that they would have read next.
    stands = [1, len(expected) // 3, len(expected) // 2, len(expected) - 2, len(expected) - 1]
    groups = {unique(f"group-{at}"): at for at in stands}
    for group, at in groups.items():
        records.commit(source, group, topic, {0: at})
    assert link.register(*groups).status_code == 202
    for group in groups:
        link.wait_group(group, "STANDBY")
    path = f"/links/{link.name}/groups:promote"
    assert rest.call("POST", path, {"group_ids": list(groups)}).status_code == 202
    for group, at in groups.items():
        link.wait_group(group, "PROMOTED")
        assert records.committed(target, group, topic, [0])[0] == expected[at], (group, at)

    # What a promoted group commits there is brought back to the source.
    group, at = list(groups)[0], len(expected) // 4
    while expected[at] == expected[at + 1]:
        at += 1  # an offset with a record
    records.commit(target, group, topic, {0: expected[at]})
    wait_for(
        lambda: records.committed(source, group, topic, [0])[0] == at,
        30 * PATIENCE,
        "the group's offset to be brought back",
    )

    # Promotion says where both sides end.
    assert link.ask("promote", topic).status_code == 202
    link.wait_state(topic, "PROMOTED")
    [part] = rest.get(f"/links/{link.name}/receipts/{topic}")["partitions"]
    assert (part["source_end"], part["target_end"]) == (len(expected) - 1, expected[-1])

    # The end of the link leaves nothing in the index.
    wait_for(
        lambda: rest.call("DELETE", f"/links/{link.name}").status_code == 204,
        60 * PATIENCE,
        "the link to end",
    )
    left = {record.key: record.value for record in records.read_all(target, INDEX)[0]}
    assert not [key for key, value in left.items() if value and ours(key, link)]


def ours(key, link):
    return json.loads(key)["link"] == link.name


def test_a_topic_gives_up_at_its_first_gap(make_worker, source, target, unique):
    """With link.gaps=translate offsets are the source's as far as it has no gap."""
    worker = make_worker.distributed(make_worker.settings(**SHORT_SESSION))
    rest, link, topic = worker.rest, Link(worker.rest, unique("link")), unique("orders")
    source.create_topic(topic)
    exactness.produce(source, topic, [b"plain"] * 50)
    rest.put_connector(link.name, link_config(source, target, link_gaps="translate"))
    rest.wait_running(link.name)
    assert link.create(topic).status_code == 202
    link.wait_copied(topic)
    assert link.mirror(topic)["offsets"] == "preserve"
    check_offsets(rest, link, source, topic)
    exactness.produce_transactions(source, topic, random.Random(3), 3)
    exactness.produce(source, topic, [b"more"] * 5)
    copied(target, topic, places(source, topic)[-1])
    wait_for(
        lambda: link.mirror(topic)["offsets"] == "translate", 30 * PATIENCE, "it to have given up"
    )
    expected = check_offsets(rest, link, source, topic)
    assert expected[:51] == list(range(51)) and expected[-1] < len(expected) - 1
    dry = link.ask("promote", topic, dry_run=True).json()[0]
    assert "NOT_PRESERVED" in {blocker["code"] for blocker in dry["blockers"]}
    [compared] = rest.ok("POST", f"/links/{link.name}/verify", {})["topics"]
    assert compared["partitions"][0]["equal"] and compared["partitions"][0]["complete"]
    receipt_of(rest, link, topic, expected)


def receipt_of(rest, link, topic, expected):
    """Promotes the topic; the receipt says where both sides end."""
    promote = {"mirror_topic_names": [topic], "force": True}
    assert rest.call("POST", f"/links/{link.name}/mirrors:promote", promote).status_code == 202
    link.wait_state(topic, "PROMOTED")
    [part] = rest.get(f"/links/{link.name}/receipts/{topic}")["partitions"]
    assert (part["source_end"], part["target_end"]) == (len(expected) - 1, expected[-1])
