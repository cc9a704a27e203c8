# SPDX-License-Identifier: Apache-2.0
"""`make bench`: Isthmus against Java's MirrorMaker 2 in one run, on the same brokers.

Sections: loads (throughput, CPU, memory), transcoding, tls, latency, start (and idle memory),
partitions, growth, rest, rebalance, groups, link, relay (a gateway). Each has a module that tells
what it measures and how; goals.py holds what the figures are held against.
Writes build/bench/SECTION.json and goals.json, prints every figure and the verdicts.
docs/BENCHMARKS.md has the environment variables that choose and size the parts.
"""

import sys
import time
import traceback

import options
import processes
from kafka_cluster import Cluster

import api
import bare
import groups
import growth
import latency
import link
import loads
import partitions
import rebalance
import relay
import report
import start
import tls
import transcoding

MODULES = {
    "loads": loads,
    "transcoding": transcoding,
    "tls": tls,
    "latency": latency,
    "start": start,
    "partitions": partitions,
    "growth": growth,
    "rest": api,
    "rebalance": rebalance,
    "groups": groups,
    "link": link,
    "relay": relay,
}


def run_sections(source, target):
    """(results, names of the sections that failed): the others' figures are worth having."""
    results, failed = {}, []
    for section in options.sections():
        began = time.monotonic()
        try:
            found = MODULES[section].run_section(source, target)
        except Exception:
            traceback.print_exc(file=sys.stdout)
            failed.append(section)
            continue
        report.save(section, found)
        results.update(found)
        print(f"  {section} took {time.monotonic() - began:.0f} s", flush=True)
    return results, failed


def main():
    processes.interrupt_on_sigterm()
    with (
        Cluster("source", **options.BROKER) as source,
        Cluster("target", properties=bare.LISTENER, **options.BROKER) as target,
    ):
        results, failed = run_sections(source, target)
    print()
    report.print_figures(results)
    print()
    report.save("goals", report.print_goals(results))
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
