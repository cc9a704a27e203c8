# SPDX-License-Identifier: Apache-2.0
"""Checks that a struct's name stands for one thing in the whole program, and an enum's or union's.

Run by `make lint`. Prints each breach as file:line and exits 1 if there is one. Tests are programs of
their own, and aren't looked at.
"""

import re
import sys

import check_includes

DEFINITION = re.compile(r"\b(struct|union|enum)\s+(\w+)\s*\{")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


def blank(match):
    """As many lines as the comment had."""
    return "\n" * match[0].count("\n")


def definitions(path):
    """(kind, name, line) of what a file defines."""
    text = COMMENT.sub(blank, (check_includes.TOP / path).read_text())
    for match in DEFINITION.finditer(text):
        yield match[1], match[2], text.count("\n", 0, match.start()) + 1


def check(paths):
    first = {}
    for path in paths:
        if path.parts[0] == "tests":
            continue
        for kind, name, line in definitions(path):
            place = first.setdefault(name, f"{path}:{line}")
            if place != f"{path}:{line}":
                yield f"{path}:{line}: {kind} {name}: the name is taken, see {place}"


def main():
    paths = check_includes.sources()
    breaches = list(check(paths))
    for breach in breaches:
        print(breach)
    print(f"check_names: {len(paths)} files, {len(breaches)} breaches")
    sys.exit(1 if breaches else 0)


if __name__ == "__main__":
    main()
