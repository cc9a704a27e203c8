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

# A folder of the worker may include itself and these.
BASE = {"base"}
PEERS = BASE | {"config", "wire", "kafka"}
STORE = PEERS | {"storage", "group"}
RUN = STORE | {"runtime"}
HERD = RUN | {"herder"}
FRONT = HERD | {"rest", "gateway", "cli"}
WORKER_MAY = {
    "base": set(),
    "config": BASE,
    "wire": BASE | {"config"},
    "kafka": BASE | {"config", "wire"},
    "storage": PEERS,
    "group": PEERS,
    "runtime": STORE,
    "herder": RUN,
    "rest": HERD,
    "gateway": HERD,
    "cli": HERD,
    "main": FRONT,
}


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
        if folder in (own, "common"):
            return None
        return f"connectors/{own} may include connect/, common/ and {own}/ only"
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
    for breach in breaches:
        print(breach)
    print(f"check_includes: {len(paths)} files, {len(breaches)} breaches")
    sys.exit(1 if breaches else 0)


if __name__ == "__main__":
    main()
