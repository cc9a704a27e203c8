# SPDX-License-Identifier: Apache-2.0
"""Kafka's own tools through a gateway: each prints what it prints when it asks the brokers itself,
addresses aside. Two brokers, so that leaders and coordinators differ; one JVM for all tools.
"""

import pytest

from gateways import Gateway, plain_target
from kafka_cluster import Cluster
from tools import CONSUMERS, TOOLS, Comparison, Tools, Way

TOPICS = f"{TOOLS}.TopicCommand"
GROUPS = f"{CONSUMERS}.group.ConsumerGroupCommand"
CONFIGS = "kafka.admin.ConfigCommand"
ACLS = f"{TOOLS}.AclCommand"
AUTHORIZER = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",
}
COUNT = 40
LINES = "".join(f"key-{n}:line {n}\n" for n in range(COUNT))


@pytest.fixture(scope="module")
def ways():
    """A cluster with a gateway before it, and the JVM of the tools."""
    with Cluster("tools", brokers=2, heap="384m", properties=AUTHORIZER) as cluster:
        with Gateway("tools", plain_target(cluster)) as gateway, Tools() as tools:
            yield tools, cluster.bootstrap, gateway.bootstrap


@pytest.fixture
def compare(ways, unique):
    tools, cluster, gateway = ways
    return Comparison(tools, Way(cluster, unique("direct")), Way(gateway, unique("through")))


def create(compare):
    return compare.run(
        TOPICS,
        *("--create", "--topic", "{name}", "--replica-assignment", "1:2,2:1,1:2"),
        *("--config", "retention.ms=7200000"),
        has="Created topic NAME.",
    )


def write(compare):
    """Records with keys, so that each has the same partition both ways."""
    keys = ["--property", "parse.key=true", "--property", "key.separator=:"]
    compare.run(f"{TOOLS}.ConsoleProducer", "--topic", "{name}", *keys, stdin=LINES)


def read(compare, tool, group, *more):
    shown = ["key", "partition", "offset"]
    return compare.run(
        f"{CONSUMERS}.{tool}",
        *("--topic", "{name}", "--group", group, "--max-messages", str(COUNT)),
        *("--timeout-ms", "60000", *more),
        *(word for each in shown for word in ("--property", f"print.{each}=true")),
        has=f"Processed a total of {COUNT} messages",
        unordered=True,
    )


def test_topics_and_their_settings(compare):
    create(compare)
    described = compare.run(TOPICS, "--describe", "--topic", "{name}", has="PartitionCount: 3")
    assert described.count("Leader: 1") == 2 and described.count("Leader: 2") == 1
    compare.run(TOPICS, "--list", has="NAME", own=True)
    more = ["--partitions", "4", "--replica-assignment", "1:2,2:1,1:2,2:1"]
    compare.run(TOPICS, "--alter", "--topic", "{name}", *more)
    compare.run(TOPICS, "--describe", "--topic", "{name}", has="PartitionCount: 4")
    compare.run(TOPICS, "--create", "--topic", "{name}", status=1, has="already exists")
    entity = ["--entity-type", "topics", "--entity-name", "{name}"]
    compact = ["--add-config", "cleanup.policy=compact"]
    compare.run(CONFIGS, "--alter", *entity, *compact, has="Completed")
    compare.run(CONFIGS, "--describe", *entity, has="cleanup.policy=compact")
    compare.run(CONFIGS, "--describe", "--all", *entity, has="min.insync.replicas")
    compare.run(CONFIGS, "--alter", *entity, "--delete-config", "cleanup.policy")


def test_consoles_and_groups(compare):
    create(compare)
    write(compare)
    for protocol in ("classic", "consumer"):
        group = ["--group", "{name}-" + protocol]
        which = ["--from-beginning", "--consumer-property", f"group.protocol={protocol}"]
        found = read(compare, "ConsoleConsumer", group[1], *which)
        assert sum("line" in line for line in found.splitlines()) == COUNT, found
        compare.run(GROUPS, "--list", "--state", "--type", has=f"NAME-{protocol}", own=True)
        compare.run(GROUPS, "--describe", *group, has=f"NAME-{protocol} NAME 2", unordered=True)
        compare.run(GROUPS, "--describe", "--state", *group, has="COORDINATOR")
        compare.run(GROUPS, "--describe", "--members", *group, has="no active members")
        reset = ["--reset-offsets", "--topic", "{name}", *group]
        dry = ["--shift-by", "-2", "--dry-run"]
        compare.run(GROUPS, *reset, *dry, has="NEW-OFFSET", unordered=True)
        compare.run(GROUPS, *reset, "--to-earliest", "--execute", has="NAME", unordered=True)
        compare.run(GROUPS, "--describe", *group, unordered=True)
        compare.run(GROUPS, "--delete-offsets", "--topic", "{name}:0", *group, has="Successful")
        compare.run(GROUPS, "--delete", *group, has="was successful")
        compare.run(GROUPS, "--describe", *group, has="not found")


def test_a_producers_performance(compare):
    compare.run(TOPICS, "--create", "--topic", "{name}", "--partitions", "2")
    measure = ["--num-records", "2000", "--record-size", "500", "--throughput", "-1"]
    tools, told = compare.tools, []
    for way in (compare.direct, compare.through):
        server = ["--producer-props", f"bootstrap.servers={way.server}"]
        words = ["--topic", way.name, *measure, *server]
        told.append(way.plain(tools.run(f"{TOOLS}.ProducerPerformance", *words), numbers=True))
        ends = tools.run(
            f"{TOOLS}.GetOffsetShell", "--bootstrap-server", way.server, "--topic", way.name
        )
        assert sum(int(line.split(":")[2]) for line in ends.split()) == 2000, ends
    assert told[0] == told[1] and "records sent" in told[0], told


def test_acls(compare):
    bob = ["--allow-principal", "User:bob", "--topic", "{name}"]
    compare.run(ACLS, "--add", *bob, "--operation", "Read", "--operation", "Write", has="User:bob")
    compare.run(ACLS, "--list", "--topic", "{name}", has="operation=WRITE", unordered=True)
    compare.run(ACLS, "--remove", "--force", *bob, "--operation", "Write", unordered=True)
    left = compare.run(ACLS, "--list", "--topic", "{name}", has="operation=READ")
    assert "WRITE" not in left


def test_a_share_group(compare):
    """ShareFetch and ShareAcknowledge (KIP-932), a preview in 4.1 that is switched on."""
    server = ["--bootstrap-server", compare.through.server]
    compare.tools.run(f"{TOOLS}.FeatureCommand", *server, "upgrade", "--feature", "share.version=1")
    create(compare)
    write(compare)
    entity = ["--entity-type", "groups", "--entity-name", "{name}"]
    earliest = ["--add-config", "share.auto.offset.reset=earliest"]
    compare.run(CONFIGS, "--alter", *entity, *earliest, has="Completed")
    found = read(compare, "ConsoleShareConsumer", "{name}")
    assert sum("line" in line for line in found.splitlines()) == COUNT, found
    groups = f"{CONSUMERS}.group.ShareGroupCommand"
    compare.run(groups, "--list", has="NAME", own=True)
    compare.run(groups, "--describe", "--group", "{name}", has="NAME NAME 2", unordered=True)
    compare.run(groups, "--delete", "--group", "{name}", has="was successful")
