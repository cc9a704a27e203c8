# SPDX-License-Identifier: Apache-2.0
"""What a run measures, and how large it is: the environment's BENCH_ variables."""

import os

import support  # noqa: F401  (puts tests/support on the path)
from processes import BINARY_DIR, BUILD

QUICK = bool(os.environ.get("BENCH_QUICK"))
OUT = BUILD / "bench"
SECTIONS = [
    *("loads", "transcoding", "tls", "latency", "start"),
    *("partitions", "growth", "rest", "rebalance", "groups", "link", "relay"),
]
CONTENDERS = ["bare", "raw-loop", "isthmus", "isthmus-default", "isthmus-record", "java"]
LOOPS = {"bare": BINARY_DIR / "bench" / "bare_loop", "raw-loop": BINARY_DIR / "bench" / "raw_loop"}
BARE_RELAY = BINARY_DIR / "bench" / "bare_relay"
PARTITIONS = 8
TASKS = 4
BROKER = {"heap": "1g", "quick": False}
MOST_SECONDS = 1800


def chosen(name, all_of):
    """The words of a comma-separated variable, all of them without it."""
    name = f"BENCH_{name}"
    text = os.environ.get(name)
    words = [word for word in text.split(",") if word] if text else list(all_of)
    unknown = set(words) - set(all_of)
    assert not unknown, f"{name}: {unknown} are none of {', '.join(all_of)}"
    return [word for word in all_of if word in words]


def size(name, full, quick):
    return int(os.environ.get(f"BENCH_{name}", quick if QUICK else full))


def sizes(name, full, quick):
    text = os.environ.get(f"BENCH_{name}")
    return [int(word) for word in text.split(",")] if text else (quick if QUICK else full)


def sections():
    return chosen("ONLY", SECTIONS)


def contenders(*among):
    """Those of the run, or those of it that are among the given; a loop only where it is built."""
    missing = {name for name, program in LOOPS.items() if not program.exists()}
    of_run = [c for c in chosen("CONTENDERS", CONTENDERS) if c not in missing]
    return [c for c in of_run if not among or c in among]
