# SPDX-License-Identifier: Apache-2.0
"""Fixtures for tests against real Kafka: two clusters for the whole run, workers per test.

`--worker=java` runs the same tests against Java's Connect, which proves the test itself.
"""

import itertools
import os
import re

import pytest

import processes
import workers
from gateways import routing_gateway
from kafka_cluster import Cluster

_numbers = itertools.count(1)


def pytest_addoption(parser):
    parser.addoption(
        "--worker",
        choices=["isthmus", "java"],
        default="isthmus",
        help="which worker the tests run against",
    )


def pytest_configure(config):
    processes.interrupt_on_sigterm()
    processes.clear_leftovers()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Files stay whole where tests run beside each other, and so do those that share the clusters
    of fault tests; long tests run when ISTHMUS_LONG=1 asks for them, or by name."""
    for item in items:
        fault = {"fault_source", "fault_target"} & set(item.fixturenames)
        item.add_marker(pytest.mark.xdist_group("fault" if fault else item.path.stem))
    if os.environ.get("ISTHMUS_LONG") or any("::" in word for word in config.args):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]


@pytest.fixture(scope="session")
def source():
    """The cluster that is mirrored from."""
    with Cluster("source") as cluster:
        yield cluster


@pytest.fixture(scope="session")
def target():
    """The cluster that is mirrored to, and that the workers live on."""
    with Cluster("target") as cluster:
        yield cluster


@pytest.fixture
def cluster_factory():
    """Makes further clusters: cluster_factory("name", brokers=3, ...), gone after the test."""
    made = []

    def make(name, **options):
        cluster = Cluster(name, **options)
        made.append(cluster)
        return cluster.start()

    yield make
    for cluster in made:
        cluster.close()


@pytest.fixture
def unique(request):
    """Makes names that no other test uses: unique("orders") -> "orders-mirror-basics-7"."""
    story = re.sub(r"\W+|_", "-", request.node.path.stem.removeprefix("test_"))

    def name(word):
        return f"{word}-{story}-{next(_numbers)}"

    return name


@pytest.fixture
def kind(request):
    """Which worker is under test: "isthmus" or "java"."""
    return request.config.getoption("--worker")


@pytest.fixture
def make_worker(kind, target, unique):
    """The factory of workers; those that run at the test's end must end cleanly on SIGTERM."""
    factory = workers.Workers(kind, target, unique)
    try:
        yield factory
        factory.stop()
    finally:
        factory.close()


@pytest.fixture(autouse=True)
def no_sanitizer_reports():
    """A report that a sanitizer writes during a test fails the test."""
    before = set(workers.sanitizer_reports())
    yield
    fresh = {p: t for p, t in workers.sanitizer_reports().items() if p not in before}
    assert not fresh, "\n".join(f"{path}:\n{text}" for path, text in fresh.items())


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Shows the end of every process's log beside a failure."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for process in processes.recent_processes():
            report.sections.append((f"log of {process.name}", process.tail()))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    processes.forget_ended()


@pytest.fixture
def through(target, unique):
    """Starts a gateway for a link: through(link, source)."""
    made = []

    def start(link, source):
        made.append(routing_gateway(unique("gateway"), link, source, target))
        return made[-1].start()

    yield start
    for gateway in made:
        gateway.close()


@pytest.fixture
def keep():
    """Closes clients, applications and feeders in the end: keep(client) -> client."""
    kept = []

    def add(app):
        kept.append(app)
        return app

    yield add
    for app in kept:
        app.close()
