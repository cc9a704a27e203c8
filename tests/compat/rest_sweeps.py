# SPDX-License-Identifier: Apache-2.0
"""Long lists of REST calls for the differential test: every plugin, wrong values for every setting,
every method on every path, odd bodies, odd names, odd queries.

Each function takes a Scenario and makes the same calls against whichever worker that has.
ISTHMUS_REST_SWEEP=full tries every wrong value on every setting (some two thousand calls).
"""

import json
import os

from processes import wait_for
from workers import PATIENCE, mirror_config

FILE = "org.apache.kafka.connect.file.FileStream"
STRING = "org.apache.kafka.connect.storage.StringConverter"
JSON = {"Content-Type": "application/json"}
FULL = os.environ.get("ISTHMUS_REST_SWEEP") == "full"

# Settings that would make Java load or reach something that a test can't give.
LEFT_ALONE = {"connector.class", "name"}

WRONG = {
    "INT": ["x", "-1", "99999999999", "1.5", ""],
    "SHORT": ["x", "-2", "70000", ""],
    "LONG": ["x", "-1", "9223372036854775808", "1e3"],
    "DOUBLE": ["x", "-1.0", ""],
    "BOOLEAN": ["maybe", "TRUE", ""],
    "LIST": ["", "a,,b", " , ", "a,a"],
    "CLASS": ["no.such.Class", "", "java.lang.String"],
    "STRING": ["bogus value", "", " ", "\u0007"],
    "PASSWORD": ["", "secret"],
}


def every_plugin(scenario):
    """The settings of each plugin that Java has, by class and by alias."""
    everything = scenario.call(
        "all-plugins", "GET", "/connector-plugins?connectorsOnly=false"
    ).json()
    scenario.call("connectors-only", "GET", "/connector-plugins?connectorsOnly=TRUE")
    scenario.call("connectors-odd", "GET", "/connector-plugins?connectorsOnly=perhaps")
    known = scenario.remember("plugins", [plugin["class"] for plugin in everything])
    for name in known:
        scenario.call(f"plugin-config {name}", "GET", f"/connector-plugins/{name}/config")
        alias = name.rpartition(".")[2]
        scenario.call(f"plugin-config {alias}", "GET", f"/connector-plugins/{alias}/config")
    for name in ("", "%20", "mirrorsource", "MirrorSourceConnector ", "..", "a.b.C", "InsertField"):
        scenario.call(f"plugin-config odd '{name}'", "GET", f"/connector-plugins/{name}/config")


def base_configs(scenario):
    mirror = {
        plugin: mirror_config(plugin.removeprefix("Mirror"), scenario.source, scenario.target, "s")
        for plugin in ("MirrorSource", "MirrorCheckpoint", "MirrorHeartbeat")
    }
    return {
        "FileStreamSource": {"connector.class": f"{FILE}SourceConnector", "topic": "t"},
        "FileStreamSink": {"connector.class": f"{FILE}SinkConnector", "topics": "t"},
        **mirror,
    }


def validate_sweep(scenario, plugin):
    """One wrong value after the other in a configuration that is right otherwise."""
    config = {"name": "swept", **base_configs(scenario)[plugin]}
    path = f"/connector-plugins/{plugin}/config/validate"
    keys = scenario.remember(
        f"keys of {plugin}",
        [(k["name"], k["type"]) for k in scenario.rest.get(f"/connector-plugins/{plugin}/config")],
    )
    scenario.call(f"validate {plugin} as it is", "PUT", path, config)
    for number, (key, kind) in enumerate(keys):
        if key in LEFT_ALONE:
            continue
        values = WRONG[kind]
        for value in values if FULL else [values[number % len(values)]]:
            label = f"validate {plugin} {key}={value!r}"
            scenario.call(label, "PUT", path, {**config, key: value})
    for key in [k for k, _ in keys if k in config and k != "connector.class"]:
        rest = {k: v for k, v in config.items() if k != key}
        scenario.call(f"validate {plugin} without {key}", "PUT", path, rest)


