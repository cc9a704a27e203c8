# SPDX-License-Identifier: Apache-2.0
"""Dedicated mode: MirrorMaker 2's own properties file, as Kafka's distribution has it.

The file has two clusters and both directions. Only host names and the numbers that make a test
quick are put in; nothing is taken away.
"""

import re

import records
from processes import TOP, wait_for
from kafka_cluster import DATA
from workers import PATIENCE

NAMES = {"A": "east", "B": "west", "C": "south"}

SAMPLE = TOP / "tests" / "cluster" / "data" / "connect-mirror-maker.properties"


def test_sample_file_mirrors_both_ways(cluster_factory, make_worker):
    east, west = cluster_factory("east"), cluster_factory("west")
    text = SAMPLE.read_text()
    text = re.sub(r"A_host1:9092.*", east.bootstrap, text)
    text = re.sub(r"B_host1:9092.*", west.bootstrap, text)
    text += "refresh.topics.interval.seconds=2\noffset.flush.interval.ms=1000\n"
    file = DATA / "files" / "connect-mirror-maker.properties"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)

    east.create_topic("from-east", 3)
    west.create_topic("from-west", 2)
    records.produce(east, "from-east", 1000)
    records.produce(west, "from-west", 1000)
    worker = make_worker.dedicated(file)

    records.assert_mirrored(east, "from-east", west, "A.from-east", 120 * PATIENCE)
    records.assert_mirrored(west, "from-west", east, "B.from-west", 120 * PATIENCE)
    wait_for(lambda: "heartbeats" in west.topics(), 60 * PATIENCE, "heartbeats on the target")
    wait_for(lambda: "A.heartbeats" in west.topics(), 60 * PATIENCE, "mirrored heartbeats")
    expected = {
        "mm2-offsets.A.internal",
        "mm2-status.A.internal",
        "mm2-configs.A.internal",
        "A.checkpoints.internal",
        "mm2-offset-syncs.A.internal",
    }
    wait_for(lambda: expected <= west.topics(), 60 * PATIENCE, "internal topics of A->B")

    # No cycle: what came from the other side is not sent back.
    names = east.topics() | west.topics()
    assert not {n for n in names if "A.B.from" in n or "B.A.from" in n}

    # A restart goes on where it was.
    worker.stop(60)
    records.produce(east, "from-east", 500, first=1000)
    worker.start()
    assert records.assert_mirrored(east, "from-east", west, "A.from-east", 120 * PATIENCE) == 1500


def test_one_source_for_two_targets(cluster_factory, make_worker):
    """The flows' tasks read with the same settings, and by the same connector's name."""
    clusters = {alias: cluster_factory(name) for alias, name in NAMES.items()}
    lines = [f"{alias}.bootstrap.servers = {it.bootstrap}" for alias, it in clusters.items()]
    lines += [
        "clusters = A, B, C",
        "A->B.enabled = true",
        "A->C.enabled = true",
        "topics = fan",
        "replication.factor = 1",
        "refresh.topics.interval.seconds = 2",
        "offset.flush.interval.ms = 1000",
        *(
            f"{topic}.replication.factor = 1"
            for topic in ("checkpoints.topic", "heartbeats.topic", "offset-syncs.topic")
        ),
        *(f"{name}.storage.replication.factor = 1" for name in ("offset", "status", "config")),
    ]
    file = DATA / "files" / "fan.properties"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n")
    clusters["A"].create_topic("fan", 3)
    records.produce(clusters["A"], "fan", 1000)
    make_worker.dedicated(file)
    for alias in "BC":
        records.assert_mirrored(clusters["A"], "fan", clusters[alias], "A.fan", 60 * PATIENCE)
    records.produce(clusters["A"], "fan", 500, first=1000)
    for alias in "BC":
        mirrored = records.assert_mirrored(
            clusters["A"], "fan", clusters[alias], "A.fan", 60 * PATIENCE
        )
        assert mirrored == 1500
