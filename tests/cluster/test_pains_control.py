# SPDX-License-Identifier: Apache-2.0
"""What MM2's users complain about in the control plane, row by row of docs/PAINS.md.

Several rows a test, for each needs a worker and most a while of waiting.
"""

import records
from kafka_cluster import SHORT_BROKER_SESSION
from metrics import scrape, wait_metrics
from processes import free_port, wait_for
from workers import PATIENCE, mirror_config

SOURCE = "kafka_connect_mirror_source_connector"
CHECKPOINT = "kafka_connect_mirror_checkpoint_connector"
EPOCH = "kafka_connect_worker_rebalance_epoch"
COMPLETED = "kafka_connect_worker_rebalance_completed_rebalances_total"


def rebalances(rest):
    metrics = scrape(rest)
    return metrics.value(EPOCH), metrics.value(COMPLETED)


def end(cluster, topic):
    """The end offset of partition 0."""
    return records.end_offsets(cluster, topic)[0][1]


def test_new_topics_and_groups_cause_no_rebalance(source, target, make_worker, unique):
    """Rows 11 and 28: they are taken up within seconds, by the tasks that there are."""
    prefix, alias, group = unique("shop"), unique("src"), unique("billing")
    for number in (1, 2):
        source.create_topic(f"{prefix}-{number}", 2)
        records.produce(source, f"{prefix}-{number}", 200)
    records.commit(source, group, f"{prefix}-1", {0: 5})
    worker = make_worker.distributed()
    rest = worker.rest
    slow = {"refresh.topics.interval.seconds": "600", "refresh.groups.interval.seconds": "1"}
    config = mirror_config("Source", source, target, alias, topics=f"{prefix}-.*", **slow)
    config["tasks.max"] = "2"
    del config["replication.factor"]  # two brokers are wanted by default; there is one
    rest.put_connector("mirror", config)
    more = {"topics": f"{prefix}-.*", "groups": f"{group}.*", **slow}
    rest.put_connector("checkpoint", mirror_config("Checkpoint", source, target, alias, **more))
    rest.wait_running("mirror", tasks=2)
    rest.wait_running("checkpoint", tasks=1)
    for number in (1, 2):
        remote = f"{alias}.{prefix}-{number}"
        records.assert_mirrored(source, f"{prefix}-{number}", target, remote, 60 * PATIENCE)
    own_default = "with the brokers' own default. Set replication.factor to choose"
    assert own_default in worker.process.log()
    before = rebalances(rest)

    # A topic and a group that concern the flow, and strangers.
    source.create_topic(f"{prefix}-3", 3)
    records.produce(source, f"{prefix}-3", 300)
    source.add_partitions(f"{prefix}-1", 3)
    records.produce(source, f"{prefix}-1", 200, first=200)
    # A group that has read to the end: older offsets have no exact sync any more.
    records.commit(source, f"{group}-2", f"{prefix}-1", {0: end(source, f"{prefix}-1")})
    stranger = source.create_topic(unique("stranger"), 1)
    records.produce(source, stranger, 10)
    records.commit(source, f"{group}-stranger", stranger, {0: 3})
    for number in (1, 3):
        remote = f"{alias}.{prefix}-{number}"
        records.assert_mirrored(source, f"{prefix}-{number}", target, remote, 60 * PATIENCE)
    wait_metrics(
        rest,
        lambda m: m.sum(f"{CHECKPOINT}_checkpoint_count", group=f"{group}-2") > 0,
        60 * PATIENCE,
        "a checkpoint of the new group",
    )
    assert rebalances(rest) == before
    assert "2 tasks here take up more work" in worker.process.log()
    assert not scrape(rest).all(f"{CHECKPOINT}_checkpoint_count", group=f"{group}-stranger")
    rest.wait_running("mirror", tasks=2)

    # What it was given stays with each task over all this, and restarts find the rest of it.
    worker.stop()
    records.produce(source, f"{prefix}-3", 100, first=300)
    worker.start()
    count = records.assert_mirrored(
        source, f"{prefix}-3", target, f"{alias}.{prefix}-3", 60 * PATIENCE
    )
    assert count == 400


