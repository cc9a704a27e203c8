# SPDX-License-Identifier: Apache-2.0
"""Two writers that don't know of each other can do no harm to a log that both write under one id.

tests/cluster/two_writers.c tells the story, against one broker of the newest Kafka. Each run has a
partition: 20 of them, or 600 with ISTHMUS_LONG=1.
"""

import os
import subprocess

from processes import BINARY_DIR
from workers import PATIENCE

RUNS = 600 if os.environ.get("ISTHMUS_LONG") else 20


def run_writers(target, topic, runs, identities):
    program = BINARY_DIR / "tests" / "cluster" / "two_writers"
    run = subprocess.run(
        [program, target.bootstrap, topic, str(runs), identities],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=(60 + 2 * runs) * PATIENCE,
    )
    print(run.stdout)
    return run


def test_the_sequence_is_the_condition(target, unique):
    run = run_writers(target, unique("one"), RUNS, "one")
    assert run.returncode == 0, run.stdout


def test_without_it_records_come_twice(target, unique):
    """That the former test can fail."""
    run = run_writers(target, unique("apart"), 2, "apart")
    assert run.returncode == 1, run.stdout
    assert "2 of 2 logs are wrong" in run.stdout
