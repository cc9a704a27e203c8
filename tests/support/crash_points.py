# SPDX-License-Identifier: Apache-2.0
"""Crashes at chosen moments: a process is killed at a request by which it changes something at a
broker, before that is sent or after the broker has acted on it (crash_shim.c).

A moment has a name that means the same in each run: "topic=LINKING-2-before" is the second record
that puts a topic into LINKING, unsent. A story has a table of the requests that belong to it."""

import collections
import os
import pathlib
import subprocess

import pytest
from processes import BUILD, SANITIZER

SHIM = pathlib.Path(__file__).resolve().parent / "crash_shim.c"
WHENS = ("before", "after")


def shim():
    built = BUILD / "crash_shim.so"
    if not built.exists() or built.stat().st_mtime < SHIM.stat().st_mtime:
        fresh = built.with_suffix(f".{os.getpid()}")
        command = ["cc", "-shared", "-fPIC", "-O1", SHIM, "-o", fresh, "-ldl"]
        subprocess.run(command, check=True, timeout=60)
        fresh.replace(built)  # tests run beside each other
    return built


class Point(collections.namedtuple("Point", "request number when")):
    """The request's name, and which of that name it is."""

    def __str__(self):
        return "-".join(map(str, self))


class Often(collections.namedtuple("Often", "least most points")):
    """How often a request comes in a story at least and at most, and which of them are points."""


def often(least, most, since=1):
    """It varies. Each of them is a point, also those that may not come. Those before `since` are
    points of another story."""
    return Often(least, most, range(since, most + 1))


BY_THE_CLOCK = Often(1, 10**6, range(1, 2))
SELDOM = Often(0, 10**6, range(0))  # it may come, and is no point


def told(requests):
    """They belong to the story, but their points are in another one."""
    return {name: _how(count)._replace(points=range(0)) for name, count in requests.items()}


def _how(count):
    return count if isinstance(count, Often) else often(count, count)


def points_of(requests):
    """All points of a story; requests: {name: how often}."""
    return [
        Point(request, number, when)
        for request, count in requests.items()
        for number in _how(count).points
        for when in WHENS
    ]


def unexpected(requests, seen):
    """Those that came in an undisturbed run, and not as often as its story says."""

    def fits(request):
        how = _how(requests.get(request, 0))
        return how.least <= seen[request] <= how.most

    return {name: seen[name] for name in {*requests, *seen} if not fits(name)}


class Points:
    """The requests of one run, whose process may be killed at one of them.

    targets: {part of a request: the word by which the request is named}. client: a part of the
    client ids whose requests count."""

    def __init__(self, directory, targets, client="", point=None):
        self.point = point
        self._log = directory / "crash-points"
        self._settings = {
            "CRASH_CLIENT": client,
            "CRASH_TARGETS": ",".join(f"{text}={word}" for text, word in targets.items()),
        }

    def environment(self):
        """Of the process that is to be killed; those that follow it do without."""
        self._log.unlink(missing_ok=True)
        settings = {**self._settings, "CRASH_LOG": str(self._log), "LD_PRELOAD": str(shim())}
        if SANITIZER == "address":  # it insists on being the first of the libraries
            settings["ASAN_OPTIONS"] = "verify_asan_link_order=0"
        if self.point:
            request, number, when = self.point
            settings.update(CRASH_AT=f"{request}-{number}", CRASH_WHEN=when)
        return settings

    def seen(self):
        """How often each request came."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return collections.Counter(line.split()[0] for line in lines)

    @property
    def came(self):
        return self.seen()[self.point.request] >= self.point.number

    def report(self, requests):
        """A point that is sure to come must have come; another one is told of."""
        if self.came:
            print(f"killed at {self.point}")
            return
        said = f"{self.point} didn't come in this run: {dict(self.seen())}"
        assert self.point.number > _how(requests[self.point.request]).least, said
        pytest.skip(said)
