# SPDX-License-Identifier: Apache-2.0
"""Links that are measured: a worker with one link, and how far its copies are."""

import contextlib
import time

import contenders
import options
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec
from links import Link, link_config
from processes import wait_for
from records import COMING_UP

STATE_TOPIC = "isthmus-link-state"
DELETED_AT_ONCE = 500
# A link's own, as with the connectors that it is compared with.
INTERVALS = {
    "refresh_topics_interval_seconds": "600",
    "sync_topic_configs_interval_seconds": "600",
    "link_lease_ms": "10000",
}


class Run:
    """A link on a worker of its own. cpu(): seconds since the link was created."""

    def __init__(self, worker, source, target, name, **settings):
        self.worker, self.target = worker, target
        self.link = Link(worker.rest, name)
        config = link_config(source, target, **{**INTERVALS, **settings})
        self._cpu_before, self.began = worker.process.cpu_seconds(), time.monotonic()
        worker.rest.put_connector(name, config)

    def cpu(self):
        return self.worker.process.cpu_seconds() - self._cpu_before


@contextlib.contextmanager
def running_link(source, target, name, mirrored, **settings):
    """Afterwards the worker is gone, and so are the mirror topics and what the link has stored."""
    with contenders.running_worker("isthmus", target, name) as worker:
        settings.setdefault("tasks_max", options.TASKS)
        yield Run(worker, source, target, name, **settings)
    delete_topics(target, [STATE_TOPIC, *mirrored])


def delete_topics(cluster, names):
    """A controller refuses what would be ten thousand changes at once. A request that is repeated,
    because its answer took long, finds its topics gone."""
    deleted = set(names)

    def gone():
        return not deleted & set(cluster.admin.list_topics(timeout=60).topics)

    for first in range(0, len(names), DELETED_AT_ONCE):
        asked = cluster.admin.delete_topics(names[first : first + DELETED_AT_ONCE])
        for future in asked.values():
            failure = future.exception(120)
            if failure and failure.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise failure
    wait_for(gone, 120, f"{len(names)} topics to be gone", 0.2)


def log_end(cluster, topic, partitions):
    """The sum of the end offsets of all partitions, asked for at once."""
    wanted = {TopicPartition(topic, p): OffsetSpec.latest() for p in range(partitions)}

    def ask():
        try:
            found = cluster.admin.list_offsets(wanted).values()
            return [sum(future.result(60).offset for future in found)]
        except KafkaException as failure:
            if failure.args[0].code() not in COMING_UP:
                raise
            return None

    return wait_for(ask, 30, f"the end offsets of {topic}")[0]


def seconds_between(run, topic, partitions, first, last, timeout=options.MOST_SECONDS):
    """Seconds from the first sum of end offsets that is at least `first` until one of `last`; and
    what the first was."""

    def reached(goal):
        run.worker.process.must_live()
        count = log_end(run.target, topic, partitions)
        return [count] if count >= goal else None

    def made():
        return run.target.partition_count(topic) == partitions

    wait_for(made, timeout, f"{topic} to be made")
    seen = wait_for(lambda: reached(first), timeout, f"{topic} to grow", 0.01)
    began = time.monotonic()
    wait_for(lambda: reached(last), timeout, f"{topic} to reach {last}", 0.01)
    return time.monotonic() - began, seen[0]