def versions(source, sink, transforms):
    """Versions of plugins that aren't there, or that can't be read (KIP-891)."""
    chain = {"transforms": "a", "transforms.a.type": transforms + "RegexRouter",
             "transforms.a.regex": "x", "transforms.a.replacement": "y"}  # fmt: skip
    predicate = {"predicates": "p",
                 "predicates.p.type": transforms + "predicates.RecordIsTombstone"}  # fmt: skip
    converter = {"key.converter": STRING}
    for version in ("99.0", "latest", "[99.0,)", "(,99.0)", "[x", " ", "[2,1]"):
        for label, plugin, config, key in [
            ("connector", "FileStreamSource", source, "connector"),
            ("sink", "FileStreamSink", sink, "connector"),
            ("converter", "FileStreamSource", {**source, **converter}, "key.converter"),
            ("lone converter", "FileStreamSource", source, "value.converter"),
            ("transform", "FileStreamSource", {**source, **chain}, "transforms.a"),
            ("predicate", "FileStreamSource", {**source, **predicate}, "predicates.p"),
            ("untyped", "FileStreamSource", {**source, "transforms": "a"}, "transforms.a"),
        ]:
            label = f"version {label}={version!r}"
            yield label, plugin, {**config, f"{key}.plugin.version": version}


def blanks(source, sink, transforms):
    """Blanks around values: what a ConfigDef reads is trimmed, what is read raw isn't."""
    router = {"transforms.a.regex": " x ", "transforms.a.replacement": " y "}
    for label, plugin, config in [
        ("class", "FileStreamSource", {**source, "connector.class": f" {FILE}SourceConnector"}),
        ("converter", "FileStreamSource", {**source, "key.converter": f" {STRING} "}),
        ("header", "FileStreamSink", {**sink, "header.converter": f"{STRING} "}),
        ("transform", "FileStreamSource", {**source, "transforms": " a ", **router,
                                           "transforms.a.type": f" {transforms}RegexRouter"}),
        ("numbers", "FileStreamSource", {**source, "tasks.max": " 2 ", "batch.size": "\t7 ",
                                         "errors.log.enable": " true ",
                                         "errors.tolerance": " all "}),
        ("topics", "FileStreamSink", {**sink, "topics": " t , u "}),
    ]:  # fmt: skip
        yield f"blank {label}", plugin, config


def overrides(source, sink):
    """Settings of clients with their definitions."""
    created = {"topic.creation.default.partitions": "1",
               "topic.creation.default.replication.factor": "1"}  # fmt: skip
    for key, value in [
        ("acks", "1"), ("acks", " all "), ("linger.ms", "5"), ("batch.size", " 16384 "),
        ("compression.type", "zstd"), ("enable.idempotence", "TRUE"), ("client.id", "c"),
        ("sasl.jaas.config", "secret"), ("interceptor.classes", ""), ("retries", "3"),
        ("buffer.memory", "1048576"), ("client.rack", "r"), ("bootstrap.servers", "a:1,b:2"),
    ]:  # fmt: skip
        setting = {f"producer.override.{key}": value}
        yield f"override producer {key}={value!r}", "FileStreamSource", {**source, **setting}
    for key, value in [
        ("max.poll.records", "7"), ("auto.offset.reset", "latest"), ("isolation.level", "x"),
        ("fetch.max.bytes", "1"), ("no.such", "x"), ("group.instance.id", "i"),
    ]:  # fmt: skip
        setting = {f"consumer.override.{key}": value}
        yield f"override sink {key}={value!r}", "FileStreamSink", {**sink, **setting}
    for key in ("retries", "client.id", "default.api.timeout.ms"):
        setting = {**created, f"admin.override.{key}": "9"}
        yield f"override admin {key}", "FileStreamSource", {**source, **setting}


def unknown_classes(configs):
    for plugin in ("MirrorSource", "MirrorCheckpoint", "MirrorHeartbeat"):
        for key in (
            "replication.policy.class", "topic.filter.class", "group.filter.class",
            "config.property.filter.class", "forwarding.admin.class",
        ):  # fmt: skip
            config = {**configs[plugin], key: " no.such.Class"}
            yield f"unknown class {plugin} {key}", plugin, config


def all_wrong(config):
    """Every kind of value wrong at once: how many errors are counted?"""
    wrong = {"tasks.max": "x", "errors.tolerance": "some", "errors.log.enable": "maybe",
             "replication.factor": "many", "refresh.topics.interval.seconds": "soon",
             "sync.topic.acls.enabled": "perhaps", "emit.heartbeats.interval.seconds": "1.5",
             "emit.checkpoints.interval.seconds": "1.5", "offset.lag.max": "far",
             "offset-syncs.topic.location": "nowhere", "admin.timeout.ms": "x",
             "consumer.poll.timeout.ms": "x", "security.protocol": "NONE",
             "heartbeats.topic.replication.factor": "x", "sync.group.offsets.enabled": "2",
             "checkpoints.topic.replication.factor": "99999", "transforms": "a,a",
             "transaction.boundary.interval.ms": "-1"}  # fmt: skip
    return {**config, **wrong}


