# SPDX-License-Identifier: Apache-2.0
"""One scenario of REST calls against Java's Connect and against Isthmus; the answers must be alike.

Both workers live on the same cluster, each in a Connect group of its own. Statuses, headers that
clients read and JSON are compared; what may differ stands in ALLOWED, each with its reason.
"""

import http.client
import json
import re
import urllib.parse

import pytest

import rest_sweeps
from processes import LOGS, wait_for
from rest import Rest, is_momentary
from workers import PATIENCE, Workers, mirror_config

FILE = "org.apache.kafka.connect.file.FileStream"
STRING = "org.apache.kafka.connect.storage.StringConverter"
JSON = {"Content-Type": "application/json"}

# (call, path into the answer, reason), the first two being regular expressions for the whole.
ALLOWED = [
    (".*", r".*\.documentation", "prose is our own"),
    ("identity", r"\.body\.(version|commit)", "each its own release"),
    ("plugins", r".*\.version", "plugins carry the version of their worker"),
    (".*", r".*\.(connector|tasks\[\d+\])\.version", "plugins carry the version of their worker"),
    ("get /tasks/0/status", r"\.body\.version", "plugins carry the version of their worker"),
    ("bad-json.*", r"\.body\.message", "the text of a JSON parser"),
    (".*", r".*\.trace", "a Java stack trace against a text; both name the cause"),
    ("no-body", r"\.body\.message", "the text of a NullPointerException"),
    ("loggers", r"\.body\.(?!root\.).*", "loggers are named after the code"),
    ("set-logger", r"\.body.*", "loggers are named after the code"),
    ("unknown-class", r"\.body\.message", "lists Java's class path"),
    (
        "unknown-path|wrong-method.*|wrong-content-type|unknown GET /tasks-config",
        r"\.type",
        "Java's web server gives these errors as JSON without saying so; we say so",
    ),
    ("method .*|guarded.*", r"\.(version|commit)", "each its own release"),
    ("(method|user|accept|path) .*", r"\.body\.(version|commit)", "each its own release"),
    ("(all-plugins|connectors-.*|method .*|path .*)", r".*\.version", "each its own release"),
    (
        "(method|type|accept|path|post|body|user|origin|preflight|options|internal|name|no) .*|"
        "long path|deep path|plugin-config odd .*",
        r"\.type",
        "Java's web server gives errors without their type, or as a page; ours are all JSON",
    ),
    ("method .*", r"\.allow", "RFC 9110 wants Allow with 405; Java leaves it out"),
    ("(method|preflight|options|user) .*", r"\.body", "OPTIONS lists methods as text beside Allow"),
    (
        "(?!body (text|number|true|array( of objects)?|nested|byte order mark) PATCH .*offsets)"
        "(body|create|initial state|level|method|type|contradiction|accept) .*|offsets item null",
        r"\.body\.message",
        "the text of Jackson, of a NullPointerException or of Java's regular expressions",
    ),
    ("contradiction bad regex", r".*errors\[0\]", "the text of Java's regular expressions"),
    (
        "(path|name) .*|long path|plugin-config odd .*",
        r"\.(body|status|type)(\..*)?",
        "Jetty refuses escapes that it calls ambiguous; a name that may be created can be reached",
    ),
    ("name .*", r"\.location", "the name is escaped, so that the address can be used"),
    ("type '(|x)' .*", r"\.(status|body.*)", "400 by Jersey, 405 or 415 here"),
    ("plugin-config .*\\$(Key|Value)", r"\.(status|body.*)", "short names of nested classes do"),
    ("user no base64 .*", r"\.(status|body.*)", "Java answers 500; 401 is what it means"),
    ("patch name", r"\.(status|body.*)", "Java renames a connector within its configuration"),
    ("body (utf-16|surrogate) .*", r"\.(status|body.*)", "JSON between systems is UTF-8 (RFC 8259)"),
    ("body (nothing|blank|null) PATCH .*config", r"\.(status|body.*)", "refused before it is looked up"),
    ("method PATCH .*config", r"\.(status|body.*)", "refused before it is looked up"),
    ("level ''.*", r"\.(status|body.*)", "Java answers 500; 404 is what other levels get"),
    ("method GET /admin/loggers|scope .*|level .*", r"\.body\..*", "loggers are named after the code"),
    ("user no base64 .*", r"\..*", "Java answers 500 by a page of its web server"),
    ("(origin|preflight|options) two .*", r"\..*", "a browser sends one origin; two are none of ours"),
    ("patch (empty|add)", r"\.body\.config\.name", "what Java has renamed before"),
    ("contradiction create override consumer", r"\.location", "see its status"),
    (
        "(validate|contradiction) .*(converter='java|converter not one).*",
        r".*",
        "a class of the JVM that is no converter: refused by both, with other texts beside",
    ),
    (
        "validate .* (config.action.reload|errors.tolerance)=.*",
        r".*errors\[0\]",
        "Java lists what may stand there in the order of a HashSet",
    ),
    ("validate .* sasl\\..*class=.*", r".*", "classes of the JVM: accepted and not loaded here"),
    (
        "contradiction create (plugin version|version (connector|sink)=.*)|contradiction version (connector|sink)=' '",
        r"\.(status|body.*)",
        "Java answers 500 to POST, and to a blank version; 400 is what KIP-891 means",
    ),
    ("contradiction predicate", r".*errors\[1\]", "the text of a NullPointerException"),
    ("start group regex became", r"\.body\[1\]", "the text of Java's regular expressions"),
    (
        "validate Mirror.* .*class='java.lang.String'",
        r".*(errors.length|error_count|value.value)",
        "a class of the JVM that is no policy and no filter: Java takes it and fails at the start",
    ),
    ("contradiction chain", r".*errors\[0\]", "the text of Java's regular expressions"),
    ("contradiction converter setting", r".*(order\)|groups\[\d\])", "the order of groups"),
    ("contradiction.*override consumer", r"\.(status|body.*)", "Java fails to validate: 500"),
    (
        "plugin-config .*|validate .*",
        r".*plugin\.version\.((definition\.)?default_value|value\.(value|recommended_values\[0\]))",
        "plugins carry the version of their worker",
    ),
]


