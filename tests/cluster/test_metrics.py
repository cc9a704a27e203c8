# SPDX-License-Identifier: Apache-2.0
"""/metrics during a mirror, read by Prometheus's own parsers, against what was produced.

Where Java has the metric as a JMX bean, docs/METRICS.md says which. Figures of other tests' workers
don't come in: each test has a worker of its own.
"""

import pytest

import records
from kafka_cluster import DATA
from metrics import scrape, wait_metrics
from processes import free_port, wait_for
from workers import PATIENCE, mirror_config

SOURCE = "kafka_connect_mirror_source_connector"
CHECKPOINT = "kafka_connect_mirror_checkpoint_connector"
PLUGINS = "kafka_connect_plugins"
HISTORY, LIVE = 3000, 600


def assert_only_grows(before, after):
    """Counters never go back, and what was there stays."""
    for (name, labels), value in before:
        if name.endswith(("_total", "_record_count", "_byte_count")):
            now = after.value(name, **dict(labels))
            assert now is not None and now >= value, (name, labels, value, now)


def assert_group_lag(rest, source, topic, group, ends):
    """The group stands at 10 of partition 0; then at a record that isn't mirrored yet."""
    lag = "isthmus_mirror_group"

    def told(what, **expected):
        def holds(m):
            return all(m.value(f"{lag}_{k}", group=group) == v for k, v in expected.items())

        return wait_metrics(rest, holds, 60 * PATIENCE, what)

    behind = ends[0] - 10
    seen = told(
        "the group's lag on both sides",
        source_lag_records=behind,
        target_lag_records=behind,
        translation_lag_records=0,
        untranslated_partitions=0,
    )
    assert seen.value(f"{lag}_translation_lag_seconds", group=group) == 0

    def more(measure, least):
        return lambda m: (m.value(f"{lag}_source_lag_{measure}", group=group) or 0) > least

    wait_metrics(rest, more("seconds", 0), 60 * PATIENCE, "a second look at the source's end")
    sizes = more("bytes", behind * 10)
    wait_metrics(rest, sizes, 60 * PATIENCE, "records' sizes, which the mirror's tasks tell")

    rest.ok("PUT", "/connectors/mirror/pause")
    rest.wait_state("mirror", "PAUSED")
    records.produce(source, topic, 50, first=HISTORY + LIVE, partition=0)
    records.commit(source, group, topic, {0: ends[0] + 50})
    told(
        "what is committed before it is mirrored",
        source_lag_records=0,
        target_lag_records=0,
        translation_lag_records=50,
    )
    explained = rest.get("/connectors/checkpoint/explain")["tasks"][0]["groups"]
    assert explained["count"] == explained["partitions"] == 1 and explained["untranslated"] == 0
    [most] = explained["most_behind"]
    assert most["group"] == group and most["lag"] == explained["lag"]
    assert most["lag"]["source"] == {"records": 0, "bytes": 0, "seconds": 0}
    assert most["lag"]["translation"]["records"] == 50
    where = f"topic={topic}&partition=0&offset={ends[0] + 50}"
    [answer] = rest.get(f"/connectors/checkpoint/translate?{where}")["translations"]
    assert answer["translated"]["offset"] == ends[0] and answer["exact"] is False
    assert f"come to offset {ends[0]}" in answer["reason"]
    rest.ok("PUT", "/connectors/mirror/resume")
    told("the rest to be mirrored", translation_lag_records=0, target_lag_records=0)


