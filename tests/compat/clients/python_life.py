# SPDX-License-Identifier: Apache-2.0
"""A connector's life through the Python packages kafka-connect-py (with its command kc) and
kafka-connect-api: run by test_rest_clients.py in an environment that has them.

python_life.py URL NAME CLASS FILE TOPIC
"""

import json
import pathlib
import subprocess
import sys
import time

from kafka_connect import KafkaConnect
from kafka_connect_api.errors import GenericNotFound
from kafka_connect_api.kafka_connect_api import Api, Cluster

url, name, connector_class, file, topic = sys.argv[1:]
config = {"connector.class": connector_class, "tasks.max": "1", "file": file, "topic": topic}


def wait(condition, what):
    deadline = time.monotonic() + 60
    while True:
        try:
            if condition():
                return
            last = "not yet"
        except Exception as failure:  # as scripts do: 404 and 409 are asked about again
            last = failure
        assert time.monotonic() < deadline, f"{what}: {last}"
        time.sleep(0.2)


def insist(call, what):
    """What a rebalance refuses is asked for again."""
    answers = []
    wait(lambda: answers.append(call()) or True, what)
    return answers[0]


def kc_once(*words):
    program = pathlib.Path(sys.executable).parent / "kc"
    done = subprocess.run([program, "--url", url, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"kc {words}: {done.stdout}{done.stderr}"
    return json.loads(done.stdout) if done.stdout.strip().startswith(("{", "[")) else done.stdout


def kc(*words):
    return insist(lambda: kc_once(*words), f"kc {words[0]}")


client = KafkaConnect(url=url)
assert client.get_cluster_info()["kafka_cluster_id"]
checked = client.validate_connector_config(connector_class, {**config, "name": name})
assert checked["error_count"] == 0, checked
without_topic = {"name": name, "connector.class": connector_class}
assert client.validate_connector_config(connector_class, without_topic)["error_count"] > 0

kc("create", "--config-data", json.dumps({"name": name, "config": config}))
wait(lambda: kc("status", name)["tasks"][0]["state"] == "RUNNING", "running")
assert name in kc("list")
assert name in client.list_connectors(expand="status", pattern=f"^{name}$", state="RUNNING")
assert kc("config", name) == {**config, "name": name}
assert [task["id"] for task in kc("list-tasks", name)] == [{"connector": name, "task": 0}]
assert kc("task-status", name, "0")["worker_id"]
kc("update", name, "--config-data", json.dumps({**config, "batch.size": "7"}))
wait(lambda: client.get_connector_config(name)["batch.size"] == "7", "the new config")
kc("pause", name)
wait(lambda: client.get_connector_status(name)["tasks"][0]["state"] == "PAUSED", "paused")
kc("resume", name)
wait(lambda: client.get_connector_status(name)["tasks"][0]["state"] == "RUNNING", "resumed")
insist(lambda: client.restart_connector(name, include_tasks=True), "restart")
kc("restart-task", name, "0")
wait(lambda: kc("list-topics", name) == {name: {"topics": [topic]}}, "its topic")
kc("reset-topics", name)
assert any(plugin["class"] == connector_class for plugin in kc("list-plugins"))

cluster = Cluster(Api(url=url))
assert cluster.version and cluster.kafka_cluster
connector = cluster.connectors[name]
assert connector.exists() and connector.connector_class == connector_class
insist(connector.cycle_connector, "a cycle")
wait(lambda: connector.state == "RUNNING" and connector.tasks[0].is_running(), "cycled")
insist(lambda: setattr(connector, "config", {**config, "batch.size": "9"}), "a new config")
wait(lambda: connector.config["batch.size"] == "9", "the new config")
insist(connector.restart_all_tasks, "a restart of all tasks")
cluster.root_logger = "INFO"
assert cluster.loggers
insist(lambda: client.stop_connector(name), "a stop")
wait(lambda: client.get_connector_status(name)["connector"]["state"] == "STOPPED", "stopped")
kc("delete", name)
wait(lambda: name not in kc("list"), "deleted")
try:
    gone = not connector.exists()
except GenericNotFound:
    gone = True
assert gone
print("all done")
