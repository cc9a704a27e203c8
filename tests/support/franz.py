# SPDX-License-Identifier: Apache-2.0
"""Applications of franz-go (tests/support/franz_go/main.go): members of groups and producers.

They are built once, where there is a Go as new as go.mod asks for and the modules can be had;
otherwise tests go on without them and say why.
"""

import fcntl
import functools
import hashlib
import os
import pathlib
import re
import shutil
import subprocess

from applications import Program
from processes import TOP, Process, wait_for

SOURCE = pathlib.Path(__file__).parent / "franz_go"
BUILT = TOP / "build" / "franz-apps"


@functools.cache
def program():
    """(path, None), or (None, why not)."""
    go = shutil.which("go")
    if not go:
        return None, "there is no Go"
    version = subprocess.run([go, "version"], text=True, capture_output=True).stdout
    wanted = re.search(r"^go 1\.(\d+)", (SOURCE / "go.mod").read_text(), re.MULTILINE)
    found = re.search(r"go1\.(\d+)", version)
    if not found or int(found[1]) < int(wanted[1]):
        return None, f"Go is older than 1.{wanted[1]}: {version.strip()}"
    digest = hashlib.sha256(b"".join(f.read_bytes() for f in sorted(SOURCE.iterdir()))).hexdigest()
    path = BUILT / f"franz-apps-{digest[:16]}"
    BUILT.mkdir(parents=True, exist_ok=True)
    with open(BUILT / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            flags = {"GOFLAGS": "-mod=readonly -buildvcs=false", "CGO_ENABLED": "0"}
            done = subprocess.run(
                [go, "build", "-o", path, "."],
                cwd=SOURCE,
                env={**os.environ, **flags},
                text=True,
                capture_output=True,
            )
            if done.returncode:
                return None, f"franz-go can't be built: {done.stderr[-300:]}"
    return path, None


class Franz(Program):
    """A member of a group."""

    def __init__(self, cluster, group, topics, protocol="classic", instance=""):
        names = ",".join(topics)
        command = [program()[0], "consume", cluster.bootstrap, group, names, protocol, instance]
        super().__init__(f"franz-{group}", command)


class FranzWriter:
    """A producer. kind: idempotent, acks1, acksall, or a transactional id. Values are numbers
    behind the prefix."""

    def __init__(self, cluster, topic, kind="idempotent", rate=100, prefix=""):
        self.topic, self.rate = topic, rate
        command = [program()[0], "produce", cluster.bootstrap, topic, kind, str(rate), prefix]
        self._process = Process(f"franz-writer-{topic}", command)

    @property
    def acknowledged(self):
        """(partition, offset, key, value) of each, as it was answered."""
        found = re.findall(r"^(\d+) (\d+) (\S+) (\S+)$", self._process.log(), re.MULTILINE)
        return [(int(p), int(offset), key, value) for p, offset, key, value in found]

    @property
    def written(self):
        return len(self.acknowledged)

    def wait(self, more, timeout=60):
        wanted = self.written + more
        wait_for(lambda: self.written >= wanted, timeout, f"{more} records more in {self.topic}")

    def close(self):
        """It must end with everything acknowledged."""
        assert self._process.stop(120) == 0, self._process.tail()
