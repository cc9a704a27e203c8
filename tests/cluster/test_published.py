# SPDX-License-Identifier: Apache-2.0
"""Configurations that others have published, reduced to their keys: each starts and mirrors, or is
refused, as on Java's Connect and MirrorMaker 2.

Under data/published: mm2/ has files of connect-mirror-maker, connectors/ has bodies for PUT
/connectors/NAME/config. Some contain what their authors got wrong, as blanks around values, a comment
behind a value, empty aliases. expected.json says what Java makes of each; the variant `java`, which is
long, runs Java again, and writes the file with PUBLISHED_RECORD=1.
"""

import json
import os
import re
import time

import pytest
from confluent_kafka.admin import AdminClient

import records
from kafka_cluster import DATA, Cluster
from processes import TOP, free_port, wait_for
from workers import PATIENCE, Workers

PUBLISHED = TOP / "tests" / "cluster" / "data" / "published"
EXPECTED = PUBLISHED / "expected.json"
RECORD = bool(os.environ.get("PUBLISHED_RECORD"))
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
LOGIN = f'{PLAIN} username="mm" password="mm-secret";'
USERS = {"mm": "mm-secret", "tenancy/user/ocid1.pool": "au;th=co//de"}

# What there is before each: {cluster: {topic: records}}; a number tells whose records arrived.
SEEDS = {
    "A": {
        "orders": 11,
        "topic1": 12,
        "topic2": 13,
        "reading.sensor.one": 14,
        "reading.sensor.two": 15,
        "sales_A": 16,
        "ExampleTopic1": 17,
        "demo-azure-json": 18,
        "products": 19,
        "audit.internal": 20,
        "old.replica": 21,
    },
    "B": {"back": 31},
    "C": {"west-topic": 41},
}
# Topics that grow by themselves: their names count, not their records.
OWN = re.compile(r"(.*[._-])?heartbeats|.*[.-]internal|mm2-(configs|offsets|status)|.*offset-syncs.*")
# Ours alone: which clusters records have come through (docs/MIRROR.md).
EXTRA = {"__consumer_offsets", "mm2-provenance.internal"}
INDEX = re.compile(r"mm2-offset-index.*internal")  # the same
EVERY = re.compile(".*")
# Where Java fails midway, so that what has arrived by then is chance: names count, not records.
UNCOUNTED = {
    "mm2/10": "JsonConverter fails its task at the first null; here nulls stay nulls",
}
# What is there or not by chance: whether heartbeats came before topics were listed for the only time.
CHANCE = {"mm2/07": {"source.heartbeats"}}
# Two flows to one cluster have one group.id: their workers hinder each other, in Java for ever.
LEFT_OUT = {"mm2/18"}
# Ours know a policy that Java needs a jar for.
OURS = {
    "connectors/03": {
        "status": 201,
        "state": "RUNNING",
        "tasks": ["RUNNING"],
        "topics": {"A": {"mm2-offset-syncs.mskdest.internal": None}, "B": {}},
    }
}
NAMES = sorted(
    str(path.relative_to(PUBLISHED).with_suffix("")) for path in PUBLISHED.glob("*/*.*")
)
BOTH = pytest.mark.parametrize("who", ["isthmus", pytest.param("java", marks=pytest.mark.long)])


def secured(broker_port):
    """A cluster's further listener, for clients that log in."""
    accounts = " ".join(f'"user_{name}"="{secret}"' for name, secret in USERS.items())
    return {
        "listeners": lambda broker: (
            f"PLAINTEXT://{broker.address},LOGIN://127.0.0.1:{broker_port},"
            f"CONTROLLER://127.0.0.1:{broker.controller_port}"
        ),
        "listener.security.protocol.map": (
            "PLAINTEXT:PLAINTEXT,LOGIN:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT"
        ),
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.login.plain.sasl.jaas.config": f"{PLAIN} {accounts};",
    }