def failing_starts(scenario):
    """Connectors that validation lets pass and whose start fails: their states and first words."""
    source = base_configs(scenario)["FileStreamSource"]
    transforms = "org.apache.kafka.connect.transforms."
    default = "topic.creation.default."
    router = {"transforms": "a", "transforms.a.regex": "x", "transforms.a.replacement": "y"}
    cases = {
        "no factor": {default + "partitions": "1"},
        "no partitions": {default + "replication.factor": "1"},
        "groups alone": {"topic.creation.groups": "g"},
        "factor no number": {default + "partitions": "1", default + "replication.factor": "x"},
        "factor zero": {default + "partitions": "1", default + "replication.factor": "0"},
        "group zero": {default + "partitions": "1", default + "replication.factor": "1",
                       "topic.creation.groups": "g", "topic.creation.g.partitions": "0"},
        "group regex": {default + "partitions": "1", default + "replication.factor": "1",
                        "topic.creation.groups": "g", "topic.creation.g.include": "a,("},
        "blank transform": {**router, "transforms.a.type": f" {transforms}RegexRouter"},
    }  # fmt: skip
    for number, (label, more) in enumerate(cases.items()):
        # A name of its own: the status of a deleted one may be there for a moment longer.
        name = f"{scenario.names['FILE']}-{number}"
        config = {**source, "file": "/no/such", **more}
        scenario.call(f"start {label}", "PUT", f"/connectors/{name}/config", config)
        status = wait_for(lambda: settled(scenario, name), 30 * PATIENCE, f"{label} to settle")
        scenario.note(f"start {label} became", status)
        scenario.delete(name)


def settled(scenario, name):
    """The connector's state with what its trace says first, less the exception's class."""
    status = scenario.rest.status(name)
    if not status or status["connector"]["state"] == "UNASSIGNED":
        return None
    trace = status["connector"].get("trace", "")
    words = (trace.splitlines() or [""])[0].partition(": ")
    text = words[2] if words[0].startswith("org.apache.kafka") else "".join(words)
    return [status["connector"]["state"], scenario.plain(text)]


