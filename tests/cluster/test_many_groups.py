# SPDX-License-Identifier: Apache-2.0
"""Groups that fail over together: Java's client of Kafka 4.3 translates the offsets of many groups at
once, by a pattern (KIP-1239), from the checkpoints that Isthmus has written; and so does
GET /connectors/NAME/translate."""

import pytest

import records
from java import snippet_of_newest
from processes import free_port, wait_for
from workers import PATIENCE, mirror_config

GROUPS, COUNT = 20, 400


@pytest.mark.java
def test_the_newest_client_translates_groups_by_pattern(source, target, make_worker, unique):
    topic, prefix, alias = unique("orders"), unique("billing"), unique("src")
    source.create_topic(topic, 2)
    records.produce(source, topic, COUNT)
    ends = {p: high for p, (_, high) in records.end_offsets(source, topic).items()}
    groups = [f"{prefix}-{n}" for n in range(GROUPS)] + [f"other-{prefix}"]
    for group in groups:
        records.commit(source, group, topic, ends)
    worker = make_worker.distributed()
    rest = worker.rest
    more = {"topics": topic, "groups": f".*{prefix}.*"}
    rest.put_connector("mirror", mirror_config("Source", source, target, alias, **more))
    records.assert_mirrored(source, topic, target, f"{alias}.{topic}", 60 * PATIENCE)
    rest.put_connector("checkpoint", mirror_config("Checkpoint", source, target, alias, **more))
    expected = {
        f"{group} {alias}.{topic} {p} {end}" for group in groups[:GROUPS] for p, end in ends.items()
    }

    def translated():
        lines = snippet_of_newest("TranslateMany.java", target.bootstrap, alias, f"{prefix}-.*")
        return {line for line in lines.splitlines() if prefix in line} == expected

    wait_for(translated, 60 * PATIENCE, "all groups to be translated to their ends", interval=1)
    where = "/connectors/checkpoint/translate"
    answer = rest.get(f"{where}?groups={prefix}-.*")
    assert sorted(answer["groups"]) == sorted(groups[:GROUPS])
    assert (answer["source"], answer["target"]) == (alias, "target")
    as_java = set()
    for group, items in answer["groups"].items():
        for item in items:
            there, last = item["translated"], item["checkpoint"]
            assert item["topic"] == topic and item["offset"] == ends[item["partition"]]
            assert item["exact"] and item["by"] in ("index", "sync", "lookup")
            assert there == {k: last[k] for k in ("topic", "partition", "offset")}
            as_java.add(f"{group} {last['topic']} {last['partition']} {last['offset']}")
    assert as_java == expected
    # By name; one that passes no filter, and one that isn't there.
    other = groups[-1]
    records.commit(source, other, topic, {1: 3}, metadata="mine")
    named = rest.get(f"{where}?group={other}&group=nobody-{prefix}")["groups"]
    [item] = [i for i in named[other] if i["partition"] == 1]
    assert (item["translated"]["offset"], item["metadata"]) == (3, "mine")
    assert named[f"nobody-{prefix}"] == []

    def live(items):  # a checkpoint may be written between two requests
        return [{k: v for k, v in item.items() if k != "checkpoint"} for item in items]

    posted = rest.ok("POST", where, {"groups": [other]})["groups"][other]
    assert live(posted) == live(named[other])
    for wrong in ("?groups=(", "?group="):
        assert rest.call("GET", where + wrong).status_code == 400
    assert rest.call("POST", where, {"groups": []}).status_code == 400
    refusal = rest.call("GET", f"/connectors/mirror/translate?group={other}")
    assert refusal.status_code == 400 and "MirrorCheckpointConnector does" in refusal.text

    # The source is lost: the checkpoints are what there is.
    config = mirror_config("Checkpoint", source, target, alias, **more)
    away = {"source.cluster.bootstrap.servers": f"127.0.0.1:{free_port()}"}
    rest.put_connector("lost", config | away)
    answer = rest.get(f"/connectors/lost/translate?groups={prefix}-.*")
    assert answer["by_checkpoints_alone"], answer
    assert as_java == {
        f"{group} {i['translated']['topic']} {i['translated']['partition']} "
        f"{i['translated']['offset']}"
        for group, items in answer["groups"].items()
        for i in items
        if i["by"] == "checkpoint" and not i["exact"]
    }
    rest.delete_connector("lost")

    # A flow without offset syncs, as one that was never started.
    lone, question = unique("lone"), f"topic={topic}&partition=0&offset={ends[0]}"
    config = mirror_config("Checkpoint", source, target, alias, **more)
    rest.put_connector("lonely", config | {"target.cluster.alias": lone})
    refusal = rest.call("GET", f"/connectors/lonely/translate?{question}")
    assert refusal.status_code == 404, refusal.text
    assert f"no offset-syncs topic mm2-offset-syncs.{lone}.internal on cluster" in refusal.text

    # Another source alias has the same offset syncs, which aren't of its topics.
    twin = unique("twin")
    target.create_topic(f"{twin}.{topic}", 2)
    rest.put_connector("twin", mirror_config("Checkpoint", source, target, twin, **more))
    [answer] = rest.get(f"/connectors/twin/translate?{question}")["translations"]
    assert answer["translated"] is None and not answer["exact"], answer
    assert "another connector of the same target alias" in answer["reason"]

    def untranslated():
        tasks = rest.get("/connectors/twin/explain")["tasks"]
        return len(tasks) == 1 and tasks[0].get("groups", {}).get("untranslated")

    wait_for(untranslated, 60 * PATIENCE, "offsets behind the target's end to be refused")
    advice = "give each flow a target alias of its own"
    wait_for(lambda: advice in worker.process.log(), 30 * PATIENCE, "the log to say what to do")


def test_an_index_that_is_deleted_is_made_again(source, target, make_worker, unique):
    topic, alias = unique("orders"), unique("dst")
    index = f"mm2-offset-index.{alias}.internal"
    source.create_topic(topic, 1)
    records.produce(source, topic, COUNT)
    worker = make_worker.distributed()
    rest = worker.rest
    config = mirror_config("Source", source, target, unique("src"), topics=topic)
    rest.put_connector("mirror", config | {"target.cluster.alias": alias})

    def by_index(offset):
        where = f"/connectors/mirror/translate?topic={topic}&partition=0&offset={offset}"
        response = rest.call("GET", where)
        if response.status_code != 200:
            return False
        [answer] = response.json()["translations"]
        return answer["by"] == "index" and answer["exact"]

    wait_for(lambda: by_index(COUNT // 2), 60 * PATIENCE, "the index to tell an offset")
    source.delete_topic(index)
    records.produce(source, topic, COUNT, first=COUNT)
    told = (f"Topic '{index}' isn't there any more; it is made again", f"'{index}' isn't compacted")
    wait_for(lambda: any(text in worker.process.log() for text in told), 90 * PATIENCE, "a word of it")
    records.produce(source, topic, COUNT, first=2 * COUNT)
    wait_for(lambda: by_index(COUNT // 2), 60 * PATIENCE, "the index to tell it again")
    wait_for(lambda: by_index(2 * COUNT + 1), 60 * PATIENCE, "the index to go on")

    def policy():
        return source.topic_config(index)["cleanup.policy"] == "compact"

    wait_for(policy, 60 * PATIENCE, "the topic to be compacted")