def without_ours(body):
    """Plugins and settings without those that are ours: MirrorSinkConnector, which KIP-382 describes
    and Java never had, KafkaLinkConnector, and the quarantine of source connectors."""
    if isinstance(body, list):
        return [item for item in body if not is_ours(item)]
    if isinstance(body, dict) and isinstance(body.get("configs"), list):
        return {**body, "configs": without_ours(body["configs"])}
    return body


def is_ours(item):
    if not isinstance(item, dict):
        return False
    definition = item.get("definition") or item
    ours = (".MirrorSinkConnector", ".KafkaLinkConnector")
    return str(item.get("class")).endswith(ours) or str(definition.get("name")).startswith(
        "errors.quarantine."
    )


class Scenario:
    """Runs calls against one worker and keeps what a client sees of the answers."""

    def __init__(self, worker, source, target, names, shared):
        self.rest = worker.rest
        self.source, self.target, self.names = source, target, names
        self.answers = {}
        self._shared = shared
        self._connection = None

    def remember(self, what, value):
        """The value that the first worker to ask, Java's, gave: what both are then asked about."""
        return self._shared.setdefault(what, value)

    def note(self, label, value):
        self.answers[label] = {"status": 0, "body": value}

    escape = staticmethod(lambda name: urllib.parse.quote(name, safe=""))

    def delete(self, name):
        """Right after POST a connector may not be found yet, here as in Java."""
        path = f"/connectors/{self.escape(name)}"
        wait_for(
            lambda: self.rest.insist("DELETE", path).status_code == 204,
            30 * PATIENCE,
            f"{name} to be deleted",
        )
        wait_for(
            lambda: name not in self.rest.get("/connectors"), 30 * PATIENCE, f"{name} to be gone"
        )

    def raw(self, label, method, path, headers=(), body=None, allow=False, keep=()):
        """A call that no client library has tidied up: the path and headers as they stand."""

        def answer():
            response, data = self._raw_once(method, path, headers, body)
            momentary = is_momentary(response.status, data.decode("latin-1"))
            return None if momentary else (response, data)

        response, data = wait_for(answer, 30 * PATIENCE, f"{method} {path} to meet no rebalance")
        try:
            parsed = json.loads(data) if data else None
        except ValueError:
            parsed = data.decode("latin-1")
        self.answers[label] = {
            "status": response.status,
            "location": self.plain(response.headers.get("Location")),
            "type": response.headers.get("Content-Type") if data else None,
            "body": self.plain(without_ours(parsed)),
        }
        if allow:
            methods = response.headers.get("Allow")
            self.answers[label]["allow"] = sorted(set(methods.split(","))) if methods else None
        for name in keep:
            self.answers[label][name] = response.headers.get(name)

    def _raw_once(self, method, path, headers, body):
        for attempt in (1, 2):
            if not self._connection:
                address = self.rest.url.removeprefix("http://")
                self._connection = http.client.HTTPConnection(address, timeout=90)
            try:
                response, data = self._exchange(method, path, headers, body)
            except (ConnectionError, http.client.HTTPException):
                self._connection.close()  # idle for too long, or the last answer closed it
                self._connection = None
                if attempt == 2:
                    raise
                continue
            if response.will_close:
                self._connection.close()
                self._connection = None
            return response, data

    def _exchange(self, method, path, headers, body):
        connection = self._connection
        connection._http_vsn_str = "HTTP/1.1"
        connection._validate_path = lambda url: None
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in dict(headers).items():
            connection.putheader(name, value)
        if body is not None or method in ("POST", "PUT", "PATCH"):
            connection.putheader("Content-Length", str(len(body or b"")))
        connection.endheaders(body or None)
        response = connection.getresponse()
        return response, response.read()

    def call(self, label, method, path, body=None, **options):
        response = self.rest.insist(method, path.format(**self.names), body, **options)
        self.answers[label] = {
            "status": response.status_code,
            "location": self.plain(response.headers.get("Location")),
            "type": response.headers.get("Content-Type") if response.content else None,
            "body": self.plain(self.parse(response)),
        }
        return response

    @staticmethod
    def parse(response):
        try:
            body = response.json() if response.content else None
        except json.JSONDecodeError:
            return response.text
        return without_ours(body)

    def plain(self, answer):
        """The answer without what is bound to differ between two workers: addresses and times."""
        if isinstance(answer, dict) and isinstance(answer.get("message"), str):
            # Jackson's words on where it was; what it was stands before them.
            answer = {**answer, "message": answer["message"].partition("\n at [Source")[0]}
        text = re.sub(r"(available versions: \[)[\d., ]+\]", r"\1ITS]", json.dumps(answer))
        text = text.replace(self.rest.url.removeprefix("http://"), "WORKER")
        for word, name in self.names.items():
            text = text.replace(name, word)
        return json.loads(re.sub(r'("last_modified": )\d+', r"\1 1", text))

    def no_offsets(self, name):
        """Tombstones are read back by a consumer, so a moment after the answer to the call."""
        wait_for(lambda: not self.rest.offsets(name), 30 * PATIENCE, f"no offsets of {name}")

    def identity(self):
        self.call("identity", "GET", "/")
        wait_for(
            lambda: self.rest.call("GET", "/health").status_code == 200, 60 * PATIENCE, "health"
        )
        self.call("health", "GET", "/health")

    def wrong_requests(self):
        call = self.call
        call("unknown-path", "GET", "/no/such/path")
        call("wrong-method", "DELETE", "/connectors")
        call("wrong-method-plugins", "POST", "/connector-plugins")
        call("no-content-type", "POST", "/connectors", data="{}")
        call(
            "wrong-content-type",
            "POST",
            "/connectors",
            data="a",
            headers={"Content-Type": "text/plain"},
        )
        call("no-body", "POST", "/connectors", headers=JSON)
        call("bad-json", "POST", "/connectors", data='{"name":', headers=JSON)
        call("bad-json-field", "POST", "/connectors", {"name": "x", "config": {}, "surprise": 1})
        call("bad-json-type", "POST", "/connectors", {"name": "x", "config": [1]})
        config = {"connector.class": f"{FILE}SourceConnector"}
        body = {"name": "x", "config": config, "initial_state": "ASLEEP"}
        call("bad-json-state", "POST", "/connectors", body)
        call("no-class", "POST", "/connectors", {"name": "x", "config": {"name": "x"}})
        call(
            "unknown-class",
            "POST",
            "/connectors",
            {"name": "x", "config": {"connector.class": "No"}},
        )
        body = {"name": "x", "config": {**config, "name": "y"}}
        call("two-names", "POST", "/connectors", body)
        call("empty-name", "POST", "/connectors", {"name": "", "config": {**config, "topic": "t"}})
        call("missing-setting", "PUT", "/connectors/x/config", config)
        call(
            "bad-setting",
            "PUT",
            "/connectors/x/config",
            {**config, "topic": "t", "tasks.max": "-1"},
        )
        call(
            "bad-transform",
            "PUT",
            "/connectors/x/config",
            {**config, "topic": "t", "transforms": "a,a"},
        )

    def unknown_connector(self):
        for method, tail in [
            ("GET", ""),
            ("GET", "/config"),
            ("GET", "/status"),
            ("GET", "/tasks"),
            ("GET", "/tasks-config"),
            ("GET", "/tasks/0/status"),
            ("GET", "/topics"),
            ("GET", "/offsets"),
            ("PUT", "/pause"),
            ("PUT", "/resume"),
            ("PUT", "/stop"),
            ("PUT", "/topics/reset"),
            ("POST", "/restart"),
            ("POST", "/restart?includeTasks=true"),
            ("POST", "/tasks/0/restart"),
            ("DELETE", "/offsets"),
            ("DELETE", ""),
        ]:
            self.call(f"unknown {method} {tail}", method, "/connectors/nobody" + tail)
        self.call("unknown PATCH /offsets", "PATCH", "/connectors/nobody/offsets", {"offsets": []})
        self.call("unknown PATCH /config", "PATCH", "/connectors/nobody/config", {"a": "b"})
        self.call("unsigned tasks", "POST", "/connectors/nobody/tasks", [])
        self.call("unsigned fence", "PUT", "/connectors/nobody/fence")

    def plugins(self):
        self.call("plugins", "GET", "/connector-plugins")
        for plugin in (
            "MirrorSource",
            "MirrorCheckpoint",
            "MirrorHeartbeat",
            "FileStreamSource",
            "FileStreamSink",
            f"{FILE}SourceConnector",
            "org.apache.kafka.connect.transforms.RegexRouter",
            "ByteArrayConverter",
            "JsonConverter",
            "NoSuch",
        ):
            self.call(f"plugin-config {plugin}", "GET", f"/connector-plugins/{plugin}/config")

    def validate(self):
        mirror = mirror_config("Source", self.source, self.target, "src")
        reports = {
            "MirrorSource": mirror,
            "MirrorCheckpoint": mirror_config("Checkpoint", self.source, self.target, "src"),
            "MirrorHeartbeat": mirror_config("Heartbeat", self.source, self.target, "src"),
            "FileStreamSource": {
                "connector.class": "FileStreamSource",
                "topic": "",
                "tasks.max": "x",
            },
            "FileStreamSink": {
                "connector.class": "FileStreamSink",
                "topics": "a",
                "topics.regex": "b",
            },
        }
        for plugin, config in reports.items():
            config = {"name": "v", **config}
            path = f"/connector-plugins/{plugin}/config/validate"
            self.call(f"validate {plugin}", "PUT", path, config)
        path = "/connector-plugins/MirrorSource/config/validate"
        self.call("validate bad numbers", "PUT", path, {**mirror, "replication.factor": "many"})
        self.call("validate no alias", "PUT", path, {"connector.class": mirror["connector.class"]})
        chain = {
            "transforms": "route",
            "transforms.route.type": "org.apache.kafka.connect.transforms.RegexRouter",
            "transforms.route.regex": "(.*)",
        }
        self.call("validate transform", "PUT", path, {"name": "v", **mirror, **chain})
        self.call("validate other class", "PUT", path, {"connector.class": "FileStreamSource"})
        self.call("validate no class", "PUT", path, {"topic": "t"})

    def life(self):
        call, rest, name = self.call, self.rest, self.names["BEAT"]
        config = mirror_config("Heartbeat", self.source, self.target, self.names["ALIAS"])
        call("create", "POST", "/connectors", {"name": name, "config": config})
        rest.wait_running(name, timeout=60 * PATIENCE)
        call("create-again", "POST", "/connectors", {"name": name, "config": config})
        call("list", "GET", "/connectors")
        call("expand", "GET", "/connectors?expand=info&expand=status")
        call("expand-unknown", "GET", "/connectors?expand=nothing")
        for tail in ("", "/config", "/status", "/tasks", "/tasks/0/status", "/tasks/9/status"):
            call(f"get {tail}", "GET", "/connectors/{BEAT}" + tail)
        wait_for(
            lambda: rest.get(f"/connectors/{name}/topics")[name]["topics"], 30 * PATIENCE, "topics"
        )
        call("topics", "GET", "/connectors/{BEAT}/topics")
        call("topics-reset", "PUT", "/connectors/{BEAT}/topics/reset")
        call("offsets-while-running", "DELETE", "/connectors/{BEAT}/offsets")
        call("pause", "PUT", "/connectors/{BEAT}/pause")
        rest.wait_state(name, "PAUSED", 30 * PATIENCE)
        call("paused", "GET", "/connectors/{BEAT}/status")
        call("resume", "PUT", "/connectors/{BEAT}/resume")
        rest.wait_running(name, timeout=30 * PATIENCE)
        call("restart", "POST", "/connectors/{BEAT}/restart")
        rest.wait_running(name, timeout=30 * PATIENCE)
        call(
            "restart-failed", "POST", "/connectors/{BEAT}/restart?includeTasks=true&onlyFailed=true"
        )
        rest.wait_running(name, timeout=30 * PATIENCE)
        call("restart-odd-flag", "POST", "/connectors/{BEAT}/restart?includeTasks=maybe")
        rest.wait_running(name, timeout=30 * PATIENCE)
        call("restart-task", "POST", "/connectors/{BEAT}/tasks/0/restart")
        rest.wait_running(name, timeout=30 * PATIENCE)
        call("restart-unknown-task", "POST", "/connectors/{BEAT}/tasks/5/restart")
        call("put", "PUT", "/connectors/{BEAT}/config", {**config, "tasks.max": "2"})
        call("patch", "PATCH", "/connectors/{BEAT}/config", {"tasks.max": None})
        call("patch-bad", "PATCH", "/connectors/{BEAT}/config", {"tasks.max": "x"})
        rest.wait_running(name, timeout=30 * PATIENCE)

    def offsets(self):
        call, rest, name = self.call, self.rest, self.names["BEAT"]
        wait_for(lambda: rest.offsets(name), 30 * PATIENCE, "offsets")
        rest.stop_connector(name, 30 * PATIENCE)
        call("stopped", "GET", "/connectors/{BEAT}/status")
        call("stop-again", "PUT", "/connectors/{BEAT}/stop")
        call("offsets", "GET", "/connectors/{BEAT}/offsets")
        where = {"sourceClusterAlias": self.names["ALIAS"], "targetClusterAlias": "target"}

        def patch(label, partition, offset):
            body = {"offsets": [{"partition": partition, "offset": offset}]}
            call(label, "PATCH", "/connectors/{BEAT}/offsets", body)

        patch("alter", where, {"offset": 0})
        patch("alter-wrong-offset", where, {"offset": 7})
        patch("alter-text-offset", where, {"offset": "x"})
        patch("alter-no-offset", where, {"other": 0})
        patch("alter-wrong-partition", {"sourceClusterAlias": 1}, {"offset": 0})
        patch("alter-null-partition", None, {"offset": 0})
        patch("alter-tombstone", where, None)
        self.no_offsets(name)
        call("offsets-gone", "GET", "/connectors/{BEAT}/offsets")
        call("alter-empty", "PATCH", "/connectors/{BEAT}/offsets", {"offsets": []})
        call("alter-nothing", "PATCH", "/connectors/{BEAT}/offsets", {})
        call("reset", "DELETE", "/connectors/{BEAT}/offsets")
        call("delete", "DELETE", "/connectors/{BEAT}")
        wait_for(lambda: not rest.get("/connectors"), 30 * PATIENCE, "the connector to be gone")
        call("deleted", "GET", "/connectors/{BEAT}")

    def mirror_offsets(self):
        """What MirrorSource says to offsets by hand; it is born stopped, so nothing ever runs."""
        call, rest, name = self.call, self.rest, self.names["MIRROR"]
        config = mirror_config("Source", self.source, self.target, self.names["ALIAS"])
        body = {"name": name, "config": config, "initial_state": "stopped"}
        call("create-stopped", "POST", "/connectors", body)
        wait_for(
            lambda: (s := rest.status(name)) and s["connector"]["state"] == "STOPPED",
            30 * PATIENCE,
            "the connector to be STOPPED",
        )
        call("born-stopped", "GET", "/connectors/{MIRROR}/status")
        place = {"cluster": "c", "topic": "t", "partition": 1}
        for label, partition, offset in [
            ("good", place, {"offset": 41}),
            ("negative", place, {"offset": -1}),
            ("text", place, {"offset": "1"}),
            ("no cluster", {"topic": "t", "partition": 1}, {"offset": 1}),
            ("text partition", {**place, "partition": "1"}, {"offset": 1}),
            ("negative partition", {**place, "partition": -1}, {"offset": 1}),
            ("number topic", {**place, "topic": 5}, {"offset": 1}),
        ]:
            body = {"offsets": [{"partition": partition, "offset": offset}]}
            call(f"mirror-alter {label}", "PATCH", "/connectors/{MIRROR}/offsets", body)
        call("mirror-offsets", "GET", "/connectors/{MIRROR}/offsets")
        call("bad-json-offsets", "PATCH", "/connectors/{MIRROR}/offsets", {"offsets": "all"})
        call("bad-json-offset-member", "PATCH", "/connectors/{MIRROR}/offsets", {"offset": []})
        call("mirror-reset", "DELETE", "/connectors/{MIRROR}/offsets")
        self.no_offsets(name)
        call("mirror-offsets-reset", "GET", "/connectors/{MIRROR}/offsets")
        call("mirror-delete", "DELETE", "/connectors/{MIRROR}")

    def sink_offsets(self):
        """Offsets of a sink are those of its consumer group."""
        call, rest, name = self.call, self.rest, self.names["SINK"]
        config = {
            "connector.class": f"{FILE}SinkConnector",
            "topics": "nothing",
            "key.converter": STRING,
            "value.converter": STRING,
        }
        body = {"name": name, "config": config, "initial_state": "STOPPED"}
        call("create-sink", "POST", "/connectors", body)
        wait_for(lambda: rest.status(name), 30 * PATIENCE, "a status")
        where = {"kafka_topic": self.names["LINES"], "kafka_partition": 0}
        for label, partition, offset in [
            ("number", where, {"kafka_offset": 2}),
            ("text", where, {"kafka_offset": "3"}),
            ("word", where, {"kafka_offset": "x"}),
            ("null topic", {"kafka_topic": None, "kafka_partition": 0}, {"kafka_offset": 1}),
            ("no partition", {"kafka_topic": "t"}, {"kafka_offset": 1}),
            ("word partition", {**where, "kafka_partition": "p"}, {"kafka_offset": 1}),
            ("null", None, {"kafka_offset": 1}),
            ("no offset", where, {"offset": 1}),
        ]:
            body = {"offsets": [{"partition": partition, "offset": offset}]}
            call(f"sink-alter {label}", "PATCH", "/connectors/{SINK}/offsets", body)
        call("sink-offsets", "GET", "/connectors/{SINK}/offsets")
        call("sink-reset", "DELETE", "/connectors/{SINK}/offsets")
        self.no_offsets(name)
        call("sink-offsets-reset", "GET", "/connectors/{SINK}/offsets")
        call("sink-delete", "DELETE", "/connectors/{SINK}")

    def loggers(self):
        self.call("loggers", "GET", "/admin/loggers")
        self.call("logger", "GET", "/admin/loggers/root")
        self.call("unknown-logger", "GET", "/admin/loggers/no.such.logger")
        path = "/admin/loggers/org.apache.kafka.connect.runtime"
        self.call("set-logger", "PUT", path, {"level": "warn"})
        self.call("set-logger-nothing", "PUT", path, {})
        self.call("set-logger-bad", "PUT", path, {"level": "LOUD"})
        self.call("set-logger-cluster", "PUT", path + "?scope=cluster", {"level": "INFO"})


