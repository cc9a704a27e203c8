# SPDX-License-Identifier: Apache-2.0
"""How long a record takes from the source to a consumer of the mirror, at even rates.

pulse.c produces and consumes. "direct" is a consumer of the source itself: the time that the broker
and the clients take, which no mirror can be below twice.
"""

import json

import contenders
import options
import records
from loads import summary
from processes import BINARY_DIR, run, wait_for

WARM_UP_SECONDS = 3
TOPIC = "bench-latency"


def measure(source, target, remote, rate, seconds):
    arguments = [source.bootstrap, target.bootstrap, TOPIC, remote]
    arguments += [options.PARTITIONS, rate, WARM_UP_SECONDS, seconds]
    program = BINARY_DIR / "bench" / "pulse"
    printed = run("pulse", [program, *arguments], timeout=seconds + 120)
    figures = json.loads(printed.splitlines()[-1])
    print(f"  {remote} at {rate:,}/s: {figures}", flush=True)
    return figures


def at_each_rate(source, target, remote):
    """{"latency-RATE": figures}; the first run is for the mirror to get into its stride."""
    seconds = options.size("LATENCY_SECONDS", 12, 4)
    found = {}
    for rate in options.sizes("LATENCY_RATES", [5000, 1000], [5000, 1000]):
        wait_for(
            lambda: records.count(source, TOPIC) == records.count(target, remote),
            60,
            f"{remote} to be even with its source",
        )
        found[f"latency-{rate}"] = measure(source, target, remote, rate, seconds)
    return found


def run_mirror(contender, source, target, alias):
    remote = f"{alias}.{TOPIC}"
    with contenders.running_worker(contender, target, alias) as worker:
        contenders.submit(contender, worker, source, target, TOPIC, alias)
        worker.rest.wait_running("mirror-source", options.TASKS, 120)
        created = f"{remote} to be created"
        wait_for(lambda: target.partition_count(remote) == options.PARTITIONS, 60, created)
        found = at_each_rate(source, target, remote)
    target.delete_topic(remote)
    return found


def warm_up(source, target):
    """Young JVMs compile beside the first who is measured: both brokers have had such a load."""
    target.create_topic(TOPIC, options.PARTITIONS)
    for cluster in (source, target):
        at_each_rate(cluster, cluster, TOPIC)
    target.delete_topic(TOPIC)
    run_mirror("isthmus", source, target, "warm-up")


def run_section(source, target):
    print("\nlatency", flush=True)
    source.create_topic(TOPIC, options.PARTITIONS)
    warm_up(source, target)
    rounds = {}
    for number in range(options.size("LATENCY_ROUNDS", 3, 1)):
        rounds.setdefault("direct", []).append(at_each_rate(source, source, TOPIC))
        for contender in options.contenders("isthmus", "isthmus-default", "java"):
            found = run_mirror(contender, source, target, f"{contender}-latency-{number}")
            rounds.setdefault(contender, []).append(found)
    source.delete_topic(TOPIC)
    results = {}
    for contender, found in rounds.items():
        for name in found[0]:
            figures = summary([each[name] for each in found], most="generator_late_ms")
            print(f"  {name}, {contender}: {figures}", flush=True)
            results.setdefault(name, {})[contender] = figures
    return results
