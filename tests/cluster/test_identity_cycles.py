# SPDX-License-Identifier: Apache-2.0
"""Two flows that keep topic names, in opposite directions: no record goes round in a circle.

The flow that came first goes on; the second one leaves the topics out that came from there, says so,
and mirrors what else there is.
"""

import records
from processes import wait_for
from workers import PATIENCE, mirror_config

IDENTITY = "org.apache.kafka.connect.mirror.IdentityReplicationPolicy"


def flow(source, target, names, topics, **more):
    config = mirror_config("Source", source, target, names[0], topics=topics, **more)
    config["target.cluster.alias"] = names[1]
    config["replication.policy.class"] = IDENTITY
    # Whatever cluster the worker lives on, records go to the flow's target.
    config["producer.override.bootstrap.servers"] = target.bootstrap
    return config


def test_the_way_back_is_left_out(source, target, make_worker, unique):
    shared, back, east, west = (unique(n) for n in ("shared", "back", "east", "west"))
    topics = f"{shared},{back}"
    source.create_topic(shared, 2)
    records.produce(source, shared, 500)
    worker = make_worker.distributed()
    rest = worker.rest
    rest.put_connector("there", flow(source, target, (east, west), topics))
    records.assert_mirrored(source, shared, target, shared, 60 * PATIENCE)

    target.create_topic(back, 2)
    records.produce(target, back, 300)
    rest.put_connector("back", flow(target, source, (west, east), topics))
    records.assert_mirrored(target, back, source, back, 60 * PATIENCE)
    note = rest.get("/connectors/back/explain")["connector"]["note"]
    assert note.startswith("1 topics are left out")
    assert f"Topic {shared} is left out: on {west} it is itself a mirror" in worker.process.log()

    # What goes on meanwhile goes on in its direction only, and nothing comes twice.
    records.produce(source, shared, 500, first=500)
    records.produce(target, back, 300, first=300)
    assert records.assert_mirrored(source, shared, target, shared, 60 * PATIENCE) == 1000
    assert records.assert_mirrored(target, back, source, back, 60 * PATIENCE) == 600

    # The flow there sees `back` on its source now, where it came from its own target.
    wait_for(
        lambda: f"Topic {back} is left out: on {east} it is itself a mirror" in worker.process.log(),
        60 * PATIENCE,
        "the first flow to leave out what came from its target",
    )
    records.produce(source, shared, 10, first=1000)
    assert records.assert_mirrored(source, shared, target, shared, 60 * PATIENCE) == 1010
    assert records.count(source, back) == records.count(target, back) == 600

    # After a restart both flows know where they stand.
    worker.stop()
    worker.start()
    records.produce(source, shared, 10, first=1010)
    assert records.assert_mirrored(source, shared, target, shared, 60 * PATIENCE) == 1020
    assert records.count(source, back) == records.count(target, back) == 600
    assert records.count(source, shared) == records.count(target, shared) == 1020


def test_one_cluster_under_two_names_is_left_alone(source, target, make_worker, unique):
    """Its own heartbeats would come back under an ever longer name."""
    alias = unique("mirrored")
    if "heartbeats" not in source.topics():
        source.create_topic("heartbeats", 1)
    rest = make_worker.distributed().rest
    rest.put_connector("self", flow(source, source, (alias, unique("same")), "nothing"))
    rest.wait_state("self", "FAILED", 60 * PATIENCE)
    assert "are the same cluster" in rest.get("/connectors/self/status")["connector"]["trace"]

    # What looks for topics every five seconds has looked again once a second connector has seen
    # the topic that was made after the first one failed.
    late = unique("late")
    source.create_topic(late, 1)
    other = unique("other")
    rest.put_connector("other", mirror_config("Source", source, target, other, topics=late))
    made = f"{other}.{late}"
    wait_for(lambda: made in target.topics(), 60 * PATIENCE, made)
    assert not [topic for topic in source.topics() if topic.startswith(f"{alias}.")]
