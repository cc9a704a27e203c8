# SPDX-License-Identifier: Apache-2.0
"""Offsets of groups are translated exactly, however far behind the groups are.

Topics with history that was transactional, compacted, truncated, in bursts, of records that are all
alike, or mirrored across restarts; and groups that have committed offsets all over them. One flow
has the offset index, one has none and looks into the topics; what Java's worker has mirrored is
looked up, too, beside which its own translations are shown. EXACT_GROUPS says how many groups there
are: each has an offset in every topic.
"""

import os
import random
import time

import pytest
from confluent_kafka import TopicPartition

import exactness
import records
from processes import wait_for
from workers import PATIENCE, SHORT_SESSION, mirror_config

GROUPS = int(os.environ.get("EXACT_GROUPS", "150"))


class Story:
    """The topics of one test, by scenario."""

    def __init__(self, source, unique, random, isolation):
        self.source, self.random, self.isolation = source, random, isolation
        self.topics = {
            name: unique(name)
            for name in ("plain", "transactions", "compacted", "truncated", "repeats", "restarts")
        }

    def fill(self):
        source, topics = self.source, self.topics
        exactness.compacted(source, topics["compacted"], self.random, 3000)
        for name in ("plain", "transactions", "truncated", "repeats", "restarts"):
            source.create_topic(topics[name], 1)
        exactness.produce(source, topics["plain"], [b"plain-%d" % n for n in range(20000)])
        exactness.produce_transactions(source, topics["transactions"], self.random, 150)
        exactness.produce(source, topics["truncated"], [b"cut-%d" % n for n in range(4000)])
        where = TopicPartition(topics["truncated"], 0, 1234)
        source.admin.delete_records([where])[where].result(30)
        now = int(time.time() * 1000)
        for n in range(40):
            alike = [b"alike-%d" % (n % 3)] * self.random.randint(1, 60)
            exactness.produce(source, topics["repeats"], alike, timestamp=now)

    def burst(self, turn):
        values = [b"burst-%d-%d" % (turn, n) for n in range(self.random.randint(1, 700))]
        exactness.produce(self.source, self.topics["restarts"], values)

    def end(self, topic):
        return records.end_offsets(self.source, topic)[0][1]

    def both_sides(self, target, alias, topic):
        """The records of a topic, and of its mirror."""
        return (
            records.read_all(self.source, topic, isolation=self.isolation)[0],
            records.read_all(target, f"{alias}.{topic}", isolation=self.isolation).get(0, []),
        )

    def offsets(self):
        """{group: {topic: offset}}: anywhere in each topic, its end and its beginning too."""
        ends = {t: records.end_offsets(self.source, t)[0] for t in self.topics.values()}
        return {
            f"{self.topics['plain']}-group-{n}": {
                topic: (low if n == 0 else high if n == 1 else self.random.randint(low, high))
                for topic, (low, high) in ends.items()
            }
            for n in range(GROUPS)
        }


def mirrored(story, target, alias, topic):
    """Whether the last record of the topic is on the target."""
    there, here = story.both_sides(target, alias, topic)
    return here and here[-1].value == there[-1].value


def assess(story, target, alias, offsets):
    table = exactness.Table()
    found = exactness.checkpoints(target, alias)
    for name, topic in story.topics.items():
        allowed = exactness.truth(*story.both_sides(target, alias, topic))
        for group, topics in offsets.items():
            upstream, downstream = found.get((group, f"{alias}.{topic}"), (None, None))
            table.add(name, topics[topic], downstream, allowed)
    return table


def start_flow(rest, source, target, alias, topics, **more):
    common = {"topics": ",".join(topics), "groups": f"{topics[0]}-group-.*", **more}
    rest.put_connector(f"{alias}-mirror", mirror_config("Source", source, target, alias, **common))
    rest.put_connector(
        f"{alias}-checkpoint", mirror_config("Checkpoint", source, target, alias, **common)
    )
    rest.wait_running(f"{alias}-mirror")


def wait_mirrored(story, target, alias):
    for topic in story.topics.values():
        wait_for(
            lambda t=topic: mirrored(story, target, alias, t),
            60 * PATIENCE,
            f"{topic} to be mirrored by {alias}",
        )


def wait_exact(story, target, alias, offsets):
    """Waits until all translations are exact; shows the table if they don't get so."""
    tables = []

    def all_exact():
        tables.append(assess(story, target, alias, offsets))
        assert tables[-1].total("ahead") == 0, f"{alias}\n{tables[-1]}"
        return tables[-1].total("exact") == GROUPS * len(story.topics)

    try:
        wait_for(all_exact, 90 * PATIENCE, f"exact offsets by {alias}", interval=1)
    finally:
        print(f"{alias}\n{tables[-1]}")


def ask(rest, connector, questions):
    """[(topic, offset)] by POST: the answers."""
    body = [{"topic": topic, "partition": 0, "offset": offset} for topic, offset in questions]
    return rest.ok("POST", f"/connectors/{connector}/translate", body)["translations"]


