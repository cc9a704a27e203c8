# SPDX-License-Identifier: Apache-2.0
"""The goals that a run is held against, as data: each one compares one or two of its figures."""

import dataclasses
import operator

SENSES = {">=": operator.ge, "<=": operator.le}


@dataclasses.dataclass
class Goal:
    """figure of contender in section; divided by that of `over`, or less that of `above`, where one
    is named."""

    text: str
    section: str
    figure: str
    contender: str
    sense: str
    limit: float
    over: str = ""
    above: str = ""


RATE, CPU, PEAK = "records_per_second", "cpu_seconds_per_gb", "peak_rss_mb"
RAW, RECORD, LOOP, JAVA, DIRECT = "isthmus", "isthmus-record", "raw-loop", "java", "direct"
DEFAULT, LINK = "isthmus-default", "link"
LOADS = {"1k-none": "1 KB", "100b-lz4": "100 B lz4", "100b-zstd": "100 B zstd"}
# Of Java's CPU seconds per GB.
SHARES = {"1k-none": 1 / 20, "100b-lz4": 1 / 30, "100b-zstd": 1 / 35}
# Within a tenth of the middle: the largest over the smallest.
FLAT = 1.1 / 0.9


def raw_lane():
    for load, text in LOADS.items():
        text = f"raw lane, {text}"
        yield Goal(f"{text}: CPU/GB of Java's", load, CPU, RAW, "<=", SHARES[load], JAVA)
        yield Goal(f"{text}: records/s of Java's", load, RATE, RAW, ">=", 3, JAVA)
        yield Goal(f"{text}: CPU/GB of the raw loop's", load, CPU, RAW, "<=", 1.5, LOOP)
        yield Goal(f"{text}: records/s of the raw loop's", load, RATE, RAW, ">=", 0.9, LOOP)
        yield Goal(f"{text}: peak MB", load, PEAK, RAW, "<=", 64)


def defaults():
    for load, text in LOADS.items():
        text = f"default header converter, {text}: CPU/GB of Java's"
        yield Goal(text, load, CPU, DEFAULT, "<=", SHARES[load], JAVA)
        yield Goal(text.replace("CPU/GB of Java's", "peak MB"), load, PEAK, DEFAULT, "<=", 64)
    text = "default header converter, latency at 5,000/s, p50_ms: above the raw lane's"
    yield Goal(text, "latency-5000", "p50_ms", DEFAULT, "<=", 0.5, above=RAW)


def transcoding():
    text = "lz4 to the producer's zstd: CPU/GB of Java's"
    yield Goal(text, "100b-lz4-to-zstd", CPU, DEFAULT, "<=", 1 / 6, JAVA)


def tls():
    for load in ("1k-none", "100b-lz4"):
        text = f"TLS on both sides, {LOADS[load]}: CPU/GB of Java's"
        yield Goal(text, f"{load}-tls", CPU, DEFAULT, "<=", 1 / 12, JAVA)


def record_lane():
    for load, times in {"1k-none": 3, "100b-lz4": 2}.items():
        text = f"record lane, {LOADS[load]}"
        yield Goal(f"{text}: records/s of Java's", load, RATE, RECORD, ">=", times, JAVA)
        yield Goal(f"{text}: CPU/GB of Java's", load, CPU, RECORD, "<=", 1 / 5, JAVA)
        yield Goal(f"{text}: peak MB", load, PEAK, RECORD, "<=", 80)


def latency():
    section = "latency-5000"
    for figure in ("p50_ms", "p99_ms"):
        text = f"latency at 5,000/s, {figure}: of Java's"
        yield Goal(text, section, figure, RAW, "<=", 1 / 3, JAVA)
    text = "latency at 5,000/s, p99_ms: above the broker's own"
    yield Goal(text, section, "p99_ms", RAW, "<=", 10, above=DIRECT)


def many_partitions():
    for count, megabytes in {1000: 128, 10000: 256}.items():
        text = f"{count:,} partitions, mostly idle"
        yield Goal(f"{text}: MB", f"partitions-{count}", "rss_mb", RAW, "<=", megabytes)
    section = "partitions-10000"
    yield Goal(f"{text}: CPU of a core", section, "idle_cpu_of_a_core", RAW, "<=", 0.01)
    text = "10,000 partitions: seconds from the worker's start until they are mirrored"
    yield Goal(text, section, "restart_seconds", RAW, "<=", 5)


def growth():
    for what in ("partitions", "tasks", "brokers"):
        text = f"growth of {what}: largest CPU/GB over smallest"
        yield Goal(text, "growth", f"spread_over_{what}", RAW, "<=", FLAT)


