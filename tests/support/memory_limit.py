# SPDX-License-Identifier: Apache-2.0
"""A memory limit for a process of the test bed, where the machine lets us make control groups."""

import contextlib
import pathlib

from processes import wait_for

ROOT = pathlib.Path("/sys/fs/cgroup")


def _own_group(controller):
    """Our own group's path in cgroup v1's hierarchy of controller, or in v2's ("")."""
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == controller:
            return path.lstrip("/")
    return None


class MemoryLimit:
    """with MemoryLimit(process, bytes): ...; `enforced` says whether the kernel takes part."""

    def __init__(self, process, limit):
        self._process = process
        self._limit = limit
        self._group = None

    @property
    def enforced(self):
        return self._group is not None

    def __enter__(self):
        places = [(ROOT / "memory", "memory", "memory.limit_in_bytes"), (ROOT, "", "memory.max")]
        for root, controller, file in places:
            own = _own_group(controller)
            if own is None or not root.is_dir():
                continue
            group = root / own / f"isthmus-test-{self._process.pid}"
            try:
                group.mkdir()
                (group / file).write_text(str(self._limit))
                (group / "cgroup.procs").write_text(str(self._process.pid))
            except OSError:
                _remove(group)
                continue
            self._group = group
            break
        return self

    def __exit__(self, *_):
        if self._group:
            with contextlib.suppress(ProcessLookupError):
                (self._group.parent / "cgroup.procs").write_text(str(self._process.pid))
            wait_for(lambda: _remove(self._group), 10, f"{self._group} to be removed")


def _remove(group):
    try:
        group.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
