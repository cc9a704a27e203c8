# SPDX-License-Identifier: Apache-2.0
"""Kafka's command-line tools, many in one JVM, and what they print with two ways to one cluster.

with Tools() as tools:
    tools.run("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", ..., "--list")
"""

import re
import select
import struct
import subprocess
import time

from java import DEFAULT_VERSION, compiled, java
from processes import LOGS, lenient

TOOLS = "org.apache.kafka.tools"
CONSUMERS = f"{TOOLS}.consumer"
PATIENCE = 60  # for one tool


class Tools:
    """One JVM that runs tools until it is closed."""

    def __init__(self, version=DEFAULT_VERSION):
        command = java(
            "Tools",
            version=version,
            heap="256m",
            options=["-Dtest.log.level=OFF"],
            classes=compiled("Tools.java", version),
        )
        LOGS.mkdir(parents=True, exist_ok=True)
        with open(LOGS / "tools.log", "ab") as log:
            self._child = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *map(str, command)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    def _read(self, count, deadline):
        got = b""
        while len(got) < count:
            ready, _, _ = select.select([self._child.stdout], [], [], deadline - time.monotonic())
            part = self._child.stdout.read1(count - len(got)) if ready else b""
            assert part, f"the JVM of tools {'ended' if ready else 'answers nothing'}"
            got += part
        return got

    def try_run(self, main, *args, stdin=""):
        """(status, what it printed)."""
        words = [word.encode() for word in (stdin, main, *args)]
        sent = struct.pack(">i", len(words))
        sent += b"".join(struct.pack(">H", len(word)) + word for word in words)
        self._child.stdin.write(sent)
        self._child.stdin.flush()
        deadline = time.monotonic() + lenient(PATIENCE)
        status, size = struct.unpack(">ii", self._read(8, deadline))
        return status, self._read(size, deadline).decode()

    def run(self, main, *args, stdin=""):
        status, printed = self.try_run(main, *args, stdin=stdin)
        assert status == 0, f"{main} {args} ended with {status}:\n{printed}"
        return printed

    def close(self):
        self._child.stdin.close()
        self._child.wait(30)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._child.kill()
        self._child.wait()


# What differs between two runs, whichever way they take.
CHANGING = [
    (r"(localhost|127\.0\.0\.1):\d+ +\(\d+\)", "COORDINATOR"),
    (r"(localhost|127\.0\.0\.1):\d+", "ADDRESS"),
    (r"TopicId: \S+", "TopicId: ID"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID"),
    (r"[ \t]+", " "),
]


class Way:
    """A way to a cluster, with topics and groups that only this way uses."""

    def __init__(self, server, name):
        self.server, self.name = server, name

    def fill(self, word):
        return word.replace("{server}", self.server).replace("{name}", self.name)

    def plain(self, text, numbers=False, own=False):
        """The text without what is this way's alone. numbers: they are of no account. own: nor are
        lines that aren't about this way's topics and groups."""
        lines = [line for line in text.splitlines() if not own or self.name in line]
        text = "\n".join(lines).replace(self.name, "NAME")
        for pattern, word in CHANGING:
            text = re.sub(pattern, word, text)
        return re.sub(r"\d+([.,]\d+)*", "N", text) if numbers else text


class Comparison:
    """Runs each tool both ways; what they print must be the same."""

    def __init__(self, tools, direct, through):
        self.tools, self.direct, self.through = tools, direct, through

    def run(self, main, *args, stdin="", status=0, has="", unordered=False, **plain):
        """What is printed through the gateway. has: a part of it, so that it is known to be more
        than the same error twice. unordered: its lines may come in any order."""
        told = []
        for way in (self.direct, self.through):
            words = [way.fill(word) for word in ("--bootstrap-server", "{server}", *args)]
            ended, text = self.tools.try_run(main, *words, stdin=stdin)
            assert ended == status, f"{main} {words} ended with {ended}:\n{text}"
            text = way.plain(text, **plain)
            told.append("\n".join(sorted(text.splitlines())) if unordered else text)
        direct, through = told
        assert through == direct, f"{main} {args}: directly\n{direct}\nthrough a gateway\n{through}"
        assert has in through, f"{main} {args}: no '{has}' in\n{through}"
        return through
