# SPDX-License-Identifier: Apache-2.0
"""The source's log isn't any more what it was: truncated, deleted and made again, cut by retention.

Each is reported with the offsets that it is about, then auto.offset.reset decides; with none the
task fails rather than going on. Nothing of it is silent.
"""

import contextlib
import time

from confluent_kafka import TopicPartition

import records
from metrics import scrape
from processes import wait_for
from workers import PATIENCE


@contextlib.contextmanager
def frozen(cluster):
    with contextlib.ExitStack() as links:
        for link in cluster.links.values():
            links.enter_context(link.freeze())
        yield


def wait_log(flow, text, timeout=60):
    log = flow.worker.process.log
    wait_for(lambda: text in log(), timeout * PATIENCE, f"{text!r} in the worker's log")


def wait_change(flow, name, **expected):
    """The last change of history in the connector's explanation, and its count in the metrics."""

    def shown():
        tasks = flow.worker.rest.get(f"/connectors/{name}/explain")["tasks"]
        history = tasks[0].get("history") if tasks else None
        last = history and history["last"]
        return last if last and expected.items() <= last.items() else None

    last = wait_for(shown, 60 * PATIENCE, f"{expected} in the explanation of {name}")
    alias = flow.worker.rest.config(name)["source.cluster.alias"]
    labels = {"source": alias, "kind": last["kind"]}
    assert scrape(flow.worker.rest).sum("isthmus_mirror_history_changes_total", **labels) >= 1
    return last


def fail_of(flow, name):
    def failed():
        tasks = flow.worker.rest.status(name)["tasks"]
        return tasks and tasks[0]["state"] == "FAILED" and tasks[0]["trace"]

    return wait_for(failed, 60 * PATIENCE, f"the task of {name} to fail", interval=0.2)


def add_strict_mirror(flow, count):
    """A third mirror of the topic, which fails rather than going on somewhere else."""
    rest = flow.worker.rest
    config = dict(rest.config("raw"))
    del config["name"]
    config["source.cluster.alias"] += "-strict"
    rest.put_connector("strict", config)
    strict_remote = f"{config['source.cluster.alias']}.{flow.topic}"
    records.wait_count(flow.target, strict_remote, count, 60 * PATIENCE)
    # Not before there are offsets to begin at.
    wait_for(lambda: rest.offsets("strict"), 30 * PATIENCE, "offsets of the strict mirror")
    rest.put_connector("strict", {**config, "consumer.auto.offset.reset": "none"})
    # The task that was there shows as RUNNING until it makes room for the other.
    started = "[strict|task-0] Source task finished initialization and start"
    wait_for(
        lambda: flow.worker.process.log().count(started) == 2,
        60 * PATIENCE,
        "the strict task to start again",
    )


def lose_a_tail(source, topic):
    """Makes broker 2, which lacks what broker 1 took last, the leader; both are back afterwards."""
    source.broker(2).kill()
    wait_for(lambda: source.partitions(topic)[0].isrs == [1], 30, "broker 2 to be out of sync")
    yield "two is out"
    source.broker(1).kill()
    source.broker(2).start()
    wait_for(lambda: source.leaders_without(1, topic) == {2}, 60, "an unclean election")
    yield "two leads"
    source.broker(1).start()
    source.wait_in_sync(topic)
    yield "both are back"


def test_truncated(mirror):
    flow = mirror(
        replicas=[[1, 2]],
        topic_config={"unclean.leader.election.enable": "true", "min.insync.replicas": "1"},
    )
    source, target = flow.source, flow.target
    records.produce(source, flow.topic, 1000)
    flow.wait_count(1000)
    add_strict_mirror(flow, 1000)
    steps = lose_a_tail(source, flow.topic)
    next(steps)
    records.produce(source, flow.topic, 500, first=1000)
    flow.wait_count(1500)
    next(steps)
    records.produce(source, flow.topic, 100, first=5000)
    next(steps)
    for remote in flow.remotes.values():
        where = f"{flow.topic}-0 on {remote.partition('.')[0]} was truncated"
        wait_log(flow, f"{where}: records from offset 1000 to 1499")
    cut = {"kind": "truncated", "topic": flow.topic, "partition": 0, "from": 1500}
    wait_change(flow, "raw", **cut, to=1000, action="rewind")
    flow.wait_count(1600)
    mirrored = records.read_all(target, flow.remote)[0]
    upstream = records.read_all(source, flow.topic)[0]
    records.compare(upstream, mirrored[:1000] + mirrored[1500:], flow.topic)
    assert "auto.offset.reset=none" in fail_of(flow, "strict")
    wait_change(flow, "strict", **cut, to=None, action="fail", policy="auto.offset.reset=none")
    failed = flow.worker.rest.get("/connectors/strict/explain")["tasks"][0]
    assert failed["state"] == "FAILED" and "lane" not in failed
    flow.assert_running()


