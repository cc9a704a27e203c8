# SPDX-License-Identifier: Apache-2.0
"""Row 22 of docs/PAINS.md: timestamps that a target may refuse don't end a mirror.

Kafka 4 takes nothing from more than an hour ahead unless the topic says otherwise.
"""

import time

from confluent_kafka import Producer

import records
from metrics import scrape
from processes import wait_for
from workers import PATIENCE, mirror_config

EVER = 9223372036854775807
DAY_MS = 86_400_000


def produce_at(cluster, topic, times):
    """One record a batch, so that each is taken or refused by itself."""
    producer = Producer(cluster.client_config(**{"linger.ms": 0, "batch.num.messages": 1}))
    for number, timestamp in enumerate(times):
        producer.produce(topic, f"value-{number}", f"key-{number}", timestamp=timestamp)
        assert producer.flush(120) == 0


def values(cluster, topic):
    return [r.value.decode() for r in records.read_all(cluster, topic).get(0, [])]


def test_records_from_the_future(source, target, make_worker, unique):
    taken, refused, alias = unique("taken"), unique("refused"), unique("src")
    now = int(time.time() * 1000)
    for topic in (taken, refused):
        source.create_topic(topic, 1, message_timestamp_after_max_ms=EVER)
        produce_at(source, topic, [now, now + 30 * DAY_MS, now + 1, now + 2])
    worker = make_worker.distributed()
    rest = worker.rest

    # The topic's own limits are copied, so that the target takes what the source took.
    rest.put_connector("taken", mirror_config("Source", source, target, alias, topics=taken))
    records.assert_mirrored(source, taken, target, f"{alias}.{taken}", 60 * PATIENCE)
    limit = target.topic_config(f"{alias}.{taken}")["message.timestamp.after.max.ms"]
    assert limit == str(EVER)

    # Where they aren't, errors.tolerance decides: the one record is skipped and counted.
    tolerant = {
        "topics": refused,
        "errors.tolerance": "all",
        "config.properties.exclude": "message\\.timestamp\\..*",
    }
    rest.put_connector("refused", mirror_config("Source", source, target, alias, **tolerant))
    remote = f"{alias}.{refused}"
    wait_for(lambda: "value-3" in values(target, remote), 60 * PATIENCE, "the records behind it")
    assert values(target, remote) == ["value-0", "value-2", "value-3"]
    rest.wait_running("refused")
    skipped = "kafka_connect_task_error_total_records_skipped"
    assert scrape(rest).sum(skipped, connector="refused") == 1

    # And without tolerance the task says what is wrong, as Java's does.
    strict = {**tolerant, "errors.tolerance": "none", "producer.override.linger.ms": "0"}
    alias = unique("src")
    rest.put_connector("strict", mirror_config("Source", source, target, alias, **strict))

    def failed():
        tasks = (rest.status("strict") or {"tasks": []})["tasks"]
        return tasks and tasks[0]["state"] == "FAILED" and tasks[0]["trace"]

    trace = wait_for(failed, 60 * PATIENCE, "the task to fail")
    assert "timestamp" in trace, trace