def contradictions(scenario):
    """Settings that don't go together, chains of transforms, overrides, topic creation."""
    configs = base_configs(scenario)
    source, sink = configs["FileStreamSource"], configs["FileStreamSink"]
    transforms = "org.apache.kafka.connect.transforms."
    for label, plugin, config in [
        ("topics and regex", "FileStreamSink", {**sink, "topics.regex": "x.*"}),
        ("neither topics", "FileStreamSink", {"connector.class": sink["connector.class"]}),
        ("blank topics", "FileStreamSink", {**sink, "topics": " "}),
        ("bad regex", "FileStreamSink", {"connector.class": sink["connector.class"],
                                         "topics.regex": "("}),
        ("dlq is topic", "FileStreamSink", {**sink, "errors.deadletterqueue.topic.name": "t"}),
        ("dlq in regex", "FileStreamSink", {"connector.class": sink["connector.class"],
                                            "topics.regex": "d.*",
                                            "errors.deadletterqueue.topic.name": "dlq"}),
        ("group id", "FileStreamSink", {**sink, "consumer.override.group.id": "other"}),
        ("override", "FileStreamSource", {**source, "producer.override.acks": "2"}),
        ("override unknown", "FileStreamSource", {**source, "producer.override.zzz": "2"}),
        ("override consumer", "FileStreamSink", {**sink, "consumer.override.max.poll.records": "x"}),
        ("override admin", "FileStreamSource", {**source, "admin.override.retries": "x"}),
        ("unknown key", "FileStreamSource", {**source, "no.such.setting": "x"}),
        ("no such transform", "FileStreamSource", {**source, "transforms": "a",
                                                   "transforms.a.type": "no.Such"}),
        ("transform untyped", "FileStreamSource", {**source, "transforms": "a"}),
        ("transform twice", "FileStreamSource", {**source, "transforms": "a,b,a"}),
        ("transform blank", "FileStreamSource", {**source, "transforms": ""}),
        ("chain", "FileStreamSource", {**source, "transforms": "a,b",
                                       "transforms.a.type": transforms + "InsertField$Value",
                                       "transforms.a.static.field": "f",
                                       "transforms.b.type": transforms + "RegexRouter",
                                       "transforms.b.regex": "(",
                                       "transforms.b.replacement": "$1"}),
        ("predicate", "FileStreamSource", {**source, "transforms": "a", "predicates": "p",
                                           "transforms.a.type": transforms + "HoistField$Key",
                                           "transforms.a.field": "f",
                                           "transforms.a.predicate": "p",
                                           "transforms.a.negate": "perhaps",
                                           "predicates.p.type": transforms
                                           + "predicates.TopicNameMatches"}),
        ("predicate missing", "FileStreamSource", {**source, "transforms": "a",
                                                   "transforms.a.type": transforms
                                                   + "HoistField$Key",
                                                   "transforms.a.field": "f",
                                                   "transforms.a.predicate": "nobody"}),
        ("topic creation", "FileStreamSource", {**source, "topic.creation.groups": "g",
                                                "topic.creation.default.partitions": "1",
                                                "topic.creation.default.replication.factor": "1",
                                                "topic.creation.g.partitions": "0"}),
        ("topic creation bad", "FileStreamSource", {**source,
                                                    "topic.creation.default.partitions": "x",
                                                    "topic.creation.default.replication.factor":
                                                    "0"}),
        ("exactly once", "FileStreamSource", {**source, "exactly.once.support": "required"}),
        ("boundary", "FileStreamSource", {**source, "transaction.boundary": "connector"}),
        ("boundary interval", "FileStreamSource", {**source, "transaction.boundary": "interval",
                                                   "transaction.boundary.interval.ms": "-5"}),
        ("offsets topic", "FileStreamSource", {**source, "offsets.storage.topic": " "}),
        ("converter", "FileStreamSource", {**source, "key.converter": "no.Such"}),
        ("converter not one", "FileStreamSource", {**source,
                                                   "value.converter": "java.lang.String"}),
        ("converter setting", "FileStreamSource", {**source,
                                                   "value.converter":
                                                   "org.apache.kafka.connect.json.JsonConverter",
                                                   "value.converter.schemas.cache.size": "x"}),
        ("header converter", "FileStreamSource", {**source, "header.converter": STRING}),
        ("tasks max", "FileStreamSource", {**source, "tasks.max": "0"}),
        ("class alias", "FileStreamSource", {**source, "connector.class": "FileStreamSource"}),
        ("class short", "FileStreamSource", {**source,
                                             "connector.class": "FileStreamSourceConnector"}),
        ("class wrong", "FileStreamSource", {**source, "connector.class": "Nobody"}),
        ("class a transform", "FileStreamSource", {**source,
                                                   "connector.class": transforms + "RegexRouter"}),
        ("null value", "FileStreamSource", {**source, "topic": None}),
        ("number value", "FileStreamSource", {**source, "tasks.max": 2, "batch.size": 10}),
        ("boolean value", "FileStreamSource", {**source, "errors.log.enable": True}),
        ("object value", "FileStreamSource", {**source, "topic": {}}),
        ("list value", "FileStreamSource", {**source, "topic": ["t"]}),
        ("plugin version", "FileStreamSource", {**source, "connector.plugin.version": "x"}),
        *versions(source, sink, transforms),
        *blanks(source, sink, transforms),
        *overrides(source, sink),
        *unknown_classes(configs),
        *(
            (f"twice {plugin} {key}={value}", plugin, {**config, key: value})
            for plugin, config in configs.items()
            for key, value in (("transforms", "a,a"), ("predicates", "p,p"), ("transforms", "a, a"))
        ),
        *((f"all wrong {plugin}", plugin, all_wrong(config)) for plugin, config in configs.items()),
        ("provider", "FileStreamSource", {**source, "file": "${nobody:path:key}"}),
        ("provider env", "FileStreamSource", {**source, "file": "${env:HOME}"}),
    ]:
        path = f"/connector-plugins/{plugin}/config/validate"
        scenario.call(f"contradiction {label}", "PUT", path, {"name": "c", **config})
        body = {"name": "contra", "config": config, "initial_state": "STOPPED"}
        answer = scenario.call(f"contradiction create {label}", "POST", "/connectors", body)
        if answer.status_code == 201:
            scenario.delete("contra")


