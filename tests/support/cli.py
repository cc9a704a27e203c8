# SPDX-License-Identifier: Apache-2.0
"""The command line for people, as a test calls it: without a terminal, each call one process."""

import json
import os
import subprocess

from workers import BINARY, PATIENCE, sanitizer_environment


class Cli:
    """Calls against one worker. run() checks the exit status; data() parses what -o json prints."""

    def __init__(self, url, **environment):
        self._environment = {
            **os.environ,
            **sanitizer_environment("cli"),
            "ISTHMUS_URL": url,
            **environment,
        }

    def call(self, *words, stdin=subprocess.DEVNULL, **options):
        """The finished process, whatever its status."""
        return subprocess.run(
            [BINARY, *[str(word) for word in words]],
            capture_output=True,
            text=True,
            timeout=180 * PATIENCE,
            check=False,
            env=self._environment,
            **({"stdin": stdin} if "input" not in options else {}),
            **options,
        )

    def run(self, *words, status=0, **options):
        """What it prints; the status must be the wanted one."""
        done = self.call(*words, **options)
        shown = f"isthmus {' '.join(map(str, words))}: {done.returncode}\n{done.stdout}{done.stderr}"
        assert done.returncode == status, shown
        return done.stdout if status in (0, 3) else done.stderr

    def data(self, *words, **options):
        return json.loads(self.run(*words, "-o", "json", **options))
