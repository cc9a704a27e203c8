# SPDX-License-Identifier: Apache-2.0
"""Links between clusters for tests: their settings, and what REST says of their mirror topics."""

from processes import wait_for
from workers import BYTES, PATIENCE


def link_config(source, target, **more):
    """A link's settings, with short intervals."""
    config = {
        "connector.class": "KafkaLinkConnector",
        "source.cluster.bootstrap.servers": source.bootstrap,
        "target.cluster.bootstrap.servers": target.bootstrap,
        "key.converter": BYTES,
        "value.converter": BYTES,
        "header.converter": BYTES,
        "replication.factor": "1",
        "refresh.topics.interval.seconds": "1",
        "sync.topic.configs.interval.seconds": "2",
        "link.lease.ms": "3000",
    }
    config.update({key.replace("_", "."): str(value) for key, value in more.items()})
    return config


def errors(rest, config, name="x"):
    """What validation says of the settings: {key: [texts]}, keys without errors left out."""
    answer = rest.ok(
        "PUT",
        "/connector-plugins/KafkaLinkConnector/config/validate",
        {"name": name, **config},
    )
    found = {item["value"]["name"]: item["value"]["errors"] for item in answer["configs"]}
    return {key: texts for key, texts in found.items() if texts}


class Link:
    """A link on a worker."""

    def __init__(self, rest, name):
        self.rest = rest
        self.name = name

    def mirror(self, topic):
        """What REST says of a mirror topic; None: there is none, or nobody can be asked now."""
        answer = self.rest.call("GET", f"/links/{self.name}/mirrors/{topic}")
        return answer.json() if answer.status_code == 200 else None

    def state(self, topic):
        mirror = self.mirror(topic)
        return mirror and mirror["mirror_status"]

    def wait_state(self, topic, state, timeout=60):
        def reached():
            mirror = self.mirror(topic)
            return mirror and mirror["mirror_status"] == state and mirror

        return wait_for(reached, timeout * PATIENCE, f"{topic} to be {state}", interval=0.2)

    def is_copied(self, topic):
        mirror = self.mirror(topic)
        return mirror and mirror["mirror_status"] == "LINKING" and mirror["lag"] == 0

    def wait_copied(self, topic, timeout=60):
        return wait_for(
            lambda: self.is_copied(topic),
            timeout * PATIENCE,
            f"{topic} to be copied",
            interval=0.2,
        )

    def create(self, *topics, **body):
        path = f"/links/{self.name}/mirrors"
        return self.rest.call("POST", path, {"mirror_topic_names": list(topics), **body})

    def ask(self, verb, *topics, **body):
        """Promotes, pauses, ...: what becomes of the topics in turn."""
        path = f"/links/{self.name}/mirrors:{verb}"
        return self.rest.call("POST", path, {"mirror_topic_names": list(topics), **body})

    def register(self, *groups):
        """Registers mirror groups."""
        return self.rest.call("POST", f"/links/{self.name}/groups", {"group_ids": list(groups)})

    def group(self, group):
        """What REST says of a mirror group; None as with mirror()."""
        answer = self.rest.call("GET", f"/links/{self.name}/groups/{group}")
        return answer.json() if answer.status_code == 200 else None

    def wait_group(self, group, status, timeout=60):
        def reached():
            found = self.group(group)
            return found and found["group_status"] == status and found

        return wait_for(reached, timeout * PATIENCE, f"{group} to be {status}", interval=0.2)


def linked_topic(worker, source, target, unique, partitions):
    """A new link on the worker, and a topic of the source that it has copied: (link, topic)."""
    link, topic = Link(worker.rest, unique("link")), unique("orders")
    source.create_topic(topic, partitions)
    worker.rest.put_connector(link.name, link_config(source, target))
    worker.rest.wait_running(link.name, tasks=1)
    assert link.create(topic).status_code == 202
    link.wait_copied(topic)
    return link, topic


def promote(link, *topics):
    """Asks until nothing blocks it, and waits for the end."""
    answers = []

    def taken():
        answers.append(link.ask("promote", *topics))
        return answers[-1].status_code == 202

    try:
        wait_for(taken, 60 * PATIENCE, "the promotion to be taken", interval=0.5)
    except AssertionError as late:
        raise AssertionError(f"{late}: {answers[-1].text}") from None
    for topic in topics:
        link.wait_state(topic, "PROMOTED")
