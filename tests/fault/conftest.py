# SPDX-License-Identifier: Apache-2.0
"""Two clusters of three brokers behind links, for all fault tests; each leaves them whole. They end
with the last test of this folder, for brokers at rest take processor time from the others.
"""

import pytest

import workers
from fault_cluster import FaultCluster
from faults import LANES, Mirror, mirror_settings, worker_settings
from load import CODECS


@pytest.fixture(scope="package")
def fault_source():
    with FaultCluster("fault-source") as cluster:
        yield cluster


@pytest.fixture(scope="package")
def fault_target():
    with FaultCluster("fault-target") as cluster:
        yield cluster


@pytest.fixture
def make_fault_worker(kind, fault_target, unique):
    """The factory of workers that live on fault_target; they must end cleanly on SIGTERM."""
    factory = workers.Workers(kind, fault_target, unique)
    try:
        yield factory
        factory.stop()
    finally:
        factory.close()


@pytest.fixture
def mirror(fault_source, fault_target, make_fault_worker, unique):
    """Starts a mirror of a new topic: mirror(lanes=("raw",), **connector_settings) -> Mirror.

    Each lane has a connector of its name."""

    def start(lanes=LANES, partitions=len(CODECS), replicas=None, topic_config=None, **settings):
        topic = unique("orders")
        fault_source.create_topic(topic, partitions, replicas=replicas, **(topic_config or {}))
        settings_of_worker = worker_settings(make_fault_worker, fault_target)
        worker = make_fault_worker.distributed(settings_of_worker)
        made = Mirror(fault_source, fault_target, worker, topic, {})
        for lane in lanes:
            alias = unique(lane)
            config = mirror_settings(fault_source, fault_target, alias, topic, lane)
            config.update({key: str(value) for key, value in settings.items()})
            worker.rest.put_connector(lane, config)
            made.remotes[lane] = f"{alias}.{topic}"
        made.assert_running()
        return made

    return start
