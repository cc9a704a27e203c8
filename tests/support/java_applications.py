# SPDX-License-Identifier: Apache-2.0
"""Applications of Java that live in one JVM (java/ManyApplications.java), because each start of a
JVM costs seconds.

    with JavaApplications("name") as java:
        java.write("w", cluster, "orders", 2, 50, on_line, acks=1)
        java.read("r", cluster, "group", ["orders"], on_line)
        java.close("w")
"""

import subprocess
import threading

from java import DEFAULT_VERSION, compiled, java
from log_lines import LogLines
from processes import Process, wait_for

SOURCE = "ManyApplications.java"


class JavaApplications:
    """The JVM. on_line(words) is called for each line that an application prints."""

    def __init__(self, name):
        self._on_line, self._ended = {}, {}
        self._lock = threading.Lock()
        command = java(
            "ManyApplications",
            heap="256m",
            options=["-Dtest.log.level=WARN"],
            classes=compiled(SOURCE, DEFAULT_VERSION),
        )
        self._process = Process(f"java-{name}", command, stdin=subprocess.PIPE)
        self._lines = LogLines(self._process, self._take)

    def _take(self, line):
        name, _, rest = line.partition(" ")
        with self._lock:
            on_line = self._on_line.get(name)
        if not on_line:  # of Kafka's log
            return
        words = rest.split(" ")
        on_line(words)
        if words[0] in ("closed", "failed"):
            self._ended.setdefault(name, rest)

    def _begin(self, kind, name, on_line, *words, **settings):
        more = [f"{key}={value}" for key, value in settings.items()]
        with self._lock:
            assert name not in self._on_line
            self._on_line[name] = on_line
            self._process.tell(" ".join([kind, name, *map(str, words), *more]))

    def write(self, name, cluster, topic, partitions, rate, on_line, **settings):
        self._begin(
            "write", name, on_line, cluster.bootstrap, topic, partitions, rate, **settings
        )

    def read(self, name, cluster, group, topics, on_line, **settings):
        self._begin("read", name, on_line, cluster.bootstrap, group, ",".join(topics), **settings)

    def close(self, name):
        """Waits until it has ended; it must have done all that it was asked for."""
        with self._lock:
            self._process.tell(f"close {name}")
        how = wait_for(
            lambda: self._process.must_live() and self._ended.get(name), 120, f"{name} to end"
        )
        assert how == "closed", f"{name}: {how}"

    def __enter__(self):
        return self

    def __exit__(self, *rest):
        self._process.kill()
        self._lines.close()
