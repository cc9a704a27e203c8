# SPDX-License-Identifier: Apache-2.0
"""Copies one topic by the part of a link that does it (link_copying.c), and compares both sides."""

import os
import subprocess

import records
from confluent_kafka import TopicPartition
from confluent_kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    ResourceType,
)
from processes import BINARY_DIR
from workers import PATIENCE

ISOLATION = "read_committed"


class Copier:
    """Processes that copy one topic, one after the other, with one state file."""

    def __init__(self, source, target, topic, tmp_path, **options):
        self.state = tmp_path / f"{topic}.json"
        self.command = [
            BINARY_DIR / "tests" / "cluster" / "link_copying",
            source.bootstrap,
            target.bootstrap,
            topic,
            self.state,
        ]
        self.options = options

    def start(self, environment=None, **options):
        given = {**self.options, **options}
        words = [f"{key.replace('_', '.')}={value}" for key, value in given.items()]
        return subprocess.Popen(
            [*self.command, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **(environment or {})},
        )

    def run(self, **options):
        """Copies up to the source's end: how it ended, and what it printed."""
        process = self.start(**{"finish": 1, "seconds": int(60 * PATIENCE), **options})
        out, _ = process.communicate(timeout=90 * PATIENCE)
        print(out)
        return process.returncode, out

    def finish(self, status=0, **options):
        """Copies up to the source's end; what it printed."""
        ended, out = self.run(**options)
        assert ended == status, out
        return out


def seen(cluster, topic):
    """{(partition, offset): record} as a reader of committed records sees them."""
    found = records.read_all(cluster, topic, isolation=ISOLATION)
    return {(r.partition, r.offset): r for part in found.values() for r in part}


def assert_same(source, target, topic, fillers=False, mirror=None):
    """The same records at the same offsets, and the same bounds. fillers: null values between.
    mirror: its name, if that is another one."""
    mirror = mirror or topic
    there, here = seen(source, topic), seen(target, mirror)
    assert there, "nothing to compare"
    for place, record in there.items():
        assert here.get(place) == record, f"{place}: {record.brief()}\n{here.get(place)}"
    extra = [record for place, record in here.items() if place not in there]
    if fillers:
        assert all(record.value is None for record in extra)
    else:
        assert not extra, extra[0].brief()
    for partition, (start, end) in records.end_offsets(source, topic).items():
        mirrored = records.end_offsets(target, mirror)[partition]
        assert mirrored == (start, end), f"partition {partition}: {(start, end)} is {mirrored}"


def translations(copier, source, topic):
    """The target's offset of each offset of partition 0, up to its end, as the index has it."""
    out = copier.finish(ask=records.end_offsets(source, topic)[0][1] + 1)
    return [int(word) for word in out.split("targets ")[1].split()]


def assert_translated(copier, source, target, topic):
    """The source's records of partition 0, one after the other, and an index that is exact."""
    there = {offset: record for (_, offset), record in seen(source, topic).items()}
    here = {offset: record for (_, offset), record in seen(target, topic).items()}
    assert there, "nothing to compare"
    same = [there[at] for at in sorted(there)] == [here[at] for at in sorted(here)]
    assert same, f"{len(there)} records there, {len(here)} here"
    assert sorted(here) == list(range(len(here)))
    targets, expected = translations(copier, source, topic), 0
    for offset, found in enumerate(targets):
        assert found == expected, f"offset {offset}"
        expected += offset in there


def delete_before(cluster, topic, offset):
    where = TopicPartition(topic, 0, offset)
    cluster.admin.delete_records([where])[where].result(60)


def both(source, target, topic, partitions=1, **config):
    source.create_topic(topic, partitions, **config)
    target.create_topic(topic, partitions, retention_ms=-1, **config)


def set_config(cluster, topic, name, value):
    entry = ConfigEntry(
        name,
        value,
        ConfigSource.DYNAMIC_TOPIC_CONFIG,
        incremental_operation=AlterConfigOpType.SET,
    )
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    cluster.admin.incremental_alter_configs([resource])[resource].result(60)
