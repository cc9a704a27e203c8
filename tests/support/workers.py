# SPDX-License-Identifier: Apache-2.0
"""Connect workers: Isthmus, and Java's for comparison, started the same way.

worker = start_distributed("isthmus", "w1", settings)
worker.rest.put_connector(...)
worker.stop()
"""

import os
import pathlib
import uuid

import properties
from java import DEFAULT_VERSION, compiled, java
from kafka_cluster import DATA
from processes import BINARY_DIR, LOGS, SANITIZER, Process, free_port, wait_for
from rest import Rest

BINARY = pathlib.Path(os.environ.get("ISTHMUS_BINARY", BINARY_DIR / "isthmus"))
HERE = pathlib.Path(__file__).resolve().parent
BYTES = "org.apache.kafka.connect.converters.ByteArrayConverter"
MIRROR = "org.apache.kafka.connect.mirror"
# ThreadSanitizer and AddressSanitizer slow a worker down; deadlines stretch with them.
PATIENCE = 4 if SANITIZER else 1

JAVA_MAIN = {
    "connect-distributed": "org.apache.kafka.connect.cli.ConnectDistributed",
    "connect-standalone": "org.apache.kafka.connect.cli.ConnectStandalone",
    "connect-mirror-maker": "org.apache.kafka.connect.mirror.MirrorMaker",
}


def sanitizer_environment(name):
    """Lets sanitizers write reports to files, which sanitizer_reports() finds later."""
    if not SANITIZER:
        return {}
    report = LOGS / "sanitizer" / name
    report.parent.mkdir(parents=True, exist_ok=True)
    common = f"log_path={report}:exitcode=99"
    return {
        "ASAN_OPTIONS": f"{common}:detect_leaks=1",
        "LSAN_OPTIONS": f"suppressions={HERE}/lsan.supp:print_suppressions=0",
        "TSAN_OPTIONS": f"{common}:suppressions={HERE}/tsan.supp:history_size=4",
        "UBSAN_OPTIONS": f"{common}:print_stacktrace=1",
    }


def sanitizer_reports():
    """Every report of this run so far: {path: text}."""
    directory = LOGS / "sanitizer"
    if not directory.is_dir():
        return {}
    return {path: path.read_text(errors="replace") for path in sorted(directory.iterdir())}


def worker_command(kind, role, arguments, version=DEFAULT_VERSION, heap="512m", quick=True):
    if kind == "java":
        options = {"version": version, "heap": heap, "quick": quick}
        if role == "connect-mirror-maker":
            return java(JAVA_MAIN[role], *arguments, **options)
        classes = compiled("WithoutJettyHook.java", version)
        return java("WithoutJettyHook", JAVA_MAIN[role], *arguments, classes=classes, **options)
    assert BINARY.exists(), f"{BINARY} is not built; build it with: make"
    return [BINARY, role, *arguments]


class Worker:
    """One worker process with its REST client (None where it serves none)."""

    def __init__(self, kind, name, role, files, url=None, environment=None, **java_options):
        self.kind = kind
        self.name = name
        self.role = role
        self.files = [str(file) for file in files]
        self.rest = Rest(url) if url else None
        self.environment = environment or {}
        self._java_options = java_options
        self.process = None

    def start(self, wait=True):
        command = worker_command(self.kind, self.role, self.files, **self._java_options)
        environment = {**sanitizer_environment(self.name), **self.environment}
        self.process = Process(f"{self.name}-{self.kind}", command, env=environment)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, timeout=60):
        if self.rest:
            wait_for(
                lambda: self.process.must_live() and self.rest.answers(),
                timeout * PATIENCE,
                f"{self.name} to answer GET /",
            )

    def stop(self, timeout=40):
        """SIGTERM, and the exit status."""
        return self.process.stop(timeout * PATIENCE)

    def kill(self):
        self.process.kill()

    @property
    def alive(self):
        return self.process is not None and self.process.alive

    def close(self):
        if self.alive:
            self.process.kill()


