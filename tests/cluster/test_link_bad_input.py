# SPDX-License-Identifier: Apache-2.0
"""What goes wrong with a link: in each case nothing is lost or doubled, offsets are equal or the
state says why they can't be, and repair leads out."""

import shutil
import threading

import offset_by_offset
import pytest
import records
from applications import Librdkafka
from confluent_kafka import Producer
from links import Link, link_config
from processes import free_port, wait_for
from workers import PATIENCE, SHORT_SESSION


@pytest.fixture
def link(make_worker, source, target, unique):
    """A link on a worker; topics are named one by one."""
    worker = make_worker.distributed(make_worker.settings(**SHORT_SESSION))
    link = Link(worker.rest, unique("link"))
    config = link_config(source, target, link_groups_promotion="manual")
    worker.rest.put_connector(link.name, config)
    worker.rest.wait_running(link.name)
    return link


def wait_committed(target, group, topic, offsets):
    wait_for(
        lambda: records.committed(target, group, topic, offsets) == offsets,
        60 * PATIENCE,
        f"the offsets of {group} in {topic}",
    )


def wait_same(link, source, target, topic):
    """The topic is copied to its end, and each record lies at its offset."""
    link.wait_copied(topic)
    wait_for(
        lambda: not offset_by_offset.bounds_differ(source, target, topic), 60 * PATIENCE, topic
    )
    offset_by_offset.assert_same(source, target, topic)


def wait_reason(link, topic, state, *words):
    def said():
        mirror = link.mirror(topic)
        there = mirror and mirror["mirror_status"] == state and mirror["order"]["followed"]
        return there and all(word in mirror["reason"] for word in words) and mirror

    try:
        return wait_for(said, 60 * PATIENCE, f"{topic} to be {state} because of {words}")
    finally:
        print(link.mirror(topic))


def repair(link, topic, **body):
    answer = link.ask("repair", topic, **body)
    assert answer.status_code == 202, answer.text


def repair_by_force(link, topic, partition=None, **given_up):
    """The way out where the target's topic has what isn't the source's: it is told, and given up."""
    dry = link.ask("repair", topic, dry_run=True, force=True)
    told = {part["partition"]: part for part in dry.json()[0]["given_up"]}
    if partition is not None:
        assert list(told) == [partition], dry.text
        assert {key: told[partition][key] for key in given_up} == given_up, dry.text
    assert sum(part["records"] for part in told.values()) > 0 and dry.status_code == 200
    repair(link, topic, force=True)


def test_topics_that_are_not_as_they_should_be(link, source, target, unique):
    taken, foreign, anew = unique("taken"), unique("foreign"), unique("anew")
    for topic in (taken, foreign, anew):
        source.create_topic(topic, 2)
        records.produce(source, topic, 200)
    target.create_topic(taken, 2)
    records.produce(target, taken, 5)
    for topic in (foreign, anew):
        assert link.create(topic).status_code == 202
    group, offsets = unique("group"), {0: 40, 1: 50}
    records.commit(source, group, foreign, offsets)
    assert link.register(group).status_code == 202

    # A topic of the target that has records is refused where it is named. Where it matches it is
    # left alone, and when it is gone, a repair makes it.
    refused = link.create(taken)
    assert refused.status_code == 409 and "TARGET_NOT_EMPTY" in refused.text
    assert link.mirror(taken) is None
    config = link_config(source, target, topics=taken, link_groups_promotion="manual")
    link.rest.put_connector(link.name, config)
    wait_reason(link, taken, "FAILED", "has, or had, records")
    assert records.count(target, taken) == 5
    target.delete_topic(taken)
    repair(link, taken)
    wait_same(link, source, target, taken)

    # A foreign write is named, nothing is written after it. A repair by force leads out: the topic is
    # made anew. Before, it says what that gives up. Brokers delete with a topic what groups have
    # committed in it: a group that is held has its offsets again.
    wait_same(link, source, target, foreign)
    wait_committed(target, group, foreign, offsets)
    end = records.end_offsets(target, foreign)[1][1]
    records.produce(target, foreign, 3, first=7000, partition=1)
    wait_reason(link, foreign, "DIVERGED", "partition 1", f"offset {end}")
    records.produce(source, foreign, 50, first=200)
    records.produce(source, anew, 50, first=200)
    wait_same(link, source, target, anew)  # the link goes on with others
    assert records.end_offsets(target, foreign)[1][1] == end + 3
    assert link.ask("promote", foreign).status_code == 409
    repair(link, foreign)
    wait_reason(link, foreign, "DIVERGED", "partition 1", f"offset {end}")  # it is there still
    repair_by_force(link, foreign, partition=1, records=3, **{"from": end, "to": end + 3})
    wait_same(link, source, target, foreign)
    wait_committed(target, group, foreign, offsets)

    # The same where somebody writes while the link does, so that its records lie in wrong places.
    for number in range(5):
        records.produce(source, foreign, 300, first=1000 + 300 * number, partition=0)
        records.produce(target, foreign, 1, first=8000 + number, partition=0)
        if link.state(foreign) == "DIVERGED":
            break
    wait_reason(link, foreign, "DIVERGED", "partition 0")
    repair_by_force(link, foreign)
    wait_same(link, source, target, foreign)

    # The source's topic was made anew: nobody mixes the two.
    wait_same(link, source, target, anew)
    before = offset_by_offset.placed(target, anew)
    source.delete_topic(anew)
    source.create_topic(anew, 2)
    records.produce(source, anew, 300, first=5000)

    def stopped():
        return link.state(anew) in ("DIVERGED", "FAILED") and link.mirror(anew)

    print(wait_for(stopped, 60 * PATIENCE, "somebody to notice that the topic is another"))
    assert offset_by_offset.placed(target, anew) == before
    repair_by_force(link, anew)
    wait_same(link, source, target, anew)


