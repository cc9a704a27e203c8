# SPDX-License-Identifier: Apache-2.0
"""Rebalances at size: three workers, 50 connectors, 500 tasks.

The tasks are MirrorSource's, of one partition each and with nothing to mirror: what is measured is
the herder's work, not the brokers'. Measured: the time until all run; memory; what a new, a lost and
a changed part of the cluster stops and starts; and how long after the group is stable the new
assignment is in effect.
"""

import os
import time

import options
from processes import wait_for
from task_moves import SYNCED, Mark
from workers import distributed, distributed_settings, mirror_config

CONNECTORS = options.size("REBALANCE_CONNECTORS", 50, 10)
TASKS = options.size("REBALANCE_TASKS", 10, 10)  # of each
WORKERS = 3
PATIENCE = 600
SESSION_MS, DELAY_MS = 10000, 5000


class Group:
    """Three workers and their connectors."""

    def __init__(self, kind, source, target):
        self.kind, self.source, self.target = kind, source, target
        self.group = f"rebalance-{kind}"
        more = {
            "session.timeout.ms": SESSION_MS,
            "scheduled.rebalance.max.delay.ms": DELAY_MS,
            "offset.flush.interval.ms": 10000,
        }
        java = {"heap": "2g", "quick": False} if kind == "java" else {}
        self.workers, self.ids = [], []
        for number in range(WORKERS):
            settings = distributed_settings(target, self.group, **more)
            self.ids.append(settings["listeners"].removeprefix("http://"))
            self.workers.append(distributed(kind, f"{self.group}-{number}", settings, **java))
        self.names = [f"{kind}-{number:03}" for number in range(CONNECTORS)]
        self.status_topic = f"{self.group}-status"

    def start(self, topic):
        for worker in self.workers:
            worker.start(wait=False)
        for worker in self.workers:
            worker.wait_ready(120)
        for name in self.names:
            more = {
                "topics": topic,
                "tasks.max": TASKS,
                "emit.offset-syncs.enabled": "false",
                "sync.topic.configs.enabled": "false",
                "refresh.topics.interval.seconds": "600",
            }
            config = mirror_config("Source", self.source, self.target, name, **more)
            del config["offset-syncs.topic.replication.factor"]  # not without offset-syncs
            self.workers[0].rest.put_connector(name, config)

    def owners(self, ids):
        """{task: (worker id)} once all run on just these workers, evenly."""
        live = self.workers[self.ids.index(ids[0])]
        everything = live.rest.call("GET", "/connectors?expand=status").json()
        owners = {}
        for name in self.names:
            status = everything.get(name, {}).get("status")
            if not status or len(status["tasks"]) != TASKS:
                return None
            for part in [status["connector"], *status["tasks"]]:
                if part["state"] != "RUNNING" or part["worker_id"] not in ids:
                    return None
            for task in status["tasks"]:
                owners[f"{name}-{task['id']}"] = task["worker_id"]
        shares = [list(owners.values()).count(id) for id in ids]
        return owners if max(shares) - min(shares) <= 1 else None

    def settled(self, ids):
        return wait_for(lambda: self.owners(ids), PATIENCE, f"{len(self.names)} connectors", 0.5)

    def memory(self):
        return round(max(w.process.peak_rss() for w in self.workers if w.alive) / 1e6, 1)

    def close(self):
        for worker in self.workers:
            worker.close()


def report(mark, before, after):
    """What a change has cost: tasks that moved, were stopped though they stay, seconds to effect."""
    started, stopped = mark.tasks()
    moved = {task for task in before if before[task] != after.get(task)}
    effect = mark.last("Finished starting connectors and tasks") - mark.last(SYNCED)
    return {
        "moved": len(moved),
        "started": sum(started.values()),
        "stopped": sum(stopped.values()),
        "stopped_without_moving": sum(n for task, n in stopped.items() if task not in moved),
        "seconds_to_effect": round(max(effect, 0), 3),
    }


def run_group(kind, source, target, topic):
    group = Group(kind, source, target)
    results = {}
    try:
        began = time.monotonic()
        group.start(topic)
        owners = group.settled(group.ids)
        results["start"] = {
            "seconds": round(time.monotonic() - began, 1),
            "cpu_seconds": round(sum(w.process.cpu_seconds() for w in group.workers), 1),
            "peak_rss_mb": group.memory(),
        }
        print(f"  {kind} start: {results['start']}", flush=True)

        mark = Mark(group.workers[:-1])
        lost = time.monotonic()
        group.workers[-1].kill()
        after = group.settled(group.ids[:-1])
        results["lost-worker"] = report(mark, owners, after)
        results["lost-worker"]["seconds"] = round(time.monotonic() - lost, 1)
        print(f"  {kind} lost worker: {results['lost-worker']}", flush=True)

        mark = Mark(group.workers[:-1])
        mark.workers = group.workers
        came = time.monotonic()
        group.workers[-1].start()
        owners = group.settled(group.ids)
        results["new-worker"] = report(mark, after, owners)
        results["new-worker"]["seconds"] = round(time.monotonic() - came, 1)
        print(f"  {kind} new worker: {results['new-worker']}", flush=True)

        mark = Mark(group.workers)
        rest = group.workers[1].rest
        changed = time.monotonic()
        config = {**rest.config(group.names[0]), "producer.override.linger.ms": "3"}
        rest.put_connector(group.names[0], config)
        wait_for(lambda: sum(mark.tasks()[0].values()) >= TASKS, PATIENCE, "its tasks", 0.1)
        after = group.settled(group.ids)
        results["changed-config"] = report(mark, owners, after)
        results["changed-config"]["seconds"] = round(time.monotonic() - changed, 1)
        results["changed-config"]["stopped_without_moving"] -= TASKS  # its own
        print(f"  {kind} changed config: {results['changed-config']}", flush=True)
        threads = [len(os.listdir(f"/proc/{w.process.pid}/task")) for w in group.workers]
        results["end"] = {"threads": max(threads), "peak_rss_mb": group.memory()}
        print(f"  {kind} end: {results['end']}", flush=True)
        return results
    finally:
        group.close()


def run_section(source, target):
    print(f"\nrebalances: {WORKERS} workers, {CONNECTORS} connectors, {CONNECTORS * TASKS} tasks")
    topic = source.create_topic("rebalance-nothing", TASKS)
    results = {}
    for kind in options.contenders("isthmus", "java"):
        for step, figures in run_group(kind, source, target, topic).items():
            results.setdefault(f"rebalance-{step}", {})[kind] = figures
    source.delete_topic(topic)
    return results
