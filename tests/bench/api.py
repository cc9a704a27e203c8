# SPDX-License-Identifier: Apache-2.0
"""REST: reads at a steady rate, ten thousand connectors in one listing, memory of idle connectors.

The connectors are written to the config topic before the worker starts, in Connect's own format, so
that a run needn't create each over REST. Latencies count from the time at which a request was due:
a worker that stalls shows in all requests that had to wait.
"""

import http.client
import json
import threading
import time
import urllib.parse

import contenders
import options
from confluent_kafka import Producer
from probe import resident, threads
from processes import wait_for

RATE = 500
CLIENTS = 4
FILE_SOURCE = "org.apache.kafka.connect.file.FileStreamSourceConnector"
STATES = {
    "PAUSED": {"state": "PAUSED", "state.v2": "PAUSED"},
    "STOPPED": {"state": "PAUSED", "state.v2": "STOPPED"},
}


def write_connectors(cluster, group, count, state):
    """Fills the config topic of a group that hasn't begun with connectors in that target state."""
    topic = f"{group}-configs"
    cluster.create_topic(topic, 1, cleanup_policy="compact")
    producer = Producer(cluster.client_config(**{"queue.buffering.max.messages": 1000000}))
    for number in range(count):
        name = f"idle-{number:05}"
        config = {
            "name": name,
            "connector.class": FILE_SOURCE,
            "tasks.max": "1",
            "file": f"/nonexistent/{name}",
            "topic": name,
        }
        producer.produce(topic, json.dumps({"properties": config}), f"connector-{name}")
        producer.produce(topic, json.dumps(STATES[state]), f"target-state-{name}")
        producer.poll(0)
    assert producer.flush(60) == 0


# ---- reads at a rate ----


class Reader(threading.Thread):
    """One kept connection that reads its share of the requests, evenly."""

    def __init__(self, url, paths, rate, seconds, offset):
        super().__init__(name="reader")
        self._address = urllib.parse.urlsplit(url).netloc
        self._paths, self._rate, self._total = paths, rate, rate * seconds
        self._offset = offset
        self.milliseconds = []
        self.failure = None

    def run(self):
        try:
            self._read_all(http.client.HTTPConnection(self._address, timeout=30))
        except (OSError, http.client.HTTPException, AssertionError) as failure:
            self.failure = failure

    def _read_all(self, connection):
        began = time.perf_counter() + self._offset
        for number in range(self._total):
            due = began + number / self._rate
            time.sleep(max(0.0, due - time.perf_counter()))
            connection.request("GET", self._paths[number % len(self._paths)])
            response = connection.getresponse()
            response.read()
            assert response.status == 200, response.status
            self.milliseconds.append((time.perf_counter() - due) * 1000)


def read_at_rate(url, paths, seconds):
    share = RATE // CLIENTS
    readers = [Reader(url, paths, share, seconds, i / RATE) for i in range(CLIENTS)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
        assert not reader.failure, f"reading over REST: {reader.failure!r}"
    found = sorted(ms for reader in readers for ms in reader.milliseconds)
    return {
        "get_p50_ms": round(found[len(found) // 2], 2),
        "get_p99_ms": round(found[len(found) * 99 // 100], 2),
    }


def reads(contender, source, target):
    """Three connectors of a mirror with nothing to do, read as a monitoring system does."""
    topic, group = "bench-rest", f"rest-{contender}"
    with contenders.running_worker(contender, target, group) as worker:
        contenders.submit(contender, worker, source, target, topic, group)
        worker.rest.wait_running("mirror-source", 1, 120)
        name = "/connectors/mirror-source"
        paths = ["/connectors", f"{name}/status", f"{name}/tasks"]
        read_at_rate(worker.rest.url, paths, 2)
        return read_at_rate(worker.rest.url, paths, options.size("REST_SECONDS", 10, 3))


# ---- many connectors ----


def listing(worker):
    began = time.monotonic()
    response = worker.rest.call("GET", "/connectors?expand=status&expand=info", timeout=600)
    assert response.status_code == 200, response.text[:1000]
    return time.monotonic() - began, response


def with_idle(target, count, state):
    """The figures of a worker that holds so many connectors in a state."""
    group = f"idle-{state.lower()}-{count}"
    write_connectors(target, group, count, state)

    with contenders.running_worker("isthmus", target, group) as worker:

        def settled():
            worker.process.must_live()
            found = listing(worker)[1].json()
            states = [c["status"]["connector"]["state"] for c in found.values() if "status" in c]
            return len(states) == count and set(states) <= {state}

        began = time.monotonic()
        wait_for(settled, 300, f"{count} connectors to be {state}", interval=1)
        ready = time.monotonic() - began
        seconds, response = min((listing(worker) for _ in range(3)), key=lambda found: found[0])
        return {
            "settled_seconds": round(ready, 2),
            "list_expanded_seconds": round(seconds, 3),
            "list_expanded_mb": round(len(response.content) / 1e6, 2),
            "rss_mb": round(resident(worker.process), 1),
            "threads": threads(worker.process),
        }


def idle_connectors(target, count, state, empty_mb):
    result = with_idle(target, count, state)
    result["kb_per_connector"] = round((result["rss_mb"] - empty_mb) * 1000 / count, 1)
    print(f"  {count:,} connectors {state}: {result}", flush=True)
    return result


def run_section(source, target):
    print("\nREST", flush=True)
    source.create_topic("bench-rest", options.PARTITIONS)
    results = {"rest": {}}
    for contender in options.contenders("isthmus", "java"):
        results["rest"][contender] = reads(contender, source, target)
        print(f"  {contender}: {results['rest'][contender]}", flush=True)
    with contenders.running_worker("isthmus", target, "idle-none") as worker:
        time.sleep(1)
        empty_mb = resident(worker.process)
    stopped = options.size("STOPPED_CONNECTORS", 10_000, 1_000)
    paused = options.size("PAUSED_CONNECTORS", 500, 100)
    for state, count in (("STOPPED", stopped), ("PAUSED", paused)):
        results[f"idle-{state.lower()}-{count}"] = {
            "isthmus": idle_connectors(target, count, state, empty_mb)
        }
    source.delete_topic("bench-rest")
    return results
