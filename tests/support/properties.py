# SPDX-License-Identifier: Apache-2.0
"""Writes and reads Java properties files, as far as tests need them."""


def write(path, settings):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{key}={value}" for key, value in settings.items()]
    path.write_text("\n".join(lines) + "\n")
    return path


def read(path):
    settings = {}
    for line in path.read_text().splitlines():
        line = line.strip()
        if line and line[0] not in "#!":
            key, _, value = line.partition("=")
            settings[key.strip()] = value.strip()
    return settings
