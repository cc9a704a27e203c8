# SPDX-License-Identifier: Apache-2.0
"""Stories of a whole link whose worker may be killed at any of its requests (crash_points.py). Who
tells one asks for each step until it is done, as people and scripts do, and starts a worker that
has died again."""

import abc
import signal

import records
from copier import assert_same, delete_before
from crash_points import Points
from links import Link, link_config
from processes import wait_for
from workers import PATIENCE, SHORT_SESSION

HELD = ["STANDBY", "HOLD_LOST"]
RETENTION = "100000000"  # of the topic; it is held at -1 until the end


class Story(abc.ABC):
    """A link to which a topic and a group of the source are given."""

    start = 20  # of the source's log in partition 0: the link aligns the target

    def __init__(self, make_worker, source, target, unique, tmp_path, point=None):
        self.source, self.target = source, target
        self.topic, self.group = unique("orders"), unique("group")
        self.offsets = {0: self.start + 5, 1: 6}  # of the group
        name = unique("link")
        targets = {"isthmus-link-state": "state", self.group: "group", self.topic: "mirror"}
        self.points = Points(tmp_path, targets, client=name, point=point)
        settings = make_worker.settings(**SHORT_SESSION)
        self.worker = make_worker.distributed(settings, start=False)
        self.link, self.path = Link(self.worker.rest, name), f"/links/{name}"
        self.crashes = 0

    # ---- asking ----

    def revive(self):
        """A worker that was killed is started again, and isn't killed a second time."""
        if self.worker.alive:
            return
        assert self.worker.process.status == -signal.SIGKILL, self.worker.process.tail()
        self.crashes += 1
        self.worker.environment = {}
        self.worker.start()

    def insist(self, ask, what):
        """Asks until it is done."""

        def done():
            self.revive()
            try:
                return ask()
            except OSError:  # it is dying
                return None

        return wait_for(done, 90 * PATIENCE, what, interval=0.2)

    def call(self, method, path, body=None):
        return self.link.rest.call(method, self.path + path, body)

    def ask_topic(self, verb, before, after, **body):
        """Asks for it while the topic is as before: an order of a worker that died may be stored,
        or not."""

        def reached():
            state = self.link.state(self.topic)
            if state in before:
                self.link.ask(verb, self.topic, **body)
            return state in after

        self.insist(reached, f"{self.topic} to be {after}: {verb}")

    def ask_group(self, verb, before, after):
        def reached():
            found = self.link.group(self.group)
            state = found and found["group_status"]
            if state in before:
                self.call("POST", f"/groups:{verb}", {"group_ids": [self.group]})
            return state in after

        self.insist(reached, f"{self.group} to be {after}: {verb}")

    def committed(self):
        return records.committed(self.target, self.group, self.topic, range(2))

    def in_standby(self):
        found = self.link.group(self.group)
        return found and found["group_status"] == "STANDBY" and self.committed() == self.offsets

    def connect(self, name, config):
        path = f"/connectors/{name}/config"
        self.insist(
            lambda: self.link.rest.call("PUT", path, config).status_code < 300,
            f"{name} to be made",
        )

    # ---- the story ----

    def prepare(self):
        """What there is before the worker that may be killed."""
        self.source.create_topic(self.topic, 2, retention_ms=RETENTION)
        records.produce(self.source, self.topic, self.start, partition=0)
        records.produce(self.source, self.topic, 200, first=self.start)
        delete_before(self.source, self.topic, self.start)
        records.commit(self.source, self.group, self.topic, self.offsets)

    def make_link(self):
        """Up to the topic's copying and the group's standby."""
        config = link_config(
            self.source,
            self.target,
            topics=self.topic,
            groups=self.group,
            link_groups_promotion="manual",
            link_group_idle_ms=500,
        )
        self.connect(self.link.name, config)
        self.insist(lambda: self.link.state(self.topic) == "LINKING", "the topic")
        self.insist(self.in_standby, "the group to be in standby, with its offsets")

    def promote(self):
        self.ask_group("promote", before=HELD, after=["PROMOTED"])
        self.ask_topic("promote", before=["LINKING"], after=["PROMOTED"])

    @abc.abstractmethod
    def happen(self):
        """The rest of it."""

    def tell(self):
        """The whole story; whoever was to be killed is dead and has a successor at its end."""
        self.prepare()
        self.worker.environment = self.points.environment()
        self.worker.start()
        self.happen()
        if self.points.point and self.points.came:
            self.insist(lambda: self.crashes, f"the worker to be killed at {self.points.point}")
        self.insist(self.is_over, "the story's end")

    def is_over(self):
        """What must be so in the end, whatever happened; False: nobody can be asked now."""
        return self.is_same(self.source, self.target, self.link)

    def is_same(self, source, target, link):
        """The link is cut, and its receipt says where."""
        assert_same(source, target, self.topic)
        assert self.committed() == self.offsets
        assert target.topic_config(self.topic)["retention.ms"] == RETENTION
        answer = link.rest.call("GET", f"/links/{link.name}/receipts/{self.topic}")
        if answer.status_code != 200:
            return False
        ends = {part["partition"]: part["target_end"] for part in answer.json()["partitions"]}
        there = records.end_offsets(source, self.topic)
        assert ends == {p: high for p, (_, high) in there.items()}
        return True


class Migration(Story):
    """A group is promoted, and then a topic."""

    def happen(self):
        self.make_link()
        self.promote()


class Wave(Story):
    """The same by a wave."""

    def happen(self):
        self.make_link()
        self.insist(self.is_done, "the wave to be done")

    def is_done(self):
        wave = self.call("GET", "/waves/w")
        if wave.status_code == 404:
            batches = [{"topics": [self.topic], "groups": [self.group]}]
            self.call("POST", "/waves", {"wave_name": "w", "batches": batches})
        elif wave.status_code == 200 and wave.json()["state"] in ("PLANNED", "STOPPED"):
            self.call("POST", "/waves:start", {"wave_names": ["w"]})
        return wave.status_code == 200 and wave.json()["state"] == "DONE"