class Sides:
    """The clusters A, B and C with their seeds."""

    def __init__(self):
        self.login = {name: f"127.0.0.1:{free_port()}" for name in "AB"}
        self.clusters = {
            name: Cluster(
                f"published-{name.lower()}",
                properties=secured(self.login[name].rpartition(":")[2]) if name in "AB" else {},
                heap="384m",
            )
            for name in SEEDS
        }

    def start(self):
        for name, cluster in self.clusters.items():
            cluster.start()
            for topic, count in SEEDS[name].items():
                cluster.create_topic(topic, 2)
                records.produce(cluster, topic, count)
        records.commit(self.clusters["A"], "billing", "orders", self.ends("orders"))

    def ends(self, topic):
        found = records.end_offsets(self.clusters["A"], topic)
        return {partition: high for partition, (low, high) in found.items()}

    def close(self):
        for cluster in self.clusters.values():
            cluster.close()

    def filled(self, text, key=""):
        words = {name: cluster.bootstrap for name, cluster in self.clusters.items()}
        words |= {f"S{name}": address for name, address in self.login.items()}
        words |= {"J": LOGIN, "K": key, "N": key, "DIR": str(DATA / "files")}
        for word, value in words.items():
            text = text.replace(f"@{word}@", value)
        return text

    def fresh_topics(self, wanted=EVERY):
        """What Java would have made of it since the seeds: {cluster: {topic: records or None}}."""
        return {
            name: {
                topic: None if OWN.fullmatch(topic) else records.count(cluster, topic)
                for topic in sorted(self.fresh_in(name))
                if wanted.fullmatch(topic) and not INDEX.fullmatch(topic)
            }
            for name, cluster in self.clusters.items()
        }

    def fresh_in(self, name):
        return self.clusters[name].topics() - set(SEEDS[name]) - EXTRA

    def reset(self):
        """Back to the seeds: no other topics, and no groups but the one on A."""
        for name, cluster in self.clusters.items():
            fresh = self.fresh_in(name)
            if fresh:
                cluster.delete_topic(*fresh)
            groups = self.groups(cluster)
            if groups:
                for future in cluster.admin.delete_consumer_groups(groups).values():
                    future.exception(30)

    @staticmethod
    def groups(cluster):
        listed = cluster.admin.list_consumer_groups().result(120).valid
        return [group.group_id for group in listed if group.group_id != "billing" or cluster.name != "published-a"]


@pytest.fixture(scope="module")
def sides():
    made = Sides()
    try:
        made.start()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def expected():
    """Java's answers; a recording run writes what it saw."""
    known = json.loads(EXPECTED.read_text()) if EXPECTED.exists() else {}
    yield known
    if RECORD:
        EXPECTED.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n")


# ---- files of connect-mirror-maker ----


def mm2_file(sides, name):
    """The file with addresses put in; topics are looked for every other second unless it says when."""
    source = PUBLISHED / f"{name}.properties"
    text = sides.filled(source.read_bytes().decode())
    text = re.sub(r"(?m)^(refresh\.topics\.interval\.seconds *=).*", r"\1 2", text)
    if "refresh.topics" not in text:
        text += "refresh.topics.interval.seconds = 2\n"
    file = DATA / "files" / f"published-{name.replace('/', '-')}.properties"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())
    brokers = {"SRC_BROKERS": "A", "TGT_BROKERS": "B"}
    access = "".join(f"{key}={sides.clusters[side].bootstrap}\n" for key, side in brokers.items())
    (file.parent / "access.properties").write_text(access)
    return file


def has_group(sides, wanted):
    """Whether the group `billing` has its offsets on B in the mirror of `orders`."""
    names = [topic for topic in wanted["B"] if topic.endswith("orders")]
    return any(records.committed(sides.clusters["B"], "billing", name, [0, 1]) for name in names)


def settled(sides, process, quiet=20, timeout=150):
    """What has come when nothing more does: for recording."""
    seen, since, began = None, time.monotonic(), time.monotonic()
    while time.monotonic() - since < quiet and time.monotonic() - began < timeout:
        if not process.alive:
            break
        now = sides.fresh_topics()
        if now != seen:
            seen, since = now, time.monotonic()
        time.sleep(1)
    return seen


def reason(log):
    """The error that ends a process, without the time before it."""
    found = re.search(r"(ConfigException|ConnectException|KafkaException|IllegalArgument\w+): (.*)", log)
    return found.group(2) if found else ""


def record_mm2(sides, process):
    topics = settled(sides, process)
    if not process.alive:
        return {"status": process.status, "reason": reason(process.log())}
    return {"topics": topics, "billing": has_group(sides, topics)}


def wait_equal(see, wanted, what):
    """Waits until see() is what is wanted; shows both where it never is."""
    seen = []

    def reached():
        seen[:] = [see()]
        return seen[0] == wanted

    try:
        wait_for(reached, 60 * PATIENCE, what, interval=0.3)
    except AssertionError as failure:
        raise AssertionError(f"{failure}\nwanted {wanted}\nseen   {seen[0]}") from None


