# SPDX-License-Identifier: Apache-2.0
"""How long producers wait while a topic of 50 partitions is promoted under load, as they see it: the
longest time between two acknowledgements of one of them. Beside it what the dry run predicted, and
the pause of the receipt. The middle of some topics, one after the other.
"""

import statistics

import options
from gateways import routing_gateway
from link_runs import running_link
from links import promote
from processes import wait_for
from routed_writers import Acknowledged

PARTITIONS = 50
WRITERS, RATE = 4, 500


def predicted(link, topic):
    """The dry run's, as soon as nothing blocks it."""

    def found():
        answer = link.ask("promote", topic, dry_run=True).json()[0]
        return answer if not answer["error_code"] else None

    return wait_for(found, 60, f"nothing to block {topic}")["predicted_ms"]


def flip(run, gateway, source, topic):
    link = run.link
    source.create_topic(topic, PARTITIONS)
    assert link.create(topic).status_code == 202
    link.wait_copied(topic)
    writers = [Acknowledged(gateway, topic, PARTITIONS, f"w{n}", RATE) for n in range(WRITERS)]
    try:
        for writer in writers:
            writer.wait(1000, timeout=90)
            writer.times.clear()
        for writer in writers:
            writer.wait(1000)
        usual = max(writer.longest_pause() for writer in writers)
        expected = predicted(link, topic)
        promote(link, topic)
        for writer in writers:
            writer.wait(1000)
    finally:
        for writer in writers:
            writer.close()
    longest = max(writer.longest_pause() for writer in writers)
    receipt = run.worker.rest.call("GET", f"/links/{link.name}/receipts/{topic}").json()
    return {
        "predicted_ms": expected,
        "pause_ms": receipt["pause_ms"],
        "longest_wait_ms": round(longest * 1000),
        "longest_before_ms": round(usual * 1000),
    }


def measure(source, target):
    topics = [f"bench-flip-{n}" for n in range(options.size("FLIP_ROUNDS", 3, 1))]
    with running_link(source, target, "bench-flip", topics) as run:
        with routing_gateway("bench-flip", run.link, source, target) as gateway:
            rounds = [flip(run, gateway, source, topic) for topic in topics]
    source.delete_topic(*topics)
    print(*rounds, sep="\n", flush=True)
    return {name: statistics.median(found[name] for found in rounds) for name in rounds[0]}
