# SPDX-License-Identifier: Apache-2.0
"""The comparison that tests of links rest on finds what is planted."""

import dataclasses

from offset_by_offset import differences
from records import Record


def log(count):
    made = [Record(0, b"k", b"value-%d" % n, 1000 + n, (), n) for n in range(count)]
    return {(0, record.offset): record for record in made}


def kinds(there, here, **more):
    return [found.partition(":")[0] for found in differences(there, here, **more)]


def test_what_is_planted_is_found():
    there = log(10)
    assert differences(there, log(10)) == []
    changed = {**log(10), (0, 4): dataclasses.replace(there[0, 4], value=b"value-X")}
    assert kinds(there, changed) == ["changed"]
    later = {**log(10), (0, 4): dataclasses.replace(there[0, 4], timestamp=7)}
    assert kinds(there, later) == ["changed"]
    lost = log(10)
    del lost[0, 9]
    assert kinds(there, lost) == ["lost"]
    doubled = {**log(10), (0, 10): dataclasses.replace(there[0, 9], offset=10)}
    assert kinds(there, doubled) == ["doubled"]
    made_up = {**log(10), (0, 10): dataclasses.replace(there[0, 9], value=None, offset=10)}
    assert kinds(there, made_up) == ["made up"]
    assert kinds(there, made_up, fillers=True) == []
    shifted = {(0, n + 1): dataclasses.replace(r, offset=n + 1) for (_, n), r in there.items()}
    assert "shifted by 1" in kinds(there, shifted)
