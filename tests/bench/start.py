# SPDX-License-Identifier: Apache-2.0
"""From the start of a worker's process until REST answers, and its memory when it does nothing."""

import statistics
import time

import contenders
import options
from probe import resident


def one_start(contender, target, number):
    group = f"start-{contender}-{number}"
    began = time.monotonic()
    with contenders.running_worker(contender, target, group) as worker:
        ready = time.monotonic() - began
        time.sleep(1)
        return ready, resident(worker.process)


def run_section(source, target):
    starts = 2 if options.QUICK else 5
    print(f"\nstart, median of {starts}", flush=True)
    results = {}
    for contender in options.contenders("isthmus", "java"):
        found = [one_start(contender, target, number) for number in range(starts)]
        results[contender] = {
            "rest_ready_seconds": round(statistics.median(ready for ready, _ in found), 3),
            "idle_rss_mb": round(statistics.median(memory for _, memory in found), 1),
        }
        print(f"  {contender}: {results[contender]}", flush=True)
    return {"start": results}