def every_method(scenario):
    """Each method on each path: statuses, Allow, and nothing in the answers to HEAD."""
    paths = [
        "/", "/health", "/connectors", "/connectors/nobody", "/connectors/nobody/config",
        "/connectors/nobody/status", "/connectors/nobody/tasks", "/connectors/nobody/restart",
        "/connectors/nobody/tasks/0/status", "/connectors/nobody/tasks/0/restart",
        "/connectors/nobody/pause", "/connectors/nobody/resume", "/connectors/nobody/stop",
        "/connectors/nobody/topics", "/connectors/nobody/topics/reset",
        "/connectors/nobody/offsets", "/connectors/nobody/fence", "/connector-plugins",
        "/connector-plugins/MirrorSource/config", "/connector-plugins/MirrorSource",
        "/connector-plugins/MirrorSource/config/validate", "/admin/loggers",
        "/admin/loggers/root", "/admin", "/connectors/nobody/tasks/0", "/connectors/nobody/nothing",
    ]  # fmt: skip
    for path in paths:
        for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE"):
            if path == "/admin/loggers/root" and method == "PUT":
                continue
            if path == "/connectors/nobody/tasks" and method == "POST":
                continue  # Java parses the body before it looks for the signature
            scenario.raw(f"method {method} {path}", method, path, allow=True)
    for path in ("/connectors", "/connectors/nobody/config", "/admin/loggers/root"):
        for method in ("POST", "PUT", "PATCH"):
            for kind in ("text/plain", "application/xml", "application/json; charset=utf-8",
                         "application/*", "*/*", "application/json;", "", "x"):  # fmt: skip
                headers = {"Content-Type": kind}
                scenario.raw(f"type '{kind}' {method} {path}", method, path, headers, b"[]")
    for accept in ("text/html", "application/json", "*/*", "application/*", "text/html,*/*;q=0.1",
                   "application/xml", "", "application/json;q=0", "nonsense", "text/plain",
                   "application/vnd.x+json"):  # fmt: skip
        for path in ("/", "/connectors", "/connectors/nobody", "/admin/loggers/root", "/nothing"):
            scenario.raw(f"accept '{accept}' {path}", "GET", path, {"Accept": accept})


def odd_paths(scenario):
    """Slashes, dots, escapes and queries as nobody should write them."""
    for path in (
        "/connectors/", "//connectors", "/connectors//", "/connectors//nobody", "/./connectors",
        "/connectors/../connectors", "/connectors/nobody/", "/connectors/nobody/status/",
        "/connectors/%6Eobody", "/connectors/no%2Fbody", "/connectors/no%2fbody/status",
        "/connectors/%2e%2e", "/connectors/no%00body", "/connectors/%zz", "/connectors/%",
        "/connectors/%e4", "/connectors/%C3%A4", "/connectors/no+body", "/connectors/no;body",
        "/connectors/nobody;a=b/status", "/connectors/no%3Bbody", "/connectors/no%5Cbody",
        "/connectors/no%25body", "/connectors/no%20body", "/connectors/no%0Abody",
        "/connectors/nobody/tasks/x/status", "/connectors/nobody/tasks/-1/status",
        "/connectors/nobody/tasks/99999999999/status", "/connectors/nobody/tasks/00/status",
        "/connectors/nobody/tasks/%30/status", "/connectors/nobody/tasks/+1/status",
        "/CONNECTORS", "/Connectors/nobody", "/connectors/nobody/Status", "/health/", "/admin/",
        "/admin/loggers/", "/admin/loggers/a/b", "/connector-plugins/", "/favicon.ico",
        "/connectors?", "/connectors?expand", "/connectors?expand=", "/connectors?expand=info&",
        "/connectors?expand=status&expand=status", "/connectors?expand=INFO", "/connectors?x=%zz",
        "/connectors?expand=inf%6F", "/connectors?%65xpand=info", "/connectors?=a", "/connectors?&&",
        "/connectors?expand=info;expand=status", "/connectors/nobody/status?a=b#c",
        "/connector-plugins?connectorsOnly", "/connector-plugins?connectorsOnly=",
        "/connectors/nobody?forward=maybe", "/?x", "/health?x=y",
    ):  # fmt: skip
        scenario.raw(f"path {path}", "GET", path)
    for path in (
        "/connectors/nobody/restart?includeTasks", "/connectors/nobody/restart?includeTasks=",
        "/connectors/nobody/restart?onlyFailed=TRUE", "/connectors/nobody/restart?forward=true",
        "/connectors/nobody/restart?forward=x&includeTasks=true",
        "/connectors/nobody/restart?includeTasks=false&includeTasks=true",
    ):  # fmt: skip
        scenario.raw(f"post {path}", "POST", path)
    scenario.raw("long path", "GET", "/connectors/" + "n" * 3000)
    scenario.raw("deep path", "GET", "/connectors" + "/n" * 40)


