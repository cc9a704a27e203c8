# SPDX-License-Identifier: Apache-2.0
"""Command lines for Kafka's Java programs, from the jars that `make kafka` has fetched."""

import atexit
import functools
import os
import pathlib
import shutil
import tempfile

from processes import BUILD, run

HERE = pathlib.Path(__file__).resolve().parent
DEFAULT_VERSION = os.environ.get("KAFKA_VERSION", "4.1.0")
# Serial GC and the first compiler only: a JVM that starts quickly on a small machine. Large pages,
# because a broker that is woken for each request finds its caches cold: a third less of a processor.
QUICK = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"]
QUICK += ["-XX:+UseTransparentHugePages"]


def jars(version=DEFAULT_VERSION):
    directory = BUILD / f"kafka-{version}" / "lib"
    if not directory.is_dir():
        raise AssertionError(
            f"no jars of Kafka {version} under {directory}; "
            f"get them with: make kafka KAFKA_VERSIONS={version}"
        )
    return directory


def classpath(version):
    """Kafka's jars of the version. Of some there is the client alone (tests/support/kafka-jars): it
    stands before the jars of the default version."""
    client = BUILD / f"kafka-clients-{version}" / "lib"
    whole = BUILD / f"kafka-{version}"
    if client.is_dir() and not whole.is_dir():
        return f"{client}/*:{jars()}/*"
    return f"{jars(version)}/*"


def class_archive(version):
    """Where class_archive.py puts the version's archive."""
    return BUILD / f"kafka-{version}.jsa"


@functools.cache
def compiled(source, version):
    """The directory with the classes of a program of tests/support/java, for what starts often."""
    classes = tempfile.mkdtemp(prefix=f"{source}-{version}-", dir=BUILD)
    atexit.register(shutil.rmtree, classes, ignore_errors=True)
    command = ["javac", "-cp", classpath(version), "-d", classes, HERE / "java" / source]
    run(f"javac-{source}", command, timeout=60)
    return classes


def java(
    main,
    *args,
    version=DEFAULT_VERSION,
    heap="512m",
    options=(),
    quick=True,
    classes=None,
    archive=None,
):
    """The command that runs a main class, or a single-file program (X.java).

    classes: a directory of classes beside Kafka's. archive: of Kafka's classes, if not the usual."""
    logging = HERE / "kafka"
    archived = [f"-XX:SharedArchiveFile={archive or class_archive(version)}", "-Xlog:cds=off"]
    return [
        "java",
        f"-Xmx{heap}",
        *([*QUICK, *archived] if quick else []),
        f"-Dlog4j2.configurationFile={logging}/log4j2.properties",
        f"-Dlog4j.configuration=file:{logging}/log4j.properties",
        *options,
        "-cp",
        classpath(version) + (f":{classes}" if classes else ""),
        main,
        *args,
    ]


def tool(main, *args, version=DEFAULT_VERSION, timeout=60, check=True, stdin=None):
    """Runs one of Kafka's console tools and returns what it printed."""
    command = java(main, *args, version=version, heap="256m", options=["-Dtest.log.level=WARN"])
    return run(main.rpartition(".")[2], command, timeout=timeout, check=check, stdin=stdin)


def streams_jars():
    """A classpath of Kafka Streams, to stand beside Kafka's jars of the default version."""
    directory = BUILD / f"kafka-streams-{DEFAULT_VERSION}" / "lib"
    assert directory.is_dir(), f"no jars of Kafka Streams under {directory}; get them with: make kafka"
    return f"{directory}/*"


def newest_mirror_client():
    """Jars that stand before Kafka's own: MM2's client, as the newest Kafka has it."""
    (directory,) = BUILD.glob("mirror-client-*/lib")
    return directory


def snippet_of_newest(source, *args, timeout=60):
    """Runs a program of tests/support/java with the newest mirror client before Kafka's jars."""
    command = java(str(HERE / "java" / source), *args, heap="256m")
    at = command.index("-cp") + 1
    command[at] = f"{newest_mirror_client()}/*:{command[at]}"
    return run(source, command, timeout=timeout)


def snippet(source, *args, version=DEFAULT_VERSION, timeout=60, check=True):
    """Runs a single-file Java program of tests/support/java and returns what it printed."""
    return tool(str(HERE / "java" / source), *args, version=version, timeout=timeout, check=check)
