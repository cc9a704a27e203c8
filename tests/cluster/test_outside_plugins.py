# SPDX-License-Identifier: Apache-2.0
"""Plugins built outside the tree, with nothing but what `make install` installs: all that
docs/PLUGINS.md says, as it stands there; only addresses and folders are put in."""

import os
import re
import shutil
import subprocess

import pytest

import records
from processes import BINARY_DIR, TOP, Process, free_port, wait_for
from rest import Rest
from workers import PATIENCE, sanitizer_environment

PAGE = TOP / "docs" / "PLUGINS.md"
TEMPLATE = TOP / "packaging" / "plugin-template"
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PREFIX = "/usr/local"


def shell(text, **options):
    done = subprocess.run(
        ["sh", "-e", "-c", text],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
        **options,
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}"
    return done.stdout


def blocks():
    """([shell commands], {file: text}) of the page, in its order."""
    found = BLOCK.findall(PAGE.read_text())
    commands = [text for language, name, text in found if language == "sh"]
    return commands, {name: text for _, name, text in found if name}


class Installed:
    """A tree that `make install DESTDIR=` has made, as an author of plugins sees it."""

    def __init__(self, folder):
        binary = (BINARY_DIR / "isthmus").relative_to(TOP)
        root = folder / "root"
        shell(f"make -o {binary} install DESTDIR={root} PREFIX={PREFIX}", cwd=TOP)
        self.prefix = root / PREFIX[1:]
        tools = folder / "tools"
        tools.mkdir()
        # The paths that isthmus.pc names begin at DESTDIR for who didn't install at the root.
        (tools / "pkg-config").write_text(
            f'#!/bin/sh\nexec {shutil.which("pkg-config")} --define-prefix "$@"\n'
        )
        (tools / "pkg-config").chmod(0o755)
        self.environment = {
            **os.environ,
            "PATH": f"{tools}:{self.prefix / 'bin'}:{os.environ['PATH']}",
            "PKG_CONFIG_PATH": str(self.prefix / "lib" / "pkgconfig"),
            "MAKEFLAGS": "",
        }
        self.plugins = self.prefix / "lib" / "isthmus" / "plugins"

    def run(self, text, folder):
        return shell(text, cwd=folder, env=self.environment)

    def variable(self, name):
        return self.run(f"pkg-config --variable={name} isthmus", self.prefix).strip()


@pytest.fixture(scope="module")
def installed(tmp_path_factory, request):
    if request.config.getoption("--worker") == "java":
        pytest.skip("about Isthmus's own plugins")
    return Installed(tmp_path_factory.mktemp("installed"))


@pytest.mark.parametrize("compiler, suffix", [("cc -std=c11", "c"), ("c++ -std=c++17", "cc")])
def test_each_header_compiles_alone(installed, tmp_path, compiler, suffix):
    headers = sorted((installed.prefix / "include" / "connect").glob("*.h"))
    assert len(headers) == len(list((TOP / "include" / "connect").glob("*.h")))
    for header in headers:
        text = f"#include <connect/{header.name}>\n"
        (tmp_path / f"{header.stem}.{suffix}").write_text(text)
    warnings = "-Wall -Wextra -Werror -Wundef"
    flags = "$(pkg-config --cflags isthmus)"
    installed.run(f"{compiler} {warnings} {flags} -fsyntax-only *.{suffix}", tmp_path)


def test_pkg_config_tells_the_api(installed):
    header = (TOP / "include" / "connect" / "plugin.h").read_text()
    version = ".".join(re.findall(r"#define KC_API_M(?:AJ|IN)OR (\d+)", header))
    assert installed.variable("api_version") == version
    assert installed.variable("plugindir") == str(installed.plugins)


@pytest.mark.parametrize("unit", ["isthmus", "isthmus-gateway"])
def test_units_start_what_is_installed(installed, tmp_path, unit):
    path = installed.prefix / "lib" / "systemd" / "system" / f"{unit}.service"
    text = path.read_text()
    command = re.search(r"^ExecStart=(\S+) (\S+) /etc/isthmus/\S+\.properties$", text, re.MULTILINE)
    assert command[1] == f"{PREFIX}/bin/isthmus" and (installed.prefix / "bin/isthmus").exists()
    assert f"isthmus {command[2]} FILE" in installed.run("isthmus --help", path.parent)
    if shutil.which("systemd-analyze"):
        placed = tmp_path / f"{unit}.service"
        placed.write_text(text.replace(f"{PREFIX}/", f"{installed.prefix}/"))
        installed.run(f"systemd-analyze verify {placed}", path.parent)


def test_the_template_is_the_pages_source():
    _, files = blocks()
    assert files["source.c"] == (TEMPLATE / "source.c").read_text()


def test_the_page_names_all_headers():
    page = PAGE.read_text()
    headers = (TOP / "include" / "connect").glob("*.h")
    assert not [header.name for header in headers if f"`{header.name}`" not in page]