ODD_BODIES = {
    "nothing": b"",
    "blank": b"   ",
    "null": b"null",
    "text": b'"x"',
    "number": b"12",
    "true": b"true",
    "array": b"[]",
    "array of objects": b'[{"a":"b"}]',
    "empty object": b"{}",
    "half": b'{"a"',
    "single quotes": b"{'a':'b'}",
    "no quotes": b"{a:1}",
    "comment": b'{"a":"b"/**/}',
    "comma": b'{"a":"b",}',
    "two": b'{"a":"b"}{"c":"d"}',
    "trailing": b'{"a":"b"} x',
    "leading": b'x{"a":"b"}',
    "byte order mark": b'\xef\xbb\xbf{"a":"b"}',
    "not utf-8": b'{"a":"\xff\xfe"}',
    "latin 1": '{"a":"ä"}'.encode("latin-1"),
    "utf-16": '{"a":"b"}'.encode("utf-16-le"),
    "surrogate": b'{"a":"\\ud800"}',
    "nul": b'{"a\x00":"b"}',
    "control": b'{"a":"\x01"}',
    "bad escape": b'{"a":"\\x"}',
    "infinity": b'{"a":Infinity}',
    "nan": b'{"a":NaN}',
    "octal": b'{"a":012}',
    "deep": b"[" * 3000 + b"]" * 3000,
    "deep in value": b'{"a":' + b"[" * 1200 + b"]" * 1200 + b"}",
    "nested": b'{"a":{"b":"c"}}',
}


def odd_bodies(scenario):
    """Bodies that are no JSON, or not the JSON that was asked for."""
    targets = [
        ("POST", "/connectors"),
        ("PUT", "/connectors/nobody/config"),
        ("PATCH", "/connectors/nobody/config"),
        ("PATCH", "/connectors/nobody/offsets"),
        ("PUT", "/connector-plugins/FileStreamSource/config/validate"),
        ("PUT", "/admin/loggers/no.such.logger"),
    ]
    for label, body in ODD_BODIES.items():
        for method, path in targets:
            scenario.raw(f"body {label} {method} {path}", method, path, JSON, body)


def odd_values(scenario):
    """Scalars where text is wanted become text; what stands last counts."""
    path = "/connector-plugins/FileStreamSource/config/validate"
    for label, value in {
        "integer": "1", "negative": "-5", "zero": "-0", "fraction": "1.50", "exponent": "1e3",
        "capital exponent": "1E+3", "big": "123456789012345678901234567890", "tiny": "1e-400",
        "true": "true", "false": "false", "null": "null", "text": '"1"',
        "huge exponent": "1e999",
    }.items():  # fmt: skip
        for key in ("tasks.max", "file", "errors.log.enable"):
            body = (
                f'{{"name":"v","connector.class":"FileStreamSource","topic":"t","{key}":{value}}}'
            )
            scenario.raw(f"value {label} {key}", "PUT", path, JSON, body.encode())
    twice = b'{"name":"v","connector.class":"No","connector.class":"FileStreamSource","topic":"t"}'
    scenario.raw("duplicate keys", "PUT", path, JSON, twice)
    for state in ("running", "Stopped", "PAUSED", "", " STOPPED", 1, True, [], "DESTROYED"):
        config = {"connector.class": "FileStreamSource", "topic": "t", "file": "/no/such"}
        body = {"name": "state", "config": config, "initial_state": state}
        answer = scenario.call(f"initial state {state!r}", "POST", "/connectors", body)
        if answer.status_code == 201:
            scenario.delete("state")
    config = {"connector.class": "FileStreamSource", "topic": "t"}
    for label, body in {
        "name null": {"name": None, "config": config},
        "name number": {"name": 5, "config": {**config, "name": "6"}},
        "name list": {"name": [], "config": config},
        "config null": {"name": "x", "config": None},
        "config text": {"name": "x", "config": "text"},
        "config number": {"name": "x", "config": 5},
        "state null no config": {"name": "x", "initial_state": None},
        "extra": {"name": "x", "config": config, "tasks": []},
        "case": {"Name": "x", "config": config},
    }.items():
        scenario.call(f"create {label}", "POST", "/connectors", body)


NAMES = {
    "space": "a b",
    "outer space": "  padded  ",
    "slash": "a/b",
    "percent": "a%2Fb",
    "plus": "a+b",
    "unicode": "gr\u00fc\u00df-\u4e2d\u6587-\U0001f600",
    "dots": "..",
    "dot": ".",
    "semicolon": "a;b=c",
    "question": "a?b",
    "quote": 'a"b\\c',
    "control": "a\u0007b",
    "newline": "a\nb",
    "delete": "a\u007fb",
    "c1": "a\u0085b",
    "colon": "a:b",
    "long": "n" * 1000,
    "empty": "",
    "blank": "   ",
}