def test_whoever_does_nothing_says_why(source, target, make_worker, unique):
    """Rows 9 and 10: a connector without tasks, and groups with members on the target."""
    topic, alias, group = unique("orders"), unique("src"), unique("billing")
    remote = f"{alias}.{topic}"
    source.create_topic(topic, 1)
    records.produce(source, topic, 100)
    worker = make_worker.distributed()
    rest = worker.rest
    rest.put_connector("mirror", mirror_config("Source", source, target, alias, topics=topic))
    more = {"topics": topic, "groups": group, "sync.group.offsets.enabled": "true"}
    more["sync.group.offsets.interval.seconds"] = "1"
    rest.put_connector("checkpoint", mirror_config("Checkpoint", source, target, alias, **more))
    none = {"topics": unique("none"), "heartbeats.replication.enabled": "false"}
    rest.put_connector("idle", mirror_config("Source", source, target, alias, **none))
    off = {"enabled": "false", "topics": topic}
    rest.put_connector("off", mirror_config("Source", source, target, alias, **off))

    def note(name):
        status = rest.status(name)
        if not status or status["connector"]["state"] != "RUNNING" or status["tasks"]:
            return None
        return rest.get(f"/connectors/{name}/explain")["connector"].get("note")

    for name, why in {
        "checkpoint": "none passes 'groups' and 'groups.exclude'",
        "idle": "no topic of",
        "off": "enabled is false",
    }.items():
        text = wait_for(lambda n=name: note(n), 60 * PATIENCE, f"{name} to say why it is idle")
        assert text.startswith("runs without tasks: ") and why in text, text
        assert text in worker.process.log()

    # With a group there are tasks, and nothing to explain.
    records.commit(source, group, topic, {0: 50})
    rest.wait_running("checkpoint")
    assert "note" not in rest.get("/connectors/checkpoint/explain")["connector"]
    wait_for(
        lambda: (records.committed(target, group, remote, [0]) or {}).get(0, -1) > 0,
        60 * PATIENCE,
        "the group's offsets on the target",
    )

    # A member on the target: it is named once, counted, and left alone.
    consumer = records.member(target, group, remote)
    try:
        wait_metrics(
            rest,
            lambda m: m.value("isthmus_mirror_group_target_members", group=group) == 1,
            60 * PATIENCE,
            "the member to be seen",
        )
        assert f"Consumer group {group} has 1 members on target" in worker.process.log()
    finally:
        consumer.close()
    wait_metrics(
        rest,
        lambda m: m.value("isthmus_mirror_group_target_members", group=group) == 0,
        60 * PATIENCE,
        "the member's end to be seen",
    )
    assert f"Consumer group {group} has no members on target any more" in worker.process.log()


def test_trouble_that_passes_leaves_no_task_failed(cluster_factory, target, make_worker, unique):
    """Rows 14, 15 and 17: a source that can't be reached, then moves; a broker that goes and comes
    back; a rebalance meanwhile."""
    flaky = cluster_factory("flaky", properties=SHORT_BROKER_SESSION)
    topic, alias = unique("orders"), unique("src")
    remote = f"{alias}.{topic}"
    flaky.create_topic(topic, 4)
    records.produce(flaky, topic, 1000)
    settings = make_worker.settings()
    worker = make_worker.distributed(settings)
    rest = worker.rest
    states = set()

    def watch():
        status = rest.status("mirror") or {"tasks": []}
        states.update(task["state"] for task in status["tasks"])
        return status

    # Nobody listens there; the right address comes later, as people correct it.
    wrong = f"127.0.0.1:{free_port()}"
    config = mirror_config("Source", flaky, target, alias, topics=topic, **{"tasks.max": "2"})
    config["admin.timeout.ms"] = "3000"
    rest.put_connector("mirror", {**config, "source.cluster.bootstrap.servers": wrong})
    wait_for(lambda: rest.status("mirror"), 60 * PATIENCE, "the connector")
    rest.put_connector("mirror", config)
    rest.wait_running("mirror", tasks=2)
    records.assert_mirrored(flaky, topic, target, remote, 60 * PATIENCE)

    # A second worker joins and takes a task, while records flow.
    other = {**settings, "listeners": f"http://127.0.0.1:{free_port()}"}
    second = make_worker.distributed(other)

    def shared():
        return len({task["worker_id"] for task in watch()["tasks"]}) == 2

    records.produce(flaky, topic, 1000, first=1000)
    wait_for(shared, 60 * PATIENCE, "the tasks to be shared")

    # The source's only broker goes, long enough to be noticed, and comes back.
    flaky.brokers[0].kill()

    def noticed():
        watch()
        return any("Could not" in w.process.log() or "FAIL" in w.process.log() for w in
                   (worker, second))

    wait_for(noticed, 60 * PATIENCE, "the workers to notice")
    flaky.brokers[0].start()
    flaky.wait_ready()
    records.produce(flaky, topic, 1000, first=2000)
    second.stop()
    records.assert_mirrored(flaky, topic, target, remote, 90 * PATIENCE, exactly=False)
    watch()
    assert "FAILED" not in states, states
    rest.wait_running("mirror", tasks=2)
