# SPDX-License-Identifier: Apache-2.0
"""Runs unit programs and pytest, and sums up: the last line is "N passed, N failed, N skipped".

    run_checks.py [--unit PROGRAM...] [--pytest PATH...]

Unit programs are Check programs; they report through Check's TAP file, three at a time. A program
that ends without a report, or with a sanitizer's, counts as a failure.
"""

import argparse
import concurrent.futures
import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from processes import TOP  # noqa: E402
from workers import sanitizer_environment, sanitizer_reports  # noqa: E402

# Cluster tests wait more than they work: three beside each other, each with brokers of its own.
JOBS = os.environ.get("PYTEST_JOBS", "3")
UNIT_TIMEOUT = int(os.environ.get("UNIT_TIMEOUT", "300"))


class Sum:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.bad_units = []

    def add(self, passed, failed, skipped=0):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped

    def line(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def last_lines(text, count=8):
    return "\n".join(f"    {line}" for line in text.strip().splitlines()[-count:])


def run_unit(program):
    """(passed, failed, text to show, seconds) of one Check program."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        tap = pathlib.Path(directory) / "tap"
        name = pathlib.Path(program).name
        environment = {
            **os.environ,
            **sanitizer_environment(f"unit-{name}"),
            "CK_TAP_LOG_FILE_NAME": str(tap),
            "CK_VERBOSITY": "normal",
            # Check's own 4 s are a machine's mood. What hangs is found all the same.
            "CK_DEFAULT_TIMEOUT": "60",
        }
        if os.environ.get("SANITIZER"):
            environment.setdefault("CK_TIMEOUT_MULTIPLIER", "10")
        try:
            done = subprocess.run(
                [program],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=UNIT_TIMEOUT,
                env=environment,
                cwd=TOP,
                check=False,
            )
            output, status = done.stdout.decode(errors="replace"), done.returncode
        except subprocess.TimeoutExpired as late:
            output = (late.stdout or b"").decode(errors="replace")
            output, status = output + f"\nno end after {UNIT_TIMEOUT} s\n", -1
        lines = tap.read_text(errors="replace").splitlines() if tap.exists() else []
    seconds = time.monotonic() - started
    passed = sum(1 for line in lines if line.startswith("ok "))
    failed = sum(1 for line in lines if line.startswith("not ok "))
    if status != 0 and failed == 0:
        failed = 1
        output += f"\n{program} ended with status {status} and no failed check of its own\n"
    if passed + failed == 0:
        failed, output = 1, output + f"\n{program} ran no check\n"
    return passed, failed, output if failed else "", seconds


def run_units(programs, total):
    with concurrent.futures.ThreadPoolExecutor(max_workers=3) as pool:
        for program, result in zip(programs, pool.map(run_unit, programs)):
            passed, failed, output, seconds = result
            total.add(passed, failed)
            verdict = f"{failed} FAILED" if failed else "ok"
            print(f"  {program}: {passed} passed, {verdict} ({seconds:.1f} s)", flush=True)
            if output:
                print(output, flush=True)
                total.bad_units.append(f"{program}\n{last_lines(output)}")
    for path, text in sanitizer_reports().items():
        total.add(0, 1)
        print(f"{path}:\n{text}")


@contextlib.contextmanager
def archive_classes(wanted):
    """Beside what runs meanwhile. Without the archive all JVMs start slower, and nothing else."""
    if not wanted:
        yield
        return
    with subprocess.Popen([sys.executable, HERE / "class_archive.py"], cwd=TOP):
        yield


def run_pytest(paths, total):
    """Each test once; what pytest cannot even collect counts as a failure."""
    paths = [path for path in paths if list(pathlib.Path(path).glob("test_*.py"))]
    if not paths:
        return
    with tempfile.TemporaryDirectory() as directory:
        report = pathlib.Path(directory) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-v", "--durations=40", f"--junitxml={report}"]
        command += ["-n", JOBS, "--dist", "loadgroup"]
        command += os.environ.get("PYTEST_ARGS", "").split()
        status = subprocess.run([*command, *paths], cwd=TOP, check=False).returncode
        if not report.exists():
            total.add(0, 1)
            print(f"pytest ended with status {status} and wrote no report")
            return
        suites = list(xml.etree.ElementTree.parse(report).getroot().iter("testsuite"))
    tests, failures, errors, skipped = (
        sum(int(suite.get(field, "0")) for suite in suites)
        for field in ("tests", "failures", "errors", "skipped")
    )
    bad = failures + errors
    if status not in (0, 5) and bad == 0:
        bad = 1
        print(f"pytest ended with status {status}")
    total.add(max(0, tests - failures - errors - skipped), bad, skipped)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--unit", nargs="*", default=[])
    parser.add_argument("--pytest", nargs="*", default=[])
    options = parser.parse_args()
    total = Sum()
    with archive_classes(options.pytest):
        run_units(options.unit, total)
    run_pytest(options.pytest, total)
    # Once more, where the end of a log is all that is kept.
    for text in total.bad_units:
        print(f"FAILED {text}")
    print(total.line(), flush=True)
    sys.exit(1 if total.failed else 0)


if __name__ == "__main__":
    main()
