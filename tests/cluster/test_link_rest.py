# SPDX-License-Identifier: Apache-2.0
"""A link over REST: what is there, what was asked for, what speaks against it; and the same under the
names of Confluent's API. One worker answers for a link that another one has.

ISTHMUS_KAFKAREST_SDK names a folder with Confluent's published Go client, the module
github.com/confluentinc/ccloud-sdk-go-v2/kafkarest; with it and Go, that client drives a link."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import threading

import pytest
from confluent_kafka import Producer

import records
from cli import Cli
from processes import wait_for
from workers import PATIENCE


def link_config(source, target, **more):
    return {
        "connector.class": "KafkaLinkConnector",
        "tasks.max": "2",
        "source.cluster.bootstrap.servers": source.bootstrap,
        "target.cluster.bootstrap.servers": target.bootstrap,
        "replication.factor": "1",
        "link.lease.ms": "3000",
        "link.groups.promotion": "manual",
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


@contextlib.contextmanager
def producing(cluster, topic):
    """Somebody writes to the topic all the while."""
    over = threading.Event()

    def write():
        number = 1000
        while not over.is_set():
            records.produce(cluster, topic, 20, first=number)
            number += 20
            over.wait(0.2)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def dry_codes(rest, path, names):
    """What speaks against a promotion."""
    dry = rest.call("POST", f"{path}/mirrors:promote", {**names, "dry_run": True})
    assert dry.status_code == 200, dry.text
    return {blocker["code"] for blocker in dry.json()[0]["blockers"]}


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
    check_plan(rests, link, orders, bills)

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
    check_tasks(rests, path)
    where = other.get(f"{path}/offsets?topic={orders}&partition=1&source_offset=7")
    assert where["target_offset"] == 7 and where["mirrored"] is True

    check_groups(rests, path, orders, source)
    check_pause_and_promotion(rests, path, link, orders, bills, source)


def check_tasks(rests, path):
    """What the link does by itself is paused one by one."""
    rest, other = rests
    wrong = rest.call("POST", f"{path}/tasks:pause", {"task_names": ["acls", "naps"]})
    assert wrong.status_code == 400 and "there is no task naps" in wrong.json()["message"]
    paused = other.call("POST", f"{path}/tasks:pause", {"task_names": ["acls", "topics"]})
    states = {task["task_name"]: task["state"] for task in paused.json()}
    assert paused.status_code == 202 and states["acls"] == states["topics"] == "PAUSED"
    assert states["configs"] == "ACTIVE"
    resumed = rest.call("POST", f"{path}/tasks:resume", {"task_names": ["acls", "topics"]})
    assert "PAUSED" not in resumed.text and resumed.status_code == 202


def check_plan(rests, link, orders, bills):
    """What mirroring would do is told, and nothing is done."""
    path = f"/links/{link}/mirrors:plan"
    plan = rests[1].get(f"{path}?topic={orders}&topic=nothing-here")
    good, missing = plan["topics"]
    assert (good["mirror_topic_name"], good["num_partitions"]) == (orders, 2)
    assert good["records"] == 500 and good["bytes"] > 500 and not good["exists"]
    assert good["settings"]["retention.ms"] == "-1" and good["error_code"] is None
    assert 0 < good["predicted_ms"] < 60000 and good["records_per_second"] == 0
    assert (missing["error_code"], missing["records"]) == (404, None)
    total = plan["total"]
    assert (total["topics"], total["blocked"], total["records"]) == (2, 1, 500)
    matched = rests[0].get(f"{path}?pattern={orders}|{bills}")["topics"]
    assert [topic["mirror_topic_name"] for topic in matched] == sorted([orders, bills])
    assert rests[0].get(path)["topics"] == []  # the link names no topics
    assert rests[0].call("GET", f"{path}?pattern=(").status_code == 400
    assert rests[0].get(f"/links/{link}/mirrors") == []
    shown = Cli(rests[0].url).run("mirror", "plan", link, orders, "nothing-here", status=3)
    assert "retention.ms=-1" in shown and "has no topic nothing-here" in shown, shown


def check_groups(rests, path, orders, source):
    """A group without members: registered, held, promoted."""
    (rest, other), group = rests, f"{orders}-readers"
    body = {"group_ids": [group]}
    records.commit(source, group, orders, {0: 5, 1: 7})
    assert rest.get(f"{path}/groups") == []
    dry = other.call("POST", f"{path}/groups?validate_only=true", body)
    assert dry.status_code == 200 and rest.get(f"{path}/groups") == [], dry.text
    made = other.call("POST", f"{path}/groups", body)
    assert made.status_code == 202 and made.json()[0]["error_code"] is None, made.text

    def held():
        now = rest.get(f"{path}/groups/{group}")
        return now if now["group_status"] == "STANDBY" else None

    now = wait_for(held, 60 * PATIENCE, "the group to be held")
    assert (now["source_members"], now["target_members"]) == (0, 0)
    assert [(o["partition"], o["source_offset"]) for o in now["offsets"]] == [(0, 5), (1, 7)]
    assert [b["code"] for b in now["blockers"]] == ["NO_TARGET_MEMBERS"]
    assert rest.get(f"{path}/mirrors/{orders}")["subscribed_groups"] == 1
    dry = rest.call("POST", f"{path}/mirrors:promote?dry_run=true", {"mirror_topic_names": [orders]})
    assert "GROUPS_NOT_PROMOTED" in [b["code"] for b in dry.json()[0]["blockers"]]
    kept = rest.call("DELETE", f"{path}/groups/{group}")
    assert kept.status_code == 409 and "Release it or promote it first" in kept.json()["message"]
    order = {"group_id_pattern": ".*-readers"}
    assert other.call("POST", f"{path}/groups:promote", order).status_code == 202

    def promoted():
        now = rest.get(f"{path}/groups/{group}")
        return now if now["group_status"] == "PROMOTED" else None

    now = wait_for(promoted, 60 * PATIENCE, "the group to be promoted")
    assert [o["target_offset"] for o in now["offsets"]] == [5, 7]
    again = rest.call("POST", f"{path}/groups:promote", order)
    assert again.status_code == 409 and "ALREADY_PROMOTED" in again.text
    assert rest.get(f"{path}/mirrors/{orders}")["promoted_groups"] == 1


def check_lag(rest, path, source, topic):
    """What a paused topic misses, in records, bytes and time."""
    records.produce(source, topic, 400, first=500, size=200)
    missing = rest.get(path)
    lags = missing["mirror_lags"]
    assert missing["lag"] == sum(lag["lag"] for lag in lags) == 400
    assert missing["max_per_partition_mirror_lag"] == max(lag["lag"] for lag in lags)
    assert missing["progress"] == pytest.approx(500 / 900, abs=0.01)
    for lag in lags:
        assert 50 * lag["lag"] < lag["lag_bytes"] < 400 * lag["lag"], lag
        assert lag["lag_ms"] > 0, lag


def check_pause_and_promotion(rests, path, link, orders, bills, source):
    rest, other = rests
    one = {"mirror_topic_names": [orders]}
    paused = rest.call("POST", f"{path}/mirrors:pause", {"mirror_topic_name_pattern": ".*orders.*"})
    assert paused.status_code == 202, paused.text
    wait_state(rest, link, orders, "PAUSED")
    check_lag(rest, f"{path}/mirrors/{orders}", source, orders)
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
    with producing(source, orders):
        wait_for(
            lambda: "SOURCE_NOT_QUIET" in dry_codes(rest, path, one),
            60 * PATIENCE,
            "somebody to notice the producer",
        )
        loud = rest.call("POST", f"{path}/mirrors:promote", one)
        assert loud.status_code == 409 and "Stop the producers" in loud.json()["message"]

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


# ---- under Confluent's names ----


def check_shape(thing, kind):
    assert thing["kind"] == kind and thing["metadata"]["self"].startswith("http://"), thing


def check_changes(rests, base, link, source, target):
    """A second link is made, configured and deleted."""
    rest, other = rests
    name = f"{link}-2"
    theirs = {"bootstrap.servers": source.bootstrap, "consumer.offset.sync.ms": "2000"}
    ours = {"target.cluster.bootstrap.servers": target.bootstrap, "replication.factor": "1"}
    entries = [{"name": k, "value": v} for k, v in {**theirs, **ours}.items()]
    cluster = rest.get(f"/links/{link}")["source_cluster_id"]
    body = {"source_cluster_id": cluster, "configs": entries}
    wrong = {
        "link_name:": ("", body),
        "target.cluster.bootstrap.servers": ("?link_name=x", {"configs": entries[:1]}),
        "topic.config.sync.ms": (
            "?link_name=x",
            {"configs": [{"name": "topic.config.sync.ms", "value": "1"}]},
        ),
        "not elsewhere": ("?link_name=x", {**body, "source_cluster_id": "elsewhere"}),
    }
    for message, (query, data) in wrong.items():
        refused = rest.call("POST", f"{base}{query}", data)
        assert refused.status_code == 400 and message in refused.json()["message"], refused.text
    dry = rest.call("POST", f"{base}?link_name={name}&validate_only=true", body)
    assert dry.status_code == 204 and rest.get("/connectors") == [link], dry.text
    made = other.call("POST", f"{base}?link_name={name}", body)
    assert made.status_code == 204, made.text
    wait_for(
        lambda: rest.call("GET", f"{base}/{name}").status_code == 200, 60 * PATIENCE, "the link"
    )
    assert other.call("POST", f"{base}?link_name={name}", body).status_code == 409
    assert rest.get(f"{base}/{name}/configs/link.group.sync.ms")["value"] == "2000"

    def settled(*call):
        """The answer, once the link has started with other settings."""

        def answered():
            answer = rest.call(*call)
            return [answer] if answer.status_code != 409 else None

        return wait_for(answered, 60 * PATIENCE, f"{call} to be answered")[0]

    def configured(key):
        """The setting that the link runs with, once it runs."""
        return settled("GET", f"{base}/{name}/configs/{key}").json()

    put = other.call("PUT", f"{base}/{name}/configs/link.group.sync.ms", {"value": "3000"})
    assert put.status_code == 204, put.text
    wait_for(lambda: configured("link.group.sync.ms")["value"] == "3000", 60 * PATIENCE, "3000")
    bad = settled("PUT", f"{base}/{name}/configs/link.group.sync.ms", {"value": "often"})
    assert bad.status_code == 400 and "link.group.sync.ms" in bad.json()["message"]
    nonsense = settled("PUT", f"{base}/{name}/configs/nonsense", {"value": "1"})
    assert nonsense.status_code == 400, nonsense.text
    changes = [
        {"name": "link.group.sync.ms", "operation": "DELETE"},
        {"name": "link.write.guard", "value": "acl", "operation": "SET"},
    ]
    dry = settled("PUT", f"{base}/{name}/configs:alter", {"data": changes, "validate_only": True})
    assert dry.status_code == 204 and configured("link.write.guard")["is_default"], dry.text
    altered = settled("PUT", f"{base}/{name}/configs:alter", {"data": changes})
    assert altered.status_code == 204, altered.text
    wait_for(lambda: configured("link.write.guard")["value"] == "acl", 60 * PATIENCE, "acl")
    assert configured("link.group.sync.ms")["is_default"]
    reset = settled("DELETE", f"{base}/{name}/configs/link.write.guard")
    assert reset.status_code == 204, reset.text
    wait_for(lambda: configured("link.write.guard")["is_default"], 60 * PATIENCE, "the default")
    assert settled("DELETE", f"{base}/{name}?validate_only=true").status_code == 204
    gone = settled("DELETE", f"{base}/{name}")
    assert gone.status_code == 204, gone.text
    wait_for(lambda: rest.get("/connectors") == [link], 60 * PATIENCE, "the link to be gone")


def test_the_names_of_confluents_api(linked, source, target):
    (rest, other), link, (orders, bills) = linked
    cluster = rest.get(f"/links/{link}")["target_cluster_id"]
    base = f"/kafka/v3/clusters/{cluster}/links"
    links = other.get(base)
    check_shape(links, "KafkaLinkDataList")
    assert [x["link_name"] for x in links["data"]] == [link]
    shown = other.get(f"{base}/{link}?include_tasks=true")
    check_shape(shown, "KafkaLinkData")
    assert shown["link_state"] == "ACTIVE" and shown["link_error"] == "NO_ERROR"
    assert len(shown["cluster_link_id"]) == 16 and len(shown["tasks"]) == 4
    assert rest.get(f"/kafka/v3/clusters/{cluster}x/links")["data"] == []
    assert rest.call("GET", f"/kafka/v3/clusters/{cluster}x/links/{link}").status_code == 404

    wrong = {"source_topic_name": orders, "mirror_topic_name": "other"}
    refused = rest.call("POST", f"{base}/{link}/mirrors", wrong)
    assert refused.status_code == 400 and "mirror_topic_name:" in refused.json()["message"]
    for topic in (orders, bills):
        made = other.call("POST", f"{base}/{link}/mirrors", {"source_topic_name": topic})
        assert made.status_code == 204, made.text

    def active():
        return len(other.get(f"{base}/{link}/mirrors?mirror_status=ACTIVE")["data"]) == 2

    wait_for(active, 60 * PATIENCE, "both topics to be ACTIVE")
    everything = other.get(f"{base}/-/mirrors")
    check_shape(everything, "KafkaMirrorDataList")
    mirror = rest.get(f"{base}/{link}/mirrors/{orders}?include_state_transition_errors=true")
    check_shape(mirror, "KafkaMirrorData")
    assert mirror["metadata"]["self"].endswith(f"/links/{link}/mirrors/{orders}")
    assert mirror["mirror_state_transition_errors"] == [] and mirror["num_partitions"] == 2
    assert all(type(lag["lag"]) is int for lag in mirror["mirror_lags"])

    names = {"mirror_topic_names": [orders, "not-there"]}
    dry = rest.call("POST", f"{base}/{link}/mirrors:pause?validate_only=true", names)
    assert dry.status_code == 200 and rest.get(f"/links/{link}")["topics"] == {"LINKING": 2}
    paused = rest.call("POST", f"{base}/{link}/mirrors:pause", names)
    assert paused.status_code == 200
    assert [x["error_code"] for x in paused.json()["data"]] == [None, 404]
    check_shape(paused.json()["data"][0], "AlterMirrorsData")
    wait_state(rest, link, orders, "PAUSED")
    settings = rest.get(f"{base}/{link}/configs")
    check_shape(settings, "KafkaLinkConfigDataList")
    by_name = {x["name"]: x for x in settings["data"]}
    assert by_name["replication.factor"]["value"] == "1"
    assert by_name["link.offsets"]["is_default"] and not by_name["link.lease.ms"]["is_default"]
    one = rest.get(f"{base}/{link}/configs/link.offsets")
    assert one["value"] == "preserve"
    check_changes((rest, other), base, link, source, target)
    check_waves(rest, source, link, orders, bills)


def write_both(cluster, name, topics):
    producer = Producer(cluster.client_config(**{"transactional.id": name}))
    producer.init_transactions(60)
    producer.begin_transaction()
    for topic in topics:
        producer.produce(topic, b"both", partition=0)
    producer.commit_transaction(60)


def log_bytes(cluster, topic):
    """What a topic takes on its brokers' disks."""
    files = [f for b in cluster.brokers for f in b.directory.glob(f"data/{topic}-[0-9]*/*.log")]
    return sum(file.stat().st_size for file in files)