def sweep(plugin):
    return lambda scenario: rest_sweeps.validate_sweep(scenario, plugin)


SWEEPS = {
    "every_plugin": rest_sweeps.every_plugin,
    "validate_file_source": sweep("FileStreamSource"),
    "validate_file_sink": sweep("FileStreamSink"),
    "validate_mirror_source": sweep("MirrorSource"),
    "validate_mirror_checkpoint": sweep("MirrorCheckpoint"),
    "validate_mirror_heartbeat": sweep("MirrorHeartbeat"),
    "contradictions": rest_sweeps.contradictions,
    "failing_starts": rest_sweeps.failing_starts,
    "every_method": rest_sweeps.every_method,
    "odd_paths": rest_sweeps.odd_paths,
    "odd_bodies": rest_sweeps.odd_bodies,
    "odd_values": rest_sweeps.odd_values,
    "offsets_variants": rest_sweeps.offsets_variants,
    "log_levels": rest_sweeps.log_levels,
    "odd_names": rest_sweeps.odd_names,
    "guarded": rest_sweeps.guarded,
}

PARTS = [
    "identity",
    "wrong_requests",
    "unknown_connector",
    "plugins",
    "validate",
    "life",
    "offsets",
    "mirror_offsets",
    "sink_offsets",
    "loggers",
    *(part for part in SWEEPS if part != "guarded"),
]


