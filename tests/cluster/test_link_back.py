# SPDX-License-Identifier: Apache-2.0
"""The way back: what was promoted is mirrored to the source again, until clients have returned or
nobody wants to. What the source has beyond is told before it is given up."""

import offset_by_offset
import pytest
import records
from confluent_kafka import Producer
from links import Link, link_config
from processes import wait_for
from workers import PATIENCE, SHORT_SESSION


@pytest.fixture
def linked(make_worker, source, target, unique):
    """A worker, and a link without topics."""
    worker = make_worker.distributed(make_worker.settings(**SHORT_SESSION))
    link = Link(worker.rest, unique("move"))
    worker.rest.put_connector(link.name, link_config(source, target))
    worker.rest.wait_running(link.name)
    return worker, link


def link_back(worker, link, source, target):
    """The link the other way round."""
    back = Link(worker.rest, f"{link.name}-back")
    config = link_config(target, source, link_reverse_of=link.name)
    worker.rest.put_connector(back.name, config)
    worker.rest.wait_running(back.name)
    return back


def mirrored(link, source, topics, count=200):
    for topic in topics:
        source.create_topic(topic, 2)
        records.produce(source, topic, count)
    assert link.create(*topics).status_code == 202
    for topic in topics:
        link.wait_copied(topic)


def promote(link, topic):
    def taken():
        return link.ask("promote", topic).status_code == 202

    wait_for(taken, 60 * PATIENCE, f"the promotion of {topic} to be taken", interval=0.5)
    link.wait_state(topic, "PROMOTED")


def wait_same(link, source, target, topic):
    """The topic is copied to its end, and each record lies at its offset."""
    link.wait_copied(topic)
    wait_for(
        lambda: not offset_by_offset.bounds_differ(source, target, topic), 60 * PATIENCE, topic
    )
    offset_by_offset.assert_same(source, target, topic)


def transact(cluster, topic, name):
    """A transaction that is committed and one that is aborted: two markers in each partition."""
    producer = Producer(cluster.client_config(**{"transactional.id": name, "log_level": 3}))
    producer.init_transactions(60)
    for end in (producer.commit_transaction, producer.abort_transaction):
        producer.begin_transaction()
        for number in range(10):
            producer.produce(topic, b"%d" % number, partition=number % 2)
        end(60)


def codes(answer):
    found = answer.json()
    [item] = found if isinstance(found, list) else found["mirrors"]
    return [blocker["code"] for blocker in item["blockers"]], item


def check_alias(link, topic, end):
    """The same in the words of Confluent's API."""
    cluster = link.rest.get(f"/links/{link.name}")["target_cluster_id"]
    path = f"/kafka/v3/clusters/{cluster}/links/{link.name}/mirrors"
    names = {"mirror_topic_names": [topic]}
    answer = link.rest.call("POST", f"{path}:truncate-and-restore?validate_only=true", names)
    [item] = answer.json()["data"]
    assert answer.status_code == 200 and item["messages_truncated"] == 30
    assert item["partition_level_truncation_data"] == [
        {"partition_id": 1, "messages_truncated": 30, "offset_truncated_to": end - 30}
    ]
    refused = link.rest.call("POST", f"{path}:reverse-and-start-mirror", names)
    assert refused.json()["data"][0]["error_code"] == 409


def test_there_and_back(linked, source, target, unique):
    worker, link = linked
    orders, group = unique("orders"), unique("group")
    mirrored(link, source, [orders])
    transact(source, orders, unique("tx"))
    wait_same(link, source, target, orders)
    refused = link.ask("reverse-and-start", orders)
    assert refused.status_code == 409 and codes(refused)[0] == ["NOT_PROMOTED"]
    promote(link, orders)

    # The wish may come before the link back, and is kept, if somebody says that it comes.
    refused = link.ask("reverse-and-start", orders)
    assert refused.status_code == 409 and codes(refused)[0] == ["NO_LINK_BACK"], refused.text
    dry = link.ask("reverse-and-start", orders, dry_run=True, link_back_follows=True)
    assert dry.status_code == 200 and codes(dry)[0] == [], dry.text
    assert link.mirror(orders)["way_back"] is None
    assert link.ask("reverse-and-start", orders, link_back_follows=True).status_code == 202
    assert link.mirror(orders)["way_back"]["wish"] == "mirror"
    again = link.ask("reverse-and-start", orders)
    assert again.status_code == 202 and "Nothing new was ordered" in again.text
    records.produce(target, orders, 100, first=200)
    transact(target, orders, unique("tx"))
    back = link_back(worker, link, source, target)
    wait_same(back, target, source, orders)

    # It is a link as any other: a group waits at the old source, workers come and go.
    records.commit(target, group, orders, {0: 120, 1: 30})
    assert back.register(group).status_code == 202
    back.wait_group(group, "STANDBY")
    wait_for(
        lambda: records.committed(source, group, orders, range(2)) == {0: 120, 1: 30},
        60 * PATIENCE,
        "the group's offsets",
    )
    records.produce(target, orders, 100, first=300)
    worker.kill()
    worker.start()
    worker.rest.wait_running(back.name)
    records.produce(target, orders, 100, first=400)
    wait_same(back, target, source, orders)

    # The return: the old source is the truth again.
    promote(back, orders)
    records.produce(source, orders, 50, first=500)
    assert records.count(source, orders) == records.count(target, orders) + 50
    assert source.topic_config(orders)["retention.ms"] != "-1"
    # What has returned isn't touched by those who ask again.
    assert link.ask("truncate-and-restore", orders, force=True).status_code == 202
    held = records.count(source, orders)
    assert link.ask("finalize", orders).status_code == 202
    assert link.mirror(orders)["way_back"]["wish"] == "end"
    assert records.count(source, orders) == held and back.state(orders) == "PROMOTED"


