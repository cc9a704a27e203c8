# SPDX-License-Identifier: Apache-2.0
"""Crashes at chosen moments: a process is killed at the Nth request by which it changes something
at a broker, before that is sent or after the broker has acted on it (crash_shim.c)."""

import collections
import os
import pathlib
import subprocess

from processes import BUILD, SANITIZER

SHIM = pathlib.Path(__file__).resolve().parent / "crash_shim.c"
WHENS = ("before", "after")
LONG = bool(os.environ.get("ISTHMUS_LONG"))


def shim():
    built = BUILD / "crash_shim.so"
    if not built.exists() or built.stat().st_mtime < SHIM.stat().st_mtime:
        fresh = built.with_suffix(f".{os.getpid()}")
        command = ["cc", "-shared", "-fPIC", "-O1", SHIM, "-o", fresh, "-ldl"]
        subprocess.run(command, check=True, timeout=60)
        fresh.replace(built)  # tests run beside each other
    return built


Point = collections.namedtuple("Point", "number when")


class Points:
    """The requests of a story, which is run once to count them, and once for each point.

    client: a part of the client ids whose requests count. once: what comes by the clock counts once.
    """

    def __init__(self, directory, client="", once=""):
        self._directory = directory
        self._settings = {"CRASH_CLIENT": client, "CRASH_ONCE": once}
        self.hit = set()  # (request, when)

    def environment(self, point=None):
        log = self._directory / (f"crash-{point.number}-{point.when}" if point else "crash-none")
        log.unlink(missing_ok=True)
        settings = {**self._settings, "CRASH_LOG": str(log), "LD_PRELOAD": str(shim())}
        if SANITIZER == "address":  # it insists on being the first of the libraries
            settings["ASAN_OPTIONS"] = "verify_asan_link_order=0"
        if point:
            settings.update(CRASH_AT=str(point.number), CRASH_WHEN=point.when)
        return settings

    def seen(self, point=None):
        """What each request was, in turn: "EndTxn", "Produce:topic"."""
        log = self._directory / (f"crash-{point.number}-{point.when}" if point else "crash-none")
        return [line.split()[1] for line in log.read_text().splitlines()] if log.exists() else []

    def crashed(self, point):
        """Notes the request at which the story of this point ended."""
        seen = self.seen(point)
        assert len(seen) >= point.number, f"{point} wasn't reached: {seen}"
        request = seen[point.number - 1]
        self.hit.add((request, point.when))
        return request


def chosen(seen, shortest=8):
    """The points of a story: all of them for a long run; else the first of each kind of request."""
    if LONG:
        return [Point(n, when) for n in range(1, len(seen) + 1) for when in WHENS]
    firsts = {}
    for number, request in enumerate(seen, 1):
        firsts.setdefault(request, number)
    return [Point(n, WHENS[i % 2]) for i, n in enumerate(firsts.values())][:shortest]
