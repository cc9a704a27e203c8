# SPDX-License-Identifier: Apache-2.0
"""What a process prints, line by line, while it runs."""

import threading
import time


class LogLines:
    """Calls on_line(text) for each line of a process's log, soon after it was printed, on a thread
    of its own. close(): once the process has ended, returns when all its lines were given."""

    def __init__(self, process, on_line):
        self._process, self._on_line = process, on_line
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        rest = b""
        with open(self._process.log_path, "rb") as log:
            while True:
                alive = self._process.alive  # before it is read: what comes later is read then
                data = log.read()
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self._on_line(line.decode(errors="replace"))
                if not alive and not data:
                    return
                if not data:
                    time.sleep(0.03)

    def close(self):
        self._thread.join(60)
        assert not self._thread.is_alive()