def test_counts_are_what_was_mirrored(source, target, make_worker, unique):
    topic, group, alias = unique("orders"), unique("billing"), unique("src")
    remote = f"{alias}.{topic}"
    source.create_topic(topic, 3)
    records.produce(source, topic, HISTORY)
    worker = make_worker.distributed()
    rest = worker.rest
    more = {"tasks.max": "2", "metric.names.formats": "legacy,new"}
    config = mirror_config("Source", source, target, alias, topics=topic, **more)
    rest.put_connector("mirror", config)
    rest.wait_running("mirror", tasks=2)
    records.commit(source, group, topic, {0: 10})
    common = {"topics": topic, "groups": group, "sync.group.offsets.enabled": "true"}
    common["sync.group.offsets.interval.seconds"] = "1"
    rest.put_connector("checkpoint", mirror_config("Checkpoint", source, target, alias, **common))

    during = wait_metrics(
        rest,
        lambda m: m.sum(f"{SOURCE}_record_count", topic=remote) == HISTORY,
        60 * PATIENCE,
        "all of the history to be counted",
    )
    records.produce(source, topic, LIVE, first=HISTORY)
    ends = {p: high for p, (low, high) in records.end_offsets(source, topic).items()}
    assert sum(ends.values()) == HISTORY + LIVE

    def caught_up(m):
        lags = m.all(f"{SOURCE}_replication_lag_records", topic=remote)
        return (
            m.sum(f"{SOURCE}_record_count", topic=remote) == HISTORY + LIVE
            and len(lags) == 3
            and not any(lag for _, lag in lags)
        )

    after = wait_metrics(rest, caught_up, 60 * PATIENCE, "the mirror to be level with its source")
    assert_only_grows(during, after)

    # Each partition for itself, as it stands on the source.
    for partition, end in ends.items():
        where = {"source": alias, "target": "target", "topic": remote, "partition": str(partition)}
        assert after.value(f"{SOURCE}_record_count", **where) == end
        assert after.value(f"{SOURCE}_source_end_offset", **where) == end
        assert after.value(f"{SOURCE}_mirrored_offset", **where) == end
        assert after.value(f"{SOURCE}_byte_count", **where) > end * 10
        assert 0 < after.value(f"{SOURCE}_record_rate", **where) <= end
        # The records' timestamps are an hour old and older.
        for measure in ("record_age_ms", "replication_latency_ms"):
            names = (f"{SOURCE}_{measure}{suffix}" for suffix in ("_min", "_avg", "_max", ""))
            low, mean, high, last = (after.value(name, **where) for name in names)
            assert 3_590_000 < low <= mean <= high < 4_500_000, (measure, low, mean, high)
            assert low <= last <= high

        # Nothing is missing, in any unit.
        for unit in ("records", "bytes", "seconds"):
            assert after.value(f"{SOURCE}_replication_lag_{unit}", **where) == 0
    # The same under the names of KIP-1280, of all tasks together.
    assert after.sum(f"{PLUGINS}_record_count", connector="mirror", topic=remote) == HISTORY + LIVE
    assert {"0", "1"} == {
        labels["task"] for labels, _ in after.all(f"{PLUGINS}_replication_lag_seconds")
    }

    # The tasks: Connect's own metrics, and the lanes.
    def total(name, **labels):
        return after.sum(name, connector="mirror", **labels)

    assert total("kafka_connect_source_task_source_record_poll_total") == HISTORY + LIVE
    assert total("kafka_connect_source_task_source_record_write_total") == HISTORY + LIVE
    assert total("isthmus_task_lane_records_total", way="passed") == HISTORY + LIVE
    assert total("isthmus_task_lane_records_total", way="opened") == 0
    assert len(after.all("isthmus_task_lane", connector="mirror", lane="bytes")) == 2
    assert total("isthmus_task_in_flight_bytes") == 0
    assert total("kafka_connect_connector_task_status", status="running") == 2
    assert total("kafka_connect_connector_task_status", status="failed") == 0
    assert total("kafka_connect_worker_connector_running_task_count") == 2
    assert after.value("kafka_connect_connector_status", connector="mirror", status="running") == 1
    assert after.value("kafka_connect_connector_info", connector="mirror")
    for task in "01":
        where = {"connector": "mirror", "task": task}
        assert 0.5 < after.value("kafka_connect_connector_task_running_ratio", **where) <= 1
        assert after.value("kafka_connect_connector_task_batch_size_max", **where) >= 1
    assert after.value("kafka_connect_worker_connector_count") == 2
    assert after.value("kafka_connect_worker_rebalance_epoch") >= 1
    assert after.value("kafka_connect_worker_rebalance_completed_rebalances_total") >= 1
    assert after.value("kafka_connect_coordinator_assigned_connectors") == 2

    # The checkpoints.
    where = {"source": alias, "target": "target", "group": group, "topic": remote, "partition": "0"}
    wait_metrics(
        rest,
        lambda m: m.value(f"{CHECKPOINT}_checkpoint_latency_ms_max", **where) is not None
        and m.value("isthmus_mirror_group_synced_offsets_total", group=group) >= 1,
        60 * PATIENCE,
        "the group's checkpoint",
    )

    # The process.
    assert after.value("process_cpu_seconds_total") > 0
    assert 1 << 20 < after.value("process_resident_memory_bytes") < 1 << 32
    assert 5 < after.value("process_open_fds") < after.value("process_max_fds")
    assert 1e9 < after.value("process_start_time_seconds")
    assert after.value("isthmus_build_info") == 1

    # The same in OpenMetrics, and an explanation for people.
    opened = scrape(rest, openmetrics=True)
    assert opened.sum(f"{SOURCE}_record_count", topic=remote) == HISTORY + LIVE
    assert opened.families["process_cpu_seconds"] == "counter"
    explained = rest.get("/connectors/mirror/explain")
    assert [task["lane"] for task in explained["tasks"]] == ["bytes", "bytes"]
    assert sum(task["records"]["passed"] for task in explained["tasks"]) == HISTORY + LIVE
    assert explained["lag"] == {"records": 0, "bytes": 0, "seconds": 0}
    assert all(task["lag"] == explained["lag"] for task in explained["tasks"])
    assert set(rest.status("mirror")["tasks"][0]) <= {"id", "state", "worker_id", "version"}
    assert_group_lag(rest, source, topic, group, ends)


