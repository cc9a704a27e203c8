# SPDX-License-Identifier: Apache-2.0
"""Every way to log in to today's broker and to those of old, Kafka 3.9, and 2.1 with ZooKeeper; as
source and target, in both lanes, with the offsets of a group.

One broker has a listener for each, and tells who comes by one of that one alone. All connectors
live in one worker, which logs in to its own topics and group by SCRAM. fault/test_security.py has
sessions, renewals and refusals.
"""

import pytest

import records
from faults import LANES
from java import DEFAULT_VERSION
from processes import wait_for
from security import Kerberos, SecureCluster
from workers import PATIENCE, Workers, mirror_config

# What a version hasn't: 2.1's brokers can't check a token that is signed.
WITHOUT = {DEFAULT_VERSION: ["weak"], "3.9.1": ["weak"], "2.1.1": ["weak", "oauth"]}
REAUTHENTICATE_MS = 5000


@pytest.fixture(scope="module", params=WITHOUT)
def secure(request):
    version = request.param
    name = f"secure-{version}"
    without = WITHOUT[version]
    with SecureCluster(name, REAUTHENTICATE_MS, without, version=version) as cluster:
        yield cluster


@pytest.fixture
def worker(kind, secure, unique):
    factory = Workers(kind, secure, unique)
    prefixes = ("", "producer.", "consumer.", "admin.")
    scram = secure.settings("scram")
    own = {prefix + key: value for prefix in prefixes for key, value in scram.items()}
    try:
        yield factory.distributed(factory.settings(**own), environment=secure.environment)
        factory.stop()
    finally:
        factory.close()


def login(secure, listener):
    stores = secure.stores("PKCS12") if listener == "mutual" else {}
    return {key: str(value) for key, value in secure.settings(listener, **stores).items()}


def flow(secure, connector, alias, settings, **more):
    """A connector whose every client logs in by the settings; its target has its own offset syncs."""
    more["target.cluster.alias"] = f"{alias}-target"
    config = mirror_config(connector, secure, secure, alias, **more)
    for prefix in ("source.cluster.", "target.cluster.", "producer.override.", "admin.override."):
        config.update({prefix + key: value for key, value in settings.items()})
    return config


def test_logs_in_on_both_sides(secure, worker, unique):
    topic, group = unique("orders"), unique("billing")
    secure.create_topic(topic, 2)
    records.produce(secure, topic, 200)
    ends = {p: high for p, (low, high) in records.end_offsets(secure, topic).items()}
    records.commit(secure, group, topic, ends)
    groups = {
        "groups": group,
        "sync.group.offsets.enabled": "true",
        "sync.group.offsets.interval.seconds": "1",
    }
    for listener in secure.listeners:
        settings = login(secure, listener)
        for lane in LANES:
            alias = f"{listener}-{lane}"
            raw = {"raw.lane.enabled": str(lane == "raw").lower()}
            config = flow(secure, "Source", alias, settings, topics=topic, **raw)
            worker.rest.put_connector(alias, config)
            config = flow(secure, "Checkpoint", alias, settings, topics=topic, **groups)
            worker.rest.put_connector(f"{alias}-groups", config)

    for alias in [f"{listener}-{lane}" for listener in secure.listeners for lane in LANES]:
        remote = f"{alias}.{topic}"
        assert records.assert_mirrored(secure, topic, secure, remote, 60 * PATIENCE) == 200
        wait_for(
            lambda: records.committed(secure, group, remote, ends) == ends,
            60 * PATIENCE,
            f"the offsets of {group} in {remote}",
            interval=0.2,
        )
        worker.rest.wait_running(alias)
        worker.rest.wait_running(f"{alias}-groups")
    if Kerberos.missing():
        pytest.skip(f"all but Kerberos, which isn't installed: {Kerberos.missing()}")