def check_waves(rest, source, link, orders, bills):
    """Both topics in two batches: a manifest, a proposal, and the wave as it goes."""
    path = f"/links/{link}"
    wait_state(rest, link, orders, "PAUSED")
    rest.ok("POST", f"{path}/mirrors:resume", {"mirror_topic_names": [orders]})
    wait_state(rest, link, orders, "LINKING")
    proposed = rest.get(f"{path}/waves:propose?batch_topics=1")
    batches = proposed["manifest"]["batches"]
    assert sorted(t for b in batches for t in b["topics"]) == sorted([orders, bills])
    assert [b["records"] for b in proposed["batches"]] == [500, 500] and not proposed["together"]
    for batch, figures in zip(batches, proposed["batches"]):
        wanted = log_bytes(source, *batch["topics"])
        assert abs(figures["bytes"] - wanted) < wanted / 10, (figures, wanted)
        assert (figures["lag"], figures["lag_bytes"]) == (0, 0)
    # Once somebody has written both in a transaction, they stand in one batch.
    write_both(source, link, (orders, bills))
    split = {"wave_name": "w", "batches": [{"topics": [orders]}, {"topics": [bills]}]}
    parted = rest.call("POST", f"{path}/waves", split)
    assert parted.status_code == 409, parted.text
    assert f"Transactional id {link} writes" in parted.json()["message"]
    proposed = rest.get(f"{path}/waves:propose?batch_topics=1")
    assert [sorted(b["topics"]) for b in proposed["manifest"]["batches"]] == [sorted((orders, bills))]
    assert [t["name"] for t in proposed["together"]] == [link]
    wrong = rest.call("POST", f"{path}/waves", {"wave_name": "w", "batches": [{"topics": ["x"]}]})
    assert wrong.status_code == 409 and "has no mirror topic x" in wrong.json()["message"]
    wave = {**proposed["manifest"], "wave_name": "w"}
    assert rest.call("POST", f"{path}/waves", {**wave, "dry_run": True}).status_code == 200
    assert rest.get(f"{path}/waves") == []
    assert rest.call("POST", f"{path}/waves", wave).status_code == 202
    assert rest.get(f"{path}/waves/w")["state"] == "PLANNED"
    assert rest.call("POST", f"{path}/waves:start", {"wave_names": ["w"]}).status_code == 202
    wait_for(
        lambda: rest.get(f"{path}/waves/w")["state"] == "DONE",
        90 * PATIENCE,
        "the wave to be done",
    )
    assert rest.get(f"{path}")["topics"] == {"PROMOTED": 2}
    assert rest.get(f"{path}/mirrors/{orders}")["order"]["by"] == "wave:w"
    again = rest.call("POST", f"{path}/waves:start", {"wave_names": ["w", "v"]})
    assert again.status_code == 409
    assert [w["error_code"] for w in again.json()["waves"]] == [409, 404]
    assert rest.call("DELETE", f"{path}/waves/w").status_code == 204


