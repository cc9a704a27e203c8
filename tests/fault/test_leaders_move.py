# SPDX-License-Identifier: Apache-2.0
"""Leaders move while records flow, on both sides; the answers themselves say where to (KIP-951)."""

import re

from faults import SECONDS
from java import snippet

ROUNDS = 3 + int(SECONDS)
NAMED = r"\[%s\] %s-\d: an answer names the leader"


def move(cluster, topic):
    out = snippet("MoveLeaders.java", cluster.bootstrap, topic, str(ROUNDS), "500", timeout=120)
    assert out.count("moved") == ROUNDS, out


def test_on_both_sides(mirror):
    flow = mirror()
    levels = "/admin/loggers/org.isthmus.wire.metadata"
    flow.worker.rest.ok("PUT", levels, {"level": "DEBUG"})
    with flow.load() as load:
        flow.wait_behind(load)
        move(flow.target, flow.remote)
        flow.wait_behind(load)
        move(flow.source, flow.topic)
        flow.wait_behind(load)
    flow.assert_same()
    flow.assert_running()
    log = flow.worker.process.log()
    assert re.search(NAMED % ("raw-raw", flow.remote), log)
    assert re.search(NAMED % (r"fetch-\S+\|raw", flow.topic), log)
