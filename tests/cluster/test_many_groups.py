# SPDX-License-Identifier: Apache-2.0
"""Groups that fail over together: Java's client of Kafka 4.3 translates the offsets of many groups at
once, by a pattern (KIP-1239), from the checkpoints that Isthmus has written."""

import pytest

import records
from java import snippet_of_newest
from processes import wait_for
from workers import PATIENCE, mirror_config

GROUPS, COUNT = 20, 400


@pytest.mark.java
def test_the_newest_client_translates_groups_by_pattern(source, target, make_worker, unique):
    topic, prefix, alias = unique("orders"), unique("billing"), unique("src")
    source.create_topic(topic, 2)
    records.produce(source, topic, COUNT)
    ends = {p: high for p, (_, high) in records.end_offsets(source, topic).items()}
    groups = [f"{prefix}-{n}" for n in range(GROUPS)] + [f"other-{prefix}"]
    for group in groups:
        records.commit(source, group, topic, ends)
    rest = make_worker.distributed().rest
    more = {"topics": topic, "groups": f".*{prefix}.*"}
    rest.put_connector("mirror", mirror_config("Source", source, target, alias, **more))
    records.assert_mirrored(source, topic, target, f"{alias}.{topic}", 60 * PATIENCE)
    rest.put_connector("checkpoint", mirror_config("Checkpoint", source, target, alias, **more))
    expected = {
        f"{group} {alias}.{topic} {p} {end}" for group in groups[:GROUPS] for p, end in ends.items()
    }

    def translated():
        lines = snippet_of_newest("TranslateMany.java", target.bootstrap, alias, f"{prefix}-.*")
        return {line for line in lines.splitlines() if prefix in line} == expected

    wait_for(translated, 60 * PATIENCE, "all groups to be translated to their ends", interval=1)