def test_records_one_by_one_are_counted_alike(source, target, make_worker, unique):
    """The record lane; and a bound that three partitions exceed, so that topics are summed."""
    topic, alias = unique("orders"), unique("src")
    remote = f"{alias}.{topic}"
    source.create_topic(topic, 3)
    records.produce(source, topic, HISTORY)
    settings = {"metrics.series.max": "2", "metrics.names": "strimzi, confluent"}
    rest = make_worker.distributed(make_worker.settings(**settings)).rest
    more = {"topics": topic, "raw.lane.enabled": "false"}
    rest.put_connector("mirror", mirror_config("Source", source, target, alias, **more))

    def level(m):
        return (
            m.value(f"{SOURCE}_record_count", topic=remote) == HISTORY
            and m.value(f"{SOURCE}_replication_lag_records", topic=remote) == 0
        )

    metrics = wait_metrics(rest, level, 60 * PATIENCE, "the mirror to be level with its source")
    assert metrics.value(f"{SOURCE}_source_end_offset", topic=remote) == HISTORY
    assert metrics.value(f"{SOURCE}_replication_latency_ms_min", topic=remote) > 3_590_000
    assert metrics.value(f"{SOURCE}_record_age_ms_min", topic=remote) > 3_590_000
    sizes = [len(r.value or b"") for rs in records.read_all(source, topic).values() for r in rs]
    assert metrics.value(f"{SOURCE}_byte_count", topic=remote) == sum(sizes)
    assert not metrics.all(f"{SOURCE}_record_count", partition="0")
    bound = {"group": SOURCE}
    assert metrics.value("isthmus_metrics_series", **bound) == 3
    assert metrics.value("isthmus_metrics_series_shown", **bound) == 1
    assert metrics.value("isthmus_metrics_labels_dropped", **bound) == 1
    # The same by the names that others' dashboards ask for.
    others = "kafka_connect_mirror_mirrorsourceconnector"
    assert metrics.value(f"{others}_record_count", topic=remote) == HISTORY
    assert metrics.value("kafka_consumer_fetch_manager_records_lag", topic=remote) == 0
    whole = {"connector": "aggregate"}
    assert metrics.value("kafka_connect_connect_worker_metrics_task_count", **whole) >= 1
    states = metrics.all("kafka_connect_connector_metrics", status="running")
    assert [labels["connector"] for labels, _ in states] == ["mirror"]
    lane = metrics.all("isthmus_task_lane", connector="mirror")
    assert [labels["reason"] for labels, _ in lane] == ["raw.lane.enabled is false"]
    explained = rest.get("/connectors/mirror/explain")["tasks"][0]
    assert explained["lane"] == "records" and explained["reason"] == "raw.lane.enabled is false"