# ---- by Confluent's Go client ----

SDK_MODULE = "github.com/confluentinc/ccloud-sdk-go-v2/kafkarest"
SDK_PROGRAM = pathlib.Path(__file__).resolve().parents[1] / "support" / "link_sdk" / "main.go"


@pytest.fixture
def sdk(tmp_path):
    """Calls the Go client: sdk(url, cluster, call, ...) gives what it made of the answer."""
    folder, go = os.environ.get("ISTHMUS_KAFKAREST_SDK"), shutil.which("go")
    if not folder or not go:
        pytest.skip("needs Go, and ISTHMUS_KAFKAREST_SDK with Confluent's client")
    shutil.copy(SDK_PROGRAM, tmp_path)
    (tmp_path / "go.mod").write_text(
        f"module linksdk\n\ngo 1.25\n\nrequire {SDK_MODULE} v0.0.0\n\n"
        f"replace {SDK_MODULE} => {folder}\n"
    )
    environment = {**os.environ, "GOFLAGS": "-mod=mod -buildvcs=false"}
    subprocess.run([go, "build", "-o", "linksdk", "."], cwd=tmp_path, env=environment, check=True)

    def call(url, cluster, *arguments):
        done = subprocess.run(
            [tmp_path / "linksdk", url, cluster, *arguments], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return call


def test_confluents_go_client_drives_a_link(linked, sdk, source, target):
    (rest, other), link, (orders, bills) = linked
    cluster = rest.get(f"/links/{link}")["target_cluster_id"]

    def call(*arguments, status=200):
        answer = sdk(other.url, cluster, *arguments)
        assert answer["status"] == status and (status < 400) == (answer["error"] == ""), answer
        return answer["data"]

    assert [x["link_name"] for x in call("links")["data"]] == [link]
    shown = call("link", link)
    assert shown["link_state"] == "ACTIVE" and len(shown["tasks"]) == 4
    assert "link.offsets" in {x["name"] for x in call("configs", link)["data"]}
    call("create", link, orders, status=204)
    call("create", link, bills, status=204)
    call("create", link, "nothing-here", status=404)
    wait_for(
        lambda: len(call("mirrors", link)["data"]) == 2, 60 * PATIENCE, "both topics to be ACTIVE"
    )
    assert len(call("all-mirrors")["data"]) == 2
    dry = call("dry", "promote", link, orders)["data"]
    assert [x["mirror_topic_name"] for x in dry] == [orders]
    assert call("mirror", link, orders)["mirror_status"] == "ACTIVE"
    assert call("order", "pause", link, orders)["data"][0]["error_code"] is None
    wait_state(rest, link, orders, "PAUSED")
    assert call("mirror", link, orders)["mirror_status"] == "PAUSED"
    assert call("order", "promote", link, orders)["data"][0]["error_code"] == 409
    call("order", "resume", link, orders)
    wait_state(rest, link, orders, "LINKING")

    def promoted():
        return call("order", "promote", link, orders, bills)["data"][0]["error_code"] is None

    wait_for(promoted, 60 * PATIENCE, "the promotion to be taken")
    wait_state(rest, link, orders, "PROMOTED")
    mirror = call("mirror", link, orders)
    assert mirror["mirror_status"] == "STOPPED"
    assert [x["partition"] for x in mirror["mirror_lags"]] == [0, 1]
    assert call("order", "failover", link, orders)["data"][0]["error_code"] == 409

    # A second link, from its beginning to its end.
    name, config = f"{link}-2", link_config(source, target)
    words = [f"{k}={v}" for k, v in config.items() if k not in ("connector.class", "tasks.max")]
    source_id = rest.get(f"/links/{link}")["source_cluster_id"]
    call("new-link", name, "elsewhere", *words, status=400)
    call("new-link", name, source_id, *words, status=204)
    wait_for(
        lambda: other.call("GET", f"/links/{name}").status_code == 200, 60 * PATIENCE, "the link"
    )
    call("set-configs", name, "link.group.sync.ms=2000", status=204)
    wait_for(
        lambda: other.call("GET", f"/connectors/{name}/config").json()["link.group.sync.ms"] == "2000",
        60 * PATIENCE,
        "the setting",
    )
    wait_for(
        lambda: other.call("GET", f"/links/{name}").status_code == 200, 60 * PATIENCE, "the link"
    )
    assert call("config", name, "link.group.sync.ms")["value"] == "2000"
    call("delete-link", name, status=204)
    assert [x["link_name"] for x in call("links")["data"]] == [link]