def differences(left, right, path=""):
    """Where two answers differ: [(path, left, right)]."""
    if isinstance(left, dict) and isinstance(right, dict):
        found = []
        for key in sorted(left.keys() | right.keys()):
            absent = "(absent)"
            found += differences(left.get(key, absent), right.get(key, absent), f"{path}.{key}")
        return found
    if isinstance(left, list) and isinstance(right, list):
        named = [keyed(left), keyed(right)]
        if all(named):
            return differences(*named, path)
        found = [] if len(left) == len(right) else [(f"{path}.length", len(left), len(right))]
        for index, pair in enumerate(zip(left, right)):
            found += differences(*pair, f"{path}[{index}]")
        return found
    return [] if left == right and type(left) is type(right) else [(path, left, right)]


def keyed(entries):
    """Lists of settings and plugins by their name, with the place as a value: a missing entry is
    one difference and doesn't shift the rest."""
    result = {}
    for entry in entries:
        inner = entry.get("value") if isinstance(entry, dict) else None
        inner = inner if isinstance(inner, dict) else entry
        if not isinstance(inner, dict):
            return None
        name = inner.get("class") or inner.get("name")
        if not name or name in result:
            return None
        result[name] = entry
    return {**result, "(order)": ",".join(result)} if result else None


def allowed(label, path):
    return any(
        re.fullmatch(call, label) and re.fullmatch(where, path) for call, where, _ in ALLOWED
    )


