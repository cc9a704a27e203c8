# SPDX-License-Identifier: Apache-2.0
"""The goals that a run is held against, as data: each one compares one or two of its figures."""

import dataclasses
import operator

SENSES = {">=": operator.ge, "<=": operator.le}


@dataclasses.dataclass
class Goal:
    """figure of contender in section, divided by that of `over` where one is named."""

    text: str
    section: str
    figure: str
    contender: str
    over: str
    sense: str
    limit: float


def goal(text, section, figure, contender, sense, limit, over=""):
    return Goal(text, section, figure, contender, over, sense, limit)


RATE, CPU, PEAK = "records_per_second", "cpu_seconds_per_gb", "peak_rss_mb"
LISTED = "list_expanded_seconds"
RAW, RECORD, LOOP, JAVA = "isthmus", "isthmus-record", "raw-loop", "java"

GOALS = [
    goal("raw lane, 1 KB: records/s of the raw loop's", "1k-none", RATE, RAW, ">=", 0.9, LOOP),
    goal("raw lane, 100 B lz4: the same", "100b-lz4", RATE, RAW, ">=", 0.9, LOOP),
    goal("raw lane, 100 B zstd: the same", "100b-zstd", RATE, RAW, ">=", 0.9, LOOP),
    goal("raw lane, 1 KB: CPU/GB of Java's", "1k-none", CPU, RAW, "<=", 0.2, JAVA),
    goal("raw lane, 100 B lz4: the same", "100b-lz4", CPU, RAW, "<=", 0.1, JAVA),
    goal("raw lane, 100 B zstd: the same", "100b-zstd", CPU, RAW, "<=", 0.1, JAVA),
    goal("raw lane, 1 KB: peak MB", "1k-none", PEAK, RAW, "<=", 64),
    goal("raw lane, 100 B lz4: peak MB", "100b-lz4", PEAK, RAW, "<=", 64),
    goal("raw lane, 100 B zstd: peak MB", "100b-zstd", PEAK, RAW, "<=", 64),
    goal("record lane, 1 KB: records/s of Java's", "1k-none", RATE, RECORD, ">=", 3, JAVA),
    goal("record lane, 100 B lz4: the same", "100b-lz4", RATE, RECORD, ">=", 2, JAVA),
    goal("record lane, 1 KB: CPU/GB of Java's", "1k-none", CPU, RECORD, "<=", 0.2, JAVA),
    goal("record lane, 100 B lz4: the same", "100b-lz4", CPU, RECORD, "<=", 0.2, JAVA),
    goal("record lane, 1 KB: peak MB", "1k-none", PEAK, RECORD, "<=", 80),
    goal("record lane, 100 B lz4: peak MB", "100b-lz4", PEAK, RECORD, "<=", 80),
    goal("latency p99 of Java's, 5,000/s", "latency-5000", "p99_ms", RAW, "<=", 0.5, JAVA),
    goal("latency p99 of Java's, 1,000/s", "latency-1000", "p99_ms", RAW, "<=", 0.5, JAVA),
    goal("REST ready after, of Java's", "start", "rest_ready_seconds", RAW, "<=", 0.1, JAVA),
    goal("idle MB", "start", "idle_rss_mb", RAW, "<=", 20),
    goal("10,000 partitions, idle: MB", "partitions-10000", "rss_mb", RAW, "<=", 128),
    goal("the same: CPU of a core", "partitions-10000", "idle_cpu_of_a_core", RAW, "<=", 0.05),
    goal("GET p99 at 500/s, ms", "rest", "get_p99_ms", RAW, "<=", 10),
    goal("10,000 connectors listed, s", "idle-stopped-10000", LISTED, RAW, "<=", 1),
]


def value(goal_, results):
    """What the run found; None where it has measured too little for that."""
    section = results.get(goal_.section, {})
    found = section.get(goal_.contender, {}).get(goal_.figure)
    if found is None or not goal_.over:
        return found
    other = section.get(goal_.over, {}).get(goal_.figure)
    return found / other if other else None


def verdict(goal_, results):
    found = value(goal_, results)
    if found is None:
        return "-", "not measured"
    met = SENSES[goal_.sense](round(found, 3), goal_.limit)
    return f"{found:.3g}", "met" if met else "not met"
