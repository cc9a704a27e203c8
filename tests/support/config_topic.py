# SPDX-License-Identifier: Apache-2.0
"""Connect's config topic, read independently of any worker: what the records say must run.

    wanted = config_topic.read(cluster, topic)
    wanted["orders"].config, .target, .tasks

The rules are KafkaConfigBackingStore's; nothing here is shared with the workers under test.
"""

import dataclasses
import json

import records


@dataclasses.dataclass
class Wanted:
    """A connector as the topic has it; tasks is None while its task configs are incomplete."""

    config: dict
    target: str = "STARTED"
    tasks: list = dataclasses.field(default_factory=list)


class _Replay:
    def __init__(self):
        self.configs, self.targets, self.tasks = {}, {}, {}
        self.deferred = {}

    def apply(self, key, value):
        for prefix in ("target-state-", "connector-", "task-", "commit-"):
            if key.startswith(prefix):
                getattr(self, "_" + prefix.rstrip("-").replace("-", "_"))(key[len(prefix) :], value)
                return

    def _connector(self, name, value):
        if value is None:
            for known in (self.configs, self.tasks, self.deferred):
                known.pop(name, None)
        else:
            self.configs[name] = value["properties"]
            self.targets.setdefault(name, "STARTED")

    def _target_state(self, name, value):
        if value is None:
            self.targets.pop(name, None)
        else:
            self.targets[name] = value.get("state.v2") or value["state"]

    def _task(self, name, value):
        connector, _, number = name.rpartition("-")
        self.deferred.setdefault(connector, {})[int(number)] = value["properties"]

    def _commit(self, name, value):
        deferred = self.deferred.pop(name, {})
        if name not in self.configs:
            self.tasks.pop(name, None)
        elif set(range(value["tasks"])) <= set(deferred):
            self.tasks[name] = [deferred[n] for n in range(value["tasks"])]
        else:
            self.tasks[name] = None

    def result(self):
        return {
            name: Wanted(config, self.targets.get(name, "STARTED"), self.tasks.get(name, []))
            for name, config in self.configs.items()
        }


def read(cluster, topic):
    """{connector: Wanted} from all committed records of the topic."""
    replay = _Replay()
    found = records.read_all(cluster, topic, isolation="read_committed")
    assert set(found) == {0}, f"{topic} has partitions {sorted(found)}"
    for record in found[0]:
        replay.apply(record.key.decode(), json.loads(record.value) if record.value else None)
    return replay.result()
