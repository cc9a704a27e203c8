# SPDX-License-Identifier: Apache-2.0
"""A worker that is killed again and again while topics are created, copied and promoted: each topic is
promoted once, with what the source has, at the source's offsets.

LINK_CRASHES (default 6) is how often, LINK_CRASH_SEED which moments; "random" for others each time.
"""

import os
import random
import time

import pytest

import records
from links import Link, link_config
from processes import wait_for
from workers import PATIENCE, SHORT_SESSION

TOPICS = 12


def placed(cluster, topic):
    found = records.read_all(cluster, topic)
    return {p: [(r.offset, r) for r in of_one] for p, of_one in found.items()}


@pytest.mark.long
def test_a_worker_that_is_killed_again_and_again(make_worker, source, target, unique):
    seed = os.environ.get("LINK_CRASH_SEED", "1")
    moments = random.Random(None if seed == "random" else seed)
    worker = make_worker.distributed(make_worker.settings(**SHORT_SESSION))
    link, prefix = Link(worker.rest, unique("link")), unique("crash")
    topics = [f"{prefix}-{number}" for number in range(TOPICS)]
    for topic in topics:
        source.create_topic(topic, 2, retention_ms=100000000)
        records.produce(source, topic, 200)

    def crash():
        delay = moments.uniform(0.1, 6)
        print(f"killed after {delay:.2f} s")
        time.sleep(delay)
        worker.kill()
        worker.start()

    crashes = int(os.environ.get("LINK_CRASHES", "6"))
    config = link_config(source, target, topics=f"{prefix}.*", tasks_max=2)
    worker.rest.put_connector(link.name, config)
    for _ in range(crashes // 2):
        crash()
    for topic in topics:
        link.wait_copied(topic, timeout=120)

    def ordered():
        return link.ask("promote", *topics).status_code == 202

    wait_for(ordered, 60 * PATIENCE, "the promotion to be ordered", interval=1)
    for _ in range(crashes - crashes // 2):
        crash()
    for topic in topics:
        link.wait_state(topic, "PROMOTED", timeout=120)
        assert placed(target, topic) == placed(source, topic)
        assert target.topic_config(topic)["retention.ms"] == "100000000"
        receipt = worker.rest.get(f"/links/{link.name}/receipts/{topic}")
        ends = {part["partition"]: part["target_end"] for part in receipt["partitions"]}
        assert ends == {p: high for p, (_, high) in records.end_offsets(source, topic).items()}
