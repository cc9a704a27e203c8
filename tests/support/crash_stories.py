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

BROKEN = ["DIVERGED", "FAILED"]
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
        self.link = Link(self.worker.rest, name)
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
        return self.link.rest.call(method, f"/links/{self.link.name}{path}", body)

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
        self.configure(topics=self.topic)
        self.await_linked()

    def configure(self, **more):
        config = link_config(
            self.source,
            self.target,
            groups=self.group,
            link_groups_promotion="manual",
            link_group_idle_ms=500,
            **more,
        )
        self.connect(self.link.name, config)

    def await_linked(self):
        self.insist(lambda: self.link.state(self.topic) == "LINKING", "the topic")
        self.insist(self.in_standby, "the group to be in standby, with its offsets")

    def await_copied(self):
        self.insist(lambda: self.link.is_copied(self.topic), "the topic to be copied")

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
        self.assert_moved()
        assert not self.holders()
        return self.is_cut()

    def assert_moved(self):
        """Both clusters have the same records, and the target the group's offsets."""
        assert_same(self.source, self.target, self.topic)
        assert self.committed() == self.offsets
        assert self.target.topic_config(self.topic)["retention.ms"] == RETENTION

    def holders(self):
        """The group's members on the target: there is nobody but the link."""
        described = self.target.admin.describe_consumer_groups([self.group])
        return described[self.group].result(60).members

    def is_cut(self):
        """The link's receipt says where."""
        answer = self.call("GET", f"/receipts/{self.topic}")
        state = self.link.state(self.topic)
        if answer.status_code != 200 or not state:
            return False
        receipt = answer.json()
        assert receipt["state"] == state
        ends = {part["partition"]: part["target_end"] for part in receipt["partitions"]}
        there = records.end_offsets(self.source, self.topic)
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


class Troubles(Story):
    """The source deletes what the link hasn't; somebody else writes to the mirror topic. The link is
    repaired each time. Then the group is let go, and the topic is failed over."""

    def happen(self):
        self.make_link()
        self.be_overtaken()
        self.await_copied()
        self.meet_a_stranger()
        self.await_linked()
        self.ask_group("release", before=HELD, after=["RELEASED"])
        self.await_copied()
        self.ask_topic("failover", before=["LINKING"], after=["FAILED_OVER"])

    def be_overtaken(self):
        """A pause is too long. A repair goes on where the source's log begins."""
        self.ask_topic("pause", before=["LINKING"], after=["PAUSED"])
        records.produce(self.source, self.topic, 100, partition=0)
        end = records.end_offsets(self.source, self.topic)[0][1]
        delete_before(self.source, self.topic, end - 50)
        self.offsets = {0: end - 20, 1: 16}
        records.commit(self.source, self.group, self.topic, self.offsets)
        self.ask_topic("resume", before=["PAUSED"], after=["FAILED"])
        self.ask_topic("repair", before=["FAILED"], after=["LINKING"])

    def meet_a_stranger(self):
        """A repair finds the foreign record again. One by force makes the topic anew, without it."""
        records.produce(self.target, self.topic, 1, partition=0)
        found = self.insist(self.diverged, "the foreign write")
        self.insist(lambda: self.diverged_again(found), "a repair that doesn't help")
        self.ask_topic("repair", before=BROKEN, after=["LINKING"], force=True)

    def diverged(self):
        mirror = self.link.mirror(self.topic)
        return mirror and mirror["mirror_status"] == "DIVERGED" and mirror

    def diverged_again(self, found):
        """The topic has been looked at once more, and is as it was."""
        mirror = self.diverged()
        if not mirror:
            return False
        repaired = mirror["order"]["since_ms"] != found["order"]["since_ms"]
        if not repaired:
            self.link.ask("repair", self.topic)
        return repaired and mirror["order"]["followed"]


class Return(Story):
    """A group and a topic that were promoted go back, by a link the other way round."""

    def prepare(self):
        super().prepare()
        self.worker.start()
        self.make_link()
        self.promote()
        self.worker.stop()
        self.source, self.target = self.target, self.source
        self.first = self.link
        self.link = Link(self.worker.rest, f"{self.first.name}-back")
        records.produce(self.source, self.topic, 100, first=220)
        self.offsets = {partition: at + 30 for partition, at in self.offsets.items()}
        records.commit(self.source, self.group, self.topic, self.offsets)

    def happen(self):
        self.mirror_back()
        self.promote()
        self.wish("finalize", "end")

    def mirror_back(self):
        self.configure(link_reverse_of=self.first.name)
        self.wish("reverse-and-start", "mirror")
        self.await_linked()

    def wish(self, verb, wish):
        """Asks the first link until that is stored."""

        def stored():
            mirror = self.first.mirror(self.topic)
            way_back = mirror and mirror["way_back"]
            if mirror and not (way_back and way_back["wish"] == wish):
                self.first.ask(verb, self.topic)
                return False
            return bool(way_back)

        self.insist(stored, f"the first link to be told: {verb}")


class Stay(Return):
    """Nobody goes back: the topic is mirrored back for some time, until that ends."""

    def happen(self):
        self.mirror_back()
        self.await_copied()
        self.wish("finalize", "end")

    def is_over(self):
        if self.call("GET", f"/mirrors/{self.topic}").status_code != 404:
            return False
        self.assert_moved()
        return self.in_standby()