def distributed_settings(target, group, **more):
    """A worker's file as people have it for MM2: byte converters, all on the target cluster."""
    settings = {
        "bootstrap.servers": target.bootstrap,
        "group.id": group,
        "key.converter": BYTES,
        "value.converter": BYTES,
        "offset.storage.topic": f"{group}-offsets",
        "config.storage.topic": f"{group}-configs",
        "status.storage.topic": f"{group}-status",
        "offset.storage.replication.factor": "1",
        "config.storage.replication.factor": "1",
        "status.storage.replication.factor": "1",
        "offset.storage.partitions": "5",
        "offset.flush.interval.ms": "1000",
        "scheduled.rebalance.max.delay.ms": "0",
        "isthmus.plugins.file.enabled": "true",
        "listeners": f"http://127.0.0.1:{free_port()}",
    }
    settings.update({key: str(value) for key, value in more.items()})
    return settings


# Of workers that are killed: their work is given out again when the group has missed them this long.
SHORT_SESSION = {"session.timeout.ms": "6000", "heartbeat.interval.ms": "1000"}


def settings_file(name, settings):
    return properties.write(DATA / "files" / f"{name}-{uuid.uuid4().hex[:8]}.properties", settings)


def distributed(kind, name, settings, **options):
    """A worker of the settings, not yet started. Its file may serve another worker later."""
    file = options.pop("file", None) or settings_file(name, settings)
    url = settings["listeners"].split(",")[0].strip()
    return Worker(kind, name, "connect-distributed", [file], url, **options)


def standalone(kind, name, settings, connectors, **options):
    """A standalone worker; connectors: {name: settings}."""
    files = [settings_file(name, settings)]
    files += [settings_file(c, {"name": c, **config}) for c, config in connectors.items()]
    return Worker(kind, name, "connect-standalone", files, settings["listeners"], **options)


def dedicated(kind, name, file, *arguments, **options):
    """Dedicated MirrorMaker 2 on one properties file; it serves no REST."""
    return Worker(kind, name, "connect-mirror-maker", [file, *arguments], **options)


def mirror_config(connector, source, target, alias="source", **more):
    """A connector config for one of MM2's three: 'Source', 'Checkpoint' or 'Heartbeat'."""
    config = {
        "connector.class": f"{MIRROR}.Mirror{connector}Connector",
        "source.cluster.alias": alias,
        "target.cluster.alias": "target",
        "source.cluster.bootstrap.servers": source.bootstrap,
        "target.cluster.bootstrap.servers": target.bootstrap,
        "key.converter": BYTES,
        "value.converter": BYTES,
        "header.converter": BYTES,
        "replication.factor": "1",
        "offset-syncs.topic.replication.factor": "1",
        "checkpoints.topic.replication.factor": "1",
        "heartbeats.topic.replication.factor": "1",
        "refresh.topics.interval.seconds": "2",
        "refresh.groups.interval.seconds": "2",
        "sync.topic.configs.interval.seconds": "2",
        "emit.checkpoints.interval.seconds": "1",
        "sync.topic.acls.enabled": "false",
    }
    config.update({key: str(value) for key, value in more.items()})
    return config


class Workers:
    """Starts workers for one test and ends them with it."""

    def __init__(self, kind, target, unique):
        self.kind = kind
        self._target = target
        self._unique = unique
        self._made = []

    def settings(self, group=None, **more):
        """Settings of a distributed worker on the target cluster, in a Connect group of its own."""
        return distributed_settings(self._target, group or self._unique("connect"), **more)

    def distributed(self, settings=None, kind=None, name=None, start=True, **options):
        kind = kind or self.kind
        settings = settings or self.settings()
        worker = distributed(kind, name or self._unique("worker"), settings, **options)
        return self._keep(worker, start)

    def standalone(self, settings, connectors, kind=None, start=True, **options):
        name = self._unique("standalone")
        worker = standalone(kind or self.kind, name, settings, connectors, **options)
        return self._keep(worker, start)

    def dedicated(self, file, *arguments, kind=None, start=True, **options):
        name = self._unique("mm2")
        worker = dedicated(kind or self.kind, name, file, *arguments, **options)
        return self._keep(worker, start)

    def _keep(self, worker, start):
        self._made.append(worker)
        return worker.start() if start else worker

    def close(self):
        for worker in self._made:
            worker.close()

    def stop(self):
        """Ends what still runs with SIGTERM, so that leaks are looked for."""
        for worker in self._made:
            if worker.alive:
                status = worker.stop()
                clean = worker.kind == "java" or status == 0
                assert clean, f"{worker.name} ended with {status}\n{worker.process.tail()}"
