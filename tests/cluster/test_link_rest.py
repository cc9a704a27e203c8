# SPDX-License-Identifier: Apache-2.0
"""A link over REST: what is there, what was asked for, what speaks against it; and the same under the
names of Confluent's API. One worker answers for a link that another one has."""

import time

import pytest

import records
from processes import wait_for
from workers import PATIENCE

STATES = ("PENDING", "ALIGNING", "LINKING")


def link_config(source, target, **more):
    return {
        "connector.class": "KafkaLinkConnector",
        "tasks.max": "2",
        "source.cluster.bootstrap.servers": source.bootstrap,
        "target.cluster.bootstrap.servers": target.bootstrap,
        "replication.factor": "1",
        "link.lease.ms": "3000",
        **more,
    }


def wait_state(rest, link, topic, state, seconds=60):
    def reached():
        mirror = rest.get(f"/links/{link}/mirrors/{topic}")
        return mirror if mirror["mirror_status"] == state else None

    return wait_for(reached, seconds * PATIENCE, f"{topic} to be {state}")


@pytest.fixture
def linked(source, target, make_worker, unique):
    """Two workers, a link without topics, and two source topics."""
    link, topics = unique("link"), [unique("orders"), unique("bills")]
    group = unique("connect")
    workers = [make_worker.distributed(make_worker.settings(group=group)) for _ in range(2)]
    for topic in topics:
        source.create_topic(topic, 2)
        records.produce(source, topic, 500)
    rests = [worker.rest for worker in workers]
    rests[0].put_connector(link, link_config(source, target))
    for rest in rests:
        wait_for(
            lambda r=rest: r.call("GET", f"/links/{link}").status_code == 200,
            60 * PATIENCE,
            f"{link} to answer",
        )
    return rests, link, topics


def items(response):
    """The outcomes of a request about several names, whatever its status."""
    answer = response.json()
    return answer if isinstance(answer, list) else answer["mirrors"]


def check_bad_requests(rest, link, topic):
    wrong = {
        "[]": "The body must be an object",
        '{"mirror_topic_names": "x"}': "mirror_topic_names: must be an array",
        '{"mirror_topic_names": ["a/b"]}': "mirror_topic_names[0]: a/b is no topic's name",
        '{"mirror_topic_names": ["\\u00fc"]}': "mirror_topic_names[0]:",
        '{"mirror_topic_names": ["a"], "dryrun": true}': "dryrun: this request has no such field",
        '{"mirror_topic_names": ["a"], "force": "yes"}': "force: must be true or false",
        '{"mirror_topic_name_pattern": "("}': "mirror_topic_name_pattern: is no regular expression",
        "{": "",
    }
    headers = {"Content-Type": "application/json"}
    for body, message in wrong.items():
        answer = rest.call("POST", f"/links/{link}/mirrors:promote", data=body, headers=headers)
        assert answer.status_code == 400, (body, answer.text)
        assert answer.json()["message"].startswith(message), (body, answer.text)
    many = {"mirror_topic_names": [f"topic-{n:060d}" for n in range(15000)]}
    answer = rest.call("POST", f"/links/{link}/mirrors:pause", many)
    assert answer.status_code == 400 and "a request may have 10000" in answer.json()["message"]
    for query, message in {
        "": "partition: is missing",
        "?partition=x": "partition: must be a whole number",
        "?partition=0": "source_offset: is missing",
        "?partition=0&source_offset=1": "topic: is missing",
    }.items():
        answer = rest.call("GET", f"/links/{link}/offsets{query}")
        assert answer.status_code == 400 and answer.json()["message"].startswith(message)
    status = rest.call("GET", f"/links/{link}/mirrors?mirror_status=NICE")
    assert status.status_code == 400 and "mirror_status:" in status.json()["message"]
    assert rest.call("GET", f"/links/{link}/mirrors/{topic}-not").status_code == 404
    assert rest.call("GET", f"/links/{link}-not/mirrors").status_code == 404
    assert rest.call("PUT", f"/links/{link}/mirrors").status_code == 405