def test_what_the_source_has_beyond_is_told_and_given_up(linked, source, target, unique):
    worker, link = linked
    left, kept = unique("left"), unique("kept")
    mirrored(link, source, [left, kept])

    # A failover leaves records behind. They are in the way of a way back, and told.
    assert link.ask("pause", left).status_code == 202
    link.wait_state(left, "PAUSED")
    records.produce(source, left, 30, first=200, partition=1)
    assert link.ask("failover", left).status_code == 202
    link.wait_state(left, "FAILED_OVER")
    records.produce(target, left, 10, first=500)
    refused = link.ask("reverse-and-start", left)
    assert refused.status_code == 409 and codes(refused)[0] == ["SOURCE_HAS_MORE"], refused.text
    refused = link.ask("truncate-and-restore", left)
    assert refused.status_code == 409 and codes(refused)[0] == ["GIVES_UP"], refused.text
    dry = link.ask("truncate-and-restore", left, force=True, dry_run=True)
    [part] = codes(dry)[1]["given_up"]
    end = records.end_offsets(source, left)[1][1]
    assert (part["partition"], part["from"], part["to"]) == (1, end - 30, end)
    assert part["records"] == 30 and part["complete"] and len(part["keys"]) == 5
    assert 0 < part["first_timestamp"] <= part["last_timestamp"]
    check_alias(link, left, end)
    back = link_back(worker, link, source, target)
    assert records.count(source, left) == 230
    assert link.ask("truncate-and-restore", left, force=True).status_code == 202
    wait_same(back, target, source, left)
    assert link.mirror(left)["way_back"]["given_up"][0]["records"] == 30
    [told] = link.rest.get(f"/links/{link.name}/report")["ways_back"]
    assert told["mirror_topic_name"] == left and told["given_up"][0]["records"] == 30
    records.produce(target, left, 10, first=510)
    wait_same(back, target, source, left)

    # Somebody writes at the old source although it is a mirror: named there, and repaired by force,
    # which tells what it gives up.
    promote(link, kept)
    assert link.ask("reverse-and-start", kept).status_code == 202
    wait_same(back, target, source, kept)
    records.produce(source, kept, 3, first=7000, partition=0)
    end = records.end_offsets(source, kept)[0][1]

    def diverged():
        mirror = back.mirror(kept)
        there = mirror["mirror_status"] == "DIVERGED" and mirror["order"]["followed"]
        return there and f"offset {end - 3}" in mirror["reason"]

    wait_for(diverged, 60 * PATIENCE, "the foreign write to be found")
    assert back.ask("repair", kept).status_code == 202
    wait_for(diverged, 60 * PATIENCE, "it to be there still")
    dry = back.ask("repair", kept, dry_run=True, force=True)
    [part] = codes(dry)[1]["given_up"]
    assert (part["partition"], part["from"], part["records"]) == (0, end - 3, 3), dry.text
    assert back.ask("repair", kept, force=True).status_code == 202
    records.produce(target, kept, 20, first=300)
    wait_same(back, target, source, kept)

    # The end of the way back: both topics stay.
    assert link.ask("finalize", kept).status_code == 202
    wait_for(lambda: back.mirror(kept) is None, 60 * PATIENCE, "the mirroring to end")
    assert records.count(source, kept) == records.count(target, kept)


def test_a_topic_that_was_deleted_on_the_target_is_made_anew(linked, source, target, unique):
    """Nothing of it is left that could be told."""
    _, link = linked
    orders = unique("orders")
    mirrored(link, source, [orders])
    records.produce(target, orders, 1, partition=0)
    link.wait_state(orders, "DIVERGED")
    target.delete_topic(orders)
    answer = link.ask("repair", orders, force=True)
    assert answer.status_code == 202, answer.text
    wait_same(link, source, target, orders)