def odd_names(scenario):
    """Connectors of strange names, born stopped: created, listed, read, deleted."""
    config = {"connector.class": "FileStreamSource", "topic": "t", "file": "/no/such"}
    for label, name in NAMES.items():
        body = {"name": name, "config": config, "initial_state": "STOPPED"}
        created = scenario.call(f"name {label} create", "POST", "/connectors", body)
        where = "/connectors/" + scenario.escape(name.strip() or " ")
        scenario.raw(f"name {label} get", "GET", where)
        scenario.raw(f"name {label} config", "GET", where + "/config")
        if created.status_code == 201:
            listed = name.strip() in scenario.rest.get("/connectors")
            scenario.note(f"name {label} listed", listed)
            scenario.raw(f"name {label} delete", "DELETE", where)


def offsets_variants(scenario):
    """Offsets of a source by hand in every shape; nothing of it runs."""
    name = scenario.names["FILE"]
    config = {"connector.class": "FileStreamSource", "topic": "t", "file": "/no/such"}
    body = {"name": name, "config": config, "initial_state": "STOPPED"}
    scenario.call("offsets create", "POST", "/connectors", body)
    wait_for(
        lambda: (s := scenario.rest.status(name)) and s["connector"]["state"] == "STOPPED",
        30 * PATIENCE,
        "STOPPED",
    )
    path = "/connectors/{FILE}/offsets"
    file = {"filename": "/no/such"}
    for label, item in {
        "good": {"partition": file, "offset": {"position": 5}},
        "big": {"partition": file, "offset": {"position": 2**53 + 1}},
        "negative": {"partition": file, "offset": {"position": -1}},
        "text": {"partition": file, "offset": {"position": "5"}},
        "fraction": {"partition": file, "offset": {"position": 1.5}},
        "boolean": {"partition": file, "offset": {"position": True}},
        "null position": {"partition": file, "offset": {"position": None}},
        "other field": {"partition": file, "offset": {"x": 1}},
        "empty offset": {"partition": file, "offset": {}},
        "empty partition": {"partition": {}, "offset": {"position": 1}},
        "number file": {"partition": {"filename": 1}, "offset": {"position": 1}},
        "null file": {"partition": {"filename": None}, "offset": {"position": 1}},
        "more fields": {"partition": {**file, "x": 1}, "offset": {"position": 1, "y": [1]}},
        "no partition": {"offset": {"position": 1}},
        "no offset": {"partition": file},
        "nested": {"partition": {"filename": {"a": "b"}}, "offset": {"position": 1}},
        "extra member": {"partition": file, "offset": None, "x": 1},
        "item null": None,
        "item text": "x",
        "item list": [],
        "partition list": {"partition": [], "offset": None},
        "offset text": {"partition": file, "offset": "5"},
    }.items():
        scenario.call(f"offsets {label}", "PATCH", path, {"offsets": [item]})
    for label, body in {
        "null": {"offsets": None}, "object": {"offsets": {}}, "number": {"offsets": 1},
        "other": {"offsets": [], "x": 1}, "list": [], "twice": {"offsets": [
            {"partition": file, "offset": {"position": 1}},
            {"partition": file, "offset": {"position": 2}}]},
    }.items():  # fmt: skip
        scenario.call(f"offsets body {label}", "PATCH", path, body)
    scenario.call("offsets reset", "DELETE", path)
    scenario.no_offsets(name)
    scenario.call("offsets none", "GET", path)
    scenario.call("offsets reset again", "DELETE", path)
    for label, patch in {
        "number": {"tasks.max": 3}, "null of unknown": {"nothing": None},
        "name": {"name": "other"}, "class": {"connector.class": "FileStreamSink"},
        "empty": {}, "required": {"topic": None}, "add": {"batch.size": "7"},
    }.items():  # fmt: skip
        scenario.call(f"patch {label}", "PATCH", "/connectors/{FILE}/config", patch)
    for tail in ("/pause", "/stop", "/resume", "/pause", "/resume"):
        scenario.call(f"state {tail}", "PUT", "/connectors/{FILE}" + tail)
    scenario.call("offsets delete", "DELETE", "/connectors/{FILE}")