def rest():
    yield Goal("REST ready after, s", "start", "rest_ready_seconds", RAW, "<=", 0.3)
    yield Goal("GET p99 at 500/s, ms", "rest", "get_p99_ms", RAW, "<=", 5)
    section = "idle-stopped-10000"
    yield Goal("10,000 connectors listed, s", section, "list_expanded_seconds", RAW, "<=", 0.3)
    yield Goal("idle connector, KB", section, "kb_per_connector", RAW, "<=", 20)


def rebalances():
    for step in ("lost worker", "new worker", "changed config"):
        section = f"rebalance-{step.replace(' ', '-')}"
        text = f"{step}, 500 tasks"
        yield Goal(f"{text}: stopped that stay", section, "stopped_without_moving", RAW, "<=", 0)
        yield Goal(f"{text}: s to effect", section, "seconds_to_effect", RAW, "<=", 1)


def groups():
    text = "10,000 groups of 10 partitions"
    yield Goal(f"{text}: s of the first round", "groups-first", "seconds", RAW, "<=", 3)
    for section, what in (("groups-some", "a tenth moving"), ("groups-idle", "at rest")):
        yield Goal(f"{text}, {what}: s of a round", section, "seconds", RAW, "<=", 3)
        yield Goal(f"{text}, {what}: CPU s", section, "cpu_seconds_per_round", RAW, "<=", 0.5)


def links():
    """As fast as the raw lane: within what two rounds of one contender differ by."""
    for load, text in {"link-1k-none": "1 KB", "link-100b-lz4": "100 B lz4"}.items():
        text = f"link, {text}"
        yield Goal(f"{text}: records/s of the raw lane's", load, RATE, LINK, ">=", 0.95, RAW)
        yield Goal(f"{text}: CPU/GB of the raw lane's", load, CPU, LINK, "<=", 1.1, RAW)
    per_second = "offsets_per_second"
    yield Goal("link: leading offsets/s", "link-alignment", per_second, LINK, ">=", 5e6)
    for how, least in {"coordinator": 1e4, "direct": 3e4}.items():
        text = f"link: markers/s over 50 partitions, {how}"
        yield Goal(text, f"link-markers-{how}", per_second, LINK, ">=", least)
    text = "link: ms from an accepted promotion of 1,000 partitions to its end"
    figure = "milliseconds_accepted_to_promoted"
    yield Goal(text, "link-promotion", figure, LINK, "<=", 1000)
    yield Goal("link: MB of 10,000 mirror topics", "link-topics-10000", "state_mb", LINK, "<=", 64)
    for count in (1000, 10000):
        text, section = f"link, {count:,} topics at rest: CPU of a core", f"link-topics-{count}"
        yield Goal(text, section, "idle_cpu_of_a_core", LINK, "<=", count / 1000 * 0.01)


def relay():
    for figure in ("produce", "fetch"):
        text = f"gateway, 1 KB: {figure}, records/s of direct"
        yield Goal(text, "relay-1k", figure, RAW, ">=", 0.9, DIRECT)
    for section, text in {
        "relay-latency": "gateway, p99_ms: above direct",
        "relay-latency-one": "gateway, records with one relayed request, p99_ms: above direct",
    }.items():
        yield Goal(text, section, "p99_ms", RAW, "<=", 0.5, above=DIRECT)
    text = "gateway, routed records, p99_ms: above direct"
    yield Goal(text, "relay-routed", "p99_ms", RAW, "<=", 1, above=DIRECT)
    text = "gateway, ms that producers wait for a topic of 50 partitions to be promoted"
    yield Goal(text, "relay-flip", "longest_wait_ms", RAW, "<=", 500)
    for section, by in {"relay-connections": "", "relay-connections-tls": " by TLS"}.items():
        yield Goal(f"gateway, 10,000 clients{by}: MB", section, "rss_mb", RAW, "<=", 512)


GOALS = [
    *raw_lane(),
    *defaults(),
    *transcoding(),
    *tls(),
    *record_lane(),
    *latency(),
    *many_partitions(),
    *growth(),
    *rest(),
    *rebalances(),
    *groups(),
    *links(),
    *relay(),
]


def value(goal, results):
    """What the run found; None where it has measured too little for that."""
    section = results.get(goal.section, {})
    found = section.get(goal.contender, {}).get(goal.figure)
    if found is None or not (goal.over or goal.above):
        return found
    other = section.get(goal.over or goal.above, {}).get(goal.figure)
    if other is None:
        return None
    return found - other if goal.above else found / other if other else None


def verdict(goal, results):
    found = value(goal, results)
    if found is None:
        return "-", "not measured"
    met = SENSES[goal.sense](round(found, 3), round(goal.limit, 3))
    return f"{found:.3g}", "met" if met else "not met"