def test_dedicated_mode_tells_flows_apart(source, target, make_worker, unique):
    topic = unique("orders")
    source.create_topic(topic, 2)
    target.create_topic(topic, 2)
    records.produce(source, topic, 500)
    records.produce(target, topic, 300)
    port = free_port()
    file = DATA / "files" / f"{topic}.properties"
    file.parent.mkdir(parents=True, exist_ok=True)
    east, west = unique("east"), unique("west")
    settings = {
        "clusters": f"{east},{west}",
        f"{east}.bootstrap.servers": source.bootstrap,
        f"{west}.bootstrap.servers": target.bootstrap,
        f"{east}->{west}.enabled": "true",
        f"{west}->{east}.enabled": "true",
        "topics": topic,
        "dedicated.mode.enable.internal.rest": "true",
        "listeners": f"http://127.0.0.1:{port}",
        "refresh.topics.interval.seconds": "2",
        # Counters begin anew with a task: none is to be given more topics meanwhile.
        "emit.heartbeats.enabled": "false",
        "heartbeats.replication.enabled": "false",
    }
    for factor in ("replication", "offset-syncs.topic.replication", "offset.storage.replication"):
        settings[f"{factor}.factor"] = "1"
    for factor in ("checkpoints.topic.replication", "heartbeats.topic.replication",
                   "config.storage.replication", "status.storage.replication"):
        settings[f"{factor}.factor"] = "1"
    file.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
    worker = make_worker.dedicated(file)
    rest = worker_rest(port)
    counts = {f"{east}.{topic}": 500, f"{west}.{topic}": 300}

    def mirrored(m):
        return all(
            m.sum(f"{SOURCE}_record_count", topic=remote) == count
            for remote, count in counts.items()
        )

    wait_for(lambda: worker.process.must_live() and up(rest), 60 * PATIENCE, "REST to answer")
    metrics = wait_metrics(rest, mirrored, 120 * PATIENCE, "both flows")
    for flow in (f"{east}->{west}", f"{west}->{east}"):
        assert metrics.value("kafka_connect_worker_connector_count", flow=flow) == 3
        where = {"flow": flow, "connector": "MirrorSourceConnector", "status": "running"}
        assert metrics.value("kafka_connect_connector_status", **where) == 1


def worker_rest(port):
    from rest import Rest

    return Rest(f"http://127.0.0.1:{port}")


def up(rest):
    import requests

    try:
        return rest.call("GET", "/metrics", timeout=5).status_code == 200
    except requests.RequestException:
        return False


@pytest.fixture
def guarded(make_worker, unique):
    """A worker that wants a password."""
    jaas, passwords = DATA / "files" / f"{unique('jaas')}.conf", DATA / "files" / unique("passwords")
    passwords.parent.mkdir(parents=True, exist_ok=True)
    passwords.write_text("ann=secret\n")
    jaas.write_text(
        "KafkaConnect {\n  org.apache.kafka.connect.rest.basic.auth.extension."
        f'PropertyFileLoginModule required file="{passwords}";\n}};\n'
    )
    extension = "org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension"
    settings = make_worker.settings(**{"rest.extension.classes": extension})
    options = {"KAFKA_OPTS": f"-Djava.security.auth.login.config={jaas}"}
    worker = make_worker.distributed(settings, start=False, environment=options)
    worker.start(wait=False)
    return worker


def test_a_password_guards_metrics_too(guarded):
    rest = guarded.rest

    def answers():
        guarded.process.must_live()
        try:
            return rest.call("GET", "/metrics", auth=("ann", "secret"), timeout=5)
        except OSError:
            return None

    wait_for(lambda: (r := answers()) is not None and r.status_code == 200, 60 * PATIENCE, "REST")
    assert rest.call("GET", "/metrics").status_code == 401
    assert rest.call("GET", "/metrics", auth=("ann", "wrong")).status_code == 401
    assert len(scrape(rest, auth=("ann", "secret"))) > 10
