# SPDX-License-Identifier: Apache-2.0
"""Only one task of a link may write: the lease goes from one holder to the next over the state topic.

tests/cluster/link_leases.c is a holder.
"""

import time

import pytest

from processes import BINARY_DIR, Process, wait_for
from workers import PATIENCE

LEASE_MS = 2000


@pytest.fixture
def start(target, unique):
    """Starts a holder of one link's lease; those that still run are killed at the end."""
    link, made = unique("lease"), []

    def holder(tasks=1):
        program = BINARY_DIR / "tests" / "cluster" / "link_leases"
        process = Process(unique("holder"), [program, target.bootstrap, link, LEASE_MS, tasks])
        made.append(process)
        return process

    yield holder
    for process in made:
        if process.alive:
            process.resume()
            process.kill()


def said(process, word):
    """The numbers of the line that begins with the word; None: it hasn't been said yet."""
    for line in process.log().splitlines():
        if line.startswith(word + " "):
            return [int(number) for number in line.split()[1:]]
    return None


def wait_said(process, word, timeout=30):
    return wait_for(
        lambda: said(process, word) or process.must_live() and None,
        timeout * PATIENCE,
        f"{process.name} to say {word}",
    )


def test_a_lease_has_one_holder(start):
    # Two at the same time: the first record wins, and both know which it is.
    pair = [start(), start()]
    wait_for(
        lambda: all(p.must_live() for p in pair) and any(said(p, "HAS") for p in pair),
        60 * PATIENCE,
        "somebody to have the lease",
    )
    first, second = sorted(pair, key=lambda p: said(p, "HAS") is None)
    time.sleep(2 * LEASE_MS / 1000)  # it is renewed all the while
    assert said(second, "HAS") is None and said(first, "LOST") is None
    # The holder freezes: the other takes over, but not before the holder's right has ended by the clock.
    first.pause()
    epoch, taken = wait_said(second, "HAS")
    assert epoch == said(first, "HAS")[0] + 1
    first.resume()
    (until,) = wait_said(first, "LOST")
    assert until < taken
    # One that ends gives the lease back: a successor needn't wait.
    third = start()
    wait_for(lambda: "waits for the lease" in third.log(), 30 * PATIENCE, "a third that waits")
    second.signal(15)
    assert second.wait(30) == 0
    ended = time.monotonic()
    epoch, taken = wait_said(third, "HAS")
    assert epoch == said(second, "HAS")[0] + 1
    assert taken / 1000 - ended < LEASE_MS / 1000 / 2
    # With another number of tasks topics belong to others: these wait for all leases of the former ones.
    another = start(tasks=2)
    wait_for(lambda: "waits for the lease" in another.log(), 30 * PATIENCE, "another that waits")
    third.pause()
    epoch, taken = wait_said(another, "HAS")
    assert epoch > said(third, "HAS")[0]  # so that states tell who wrote them
    third.resume()
    (until,) = wait_said(third, "LOST")
    assert until < taken
