# SPDX-License-Identifier: Apache-2.0
"""What a link takes for copying, side by side with MirrorSource's raw lane on the same topic."""

import options
from link_runs import running_link
from loads import Load, fill, figures, run_contender, summary
from probe import Watch


def loads():
    kilobytes = options.size("LINK_1K_RECORDS", 2_000_000, 100_000)
    small = options.size("LINK_100B_RECORDS", 20_000_000, 500_000)
    return [Load("link-1k-none", kilobytes, 1024, "none"), Load("link-100b-lz4", small, 100, "lz4")]


def run_link(source, target, topic, load, number):
    with running_link(source, target, f"{load.name}-{number}", [topic], topics=topic) as run:
        watch = Watch(target, topic, range(options.PARTITIONS), load.records)
        watch.until_done(run.worker.process.must_live, options.MOST_SECONDS)
        return figures(load, run.began, watch, run.cpu(), run.worker.process.peak_rss())


def run_load(load, source, target):
    topic = f"bench-{load.name}"
    print(f"  {load.name}: {load.records:,} records of {load.size} bytes, {load.codec}", flush=True)
    fill(source, topic, load)
    run_contender("isthmus", source, target, topic, load, "warm-up")
    rounds = {"isthmus": [], "link": []}
    for number in range(options.size("LINK_ROUNDS", 3, 1)):
        rounds["isthmus"].append(run_contender("isthmus", source, target, topic, load, number))
        rounds["link"].append(run_link(source, target, topic, load, number))
        for contender, found in rounds.items():
            print(f"  {contender}: {found[-1]}", flush=True)
    source.delete_topic(topic)
    return {contender: summary(found) for contender, found in rounds.items()}


def measure(source, target):
    return {load.name: run_load(load, source, target) for load in loads()}
