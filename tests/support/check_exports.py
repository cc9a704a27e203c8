# SPDX-License-Identifier: Apache-2.0
"""Compares what the program exports to plugins with what the public headers declare.

    check_exports.py PROGRAM [LIBRDKAFKA-HEADER]

Run by `make lint`. Prints each symbol that is exported and not declared, and each that is declared and
not exported, and exits 1 if there is one. With librdkafka inside the program its own header's functions
are exported, too: named by LIBRDKAFKA-HEADER. Also looks whether each public header has its marks, and
says of each struct whether it may grow (connect/contract.h).
"""

import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
HEADERS = sorted((TOP / "include" / "connect").glob("*.h"))
NAME = re.compile(r"\b(kc_\w+)\s*(?:\(|\[)")
STRUCT = re.compile(r"(?:/\*((?:(?!\*/).)*)\*/\n)?^struct (kc_\w+)\s*\{", re.MULTILINE | re.DOTALL)


def without_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)


def without_bodies(text):
    """The text at file level: the bodies of structs, enums and inline functions end a statement."""
    depth, kept = 0, []
    for char in text:
        depth += char == "{"
        if depth == 0:
            kept.append(char)
        if char == "}":
            depth -= 1
            kept.append(";")
    return "".join(kept)


def declared(header):
    """The functions and objects that a public header declares: {name: header}."""
    text = re.sub(r"^\s*#.*?(?<!\\)$", "", without_comments(header.read_text()), flags=re.M | re.S)
    text = re.sub(r"\bKC_API_(BEGIN|END)\b", "", text)
    names = {}
    for statement in without_bodies(text).split(";"):
        words = statement.split()
        if not words or words[0] == "typedef" or words[:2] == ["static", "inline"]:
            continue
        found = NAME.search(statement)
        if found:
            names[found[1]] = header.name
    return names


def exported(program):
    nm = ["nm", "-D", "--defined-only", program]
    lines = subprocess.run(nm, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    # name@VERSION: what the linker has copied from a library.
    return {name for name in (line.split()[-1] for line in lines) if "@" not in name}


def check_header(header):
    text = header.read_text()
    path = header.relative_to(TOP)
    if header.name != "contract.h" and text.count("\nKC_API_BEGIN\n") != 1:
        yield f"{path}:1: what it declares doesn't stand between KC_API_BEGIN and KC_API_END"
    for match in STRUCT.finditer(text):
        if not re.search(r"\b(May grow|Never grows)\.", re.sub(r"[\s*]+", " ", match[1] or "")):
            line = text.count("\n", 0, match.end()) + 1
            yield f'{path}:{line}: struct {match[2]} doesn\'t say "May grow." or "Never grows."'


def main():
    names, breaches = {}, []
    for header in HEADERS:
        names.update(declared(header))
        breaches += check_header(header)
    seen = exported(sys.argv[1])
    library = set()
    if len(sys.argv) > 2:
        library = set(re.findall(r"\brd_kafka_\w+", pathlib.Path(sys.argv[2]).read_text()))
    for name in sorted(seen - set(names) - library):
        breaches.append(f"{sys.argv[1]}: exports {name}, which no header of include/connect declares")
    for name in sorted(set(names) - seen):
        breaches.append(f"include/connect/{names[name]}: declares {name}, which isn't exported")
    for breach in breaches:
        print(breach)
    ours = len(seen & set(names))
    print(f"check_exports: {ours} of {len(names)} exported, {len(breaches)} breaches")
    sys.exit(1 if breaches else 0)


if __name__ == "__main__":
    main()