def test_made_again(mirror):
    flow = mirror(lanes=("raw",), partitions=1)
    source, target = flow.source, flow.target
    records.produce(source, flow.topic, 1000)
    flow.wait_count(1000)
    # So fast that the worker never sees it missing.
    with frozen(source):
        source.delete_topic(flow.topic)
        source.create_topic(flow.topic, 1)
        records.produce(source, flow.topic, 2000, first=7000)
    alias = flow.remote.partition(".")[0]
    wait_log(flow, f"Topic {flow.topic} on {alias} was deleted and created again: offset 1000")
    gone = {"kind": "recreated", "from": 1000, "to": 0, "policy": "auto.offset.reset=earliest"}
    last = wait_change(flow, "raw", **gone)
    assert abs(time.time() - last["at_ms"] / 1000) < 600
    flow.wait_count(3000)
    mirrored = records.read_all(target, flow.remote)[0]
    records.compare(records.read_all(source, flow.topic)[0], mirrored[1000:], flow.topic)
    # So slow that it does: which offsets are stored is said, for they are all that is known then.
    source.delete_topic(flow.topic)
    wait_log(flow, f"Topic {flow.topic} on {alias} is mirrored no longer")


def test_overtaken_by_retention(mirror):
    flow = mirror(partitions=1)
    source, target = flow.source, flow.target
    records.produce(source, flow.topic, 1000)
    flow.wait_count(1000)
    with frozen(source):
        # A fetch that waits at the broker would bring what comes now.
        for link in source.links.values():
            link.cut()
        records.produce(source, flow.topic, 1000, first=1000)
        where = TopicPartition(flow.topic, 0, 1500)
        source.admin.delete_records([where])[where].result(120)
    flow.wait_count(1500)
    wait_log(flow, "500 records or fewer are missing on the target")
    for lane in flow.remotes:
        wait_change(flow, lane, kind="retention_gap", **{"from": 1000}, to=1500, action="rewind")
    mirrored = records.read_all(target, flow.remote)[0]
    records.compare(records.read_all(source, flow.topic)[0], mirrored[1000:], flow.topic)
    flow.assert_running()


def test_policy(mirror):
    """source.history.policy has the last word: to fail, or to go on at the end."""
    flow = mirror(partitions=1, **{"source.history.policy": "skip"})
    source = flow.source
    records.produce(source, flow.topic, 1000)
    flow.wait_count(1000)
    rest = flow.worker.rest
    config = dict(rest.config("records"))
    del config["name"]
    wait_for(lambda: rest.offsets("records"), 30 * PATIENCE, "offsets of the record lane's mirror")
    rest.put_connector("records", {**config, "source.history.policy": "fail"})
    with frozen(source):
        for link in source.links.values():
            link.cut()
        records.produce(source, flow.topic, 1000, first=1000)
        where = TopicPartition(flow.topic, 0, 1500)
        source.admin.delete_records([where])[where].result(120)
    wait_log(flow, "source.history.policy=skip: going on at offset 2000")
    assert "source.history.policy=fail" in fail_of(flow, "records")
    wait_change(flow, "raw", kind="retention_gap", to=2000, action="skip")
    wait_change(flow, "records", kind="retention_gap", to=None, action="fail")
    records.produce(source, flow.topic, 100, first=2000)
    records.wait_count(flow.target, flow.remote, 1100, 60 * PATIENCE)
    mirrored = records.read_all(flow.target, flow.remote)[0]
    records.compare(records.read_all(source, flow.topic)[0][500:], mirrored[1000:], flow.topic)
