# SPDX-License-Identifier: Apache-2.0
"""One story on which translations of offsets are measured: topics with every kind of history, flows
that mirror them, groups that have committed offsets all over them, and the verdicts."""

import time

from confluent_kafka import TopicPartition

import exactness
import records
from processes import wait_for
from workers import PATIENCE, mirror_config

SCENARIOS = ("plain", "transactions", "compacted", "truncated", "repeats", "bursts", "restarts")


class Story:
    """The topics of one test, by scenario, each of one partition."""

    def __init__(self, source, unique, random, isolation="read_uncommitted", plain=20000):
        self.source, self.random, self.isolation, self.plain = source, random, isolation, plain
        self.topics = {name: unique(name) for name in SCENARIOS}
        self.turn = 0

    def fill(self):
        """What there is before the mirroring begins."""
        source, topics = self.source, self.topics
        exactness.compacted(source, topics["compacted"], self.random, 3000)
        for name in SCENARIOS:
            if name != "compacted":
                source.create_topic(topics[name], 1)
        exactness.produce(source, topics["plain"], [b"plain-%d" % n for n in range(self.plain)])
        exactness.produce_transactions(source, topics["transactions"], self.random, 150)
        exactness.produce(source, topics["truncated"], [b"cut-%d" % n for n in range(4000)])
        where = TopicPartition(topics["truncated"], 0, 1234)
        source.admin.delete_records([where])[where].result(120)
        now = int(time.time() * 1000)
        for n in range(40):
            alike = [b"alike-%d" % (n % 3)] * self.random.randint(1, 60)
            exactness.produce(source, topics["repeats"], alike, timestamp=now)
        exactness.produce(source, topics["repeats"], [b"the last"], timestamp=now)

    def burst(self):
        """A few hundred records each, in one go and in several."""
        self.turn += 1
        values = [b"burst-%d-%d" % (self.turn, n) for n in range(self.random.randint(1, 700))]
        exactness.produce(self.source, self.topics["restarts"], values)
        while values:
            cut = self.random.randint(1, 200)
            exactness.produce(self.source, self.topics["bursts"], values[:cut])
            values = values[cut:]

    def both_sides(self, target, alias, last=None):
        """{topic: (its records, those of its mirror)}; last: only so many offsets at the end."""
        topics = list(self.topics.values())
        there = exactness.read_topics(self.source, topics, self.isolation, last)
        remotes = [f"{alias}.{topic}" for topic in topics]
        here = exactness.read_topics(target, remotes, self.isolation, last)
        return {topic: (there[topic], here[remote]) for topic, remote in zip(topics, remotes)}

    def groups_pattern(self):
        return f"{self.topics['plain']}-group-.*"

    def offsets(self, name, count):
        """{group: {topic: offset}}: anywhere in each topic; its beginning, end and middle, too."""
        ends = {t: records.end_offsets(self.source, t)[0] for t in self.topics.values()}

        def place(n, low, high):
            return (low, high, (low + high) // 2)[n] if n < 3 else self.random.randint(low, high)

        return {
            f"{self.topics['plain']}-group-{name}-{n:04}": {
                topic: place(n, *bounds) for topic, bounds in ends.items()
            }
            for n in range(count)
        }


class Flow:
    """A source and a checkpoint connector that mirror the story under one alias."""

    def __init__(self, story, source, target, alias, **more):
        self.story, self.target, self.alias = story, target, alias
        self.connectors = [f"{alias}-mirror", f"{alias}-checkpoint"]
        common = {
            "topics": ",".join(story.topics.values()),
            "groups": story.groups_pattern(),
            # Offset syncs of its own: those of two flows would be mixed up.
            "target.cluster.alias": f"{alias}-target",
            "source.consumer.isolation.level": story.isolation,
            **more,
        }
        self.configs = [
            mirror_config(connector, source, target, alias, **common)
            for connector in ("Source", "Checkpoint")
        ]

    def start(self, rest):
        for name, config in zip(self.connectors, self.configs):
            rest.put_connector(name, config)
        rest.wait_running(self.connectors[0])
        return self

    def restart(self, rest):
        for name in self.connectors:
            rest.ok("POST", f"/connectors/{name}/restart?includeTasks=true")

    def wait_mirrored(self, timeout=90 * PATIENCE):
        wait_for(self._mirrored, timeout, f"all to be mirrored by {self.alias}", interval=0.2)

    def _mirrored(self):
        """Whether the last record of each topic is on the target."""
        sides = self.story.both_sides(self.target, self.alias, last=300).values()
        return all(here and here[-1].value == there[-1].value for there, here in sides)

    def wait_committed(self, rest, timeout=60 * PATIENCE):
        """Until the source connector's own offsets are at the end: a kill then repeats nothing."""
        sides = self.story.both_sides(self.target, self.alias, last=300)
        ends = {topic: there[-1].offset for topic, (there, _) in sides.items()}

        def committed():
            offsets = rest.get(f"/connectors/{self.connectors[0]}/offsets")["offsets"]
            found = {one["partition"]["topic"]: one["offset"]["offset"] for one in offsets}
            return all(found.get(topic, -1) >= end for topic, end in ends.items())

        wait_for(committed, timeout, f"source offsets of {self.alias}", interval=0.5)

    def truths(self):
        """{topic: which offsets of the target are right for one of the source}."""
        sides = self.story.both_sides(self.target, self.alias)
        return {topic: exactness.truth(*both) for topic, both in sides.items()}

    def assess(self, truths, offsets, committed, table=None, scenario=None):
        """The verdicts on all offsets; scenario: its name, in place of one for each topic."""
        table = table or exactness.Table()
        found = exactness.checkpoints(self.target, self.alias)
        for name, topic in self.story.topics.items():
            for group, topics in offsets.items():
                history = found.get((group, f"{self.alias}.{topic}"), [])
                right = truths[topic](topics[topic])
                table.add(scenario or name, topics[topic], history, right, committed[group])
        return table

    def wait_exact(self, offsets, committed, timeout=90 * PATIENCE):
        """Waits until all translations are exact; shows the table if they don't get so."""
        tables, truths = [], self.truths()

        def all_exact():
            tables.append(self.assess(truths, offsets, committed))
            assert tables[-1].total("ahead") == 0, f"{self.alias}\n{tables[-1]}"
            return tables[-1].complete()

        try:
            wait_for(all_exact, timeout, f"exact offsets by {self.alias}", interval=1)
        finally:
            print(f"{self.alias}\n{tables[-1]}")
        return tables[-1]

    def ask(self, rest, questions):
        """[(topic, offset)] by POST: the answers."""
        body = [{"topic": topic, "partition": 0, "offset": offset} for topic, offset in questions]
        return rest.ok("POST", f"/connectors/{self.connectors[0]}/translate", body)["translations"]