def test_a_transaction_hangs_and_two_people_promote(link, source, target, unique):
    topic, name = unique("hanging"), unique("tx")
    source.create_topic(topic, 1)
    records.produce(source, topic, 10, partition=0)
    assert link.create(topic).status_code == 202
    link.wait_copied(topic)
    producer = Producer(source.client_config(**{"transactional.id": name, "log_level": 3}))
    producer.init_transactions(60)
    producer.begin_transaction()
    producer.produce(topic, b"open", partition=0)
    producer.flush(60)
    records.produce(source, topic, 10, first=10, partition=0)
    wait_reason(link, topic, "LINKING", name)
    refused = link.ask("promote", topic)
    print(refused.text)
    assert refused.status_code == 409 and "HANGING_TRANSACTION" in refused.text
    producer.abort_transaction(60)
    wait_same(link, source, target, topic)

    # Two people ask for the same promotion at once: there is one, and both are told so.
    answers = []

    def ask():
        def taken():
            answer = link.ask("promote", topic)
            return answer if "ALREADY" in answer.text or answer.status_code == 202 else None

        answers.append(wait_for(taken, 60 * PATIENCE, "the promotion to be taken", interval=0.5))

    people = [threading.Thread(target=ask) for _ in range(2)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    link.wait_state(topic, "PROMOTED")
    assert len(answers) == 2
    print([answer.text[:300] for answer in answers])
    again = link.ask("promote", topic)
    [about] = again.json()["mirrors"]
    assert again.status_code == 409 and about["mirror_topic_name"] == topic
    assert [blocker["code"] for blocker in about["blockers"]] == ["ALREADY_PROMOTED"]
    assert offset_by_offset.assert_same(source, target, topic) == 20


def test_a_group_that_is_active_on_the_target(link, source, target, unique):
    topic, group = unique("orders"), unique("group")
    source.create_topic(topic, 2)
    records.produce(source, topic, 100)
    assert link.create(topic).status_code == 202
    link.wait_copied(topic)
    records.commit(source, group, topic, {0: 5, 1: 6})
    member = Librdkafka(target, group, [topic], **{"enable.auto.commit": False})
    wait_for(lambda: len(member.seen) == 100, 60 * PATIENCE, "the member to read")
    refused = link.register(group)
    print(refused.status_code, refused.text)
    assert refused.status_code == 409 and "TARGET_GROUP_ACTIVE" in refused.text
    member.close()

    def registered():
        answer = link.register(group)
        return answer.status_code == 202

    wait_for(registered, 60 * PATIENCE, "the group to be registered", interval=0.5)
    link.wait_group(group, "STANDBY")
    wait_for(
        lambda: records.committed(target, group, topic, range(2)) == {0: 5, 1: 6},
        60 * PATIENCE,
        "the group's offsets",
    )


def test_the_source_is_away_and_comes_back(make_worker, target, unique, cluster_factory):
    gone = cluster_factory("away")
    worker = make_worker.distributed(make_worker.settings(**SHORT_SESSION))
    link, topic = Link(worker.rest, unique("link")), unique("orders")
    gone.create_topic(topic, 2)
    records.produce(gone, topic, 500)
    worker.rest.put_connector(link.name, link_config(gone, target, topics=topic))
    worker.rest.wait_running(link.name)
    link.wait_copied(topic)
    gone.brokers[0].stop()
    wait_reason(link, topic, "SOURCE_UNAVAILABLE", gone.brokers[0].address)
    refused = link.ask("promote", topic)
    assert refused.status_code == 409, refused.text
    # Its settings can be changed meanwhile; an address that nobody has seen yet is refused.
    config = worker.rest.config(link.name)
    path, key = f"/connectors/{link.name}/config", "source.cluster.bootstrap.servers"
    refused = worker.rest.call("PUT", path, {**config, key: f"127.0.0.1:{free_port()}"})
    assert refused.status_code == 400 and "can't be used" in refused.text
    worker.rest.put_connector(link.name, {**config, "link.throttle.bytes.per.second": "50000000"})
    assert worker.rest.config(link.name)["link.throttle.bytes.per.second"] == "50000000"
    wait_reason(link, topic, "SOURCE_UNAVAILABLE", gone.brokers[0].address)
    gone.brokers[0].start()
    records.produce(gone, topic, 500, first=500)
    wait_same(link, gone, target, topic)


@pytest.mark.long
def test_the_source_has_lost_its_history(make_worker, target, unique, cluster_factory):
    """A broker that has lost a log begins anew, and the mirror has more than its source."""
    lost = cluster_factory("lost")
    worker = make_worker.distributed(make_worker.settings(**SHORT_SESSION))
    link, topic = Link(worker.rest, unique("link")), unique("orders")
    lost.create_topic(topic, 1)
    records.produce(lost, topic, 500)
    worker.rest.put_connector(link.name, link_config(lost, target, topics=topic))
    worker.rest.wait_running(link.name)
    link.wait_copied(topic)
    broker = lost.brokers[0]
    broker.stop()
    [log] = broker.directory.rglob(f"{topic}-0")
    shutil.rmtree(log)
    broker.start()
    records.produce(lost, topic, 100, first=9000)
    wait_reason(link, topic, "DIVERGED", "was cut off")
    assert link.ask("repair", topic).status_code == 202
    wait_reason(link, topic, "DIVERGED", "was cut off")
    repair_by_force(link, topic, partition=0, records=400, **{"from": 100, "to": 500})
    wait_same(link, lost, target, topic)
