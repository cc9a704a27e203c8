# SPDX-License-Identifier: Apache-2.0
"""Away from an old cluster: the source is Kafka 3.9, the target 4.1, and the other way round."""

import pytest

import records
from kafka_cluster import Cluster
from workers import PATIENCE, Workers, mirror_config

OLD = "3.9.1"


@pytest.fixture(scope="module")
def old():
    with Cluster("old", version=OLD) as cluster:
        yield cluster


def test_from_old_to_new(old, target, make_worker, unique):
    topic, alias = unique("orders"), unique("old")
    old.create_topic(topic, 3)
    records.produce(old, topic, 2000, codec="zstd")
    rest = make_worker.distributed().rest
    rest.put_connector("mirror", mirror_config("Source", old, target, alias, topics=topic))
    records.assert_mirrored(old, topic, target, f"{alias}.{topic}", 60 * PATIENCE)
    records.produce(old, topic, 500, first=2000)
    count = records.assert_mirrored(old, topic, target, f"{alias}.{topic}", 60 * PATIENCE)
    assert count == 2500


def test_worker_on_an_old_cluster(old, source, kind, unique):
    """The worker's own topics and its group live on Kafka 3.9."""
    topic, alias = unique("orders"), unique("new")
    source.create_topic(topic, 2)
    records.produce(source, topic, 1000)
    factory = Workers(kind, old, unique)
    try:
        rest = factory.distributed().rest
        rest.put_connector("mirror", mirror_config("Source", source, old, alias, topics=topic))
        records.assert_mirrored(source, topic, old, f"{alias}.{topic}", 60 * PATIENCE)
        factory.stop()
    finally:
        factory.close()
