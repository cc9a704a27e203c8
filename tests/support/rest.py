# SPDX-License-Identifier: Apache-2.0
"""A client of Connect's REST API that speaks in the terms of a test."""

import urllib.parse

import requests

from processes import wait_for


class RestError(AssertionError):
    """An answer with an error status that the test didn't ask for."""

    def __init__(self, response):
        request = response.request
        super().__init__(
            f"{request.method} {request.url} {request.body or ''}: "
            f"{response.status_code} {response.text[:2000]}"
        )
        self.status = response.status_code


def is_momentary(status, text):
    """An answer that people's scripts ask for again: a rebalance is under way, a leader isn't known
    yet or its configuration is not yet read to the end (409; for a GET Connect says 500)."""
    words = ("a rebalance is expected", "momentarily", "conflicting operation")
    return status in (409, 500) and any(word in text for word in words)


class Rest:
    """Calls to one worker. call() returns the response as it is, the rest check the status."""

    def __init__(self, url, **session):
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, and no authorities but the given
        for name, value in session.items():
            setattr(self._session, name, value)

    def call(self, method, path, body=None, timeout=90, **options):
        if body is not None:
            options["json"] = body
        return self._session.request(method, self.url + path, timeout=timeout, **options)

    def insist(self, method, path, body=None, **options):
        """The first answer that isn't about a rebalance."""

        def answer():
            response = self.call(method, path, body, **options)
            return None if is_momentary(response.status_code, response.text) else [response]

        return wait_for(answer, 60, f"{method} {path} to meet no rebalance", interval=0.25)[0]

    def ok(self, method, path, body=None, **options):
        response = self.insist(method, path, body, **options)
        if response.status_code >= 400:
            raise RestError(response)
        return response.json() if response.content else None

    def get(self, path, **options):
        return self.ok("GET", path, **options)

    def answers(self):
        """True once GET / answers with the worker's identity."""
        try:
            response = self.call("GET", "/", timeout=5)
        except requests.RequestException:
            return False
        return response.status_code == 200 and "kafka_cluster_id" in response.json()

    def put_connector(self, name, config):
        return self.ok("PUT", f"/connectors/{quote(name)}/config", config)

    def config(self, name):
        return self.ok("GET", f"/connectors/{quote(name)}/config")

    def delete_connector(self, name):
        return self.ok("DELETE", f"/connectors/{quote(name)}")

    def status(self, name):
        """The connector's status, None while there is none."""
        response = self.call("GET", f"/connectors/{quote(name)}/status")
        if response.status_code == 404:
            return None
        if response.status_code >= 400:
            raise RestError(response)
        return response.json()

    def wait_running(self, name, tasks=1, timeout=60):
        """Waits until the connector and at least so many tasks run; a failed one fails the test."""

        def running():
            status = self.status(name)
            if not status:
                return False
            parts = [status["connector"], *status["tasks"]]
            for part in parts:
                assert part["state"] != "FAILED", f"{name}: {part}"
            ready = len(status["tasks"]) >= tasks and {p["state"] for p in parts} == {"RUNNING"}
            return status if ready else False

        return wait_for(running, timeout, f"{name} and {tasks} task(s) to run", interval=0.2)

    def wait_state(self, name, state, timeout=60):
        """Waits until the connector and all of its tasks have the state."""

        def reached():
            status = self.status(name)
            parts = [status["connector"], *status["tasks"]] if status else []
            return status if parts and all(p["state"] == state for p in parts) else False

        return wait_for(reached, timeout, f"{name} to be {state}", interval=0.2)

    def stop_connector(self, name, timeout=60):
        self.ok("PUT", f"/connectors/{quote(name)}/stop")

        def stopped():
            status = self.status(name)
            return status and status["connector"]["state"] == "STOPPED" and not status["tasks"]

        wait_for(stopped, timeout, f"{name} to be STOPPED", interval=0.2)

    def offsets(self, name):
        return self.get(f"/connectors/{quote(name)}/offsets")["offsets"]


def quote(name):
    return urllib.parse.quote(name, safe="")