def test_mirror_topics_over_rest(linked, source, target):
    rests, link, (orders, bills) = linked
    rest, other = rests
    path = f"/links/{link}"
    assert [x["link_name"] for x in rest.get("/links")] == [link]
    assert rest.get(f"{path}/mirrors") == []
    check_bad_requests(rest, link, orders)

    # A dry run makes nothing; unknown source topics are named.
    names = {"mirror_topic_names": [orders, bills]}
    dry = rest.call("POST", f"{path}/mirrors?validate_only=true", names)
    assert dry.status_code == 200 and [x["error_code"] for x in dry.json()] == [None, None]
    assert rest.get(f"{path}/mirrors") == [] and orders not in target.topics()
    missing = rest.call("POST", f"{path}/mirrors", {"mirror_topic_names": ["nothing-here"]})
    assert missing.status_code == 404 and "nothing-here" in missing.json()["message"]

    made = other.call("POST", f"{path}/mirrors", names)
    assert made.status_code == 202, made.text
    assert {x["mirror_topic_name"] for x in made.json()} == {orders, bills}
    mirror = wait_state(rest, link, orders, "LINKING")
    assert mirror["source_topic_name"] == orders and mirror["num_partitions"] == 2
    assert mirror["order"]["by"] == "rest" and mirror["offsets"] == "preserve"
    wait_state(rest, link, bills, "LINKING")

    def caught_up():
        now = rest.get(f"{path}/mirrors/{orders}")
        return now if now["lag"] == 0 else None

    now = wait_for(caught_up, 60 * PATIENCE, "the mirror to have caught up")
    ends = records.end_offsets(source, orders)
    for lag in now["mirror_lags"]:
        low, high = ends[lag["partition"]]
        assert (lag["source_log_start_offset"], lag["source_log_end_offset"]) == (low, high)
        assert lag["target_log_end_offset"] == high and lag["last_source_fetch_offset"] == high - 1
        assert lag["lag_ms"] == 0 and lag["lag_bytes"] == 0
    assert now["progress"] == 1 and now["max_per_partition_mirror_lag"] == 0
    assert now["subscribed_groups"] == 0 and now["mirror_topic_error"] == "NO_ERROR"

    # Lists: of one state, of all links, and through the worker that doesn't have the link.
    assert len(other.get(f"{path}/mirrors?mirror_status=LINKING")) == 2
    assert other.get(f"{path}/mirrors?mirror_status=PAUSED") == []
    assert {x["mirror_topic_name"] for x in other.get("/links/-/mirrors")} == {orders, bills}
    shown = other.get(path)
    assert shown["topics"] == {"LINKING": 2} and shown["link_state"] == "ACTIVE"
    assert {t["task_name"] for t in shown["tasks"]} == {"topics", "configs", "acls", "groups"}
    where = other.get(f"{path}/offsets?topic={orders}&partition=1&source_offset=7")
    assert where["target_offset"] == 7 and where["mirrored"] is True

    check_pause_and_promotion(rests, path, link, orders, bills, source)


def check_pause_and_promotion(rests, path, link, orders, bills, source):
    rest, other = rests
    one = {"mirror_topic_names": [orders]}
    paused = rest.call("POST", f"{path}/mirrors:pause", {"mirror_topic_name_pattern": ".*orders.*"})
    assert paused.status_code == 202, paused.text
    wait_state(rest, link, orders, "PAUSED")
    again = rest.call("POST", f"{path}/mirrors:pause", one)
    assert again.status_code == 202 and "Nothing new was ordered" in items(again)[0]["message"]
    refused = rest.call("POST", f"{path}/mirrors:promote", one)
    assert refused.status_code == 409
    assert items(refused)[0]["blockers"][0]["code"] == "WRONG_STATE"
    assert rest.call("POST", f"{path}/mirrors:resume", one).status_code == 202
    wait_state(rest, link, orders, "LINKING")
    nothing = rest.call("POST", f"{path}/mirrors:repair", one)
    assert nothing.status_code == 409 and "nothing to repair" in nothing.json()["message"]

    # Somebody still writes: promotion is refused, and says what to do. A dry run says it with 200.
    producing = records.produce
    start = time.monotonic()
    number = 500
    refused = None
    while not refused and time.monotonic() < start + 60 * PATIENCE:
        producing(source, orders, 20, first=number)
        number += 20
        dry = rest.call("POST", f"{path}/mirrors:promote", {**one, "dry_run": True})
        assert dry.status_code == 200
        codes = {b["code"] for b in dry.json()[0]["blockers"]}
        refused = "SOURCE_NOT_QUIET" in codes or None
    assert refused, "nobody noticed the producer"

    def promoted():
        answer = rest.call("POST", f"{path}/mirrors:promote", one)
        return answer if answer.status_code == 202 else None

    wait_for(promoted, 60 * PATIENCE, "the promotion to be taken")
    wait_state(other, link, orders, "PROMOTED")
    twice = other.call("POST", f"{path}/mirrors:promote", one)
    assert twice.status_code == 409
    assert items(twice)[0]["blockers"][0]["code"] == "ALREADY_PROMOTED"
    receipt = rest.get(f"{path}/receipts/{orders}")
    ends = {p: high for p, (_, high) in records.end_offsets(source, orders).items()}
    assert {p["partition"]: p["target_end"] for p in receipt["partitions"]} == ends
    assert [r["mirror_topic_name"] for r in other.get(f"{path}/receipts")] == [orders]
    report = rest.get(f"{path}/report")
    assert [t["mirror_topic_name"] for t in report["open_topics"]] == [bills]

    # The end of a mirroring keeps the topic.
    assert rest.call("DELETE", f"{path}/mirrors/{bills}").status_code == 204
    assert rest.call("GET", f"{path}/mirrors/{bills}").status_code == 404
    assert rest.call("DELETE", f"{path}/mirrors/{bills}").status_code == 404
