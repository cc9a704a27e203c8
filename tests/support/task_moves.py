# SPDX-License-Identifier: Apache-2.0
"""What a worker has started and stopped, by its log: Isthmus and Java's Connect say it alike.

    before = Mark(workers)
    ...
    started, stopped = before.tasks()     # {task: how often}, over all workers
"""

import collections
import datetime
import re

TASK = re.compile(r"(Creating|Stopping) task (\S+)")
CONNECTOR = re.compile(r"(Creating|Stopping) connector (\S+)")
STAMP = re.compile(r"^\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3})\]")
SYNCED = "Successfully synced group in generation"


class Mark:
    """The ends of the workers' logs as of now."""

    def __init__(self, workers):
        self.ends = [(worker.process, len(worker.process.log())) for worker in workers]
        self.workers = workers

    def lines(self):
        """All lines since, of the processes then and of those that were started meanwhile."""
        ends = dict(self.ends)
        for process in {*ends, *(worker.process for worker in self.workers)}:
            yield from process.log()[ends.get(process, 0) :].splitlines()

    def _moved(self, pattern):
        started, stopped = collections.Counter(), collections.Counter()
        for line in self.lines():
            found = pattern.search(line)
            if found:
                (started if found[1] == "Creating" else stopped)[found[2]] += 1
        return started, stopped

    def tasks(self):
        return self._moved(TASK)

    def connectors(self):
        return self._moved(CONNECTOR)

    def rebalances(self):
        return sum(SYNCED in line for line in self.lines())

    def last(self, text):
        """When a line with the text was written last, in seconds since 1970."""
        return max(stamp(line) for line in self.lines() if text in line)


def stamp(line):
    found = STAMP.match(line)
    when = datetime.datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S,%f")
    return when.timestamp()
