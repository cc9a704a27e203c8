# SPDX-License-Identifier: Apache-2.0
"""The worker is killed with SIGKILL again and again while it mirrors; nothing is lost.

After each kill a new process takes the same file. What was in flight may come twice (delivery is
at least once), yet nothing is missing, nothing is made up, and order holds within a partition.
Sizes: ISTHMUS_KILLS (8), ISTHMUS_KILL_RECORDS (20000).
"""

import os
import random

import pytest

import records
from processes import wait_for
from workers import PATIENCE, SHORT_SESSION, mirror_config

KILLS = int(os.environ.get("ISTHMUS_KILLS", "8"))
RECORDS = int(os.environ.get("ISTHMUS_KILL_RECORDS", "20000"))


@pytest.mark.slow
def test_nothing_is_lost(source, target, make_worker, unique):
    topic, alias = unique("orders"), unique("src")
    remote = f"{alias}.{topic}"
    source.create_topic(topic, 4)
    worker = make_worker.distributed(make_worker.settings(**SHORT_SESSION))
    config = mirror_config("Source", source, target, alias, topics=topic)
    worker.rest.put_connector("mirror", {**config, "tasks.max": "2"})

    moments = random.Random(topic)
    per_round = RECORDS // KILLS
    produced = 0
    for _ in range(KILLS):
        before = records.count(target, remote)
        records.produce(source, topic, per_round, first=produced)
        produced += per_round
        # Somewhere in the middle of its work: after a random share of the round has arrived.
        share = moments.randrange(per_round)
        wait_for(
            lambda: records.count(target, remote) >= before + share,
            90 * PATIENCE,
            f"{share} records after the restart",
            interval=0.02,
        )
        worker.kill()
        worker.start()

    mirrored = records.assert_mirrored(source, topic, target, remote, 120 * PATIENCE, exactly=False)
    assert mirrored == produced == per_round * KILLS
