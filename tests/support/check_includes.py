# SPDX-License-Identifier: Apache-2.0
"""Checks the arrows of the house: which folder may include which, and what every source has.

Run by `make lint`. Prints each breach as file:line and exits 1 if there is one.
"""

import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)

# A folder of the worker may include itself and those before its step (CONTRIBUTING.md).
STEPS = [
    {"base"},
    {"config"},
    {"security"},
    {"http"},
    {"wire"},
    {"batch"},
    {"fetch", "append"},
    {"kafka"},
    {"storage", "group", "link"},
    {"metrics"},
    {"data"},
    {"host"},
    {"source", "sink"},
    {"runtime"},
    {"herder"},
    {"rest"},
    {"gateway", "cli"},
    {"main"},
]
WORKER_MAY = {
    folder: set().union(*STEPS[:number]) for number, step in enumerate(STEPS) for folder in step
}
# The command line talks to a worker over HTTP, as anybody does.
WORKER_MAY["cli"] = {"base", "config", "security", "http"}
# The gateway stands beside the command line, and needs no server of its own.
WORKER_MAY["gateway"] -= {"rest"}
# What links and gateways agree on is pure.
WORKER_MAY["link"] = {"base"}
# What only its own folder needs today, though it is made for others as well.
SHARED = {"wire/conn.h"}
# What several connectors share; and the one that builds outside the tree as it is.
CONNECTORS_MAY = {"values": set(), "mirror": {"values"}, "file": set()}


def sources():
    """The project's own C files, tests included."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.c", "*.h"],
        cwd=TOP,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.split()
    return [pathlib.PurePath(name) for name in listed if (TOP / name).exists()]


def allowed(path, included):
    """Why this file may not include that, or None."""
    if "/" not in included:
        same_folder = (TOP / path).parent / included
        return None if same_folder.exists() else "is not written folder/file.h"
    folder = included.split("/")[0]
    if folder == "connect":
        return None
    top = path.parts[0]
    if top in ("worker", "connectors") and included.endswith("_priv.h"):
        if folder != path.parts[1]:
            return f"is private to {folder}/"
    if top == "worker":
        own = path.parts[1] if len(path.parts) > 2 else "main"
        if folder == own or folder in WORKER_MAY.get(own, set()):
            return None
        return f"worker/{own} may not include {folder}/"
    if top == "connectors":
        own = path.parts[1]
        may = CONNECTORS_MAY.get(own, {"values", "mirror"}) | {own}
        if folder in may or len(path.parts) == 2:
            return None
        return f"connectors/{own} may include connect/ and {', '.join(sorted(may))} only"
    if top == "include":
        return "include/connect may include only itself"
    return None


def check_names(paths):
    """Basenames are unique among the sources; x.c stands beside its x.h, unless that is public."""
    folder_of, public = {}, {path.name for path in paths if path.parts[0] == "include"}
    for path in paths:
        if path.parts[0] not in ("worker", "connectors"):
            continue
        first = folder_of.setdefault(path.stem, path.parent)
        if first != path.parent or path.name in public:
            yield f"{path}:1: the name {path.stem} is taken already"


def included_by(paths):
    """{"folder/file.h": the folders that include it}, of worker and connectors."""
    users = {}
    for path in paths:
        if path.parts[0] in ("worker", "connectors"):
            for match in INCLUDE.finditer((TOP / path).read_text()):
                users.setdefault(match[1], set()).add(path.parent)
    return users


def check_private(paths):
    """A header that only its own folder includes is named _priv.h, unless one that others include
    needs it."""
    users = included_by(paths)
    inner = {
        "/".join(path.parts[1:]): path
        for path in paths
        if path.suffix == ".h" and path.parts[0] in ("worker", "connectors") and len(path.parts) > 2
    }
    inner = {
        name: path
        for name, path in inner.items()
        if users.get(name, set()) <= {path.parent} and name not in SHARED
    }
    needed = [path for path in inner.values() if not path.stem.endswith("_priv")]
    outer = [p for p in paths if p.suffix == ".h" and p not in inner.values()]
    while outer:
        for match in INCLUDE.finditer((TOP / outer.pop()).read_text()):
            path = inner.pop(match[1], None)
            if path:
                outer.append(path)
    for path in inner.values():
        if path in needed:
            yield f"{path}:1: only its own folder includes it: name it {path.stem}_priv.h"


def check_file(path):
    text = (TOP / path).read_text()
    if "SPDX-License-Identifier: Apache-2.0" not in text.split("\n", 1)[0]:
        yield f"{path}:1: the first line is not the SPDX line"
    if "#include <uthash.h>" in text and path.name != "hash.h":
        yield f"{path}:1: includes uthash.h: connect/hash.h has it, with a hash that is keyed"
    for match in INCLUDE.finditer(text):
        why = allowed(path, match[1])
        if why:
            line = text.count("\n", 0, match.start(1)) + 1
            yield f'{path}:{line}: #include "{match[1]}": {why}'


def main():
    paths = sources()
    breaches = [breach for path in paths for breach in check_file(path)]
    breaches += check_names(paths)
    breaches += check_private(paths)
    for breach in breaches:
        print(breach)
    print(f"check_includes: {len(paths)} files, {len(breaches)} breaches")
    sys.exit(1 if breaches else 0)


if __name__ == "__main__":
    main()
