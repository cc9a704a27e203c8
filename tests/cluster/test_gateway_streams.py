# SPDX-License-Identifier: Apache-2.0
"""Kafka Streams applications, with and without state, whose topics are promoted: each record has
its effect once, and no application ends.

They run at the gateway while a topic that they read or write is promoted; or they are stopped at
the source, moved by a wave with the topics of their own and their group, and started at the
gateway.
"""

import pytest
from links import linked_topic, promote
from processes import wait_for
from streams import (
    EXACTLY_ONCE,
    Copying,
    Counting,
    Numbers,
    check_equal,
    numbers_by_key,
    total,
    wait_total,
)
from workers import PATIENCE, SHORT_SESSION

PARTITIONS = 3
# Kafka before 2.5 knows no exactly_once_v2, and before 2.4 no replication factor of its own.
OLD_SETTINGS = {"processing.guarantee": "at_least_once", "replication.factor": 1}
AT_SOURCES = [("4.1.0", EXACTLY_ONCE), ("3.9.1", EXACTLY_ONCE), ("2.1.1", OLD_SETTINGS)]

pytestmark = pytest.mark.long


@pytest.fixture
def worker(make_worker):
    return make_worker.distributed(make_worker.settings(**SHORT_SESSION))


# ---- at the gateway ----


@pytest.mark.parametrize("application", [Copying, Counting])
def test_it_waits_for_what_it_writes(worker, source, target, unique, through, keep, application):
    """A transaction with output at the source and offsets at the target can't be one. It is aborted
    again and again until the output is promoted."""
    link, topic = linked_topic(worker, source, target, unique, PARTITIONS)
    gateway = through(link, source)
    entry = target.create_topic(unique("entry"), PARTITIONS)
    feeder = keep(Numbers(target, entry, rate=50))
    app = keep(application(gateway, unique("app"), entry, topic))
    wait_for(lambda: "Its transactions are aborted until" in gateway.log(), 120, "a refusal")
    # It joins its group again once its former membership has ended, after 45 s.
    wait_for(lambda: app.begun_anew() >= 2, 150, "the application to begin anew twice")
    app.assert_lives()
    assert not total(numbers_by_key(source, topic))
    promote(link, topic)
    feeder.wait(100)
    feeder.close()
    wait_total(app, target, topic, feeder.written)
    app.assert_lives()
    print(feeder.written, "records; begun anew:", app.begun_anew())
    wanted = feeder.by_key() if application is Copying else feeder.counts()
    check_equal(wanted, numbers_by_key(target, topic))
    app.close()
    gateway.stop()


def test_what_it_reads_is_promoted(worker, source, target, unique, through, keep):
    """It counts what goes to the source, and comes back, until it goes to the target."""
    link, numbers = linked_topic(worker, source, target, unique, PARTITIONS)
    gateway = through(link, source)
    counts, name = target.create_topic(unique("counts"), PARTITIONS), unique("app")
    feeder = keep(Numbers(gateway, numbers, rate=50))
    app = keep(Counting(gateway, name, numbers, counts))
    wait_total(app, target, counts, 100)
    promote(link, numbers)
    feeder.wait(200)
    feeder.close()
    wait_total(app, target, counts, feeder.written)
    app.assert_lives()
    print(feeder.written, "records; begun anew:", app.begun_anew())
    Counting.own_topics(target, name)
    check_equal(feeder.counts(), numbers_by_key(target, counts))
    app.close()
    gateway.stop()


# ---- from the source to the gateway ----


@pytest.fixture(params=AT_SOURCES, ids=[version for version, _ in AT_SOURCES])
def old_place(request, cluster_factory):
    """Where an application runs at first, and its settings."""
    version, settings = request.param
    if version == AT_SOURCES[0][0]:
        return request.getfixturevalue("source"), settings
    return cluster_factory(f"source-{version}", version=version), settings


def mirror_own_topics(link, source, name, counts):
    topics = [counts, *Counting.own_topics(source, name)]
    assert link.create(*topics).status_code == 202
    for topic in topics:
        link.wait_state(topic, "LINKING")
    return topics


def wave_of(link, name, topics):
    """A proposal keeps the application's topics together, whatever a batch may have; its group is
    added."""
    proposed = link.rest.get(f"/links/{link.name}/waves:propose?batch_topics=1")
    batches = proposed["manifest"]["batches"]
    together = [batch["topics"] for batch in batches if topics[1] in batch["topics"]]
    assert name in [each["name"] for each in proposed["together"]], proposed
    assert set(topics[1:]) <= set(together[0]), batches
    everything = sorted(topic for batch in batches for topic in batch["topics"])
    assert set(topics) <= set(everything)
    return {"wave_name": "all", "batches": [{"topics": everything, "groups": [name]}]}


def register(link, group):
    """An application that is closed doesn't leave its group: its session ends after 45 s."""
    answers = []

    def taken():
        answers.append(link.register(group))
        return answers[-1].status_code == 202

    wait_for(taken, 60 * PATIENCE, "the group to be taken", interval=1)
    assert "is a Kafka Streams group" in answers[0].text, answers[0].text
    link.wait_group(group, "STANDBY")


def run_wave(link, wave):
    """Until it is done. It stops while the application's last writes, which have bypassed the
    gateway, are ten seconds old."""
    path = f"/links/{link.name}/waves"
    answer = link.rest.call("POST", path, wave)
    assert answer.status_code == 202, answer.text

    def done():
        found = link.rest.get(f"{path}/all")
        if found["state"] in ("PLANNED", "STOPPED"):
            link.rest.call("POST", f"{path}:start", {"wave_names": ["all"]})
        return found["state"] == "DONE"

    wait_for(done, 120 * PATIENCE, "the wave to be done", interval=0.5)


def test_it_moves_with_its_topics(worker, old_place, target, unique, through, keep):
    """Its feeder writes all the while."""
    source, settings = old_place
    link, numbers = linked_topic(worker, source, target, unique, PARTITIONS)
    gateway = through(link, source)
    counts, name = source.create_topic(unique("counts"), PARTITIONS), unique("app")
    feeder = keep(Numbers(gateway, numbers, rate=50))
    app = keep(Counting(source, name, numbers, counts, settings))
    wait_total(app, source, counts, 100)
    topics = mirror_own_topics(link, source, name, counts)
    wave = wave_of(link, name, topics)
    app.assert_lives()
    app.close()
    register(link, name)
    run_wave(link, wave)
    before = total(numbers_by_key(target, counts))
    app = keep(Counting(gateway, name, numbers, counts, settings))
    feeder.wait(100)
    feeder.close()
    wait_total(app, target, counts, feeder.written)
    app.assert_lives()
    print(feeder.written, "records,", before, "counted at the source; anew:", app.begun_anew())
    assert 0 < before < feeder.written
    check_equal(feeder.counts(), numbers_by_key(target, counts))
    app.close()
    gateway.stop()