CPP = """#include <connect/plugin.h>
namespace {
const kc_predicate_ops ops = {
    .create = [](const kc_map *, void **object) -> kc_error * { return *object = nullptr, nullptr; },
    .destroy = [](void *) {},
    .test = [](void *, const kc_record *record) { return record->header_count > 0; },
};
const kc_plugin headed = {KC_PLUGIN_HEAD, .kind = KC_PLUGIN_PREDICATE, KC_PLUGIN_LIBRARIES,
                          .class_name = "org.example.Headed", .predicate = &ops};
}
extern "C" const kc_plugin counter_source;
KC_PLUGINS(&headed, &counter_source);
"""


def test_the_template_builds_cpp(installed, tmp_path):
    """A file of each language in one shared object."""
    shutil.copytree(TEMPLATE, tmp_path / "mixed")
    (tmp_path / "mixed" / "plugins.c").unlink()
    (tmp_path / "mixed" / "plugins.cc").write_text(CPP)
    installed.run("make CFLAGS='-Wall -Wextra -Werror -Wno-unused-parameter'", tmp_path / "mixed")
    symbols = installed.run("nm -D --defined-only mixed/mixed.so", tmp_path)
    assert symbols.splitlines()[0].endswith(" kc_plugins"), symbols


REFUSED = [
    "plugin org.example.NoPollSourceConnector of FILE has no source_task.poll",
    "plugin org.example.NoTaskSourceConnector of FILE has no source_task",
    "plugin org.example.NamelessSourceConnector of FILE has no name for key 1 of its config_keys",
    "plugin org.example.TextSourceConnector of FILE has a default of another type than its key: "
    "Invalid value large for configuration size: Not a number of type INT",
    "plugin org.example.JanssonSourceConnector of FILE was built with jansson 3, and this worker "
    "has jansson 2",
    "plugin org.example.FineSourceConnector of FILE is the second source plugin of its class",
    "plugin number 8 of FILE has a descriptor of 24 bytes, and the shortest that there was has 104",
    "plugin number 9 of FILE was built for plugin API 2.0, and this worker has 1.",
    "plugin number 10 of FILE was built for the newer plugin API 1.",
]


def build_refused(installed):
    file = installed.plugins / "refused.so"
    source = TOP / "tests" / "support" / "plugins" / "refused.c"
    flags = "$(pkg-config --cflags isthmus)"
    installed.run(f"cc -shared -fPIC {flags} {source} -o {file}", installed.prefix)
    return [line.replace("FILE", str(file)) for line in REFUSED]


def build_file_stream(installed, commands, folder):
    """The folder as it is; this worker has those classes already, and says so."""
    shutil.copytree(TOP / "connectors" / "file", folder / "connectors" / "file")
    installed.run(commands[-1], folder)
    shutil.copy(folder / "file" / "file.so", installed.plugins)
    text = f"of {installed.plugins / 'file.so'} is the second"
    kinds = {"Source": "source", "Sink": "sink"}
    return [
        f"plugin org.apache.kafka.connect.file.FileStream{name}Connector {text} {kind} plugin"
        for name, kind in kinds.items()
    ]


def start(installed, command, folder):
    program, *words = command.split()
    environment = {**installed.environment, **sanitizer_environment("outside")}
    binary = installed.prefix / "bin" / program
    return Process("outside-plugins", [binary, *words], environment, folder)


def test_the_page(installed, target, tmp_path):
    port = free_port()

    def localized(text):
        text = text.replace("localhost:9092", target.bootstrap).replace("8083", str(port))
        return text.replace(PREFIX, str(installed.prefix))

    commands, files = blocks()
    take, install, run, look, _ = map(localized, commands)
    installed.run(take, tmp_path)
    counter = tmp_path / "counter"
    for name, text in files.items():
        (counter / name).write_text(localized(text))
    installed.run(install, counter)
    refused = build_refused(installed) + build_file_stream(installed, commands, tmp_path)

    worker = start(installed, run, counter)
    rest = Rest(f"http://127.0.0.1:{port}")
    wait_for(lambda: worker.must_live() and rest.answers(), 60 * PATIENCE, "GET / to answer")
    lines = counter / "lines.txt"
    wait_for(
        lambda: lines.exists() and lines.read_text().startswith("0\n1\n2\n"),
        60 * PATIENCE,
        "the first numbers in the file",
    )
    shown = installed.run(look, counter)
    assert '"interval.ms"' in shown and '"RUNNING"' in shown and shown.endswith("0\n1\n2\n")
    assert '"file":"lines.txt"' in shown.replace(" ", "")
    (partition,) = records.read_all(target, "numbers").values()
    assert [record.value for record in partition[:3]] == [b"30", b"31", b"32"]

    log = worker.log()
    for line in refused:
        assert line in log, worker.tail()
    assert "own functions: 15" in log
    classes = {plugin["class"] for plugin in rest.get("/connector-plugins")}
    assert {"org.example.CounterSourceConnector", "org.example.FineSourceConnector"} <= classes
    assert "org.example.NoPollSourceConnector" not in classes

    assert worker.stop(40 * PATIENCE) == 0
    seen = len(lines.read_text().splitlines())
    worker = start(installed, run, counter)
    wait_for(
        lambda: len(lines.read_text().splitlines()) > seen + 10, 60 * PATIENCE, "more numbers"
    )
    assert worker.stop(40 * PATIENCE) == 0
    numbers = [int(line) for line in lines.read_text().splitlines()]
    assert numbers == list(range(len(numbers)))
