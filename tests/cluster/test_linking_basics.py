# SPDX-License-Identifier: Apache-2.0
"""Same offsets on an unmodified cluster: what a connector does with the public headers alone.

tests/cluster/linking_basics.c tells each story, against one broker of the newest Kafka.
"""

import subprocess

import pytest

from processes import BINARY_DIR
from workers import PATIENCE

STORIES = ["conditional", "leading", "compacted", "transactions", "markers", "fetched", "state"]


@pytest.mark.parametrize("story", STORIES)
def test_offsets_are_made(target, unique, story):
    program = BINARY_DIR / "tests" / "cluster" / "linking_basics"
    run = subprocess.run(
        [program, target.bootstrap, unique(story), story],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120 * PATIENCE,
    )
    print(run.stdout)
    assert run.returncode == 0, run.stdout
