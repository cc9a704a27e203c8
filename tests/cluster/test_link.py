# SPDX-License-Identifier: Apache-2.0
"""A link from its settings to the promotion of its topics: names and offsets are the source's."""

import records
from links import Link, errors, link_config
from processes import free_port, wait_for
from workers import PATIENCE, SHORT_SESSION

SAFE = {
    "message.timestamp.type": "CreateTime",
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "compression.type": "producer",
}


def end(cluster, topic, partition):
    return records.end_offsets(cluster, topic).get(partition, (0, 0))[1]


def placed(cluster, topic):
    """All records with their offsets, and where each partition begins and ends."""
    found = records.read_all(cluster, topic)
    with_offsets = {p: [(r.offset, r) for r in of_one] for p, of_one in found.items()}
    return with_offsets, records.end_offsets(cluster, topic)


def test_what_is_wrong_is_said_before_anything_is_made(make_worker, source, target):
    rest = make_worker.distributed().rest
    before = target.topics()
    nobody = f"127.0.0.1:{free_port()}"
    found = errors(rest, link_config(source, target, link_offsets="same", topics="a["))
    assert set(found) == {"link.offsets"}
    found = errors(rest, link_config(source, target, source_cluster_bootstrap_servers=nobody))
    assert nobody in found["source.cluster.bootstrap.servers"][0]
    found = errors(rest, link_config(target, target))
    assert "same cluster" in found["target.cluster.bootstrap.servers"][0]
    for name in ("a/b", "..", "50%", "a b", "x" * 201):
        found = errors(rest, link_config(source, target), name)
        assert "letters, digits" in found["name"][0] and set(found) == {"name"}, found
        body = {"name": name, "config": link_config(source, target)}
        answer = rest.call("POST", "/connectors", body)
        assert answer.status_code == 400 and "letters, digits" in answer.text
    found = errors(rest, link_config(source, target, replication_factor=3))
    assert set(found) == {"replication.factor"} and "3 replicas" in found["replication.factor"][0]
    found = errors(rest, link_config(source, target, link_reverse_of="nosuch"))
    assert set(found) == {"link.reverse.of"} and "'nosuch'" in found["link.reverse.of"][0]
    assert errors(rest, link_config(source, target), "Move_2.orders-eu") == {}
    made = set(target.topics()) - set(before)
    assert all(topic.startswith(("connect-", "__")) for topic in made), made  # the worker's own


def test_topics_move(make_worker, source, target, unique):
    worker = make_worker.distributed(make_worker.settings(**SHORT_SESSION))
    link = Link(worker.rest, unique("link"))
    orders, prefix = unique("orders"), unique("pay")
    source.create_topic(orders, 3, retention_ms=100000000, segment_bytes=10000000)
    records.produce(source, orders, 3000)

    # Settings alone move nothing.
    config = link_config(source, target, topics=f"{prefix}.*", tasks_max=2)
    worker.rest.put_connector(link.name, config)
    worker.rest.wait_running(link.name, tasks=2)
    assert orders not in target.topics()
    # A reader of the state sees the order of moves, whatever the cleaner does.
    assert int(target.topic_config("isthmus-link-state")["min.compaction.lag.ms"]) >= 3600000

    # A topic that is named moves: its records have the source's offsets, its settings are safe.
    assert link.create(orders, dry_run=True).status_code == 200
    assert orders not in target.topics()
    assert link.create(orders).status_code == 202
    link.wait_copied(orders)
    assert placed(target, orders) == placed(source, orders)
    settings = target.topic_config(orders)
    assert {key: settings[key] for key in SAFE} == SAFE
    assert settings["segment.bytes"] == "10000000"

    # One that matches is found by itself, and an empty topic of its name is taken, as it is there when
    # somebody was stopped half way. One that exists with records is refused, and says why.
    first, second = f"{prefix}-1", f"{prefix}-2"
    target.create_topic(first)
    target.create_topic(second)
    records.produce(target, second, 1)
    source.create_topic(second)
    source.create_topic(first)
    records.produce(source, first, 10)
    link.wait_copied(first, timeout=20)
    assert placed(target, first) == placed(source, first)
    assert target.topic_config(first)["retention.ms"] == "-1"
    assert "TARGET_NOT_EMPTY" in str(link.create(second).json())
    assert "has, or had, records" in link.wait_state(second, "FAILED")["reason"]
    assert link.create(unique("nothing")).status_code == 404

    # Partitions that are added are added.
    source.add_partitions(orders, 5)
    wait_for(lambda: target.partition_count(orders) == 5, 30 * PATIENCE, "5 partitions")
    records.produce(source, orders, 100, first=3000, partition=4)
    wait_for(lambda: end(target, orders, 4) == 100, 30 * PATIENCE, "their records")

    # A pause, and its end.
    assert link.ask("pause", orders).status_code == 202
    link.wait_state(orders, "PAUSED")
    records.produce(source, orders, 100, first=3100, partition=4)
    assert link.ask("resume", orders).status_code == 202
    link.wait_copied(orders)
    wait_for(lambda: end(target, orders, 4) == 200, 30 * PATIENCE, "what was missed")

    # The worker is replaced. Promotion: the settings are the source's, and the link writes no more.
    worker.kill()
    worker.start()
    worker.rest.wait_running(link.name, tasks=2)
    link.wait_copied(orders)
    assert link.ask("promote", orders).status_code == 202
    link.wait_state(orders, "PROMOTED")
    link.ask("promote", orders)  # asked twice, it is one promotion
    assert link.state(orders) == "PROMOTED"
    receipt = worker.rest.get(f"/links/{link.name}/receipts/{orders}")
    ends = {part["partition"]: part["target_end"] for part in receipt["partitions"]}
    assert ends == {p: high for p, (_, high) in records.end_offsets(source, orders).items()}
    assert placed(target, orders) == placed(source, orders)
    assert target.topic_config(orders)["retention.ms"] == "100000000"
    before = end(target, orders, 4)
    records.produce(source, orders, 10, first=3200, partition=4)
    records.produce(target, orders, 10, first=3300, partition=4)
    link.wait_copied(first)
    assert end(target, orders, 4) == before + 10


def test_a_source_that_is_gone(make_worker, target, unique, cluster_factory):
    gone = cluster_factory("gone")
    worker = make_worker.distributed(make_worker.settings(**SHORT_SESSION))
    link, topic = Link(worker.rest, unique("link")), unique("orders")
    gone.create_topic(topic, 2)
    records.produce(gone, topic, 100)
    worker.rest.put_connector(link.name, link_config(gone, target, topics=topic))
    worker.rest.wait_running(link.name)
    link.wait_copied(topic)
    copied = records.read_all(target, topic)
    gone.brokers[0].kill()
    assert link.wait_state(topic, "SOURCE_UNAVAILABLE", timeout=90)["reason"]
    # A worker that starts now finds the link in its state topic, and fails over.
    worker.kill()
    worker.start()
    worker.rest.wait_running(link.name, timeout=90)
    wait_for(lambda: link.state(topic), 60 * PATIENCE, "the link to answer")
    assert link.ask("failover", topic).status_code == 202
    link.wait_state(topic, "FAILED_OVER")
    assert records.read_all(target, topic) == copied
    records.produce(target, topic, 10, first=100)
    assert target.topic_config(topic)["retention.ms"] != "-1"
