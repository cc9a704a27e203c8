# SPDX-License-Identifier: Apache-2.0
"""Links of many topics: promotion of a thousand partitions, and what a link costs at rest.

At rest is measured after a restart of the worker: what the first look at ten thousand topics needed
in passing doesn't count. Nothing is asked over REST then, because each view of a link asks both
clusters for all offsets.
"""

import time

import options
from confluent_kafka.admin import NewTopic
from link_runs import delete_topics, running_link
from probe import cpu_share, resident, threads
from processes import wait_for

TOPICS_AT_ONCE = 100
SETTLE_SECONDS = 30
# So long the source must have had nothing new.
QUIET_SECONDS = 3
SMALL_FILES = {"segment.index.bytes": "65536"}
PER_TOPIC = 100


def create_topics(cluster, prefix, count, partitions):
    names = [f"{prefix}-{number}" for number in range(count)]
    topics = [NewTopic(name, partitions, 1, config=SMALL_FILES) for name in names]
    at_once = max(1, TOPICS_AT_ONCE // partitions)
    for first in range(0, count, at_once):
        made = cluster.admin.create_topics(topics[first : first + at_once], operation_timeout=120)
        for future in made.values():
            future.result(300)

    def made():
        found = cluster.admin.list_topics(timeout=60).topics
        return all(n in found and len(found[n].partitions) == partitions for n in names)

    wait_for(made, 120, f"{count} topics to be made", 0.5)
    return names


def linked(run, count):
    """Seconds until all topics of a link are copied."""

    def reached():
        run.worker.process.must_live()
        answer = run.worker.rest.call("GET", f"/links/{run.link.name}")
        found = answer.json() if answer.status_code == 200 else {}
        return found.get("topics", {}).get("LINKING") == count and found["lag"] == 0

    wait_for(reached, 900, f"{count} topics to be copied", interval=max(0.5, count / 2000))
    return time.monotonic() - run.began


# ---- promotion ----


def receipt(run, name):
    """That of a topic, as soon as there is one: it is written together with the state."""

    def found():
        answer = run.worker.rest.call("GET", f"/links/{run.link.name}/receipts/{name}")
        return answer.json() if answer.status_code == 200 else None

    return wait_for(found, 120, f"{name} to be promoted", 0.005)


def asked_ms(run, names, status, **how):
    began = time.monotonic()
    assert run.link.ask("promote", *names, **how).status_code == status
    return round((time.monotonic() - began) * 1000)


def promote(source, target):
    """Milliseconds of the dry run that people do first, until the request is accepted, from then to
    the last topic's end, and the longest pause of the receipts."""
    partitions = options.size("LINK_PROMOTED_PARTITIONS", 1000, 200)
    names = create_topics(source, "promoted", partitions // PER_TOPIC, PER_TOPIC)
    with running_link(source, target, "bench-promote", names, topics="promoted-.*") as run:
        linked(run, len(names))
        time.sleep(QUIET_SECONDS)
        found = {
            "milliseconds_of_dry_run": asked_ms(run, names, 200, dry_run=True),
            "milliseconds_asked_to_accepted": asked_ms(run, names, 202),
        }
        accepted = time.monotonic()
        pauses = [receipt(run, name)["pause_ms"] for name in names]
        found["milliseconds_accepted_to_promoted"] = round((time.monotonic() - accepted) * 1000)
        found["longest_pause_ms"] = max(pauses)
    delete_topics(source, names)
    return found


# ---- at rest, and its end ----


def ended(run):
    """Seconds until a link has ended all its mirrorings."""
    began = time.monotonic()
    assert run.worker.rest.call("DELETE", f"/links/{run.link.name}", timeout=300).status_code == 204
    return time.monotonic() - began


def at_rest(source, target, count):
    prefix = f"resting-{count}"
    names = create_topics(source, prefix, count, 1)
    with running_link(source, target, f"bench-{prefix}", names, topics="nothing") as run:
        run.worker.rest.wait_running(run.link.name, options.TASKS)
        time.sleep(2)
        empty = resident(run.worker.process)
        run.worker.rest.put_connector(
            run.link.name, {**run.worker.rest.config(run.link.name), "topics": f"{prefix}-.*"}
        )
        run.began = time.monotonic()
        seconds = linked(run, count)
        run.worker.stop()
        run.worker.start()
        run.worker.rest.wait_running(run.link.name, options.TASKS)
        time.sleep(5 if options.QUICK else SETTLE_SECONDS)
        process = run.worker.process
        found = {
            "seconds_until_linked": round(seconds, 2),
            "idle_cpu_of_a_core": round(cpu_share(process, 5 if options.QUICK else 20), 4),
            "state_mb": round(resident(process) - empty, 1),
            "rss_mb": round(resident(process), 1),
            "threads": threads(process),
            "seconds_until_ended": round(ended(run), 2),
        }
    delete_topics(source, names)
    return found


def measure(source, target):
    results = {"link-promotion": {"link": promote(source, target)}}
    print(f"  promotion: {results['link-promotion']}", flush=True)
    for count in options.sizes("LINK_TOPICS", [1000, 10000], [200]):
        results[f"link-topics-{count}"] = {"link": at_rest(source, target, count)}
        print(f"  {count:,} topics: {results[f'link-topics-{count}']}", flush=True)
    return results
