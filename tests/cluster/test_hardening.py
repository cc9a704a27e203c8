# SPDX-License-Identifier: Apache-2.0
"""How the program is built: what makes a memory error harder to use is switched on."""

import subprocess

import pytest

from processes import SANITIZER
from workers import BINARY


def readelf(*options):
    command = ["readelf", "--wide", *options, str(BINARY)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_addresses_are_random_and_tables_read_only():
    assert "DYN (Position-Independent Executable file)" in readelf("--file-header")
    segments = readelf("--program-headers").splitlines()
    assert any("GNU_RELRO" in line for line in segments)
    stack = next(line for line in segments if "GNU_STACK" in line)
    assert "RWE" not in stack and "RW" in stack
    dynamic = readelf("--dynamic")
    assert "BIND_NOW" in dynamic and "PIE" in dynamic
    assert "TEXTREL" not in dynamic


@pytest.mark.skipif(bool(SANITIZER), reason="a sanitizer replaces the same functions")
def test_stacks_and_copies_are_checked():
    symbols = readelf("--dyn-syms")
    assert "__stack_chk_fail" in symbols
    fortified = [name for name in ("memcpy", "snprintf", "vasprintf") if f"__{name}_chk" in symbols]
    assert fortified == ["memcpy", "snprintf", "vasprintf"]
