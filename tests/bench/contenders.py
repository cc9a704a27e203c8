# SPDX-License-Identifier: Apache-2.0
"""The contenders: Isthmus by either lane and under Connect's default header converter, Java's MirrorMaker 2, and two loops in C.

A worker is a distributed Connect worker with MM2's three connectors and the same settings for
both. The loops are what librdkafka takes for a copy record by record (bare_loop.c), and what
fetching and producing the batches as bytes takes at least (raw_loop.c).
"""

import contextlib

import options
from processes import Process
from workers import distributed, distributed_settings, mirror_config



def start_worker(contender, target, group, **settings):
    """A worker as it comes, not yet started: for Java with the heap of its own start script."""
    kind = "java" if contender == "java" else "isthmus"
    java_options = {"heap": "2g", "quick": False} if kind == "java" else {}
    # Flushed as the sample files have it.
    settings = {"offset.flush.interval.ms": "10000", **settings}
    file = distributed_settings(target, group, **settings)
    return distributed(kind, f"bench-{group}", file, **java_options)


@contextlib.contextmanager
def running_worker(contender, target, group, **settings):
    worker = start_worker(contender, target, group, **settings)
    try:
        yield worker.start()
    finally:
        worker.close()


# MM2's own; tests look more often.
INTERVALS = {
    "refresh.topics.interval.seconds": "600",
    "refresh.groups.interval.seconds": "600",
    "sync.topic.configs.interval.seconds": "600",
    "emit.checkpoints.interval.seconds": "60",
}


def submit(contender, worker, source, target, topic, alias, tasks=options.TASKS, **settings):
    """Creates the three connectors of a mirror; the source's comes last."""
    common = {"topics": topic, "tasks.max": str(tasks), **INTERVALS, **settings}
    if contender == "isthmus-record":
        common["raw.lane.enabled"] = "false"
    for connector in ("Heartbeat", "Checkpoint", "Source"):
        config = mirror_config(connector, source, target, alias, **common)
        if contender == "isthmus-default":
            del config["header.converter"]
        worker.rest.put_connector(f"mirror-{connector.lower()}", config)


def start_loop(contender, source, target, topic, remote, load):
    """A loop under way; it ends with status 0 once it has passed all records on."""
    arguments = [source.bootstrap, target.bootstrap, topic, remote]
    arguments += [str(options.PARTITIONS), str(load.records)]
    if contender == "bare":
        arguments.append(load.codec)
    return Process(f"bench-{contender}", [options.LOOPS[contender], *arguments])