def check_answers(story, target, alias, rest, ways):
    """Many questions to the REST API; ways: how they may be answered."""
    for name, topic in story.topics.items():
        low, high = records.end_offsets(story.source, topic)[0]
        allowed = exactness.truth(*story.both_sides(target, alias, topic))
        questions = [(topic, story.random.randint(low, high)) for _ in range(25)]
        for answer in ask(rest, f"{alias}-mirror", questions):
            translated, right = answer["translated"], allowed(answer["offset"])
            if not right:  # compaction has taken the copy away
                continue
            assert translated["topic"] == f"{alias}.{topic}" and translated["partition"] == 0
            assert translated["offset"] in right, (name, answer, right)
            assert answer["exact"] and answer["by"] in ways, (name, answer)


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
    assert rest.call("GET", "/connectors/none/translate?topic=a&partition=0&offset=1").status_code == 404
    refused = rest.call("GET", f"/connectors/{other}/translate?topic=a&partition=0&offset=1")
    assert refused.status_code == 400 and "MirrorSourceConnector" in refused.json()["message"]


def check_garbage(source, worker, connector, topic):
    """Garbage in the index topic: answers stay, and each reading has a line or two in the log."""
    garbage, before = 500, worker.process.log().count("Ignored")
    index = "mm2-offset-index.target.internal"
    exactness.produce(source, index, [b"garbage"] * garbage, key=lambda value: b"garbage")
    (answer,) = ask(worker.rest, connector, [(topic, 7)])
    assert answer["translated"]["offset"] == 7 and answer["by"] == "index"
    assert 0 < worker.process.log().count("Ignored") - before < garbage / 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "isolation", ["read_uncommitted", pytest.param("read_committed", marks=pytest.mark.long)]
)
def test_groups_anywhere_are_translated_exactly(source, target, make_worker, unique, isolation):
    """read_committed: exactly once, with markers on the target, too."""
    story = Story(source, unique, random.Random(14), isolation)
    topics = list(story.topics.values())
    story.fill()
    eos = {"exactly.once.source.support": "enabled"} if isolation == "read_committed" else {}
    settings = make_worker.settings(**eos, **SHORT_SESSION)
    worker = make_worker.distributed(settings)
    flows = {unique("indexed"): {}, unique("looking"): {"offset.index.enabled": "false"}}
    for alias, more in flows.items():
        more["source.consumer.isolation.level"] = isolation
        start_flow(worker.rest, source, target, alias, topics, **more)
    for turn in range(3):
        story.burst(turn)
        for alias in flows:
            worker.rest.ok("POST", f"/connectors/{alias}-mirror/restart?includeTasks=true")
    for alias in flows:
        wait_mirrored(story, target, alias)
    offsets = story.offsets()
    exactness.commit_many(source, offsets)
    for alias in flows:
        wait_exact(story, target, alias, offsets)

    # A worker that comes in its place goes on with the index.
    worker.kill()
    successor = make_worker.distributed(settings)
    indexed = next(iter(flows))
    successor.rest.wait_running(f"{indexed}-mirror", timeout=60 * PATIENCE)
    story.burst(3)
    wait_mirrored(story, target, indexed)

    def indexed_again():
        (answer,) = ask(successor.rest, f"{indexed}-mirror", [(topics[-1], story.end(topics[-1]))])
        return answer["exact"] and answer["by"] == "index"

    wait_for(indexed_again, 30 * PATIENCE, "the index to have the last record")
    check_answers(story, target, indexed, successor.rest, {"index", "sync"})
    check_answers(story, target, next(reversed(flows)), successor.rest, {"lookup", "sync"})
    heartbeat = unique("heartbeat")
    successor.rest.put_connector(heartbeat, mirror_config("Heartbeat", source, target, heartbeat))
    check_requests(successor.rest, f"{indexed}-checkpoint", topics[0], heartbeat)
    check_garbage(source, successor, f"{indexed}-mirror", topics[0])


@pytest.mark.java
@pytest.mark.slow
@pytest.mark.long
def test_what_java_has_mirrored_is_translated_exactly_too(source, target, make_worker, unique):
    story = Story(source, unique, random.Random(15), "read_uncommitted")
    topics = list(story.topics.values())
    story.fill()
    settings = make_worker.settings()
    java = make_worker.distributed(settings, kind="java")
    alias = unique("java")
    start_flow(java.rest, source, target, alias, topics)
    for turn in range(3):
        story.burst(turn)
        java.rest.ok("POST", f"/connectors/{alias}-mirror/restart?includeTasks=true")
    wait_mirrored(story, target, alias)
    offsets = story.offsets()
    exactness.commit_many(source, offsets)
    wait_for(
        lambda: len(exactness.checkpoints(target, alias)) > GROUPS,
        60 * PATIENCE,
        "Java's checkpoints",
    )
    print(f"Java's\n{assess(story, target, alias, offsets)}")
    java.stop()
    make_worker.distributed(settings, kind="isthmus")
    wait_exact(story, target, alias, offsets)