@pytest.fixture(scope="module")
def answers_of(source, target, request):
    """The answers of both workers to one part of the scenario."""
    kind = request.config.getoption("--worker")
    factories, scenarios, shared = [], {}, {}
    target.create_topic("lines-differential")
    for role, worker_kind in (("java", "java"), ("tested", kind)):
        factory = Workers(worker_kind, target, lambda word, role=role: f"{word}-diff-{role}")
        factories.append(factory)
        names = {
            "BEAT": f"beat-{role}",
            "MIRROR": f"mirrored-{role}",
            "SINK": f"sunk-{role}",
            "FILE": f"file-{role}",
            "ALIAS": f"alias-{role}",
            "LINES": "lines-differential",
        }
        scenarios[role] = Scenario(factory.distributed(), source, target, names, shared)
    yield scenarios
    for factory in factories:
        factory.close()


@pytest.fixture(scope="module")
def guarded_answers_of(target, request, tmp_path_factory):
    """Both workers again, with rest_sweeps.GUARDED."""
    files = tmp_path_factory.mktemp("guarded")
    (files / "users").write_text("admin=secret\nempty=\n")
    module = "org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule"
    (files / "jaas").write_text(f'KafkaConnect {{ {module} required file="{files}/users"; }};\n')
    option = f"-Djava.security.auth.login.config={files}/jaas"
    environment = {"KAFKA_OPTS": option, "JDK_JAVA_OPTIONS": option}
    factories, scenarios, shared = [], {}, {}
    for role, kind in (("java", "java"), ("tested", request.config.getoption("--worker"))):
        factory = Workers(kind, target, lambda word, role=role: f"{word}-guarded-{role}")
        factories.append(factory)
        settings = factory.settings(**rest_sweeps.GUARDED)
        worker = factory.distributed(settings, start=False, environment=environment)
        worker.rest = Rest(worker.rest.url, auth=("admin", "secret"))
        scenarios[role] = Scenario(worker.start(), None, target, {}, shared)
    yield scenarios
    for factory in factories:
        factory.close()


