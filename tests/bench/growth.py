# SPDX-License-Identifier: Apache-2.0
"""Whether the cost of a record stays the same as partitions, tasks and brokers grow in number."""

import options
from kafka_cluster import Cluster
from loads import Load, fill, run_worker, summary

KEPT = ("records_per_second", "cpu_seconds_per_gb", "peak_rss_mb")


def sized_load(name):
    return Load(name, options.size("GROWTH_RECORDS", 2_000_000, 50_000), 1024, "none")


def measure(source, target, name, partitions=options.PARTITIONS, tasks=options.TASKS):
    """What some rounds have in the middle: by itself a figure moves by a tenth from one to the next."""
    load = sized_load(name)
    topic = f"growth-{name}"
    fill(source, topic, load, partitions)
    rounds = []
    for i in range(options.size("GROWTH_ROUNDS", 5, 1)):
        alias = f"{name}-{i}"
        found = run_worker(
            *("isthmus", source, target, topic, alias, load, partitions),
            tasks=tasks,
            **{"heartbeats.replication.enabled": "false"},
        )
        target.delete_topic(f"{alias}.{topic}")
        rounds.append({figure: found[figure] for figure in KEPT})
    source.delete_topic(topic)
    result = summary(rounds)
    costs = ", ".join(str(found["cpu_seconds_per_gb"]) for found in rounds)
    print(f"  {name}: {result} of {costs}", flush=True)
    return {"isthmus": result}


def warm_up(source, target):
    """A young JVM compiles beside the first who is measured; and pages of a machine that haven't
    served yet cost more than those that the deleted topics leave behind."""
    load = sized_load("warm-up")
    fill(source, "warm-up", load)
    run_worker("isthmus", source, target, "warm-up", "warm", load)
    target.delete_topic("warm.warm-up")
    source.delete_topic("warm-up")


def with_brokers(count):
    """Of one cluster that is source and target: what grows is the number of connections."""
    name = f"brokers-{count}"
    with Cluster(f"bench-{count}", brokers=count, heap="384m") as cluster:
        warm_up(cluster, cluster)
        return name, measure(cluster, cluster, name)


def spreads(results):
    """How far apart the costs of a record are, by what grew."""
    found = {}
    for what in ("partitions", "tasks", "brokers"):
        costs = [
            figures["isthmus"]["cpu_seconds_per_gb"]
            for name, figures in results.items()
            if name.startswith(what)
        ]
        found[f"spread_over_{what}"] = round(max(costs) / min(costs), 2)
    return found


def run_section(source, target):
    print("\ngrowth", flush=True)
    results = {}
    warm_up(source, target)
    for count in [1, 8, 64]:
        results[f"partitions-{count}"] = measure(
            source, target, f"partitions-{count}", partitions=count
        )
    for count in [1, 4, 16]:
        results[f"tasks-{count}"] = measure(
            source, target, f"tasks-{count}", partitions=16, tasks=count
        )
    for count in options.sizes("BROKERS", [1, 3, 5], [1, 3]):
        name, figures = with_brokers(count)
        results[name] = figures
    named = {f"growth-{name}": figures for name, figures in results.items()}
    return {**named, "growth": {"isthmus": spreads(results)}}