def log_levels(scenario):
    """Levels of loggers: scopes, spellings, wrong bodies."""
    path = "/admin/loggers/org.example.swept"
    for level in ("debug", "Info", "WARN", "error", "fatal", "OFF", "trace", "all", "", " ", "x",
                  "INFO ", None, 1, True, [], {}):  # fmt: skip
        scenario.call(f"level {level!r}", "PUT", path, {"level": level})
        scenario.call(f"level {level!r} read", "GET", path)
    for scope in ("worker", "WORKER", "cluster", "Cluster", "", "x", "cluster&scope=worker"):
        scenario.call(f"scope '{scope}'", "PUT", f"{path}?scope={scope}", {"level": "INFO"})
    scenario.call("scope cluster bad level", "PUT", f"{path}?scope=cluster", {"level": "x"})
    scenario.call("scope cluster no level", "PUT", f"{path}?scope=cluster", {})
    scenario.call("level extra", "PUT", path, {"level": "INFO", "x": "y"})
    scenario.call("level reset", "PUT", "/admin/loggers/org.example", {"level": "INFO"})




CORS = [
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Credentials",
    "Access-Control-Allow-Headers",
    "Access-Control-Allow-Methods",
    "Access-Control-Max-Age",
    "Access-Control-Expose-Headers",
    "Vary",
    "WWW-Authenticate",
    "X-One",
    "X-Two",
    "Cache-Control",
]
GUARDED = {
    "access.control.allow.origin": "http://a.example,https://[a-z]+[.]b[.]example",
    "access.control.allow.methods": "PUT",
    "response.http.headers.config": 'set X-One:1, add X-Two: 2, "set Cache-Control: no-store, max-age=0"',
    "rest.extension.classes": "org.apache.kafka.connect.rest.basic.auth.extension"
    ".BasicAuthSecurityRestExtension",
    "topic.tracking.enable": "false",
}


def guarded(scenario):
    """A worker with users, origins, headers of its own and without topic tracking."""
    right = {"Authorization": "Basic YWRtaW46c2VjcmV0"}  # admin:secret
    for label, headers in {
        "nobody": {},
        "right": right,
        "lower case": {"Authorization": "basic YWRtaW46c2VjcmV0"},
        "wrong": {"Authorization": "Basic YWRtaW46d3Jvbmc="},
        "no colon": {"Authorization": "Basic YWRtaW4="},
        "no base64": {"Authorization": "Basic %%%"},
        "bearer": {"Authorization": "Bearer YWRtaW46c2VjcmV0"},
        "empty": {"Authorization": ""},
        "empty password": {"Authorization": "Basic ZW1wdHk6"},
        "blank user": {"Authorization": "Basic IDpzZWNyZXQ="},
    }.items():
        for method, path in [
            ("GET", "/"), ("GET", "/connectors"), ("GET", "/nothing"), ("DELETE", "/connectors/n"),
            ("GET", "/connectors/n/tasks"), ("PUT", "/connectors/n/pause"), ("OPTIONS", "/connectors"),
            ("POST", "/connectors/n/tasks/0/restart"), ("GET", "/admin/loggers/root"),
        ]:  # fmt: skip
            name = f"user {label} {method} {path}"
            scenario.raw(name, method, path, headers, keep=CORS)
    scenario.raw("internal tasks", "POST", "/connectors/n/tasks", JSON, b"[]", keep=CORS)
    scenario.raw("internal tasks/", "POST", "/connectors/n/tasks/", JSON, b"[]", keep=CORS)
    scenario.raw("internal fence", "PUT", "/connectors/n/fence", keep=CORS)
    scenario.raw("internal fence get", "GET", "/connectors/n/fence", keep=CORS)
    for label, origin in {
        "listed": "http://a.example", "pattern": "https://x.b.example", "other": "http://c.example",
        "part": "http://a.example.evil", "null": "null", "blank": "", "case": "HTTP://A.EXAMPLE",
        "two": "http://a.example http://c.example",
    }.items():  # fmt: skip
        simple = {**right, "Origin": origin}
        asked = {**simple, "Access-Control-Request-Method": "PUT"}
        for path in ("/connectors", "/nothing", "/connectors/n"):
            scenario.raw(f"origin {label} {path}", "GET", path, simple, keep=CORS)
            scenario.raw(f"preflight {label} {path}", "OPTIONS", path, asked, keep=CORS)
            scenario.raw(f"options {label} {path}", "OPTIONS", path, simple, keep=CORS)
    bare = {"Origin": "http://a.example", "Access-Control-Request-Method": "PUT"}
    scenario.raw("preflight of nobody", "OPTIONS", "/connectors", bare, keep=CORS)
    scenario.raw("no topics", "GET", "/connectors/n/topics", right, keep=CORS)
    scenario.raw("no reset", "PUT", "/connectors/n/topics/reset", right, keep=CORS)