class Tally:
    """What the whole run compared, for the report at its end."""

    calls = statuses = bodies = 0
    differences = []

    @classmethod
    def compare(cls, java, tested):
        """The differences that are not allowed, as text."""
        assert list(java) == list(tested)
        found = []
        for label, expected in java.items():
            other = tested[label]
            cls.calls += 1
            cls.statuses += expected["status"] == other["status"]
            cls.bodies += expected["body"] == other["body"]
            for path, left, right in differences(expected, other):
                if not allowed(label, path):
                    text = f"{label} {path}:\n    Java    {left!r}\n    Isthmus {right!r}"
                    found.append(text[:1200])
        cls.differences += found
        return found

    @classmethod
    def report(cls):
        return (
            f"{cls.calls} calls, {cls.statuses} statuses equal, {cls.bodies} bodies equal, "
            f"differences that nobody explains: {len(cls.differences)}"
        )


@pytest.mark.java
@pytest.mark.parametrize("part", [*PARTS, "guarded"])
def test_answers_are_alike(request, part):
    fixture = "guarded_answers_of" if part == "guarded" else "answers_of"
    answers_of = request.getfixturevalue(fixture)
    for scenario in answers_of.values():
        scenario.answers = {}
        run = SWEEPS.get(part) or getattr(type(scenario), part)
        run(scenario)
    answers = {role: scenario.answers for role, scenario in answers_of.items()}
    (LOGS / f"rest-answers-{part}.json").write_text(json.dumps(answers, indent=1))
    found = Tally.compare(**answers)
    assert not found, f"{len(found)} differences:\n" + "\n".join(found)


@pytest.mark.java
def test_report(request):
    """Prints what all parts together have compared (they run before)."""
    terminal = request.config.pluginmanager.get_plugin("terminalreporter")
    terminal.ensure_newline()
    terminal.write_line(f"REST, Java against Isthmus: {Tally.report()}")
    assert Tally.calls == 0 or Tally.statuses > 0.9 * Tally.calls