def without(topics, names):
    return {topic: count for topic, count in topics.items() if topic not in names}


def by_name(topics):
    return {side: sorted(names) for side, names in topics.items()}


def check_mm2(sides, process, name, wanted):
    if "status" in wanted:
        assert process.wait(60 * PATIENCE) != 0
        assert wanted["reason"] in process.log()
        return
    chance = CHANCE.get(name, set())
    show = by_name if name in UNCOUNTED else lambda topics: topics

    def see():
        process.must_live()
        fresh = sides.fresh_topics()
        return show({side: without(fresh[side], chance) for side in fresh})

    wait_equal(see, show(wanted["topics"]), f"what Java mirrors of {name}")
    if wanted["billing"]:
        wait_for(lambda: has_group(sides, wanted["topics"]), 60 * PATIENCE, "the group on B")


@BOTH
@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("mm2/") and name not in LEFT_OUT])
def test_mirror_maker_files(sides, expected, unique, name, who):
    sides.reset()
    workers = Workers(who, sides.clusters["B"], unique)
    environment = {"NEON_BOOTSTRAP_SERVER": sides.clusters["A"].bootstrap}
    try:
        worker = workers.dedicated(mm2_file(sides, name), environment=environment)
        if RECORD:
            expected[name] = record_mm2(sides, worker.process)
        else:
            check_mm2(sides, worker.process, name, expected[name])
        workers.stop()
    finally:
        workers.close()


# ---- bodies for PUT /connectors/NAME/config ----


def body(sides, name, key):
    """Name and config; what a second or two can't show is looked at every other second."""
    config = json.loads((PUBLISHED / f"{name}.json").read_text())
    config = {
        setting: sides.filled(value, key) if isinstance(value, str) else value
        for setting, value in config.items()
    }
    connector = config.get("name", key)
    for setting in ("refresh.topics", "refresh.groups", "emit.checkpoints"):
        config[f"{setting}.interval.seconds"] = "2"
    return connector, config


def words(text):
    """What is wrong, without the exception's class before it and Java's class path behind it."""
    line = text.partition(", available connectors")[0].splitlines()[0]
    return line.partition(": ")[2] if line.startswith("org.apache.kafka") else line


def outcome(worker, connector, answer):
    """What became of the connector: its answer, or its state and its tasks' with their first line."""
    if answer.status_code >= 400:
        message = answer.json()["message"].removeprefix("Connector configuration is invalid")
        return {"status": answer.status_code, "message": words(message.replace("\n", " "))}
    status = worker.rest.status(connector) or {"connector": {"state": None}, "tasks": []}
    states = sorted({task["state"] for task in status["tasks"]})
    trace = next((p["trace"] for p in [status["connector"], *status["tasks"]] if "trace" in p), "")
    found = {"status": answer.status_code, "state": status["connector"]["state"], "tasks": states}
    return found | ({"trace": words(trace)} if trace else {})


def topics_of(key, sides):
    """The fresh topics of one connector, its key taken out; others mirror what it has made, too."""
    fresh = sides.fresh_topics(re.compile(f"(?!.*K\\d+.*K\\d).*{key}.*"))
    return {name: {t.replace(key, ""): n for t, n in fresh[name].items()} for name in "AB"}


@BOTH
def test_connectors(sides, expected, unique, who):
    """All of them at a time, on one worker; each has aliases of its own."""
    sides.reset()
    keys = {name: f"K{name[-2:]}" for name in NAMES if name.startswith("connectors/")}
    sides.clusters["A"].create_topic("productsK10", 1)
    records.produce(sides.clusters["A"], "productsK10", 22)
    workers = Workers(who, sides.clusters["B"], unique)
    try:
        worker = workers.distributed()
        bodies = {name: body(sides, name, key) for name, key in keys.items()}
        answers = {
            name: worker.rest.insist("PUT", f"/connectors/{connector}/config", config)
            for name, (connector, config) in bodies.items()
        }

        def found(name):
            what = outcome(worker, bodies[name][0], answers[name])
            return what | {"topics": topics_of(keys[name], sides)}

        if RECORD:
            settled(sides, worker.process, quiet=30)
            expected.update({name: found(name) for name in bodies})
        else:
            for name in bodies:
                wanted = OURS.get(name, expected[name]) if who == "isthmus" else expected[name]
                wait_equal(lambda: found(name), wanted, name)
        workers.stop()
    finally:
        workers.close()
        sides.clusters["A"].delete_topic("productsK10")
