# SPDX-License-Identifier: Apache-2.0
"""Offsets of groups are translated exactly, however far behind the groups are.

Topics with history that was transactional, compacted, truncated, in bursts, of records that are all
alike, or mirrored across restarts; and groups that have committed offsets all over them. One flow
has the offset index, one has none and looks into the topics. test_exactness_table.py has many more
offsets, Java's worker beside us.
"""

import random

import pytest

import exactness
import records
from exact_story import Flow, Story
from processes import wait_for
from workers import PATIENCE, SHORT_SESSION, mirror_config

GROUPS = 100


def check_answers(flow, rest, ways):
    """Many questions to the REST API; ways: how they may be answered."""
    story = flow.story
    for topic, allowed in flow.truths().items():
        low, high = records.end_offsets(story.source, topic)[0]
        questions = [(topic, story.random.randint(low, high)) for _ in range(25)]
        for answer in flow.ask(rest, questions):
            translated, right = answer["translated"], allowed(answer["offset"])
            if not right:  # compaction has taken the copy away
                continue
            assert translated["topic"] == f"{flow.alias}.{topic}" and translated["partition"] == 0
            assert translated["offset"] in right, (answer, right)
            assert answer["exact"] and answer["by"] in ways, answer


def check_requests(rest, connector, topic, other):
    """One offset by GET, and what isn't a question."""
    where = f"/connectors/{connector}/translate"
    one = rest.get(f"{where}?topic={topic}&partition=0&offset=7")
    assert one["translations"][0]["translated"]["offset"] == 7
    two = rest.get(f"{where}?topic={topic}&partition=0&offset=7&topic={topic}&partition=0&offset=8")
    assert [answer["translated"]["offset"] for answer in two["translations"]] == [7, 8]
    nothing = rest.get(f"{where}?topic=unheard-of&partition=0&offset=7")["translations"][0]
    assert nothing["translated"] is None and nothing["by"] == "none" and nothing["reason"]
    for query in ("", f"?topic={topic}&offset=1", f"?topic={topic}&partition=0&offset=-1"):
        answer = rest.call("GET", where + query)
        assert answer.status_code == 400 and "offset=1000" in answer.json()["message"], query
    for body in (
        {},
        [],
        [7],
        [{"topic": topic, "partition": "0", "offset": 1}],
        [{"topic": f"{topic}\0", "partition": 0, "offset": 1}],
    ):
        assert rest.call("POST", where, body).status_code == 400, body
    question = "translate?topic=a&partition=0&offset=1"
    assert rest.call("GET", f"/connectors/none/{question}").status_code == 404
    refused = rest.call("GET", f"/connectors/{other}/{question}")
    assert refused.status_code == 400 and "MirrorSourceConnector" in refused.json()["message"]


def check_garbage(flow, worker, topic):
    """Garbage in the index topic: answers stay, and each reading has a line or two in the log."""
    garbage, before = 500, worker.process.log().count("Ignored")
    index = f"mm2-offset-index.{flow.alias}-target.internal"
    exactness.produce(flow.story.source, index, [b"garbage"] * garbage, key=lambda _: b"garbage")
    (answer,) = flow.ask(worker.rest, [(topic, 7)])
    assert answer["translated"]["offset"] == 7 and answer["by"] == "index"
    assert 0 < worker.process.log().count("Ignored") - before < garbage / 2


@pytest.mark.slow
def test_groups_anywhere_are_translated_exactly(source, target, make_worker, unique):
    story = Story(source, unique, random.Random(14))
    story.fill()
    settings = make_worker.settings(**SHORT_SESSION)
    worker = make_worker.distributed(settings)
    indexed = Flow(story, source, target, unique("indexed")).start(worker.rest)
    looking = Flow(story, source, target, unique("looking"), **{"offset.index.enabled": "false"})
    looking.start(worker.rest)
    for _ in range(3):
        story.burst()
        indexed.restart(worker.rest)
        looking.restart(worker.rest)
    offsets = story.offsets("first", GROUPS)
    committed = exactness.commit_many(source, offsets)
    for flow in (indexed, looking):
        flow.wait_mirrored()
        flow.wait_exact(offsets, committed)

    # A worker that comes in its place goes on with the index.
    worker.kill()
    successor = make_worker.distributed(settings)
    successor.rest.wait_running(indexed.connectors[0], timeout=60 * PATIENCE)
    story.burst()
    indexed.wait_mirrored()
    last = story.topics["restarts"]
    end = records.end_offsets(source, last)[0][1]

    def indexed_again():
        (answer,) = indexed.ask(successor.rest, [(last, end)])
        return answer["exact"] and answer["by"] == "index"

    wait_for(indexed_again, 30 * PATIENCE, "the index to have the last record")
    check_answers(indexed, successor.rest, {"index", "sync"})
    check_answers(looking, successor.rest, {"lookup", "sync"})
    heartbeat = unique("heartbeat")
    successor.rest.put_connector(heartbeat, mirror_config("Heartbeat", source, target, heartbeat))
    check_requests(successor.rest, indexed.connectors[1], story.topics["plain"], heartbeat)
    check_garbage(indexed, successor, story.topics["plain"])
