# SPDX-License-Identifier: Apache-2.0
"""Processes of the test bed: brokers, workers, tools.

Each has its log file under build/test-logs and is remembered until it has ended, so that nothing
outlives the run: what is left is killed by pid at exit, and the kernel kills it (PDEATHSIG) should
the run itself be killed. Start processes from the main thread only: PDEATHSIG is bound to it.
"""

import atexit
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
SANITIZER = os.environ.get("SANITIZER", "")
BUILD = TOP / "build"
BINARY_DIR = BUILD / SANITIZER if SANITIZER else BUILD
LOGS = pathlib.Path(os.environ.get("ISTHMUS_TEST_LOGS", BUILD / "test-logs")) / str(os.getpid())
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")

_live = []
_recent = []
_given_ports = set()


class Timeout(AssertionError):
    """A condition did not come true before its deadline."""


def lenient(timeout):
    """A deadline only matters where a test fails: a machine that is busy with other things, and
    stalls for seconds, gets at least 90 s, and three times what an idle one may take."""
    return max(90, 3 * timeout)


def wait_for(condition, timeout, what, interval=None):
    """Calls condition until it returns something true, and returns that. The deadline is lenient.

    interval: between the calls; without one, it grows with the time that has passed, because asking
    keeps busy what is waited for."""
    timeout = lenient(timeout)
    began = time.monotonic()
    deadline = began + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Timeout(f"waited {timeout:g} s in vain for {what}; last seen: {value!r}")
        time.sleep(interval or max(0.05, (time.monotonic() - began) / 20))


def free_port():
    """A loopback port that nobody listens on and that this run has not given away before.

    Below those that the kernel gives to connections that go out, which may take one between this
    and its use; runs beside each other draw from parts of their own.
    """
    first = 10000 + 7000 * (_part() % 3)
    while True:
        port = random.randrange(first, first + 7000)
        if port in _given_ports:
            continue
        _given_ports.add(port)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def free_ports(count):
    """The first of so many loopback ports in a row that nobody listens on."""
    while True:
        first = free_port()
        rest = range(first + 1, first + count)
        if not _given_ports.intersection(rest) and all(_is_free(port) for port in rest):
            _given_ports.update(rest)
            return first


def _is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _part():
    """Which of pytest's parallel processes this is; by the process where there is but one."""
    name = os.environ.get("PYTEST_XDIST_WORKER", "")
    return int(name[2:]) if name.startswith("gw") else os.getpid()


class Process:
    """One child process with its log."""

    def __init__(self, name, command, env=None, cwd=None, stdin=subprocess.DEVNULL):
        LOGS.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.command = [str(word) for word in command]
        self.log_path = _unused(LOGS / f"{name}.log")
        self.started = time.monotonic()
        with open(self.log_path, "wb") as log:
            self._child = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self.command],
                stdin=stdin,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        _live.append(self)
        _recent.append(self)

    @property
    def pid(self):
        return self._child.pid

    def tell(self, line):
        """Writes a line to its standard input, which stdin=subprocess.PIPE has made."""
        self._child.stdin.write(f"{line}\n".encode())
        self._child.stdin.flush()

    @property
    def status(self):
        """The exit status, None while the process runs."""
        return self._child.poll()

    @property
    def alive(self):
        return self._child.poll() is None

    def signal(self, number):
        if self.alive:
            os.kill(self.pid, number)

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def wait(self, timeout):
        """Waits for the end by itself and returns the exit status. The deadline is lenient."""
        timeout = lenient(timeout)
        try:
            status = self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Timeout(f"{self.name} still runs after {timeout:g} s\n{self.tail()}") from None
        self._forget()
        return status

    def stop(self, timeout=30):
        """SIGTERM, and the exit status; a process that does not end in time is killed and told of."""
        self.resume()
        self.signal(signal.SIGTERM)
        try:
            return self.wait(timeout)
        except Timeout:
            self.kill()
            raise

    def kill(self):
        self.signal(signal.SIGKILL)
        self._child.wait()
        self._forget()

    def _forget(self):
        if self in _live:
            _live.remove(self)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def tail(self, lines=40):
        text = self.log().splitlines()[-lines:]
        return "\n".join([f"--- {self.name}: end of {self.log_path}", *text])

    def must_live(self):
        """Fails with the log's end if the process has ended."""
        if not self.alive:
            raise AssertionError(f"{self.name} ended with status {self.status}\n{self.tail()}")
        return True

    def cpu_seconds(self):
        """User and system time so far."""
        text = pathlib.Path(f"/proc/{self.pid}/stat").read_text()
        fields = text.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS

    def holds(self, path):
        """How many descriptors it has open on the file."""
        found = 0
        for entry in pathlib.Path(f"/proc/{self.pid}/fd").iterdir():
            try:
                found += os.readlink(entry) == str(path)
            except FileNotFoundError:  # closed meanwhile
                pass
        return found

    def peak_rss(self):
        """Peak resident size in bytes."""
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        return 0


def run(name, command, timeout=60, env=None, check=True, stdin=None):
    """Runs a tool to its end and returns its output (stdout and stderr), with a lenient deadline."""
    done = subprocess.run(
        [str(word) for word in command],
        input=stdin,
        stdin=None if stdin is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=lenient(timeout),
        text=True,
        env={**os.environ, **(env or {})},
        check=False,
    )
    if check and done.returncode:
        raise AssertionError(f"{name} ended with status {done.returncode}:\n{done.stdout}")
    return done.stdout


def recent_processes():
    """Those that run, and those that have ended since forget_ended()."""
    return list(_recent)


def forget_ended():
    _recent[:] = [process for process in _recent if process.alive]


def _unused(path):
    """path, or path with a number before its suffix where it exists already."""
    number, candidate = 1, path
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return candidate


def clear_leftovers():
    """Removes logs and data of earlier runs; those of runs still under way stay."""
    for parent in (LOGS.parent, BUILD / "test-data"):
        for directory in parent.iterdir() if parent.is_dir() else ():
            if not pathlib.Path("/proc", directory.name).exists():
                shutil.rmtree(directory, ignore_errors=True)


def kill_all():
    for process in list(_live):
        process.kill()


def interrupt_on_sigterm():
    """Makes SIGTERM end the run as ^C does, with all its cleaning up."""

    def interrupt(number, frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


atexit.register(kill_all)
