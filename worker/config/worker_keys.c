/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of a worker's settings: WorkerConfig, DistributedConfig, StandaloneConfig and
 * RestServerConfig of Connect 4.1, and ours. Constant; the validators are pure.
 */
#include "base/logging.h"
#include "config/config_keys.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct kc_error *kc_config_in_range(const char *name, const char *value, const char *min,
                                    const char *max)
{
    const char *what = NULL;
    const char *limit = NULL;

    if (!value)
        return kc_config_invalid(name, NULL, "Value must be non-null");
    if (strtod(value, NULL) < strtod(min, NULL)) {
        what = "Value must be at least";
        limit = min;
    } else if (max && strtod(value, NULL) > strtod(max, NULL)) {
        what = "Value must be no more than";
        limit = max;
    }
    if (!what)
        return NULL;
    char *why = kc_asprintf("%s %s", what, limit);
    struct kc_error *err = kc_config_invalid(name, value, why);
    free(why);
    return err;
}

struct kc_error *kc_config_at_least_minus_1(const char *name, const char *value)
{
    return kc_config_in_range(name, value, "-1", NULL);
}

static struct kc_error *dns_lookup(const char *name, const char *value)
{
    static const char *const options[] = {"use_all_dns_ips",
                                          "resolve_canonical_bootstrap_servers_only", NULL};

    return kc_config_one_of(name, value, options, false);
}

static struct kc_error *discovery(const char *name, const char *value)
{
    static const char *const options[] = {"ONLY_SCAN", "SERVICE_LOAD", "HYBRID_WARN", "HYBRID_FAIL",
                                          NULL};

    return kc_config_one_of(name, value, options, true);
}

static struct kc_error *metric_names(const char *name, const char *value)
{
    static const char *const options[] = {"strimzi", "confluent", NULL};
    struct kc_strings words = {0};
    struct kc_error *err = NULL;

    kc_strings_split(&words, value ? value : "");
    for (size_t i = 0; i < words.count && !err; i++)
        err = kc_config_one_of(name, words.items[i], options, false);
    kc_strings_destroy(&words);
    return err;
}

static struct kc_error *recording_level(const char *name, const char *value)
{
    static const char *const options[] = {"INFO", "DEBUG", NULL};

    return kc_config_one_of(name, value, options, false);
}

static struct kc_error *client_auth(const char *name, const char *value)
{
    static const char *const options[] = {"required", "requested", "none", NULL};

    return kc_config_one_of(name, value, options, false);
}

static struct kc_error *exactly_once(const char *name, const char *value)
{
    static const char *const options[] = {"DISABLED", "ENABLED", "PREPARING", NULL};

    return kc_config_one_of(name, value, options, true);
}

static struct kc_error *security_protocol(const char *name, const char *value)
{
    static const char *const options[] = {"SASL_SSL", "PLAINTEXT", "SSL", "SASL_PLAINTEXT", NULL};

    return kc_config_one_of(name, value, options, true);
}

static struct kc_error *recovery_strategy(const char *name, const char *value)
{
    static const char *const options[] = {"REBOOTSTRAP", "NONE", NULL};

    return kc_config_one_of(name, value, options, true);
}

static struct kc_error *connect_protocol(const char *name, const char *value)
{
    if (value && (strcasecmp(value, "eager") == 0 || strcasecmp(value, "compatible") == 0 ||
                  strcasecmp(value, "sessioned") == 0))
        return NULL;
    return kc_config_invalid(name, value, "Invalid Connect protocol compatibility");
}

static bool count_or_default(const char *value)
{
    long number = value ? strtol(value, NULL, 10) : 0;

    return number == -1 || number >= 1;
}

static struct kc_error *partitions(const char *name, const char *value)
{
    if (count_or_default(value))
        return NULL;
    return kc_config_invalid(
        name, value, "Number of partitions must be positive, or -1 to use the broker's default");
}

static struct kc_error *replication_factor(const char *name, const char *value)
{
    if (count_or_default(value))
        return NULL;
    return kc_config_invalid(name, value,
                             "Replication factor must be positive and not larger than the number "
                             "of brokers in the Kafka cluster, or -1 to use the broker's default");
}

static struct kc_error *non_negative_int(const char *name, const char *value)
{
    return kc_config_in_range(name, value, "0", "2147483647");
}

/* The MACs of Java's own providers that OpenSSL has as well. */
static const char *const macs[] = {"HmacSHA256",   "HmacSHA384",     "HmacSHA512",
                                   "HmacSHA224",   "HmacSHA1",       "HmacMD5",
                                   "HmacSHA3-224", "HmacSHA3-256",   "HmacSHA3-384",
                                   "HmacSHA3-512", "HmacSHA512/224", "HmacSHA512/256"};

static struct kc_error *mac_algorithm(const char *name, const char *value)
{
    struct kc_str why = {0};

    for (size_t i = 0; value && i < sizeof(macs) / sizeof(macs[0]); i++) {
        if (strcasecmp(value, macs[i]) == 0)
            return NULL;
    }
    kc_str_append(&why, "the algorithm is not supported by this worker; the supported algorithms "
                        "are: [");
    for (size_t i = 0; i < sizeof(macs) / sizeof(macs[0]); i++)
        kc_str_appendf(&why, "%s%s", i ? ", " : "", macs[i]);
    kc_str_append_char(&why, ']');
    struct kc_error *err = kc_config_invalid(name, value, why.data);
    kc_str_destroy(&why);
    return err;
}

static struct kc_error *mac_algorithms(const char *name, const char *value)
{
    struct kc_strings list = {0};
    struct kc_error *err = NULL;

    kc_strings_split(&list, value ? value : "");
    if (list.count == 0)
        err = kc_config_invalid(name, "[]",
                                "At least one signature verification algorithm must be provided");
    for (size_t i = 0; !err && i < list.count; i++)
        err = mac_algorithm(name, list.items[i]);
    kc_strings_destroy(&list);
    return err;
}

static bool has_blank(const char *csv)
{
    struct kc_strings list = {0};
    bool found = false;

    kc_strings_split(&list, csv);
    for (size_t i = 0; i < list.count; i++)
        found = found || !*list.items[i];
    kc_strings_destroy(&list);
    return found;
}

static struct kc_error *listeners(const char *name, const char *value)
{
    if (!value || !*value)
        return kc_error_new(KC_ERR_CONFIG,
                            "Invalid value for %s, at least one URL is expected, ex: "
                            "http://localhost:8080,https://localhost:8443.",
                            name);
    if (has_blank(value))
        return kc_error_new(KC_ERR_CONFIG, "Empty URL found when parsing %s list.", name);
    return NULL;
}

static struct kc_error *admin_listeners(const char *name, const char *value)
{
    return value && *value ? listeners(name, value) : NULL;
}

/* RestServerConfig.validateHttpResponseHeaderConfig: "action name:value". */
static struct kc_error *header_rule(const char *rule)
{
    static const char *const actions[] = {"set", "add", "setDate", "addDate"};
    const char *space = " \t\n\v\f\r";
    size_t action_len = strcspn(rule, space);
    const char *header = rule + action_len + strspn(rule + action_len, space);
    const char *colon = strchr(header, ':');
    bool known = false;

    if (!*header)
        return kc_error_new(KC_ERR_CONFIG,
                            "Invalid format of header config '%s'. Expected: '[action] [header "
                            "name]:[header value]'",
                            rule);
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        known = known || (strlen(actions[i]) == action_len &&
                          strncasecmp(rule, actions[i], action_len) == 0);
    if (!known)
        return kc_error_new(KC_ERR_CONFIG,
                            "Invalid header config action: '%.*s'. Expected one of [set, add, "
                            "setDate, addDate]",
                            (int)action_len, rule);
    if (!colon || !colon[1] || strchr(colon + 1, ':'))
        return kc_error_new(KC_ERR_CONFIG,
                            "Invalid format of header name and header value pair '%s'. Expected: "
                            "'[header name]:[header value]'",
                            header);
    if (colon == header || strcspn(header, space) < (size_t)(colon - header))
        return kc_error_new(KC_ERR_CONFIG,
                            "Invalid header name '%.*s'. The '[header name]' cannot contain "
                            "whitespace",
                            (int)(colon - header), header);
    return NULL;
}

/* A CSV of rules, each of which may stand in double quotes to hold a comma. */
static struct kc_error *response_headers(const char *name, const char *value)
{
    struct kc_error *err = NULL;
    const char *at = value ? value : "";

    while (!err && *at) {
        struct kc_str rule = {0};
        bool quoted = false;

        at += strspn(at, " \t");
        for (; *at && (quoted || *at != ','); at++) {
            if (*at == '"')
                quoted = !quoted;
            else
                kc_str_append_char(&rule, *at);
        }
        at += *at == ',';
        while (rule.len && strchr(" \t", rule.data[rule.len - 1]))
            rule.data[--rule.len] = '\0';
        err = header_rule(rule.data ? rule.data : "");
        kc_str_destroy(&rule);
    }
    return err;
}

static struct kc_error *log_level(const char *name, const char *value)
{
    struct kc_strings settings = {0};
    struct kc_error *err = NULL;

    kc_strings_split(&settings, value ? value : "");
    for (size_t i = 0; !err && i < settings.count; i++) {
        const char *equals = strchr(settings.items[i], '=');
        enum kc_log_level level;

        if (!kc_log_level_parse(equals ? equals + 1 : settings.items[i], &level))
            err = kc_config_invalid(name, value,
                                    "Levels are TRACE, DEBUG, INFO, WARN, ERROR, FATAL, OFF; write "
                                    "LEVEL for the root logger and logger=LEVEL for others");
    }
    kc_strings_destroy(&settings);
    return err;
}

static struct kc_error *log_format(const char *name, const char *value)
{
    static const char *const options[] = {"text", "json", NULL};

    return kc_config_one_of(name, value, options, false);
}

static const struct kc_config_key base_keys[] = {
    KC_KEY("bootstrap.servers", LIST, "localhost:9092", NULL, HIGH,
           "host:port of one or more brokers of the cluster that holds the internal topics; also "
           "the default for the clients of tasks."),
    KC_KEY("client.dns.lookup", STRING, "use_all_dns_ips", dns_lookup, MEDIUM,
           "Whether to try every address of a broker's name in turn."),
    KC_KEY("key.converter", CLASS, kc_config_required, NULL, HIGH,
           "Default converter of record keys. Its own settings follow under key.converter.*"),
    KC_KEY("key.converter.plugin.version", STRING, NULL, NULL, LOW,
           "Version of that plugin, where several are installed."),
    KC_KEY("value.converter", CLASS, kc_config_required, NULL, HIGH,
           "Default converter of record values. Its own settings follow under value.converter.*"),
    KC_KEY("value.converter.plugin.version", STRING, NULL, NULL, LOW,
           "Version of that plugin, where several are installed."),
    KC_KEY("task.shutdown.graceful.timeout.ms", LONG, "5000", NULL, LOW,
           "Time that all tasks together have to stop before they are cancelled."),
    KC_KEY("offset.flush.interval.ms", LONG, "60000", NULL, LOW,
           "How often tasks commit their offsets."),
    KC_KEY("offset.flush.timeout.ms", LONG, "5000", NULL, LOW,
           "How long one such commit may take before it is put off to the next. Exactly-once "
           "tasks don't use it."),
    KC_KEY("plugin.path", LIST, NULL, NULL, LOW,
           "Directories with plugins: shared objects that are loaded at start. Java's jar files "
           "there are passed over."),
    KC_KEY("isthmus.plugins.file.enabled", BOOLEAN, "false", NULL, LOW,
           "Whether the FileStream connectors may be used. They read and write any file of the "
           "worker's user. Apache's connect-file jar on plugin.path enables them, too."),
    KC_KEY("plugin.discovery", STRING, "hybrid_warn", discovery, LOW,
           "How a Java worker looks for plugins."),
    KC_KEY("metrics.sample.window.ms", LONG, "30000", kc_config_at_least_0, LOW,
           "Length of one window of a rate or average."),
    KC_KEY("metrics.num.samples", INT, "2", kc_config_at_least_1, LOW,
           "Number of such windows that are kept."),
    KC_KEY("metrics.series.max", LONG, "2000", kc_config_at_least_1, LOW,
           "How many label sets of one kind, mirrored partitions for one, /metrics shows; where "
           "there are more, they are summed by topic, and by less where that isn't enough."),
    KC_KEY("metrics.names", LIST, "", metric_names, LOW,
           "Whose names /metrics has beside its own, for dashboards that ask for them: strimzi, "
           "confluent."),
    KC_KEY("metrics.recording.level", STRING, "INFO", recording_level, LOW,
           "Level of detail of a Java worker's metrics."),
    KC_KEY("metric.reporters", LIST, "org.apache.kafka.common.metrics.JmxReporter", NULL, LOW,
           "Where a Java worker reports its metrics. Here they are at /metrics."),
    KC_KEY("header.converter", CLASS, "org.apache.kafka.connect.storage.SimpleHeaderConverter",
           NULL, LOW,
           "Default converter of record headers. Its own settings follow under "
           "header.converter.*"),
    KC_KEY("header.converter.plugin.version", STRING, NULL, NULL, LOW,
           "Version of that plugin, where several are installed."),
    KC_KEY("config.providers", LIST, "", NULL, LOW,
           "Names of providers for ${name:[path:]key} in this file and in connector "
           "configurations; config.providers.NAME.class and .param.* belong to each."),
    KC_KEY("connector.client.config.override.policy", STRING, "All", NULL, MEDIUM,
           "Which client settings a connector may override: All, None, Principal (sasl.* login and "
           "security.protocol only) or Allowlist."),
    KC_KEY("topic.creation.enable", BOOLEAN, "true", NULL, LOW,
           "Whether source connectors may create topics by their topic.creation.* settings."),
};
const struct kc_key_table kc_worker_base_keys = KC_KEY_TABLE(base_keys);

static const struct kc_config_key rest_keys[] = {
    KC_KEY("topic.tracking.enable", BOOLEAN, "true", NULL, LOW,
           "Whether to record which topics each connector uses."),
    KC_KEY("topic.tracking.allow.reset", BOOLEAN, "true", NULL, LOW,
           "Whether REST may clear that record."),
    KC_KEY("listeners", LIST, "http://:8083", listeners, LOW,
           "http:// or https:// URLs that the REST API listens at. No host: all interfaces; port "
           "0: any free one."),
    KC_KEY("rest.advertised.host.name", STRING, NULL, NULL, LOW,
           "Host under which other workers reach this one."),
    KC_KEY("rest.advertised.port", INT, NULL, NULL, LOW,
           "Port under which other workers reach this one."),
    KC_KEY("rest.advertised.listener", STRING, NULL, NULL, LOW,
           "Protocol by which other workers reach this one: http or https."),
    KC_KEY("access.control.allow.origin", STRING, "", NULL, LOW,
           "Origins whose pages may call the REST API from a browser; * for any."),
    KC_KEY("access.control.allow.methods", STRING, "", NULL, LOW,
           "HTTP methods that such pages may use. Default: GET, POST and HEAD."),
    KC_KEY("response.http.headers.config", STRING, "", response_headers, LOW,
           "Headers to put on every answer: comma-separated rules 'action name:value', action one "
           "of set, add, setDate, addDate."),
    KC_KEY("ssl.client.auth", STRING, "none", client_auth, LOW,
           "Whether an https listener asks for, or insists on, a client's certificate."),
    KC_KEY("rest.extension.classes", LIST, "", NULL, LOW,
           "REST extensions; the basic authentication extension is known by its Java name."),
    KC_KEY("admin.listeners", LIST, NULL, admin_listeners, LOW,
           "URLs for the admin resources alone. Unset: the listeners above; empty: nowhere."),
};
const struct kc_key_table kc_rest_keys = KC_KEY_TABLE(rest_keys);

static const struct kc_config_key group_keys[] = {
    KC_KEY("group.id", STRING, kc_config_required, NULL, HIGH,
           "Name of the Connect cluster. No consumer group may have the same."),
    KC_KEY("session.timeout.ms", INT, "10000", NULL, HIGH,
           "Silence after which the broker takes a worker for dead."),
    KC_KEY("rebalance.timeout.ms", INT, "60000", NULL, HIGH,
           "Time that workers have to rejoin in a rebalance."),
    KC_KEY("heartbeat.interval.ms", INT, "3000", NULL, HIGH,
           "How often a worker tells the broker that it lives."),
    KC_KEY("exactly.once.source.support", STRING, "disabled", exactly_once, HIGH,
           "Exactly-once delivery from source connectors. To turn it on in a running cluster set "
           "preparing on all workers first, then enabled."),
    KC_KEY("metadata.max.age.ms", LONG, "300000", kc_config_at_least_0, LOW,
           "Age after which the cluster's metadata is asked for again."),
    KC_KEY("client.id", STRING, "", NULL, LOW, "Part of the client ids of this worker's clients."),
    KC_KEY("send.buffer.bytes", INT, "131072", kc_config_at_least_minus_1, MEDIUM,
           "Size of a socket's send buffer; -1 for the system's default."),
    KC_KEY("receive.buffer.bytes", INT, "32768", kc_config_at_least_minus_1, MEDIUM,
           "Size of a socket's receive buffer; -1 for the system's default."),
    KC_KEY("reconnect.backoff.ms", LONG, "50", kc_config_at_least_0, LOW,
           "First wait before a broken connection is opened again."),
    KC_KEY("reconnect.backoff.max.ms", LONG, "1000", kc_config_at_least_0, LOW,
           "Longest wait before a broken connection is opened again."),
    KC_KEY("socket.connection.setup.timeout.ms", LONG, "10000", kc_config_at_least_0, LOW,
           "Time to open a connection, at first."),
    KC_KEY("socket.connection.setup.timeout.max.ms", LONG, "30000", kc_config_at_least_0, LOW,
           "Time to open a connection, at most."),
    KC_KEY("retry.backoff.ms", LONG, "100", kc_config_at_least_0, LOW,
           "First wait before a failed request is sent again."),
    KC_KEY("retry.backoff.max.ms", LONG, "1000", kc_config_at_least_0, LOW,
           "Longest wait before a failed request is sent again."),
    KC_KEY("request.timeout.ms", INT, "40000", kc_config_at_least_0, MEDIUM,
           "Time to wait for a broker's answer."),
    KC_KEY("connections.max.idle.ms", LONG, "540000", NULL, MEDIUM,
           "Time after which an idle connection is closed."),
    KC_KEY("security.protocol", STRING, "PLAINTEXT", security_protocol, MEDIUM,
           "How to talk to brokers: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."),
};
const struct kc_key_table kc_group_keys = KC_KEY_TABLE(group_keys);

static const struct kc_config_key distributed_keys[] = {
    KC_KEY("worker.sync.timeout.ms", INT, "3000", NULL, MEDIUM,
           "Time that a worker tries to catch up with the config topic before it leaves the "
           "group."),
    KC_KEY("worker.unsync.backoff.ms", INT, "300000", NULL, MEDIUM,
           "Time that it then stays away."),
    KC_KEY("offset.storage.topic", STRING, kc_config_required, NULL, HIGH,
           "Topic for the offsets of source connectors."),
    KC_KEY("offset.storage.partitions", INT, "25", partitions, LOW,
           "Its partitions, when it is created."),
    KC_KEY("offset.storage.replication.factor", SHORT, "3", replication_factor, LOW,
           "Its replication factor, when it is created."),
    KC_KEY("config.storage.topic", STRING, kc_config_required, NULL, HIGH,
           "Topic for the configurations of connectors and tasks; one partition."),
    KC_KEY("config.storage.replication.factor", SHORT, "3", replication_factor, LOW,
           "Its replication factor, when it is created."),
    KC_KEY("status.storage.topic", STRING, kc_config_required, NULL, HIGH,
           "Topic for the states of connectors and tasks."),
    KC_KEY("status.storage.partitions", INT, "5", partitions, LOW,
           "Its partitions, when it is created."),
    KC_KEY("status.storage.replication.factor", SHORT, "3", replication_factor, LOW,
           "Its replication factor, when it is created."),
    KC_KEY("connect.protocol", STRING, "sessioned", connect_protocol, LOW,
           "Group protocol: eager, compatible or sessioned. Workers agree on the oldest."),
    KC_KEY("scheduled.rebalance.max.delay.ms", INT, "300000", non_negative_int, LOW,
           "How long the work of a lost worker waits for it to come back."),
    KC_KEY("inter.worker.key.ttl.ms", INT, "3600000", non_negative_int, LOW,
           "Age at which the key that signs internal requests is replaced; 0 for never."),
    KC_KEY("inter.worker.key.generation.algorithm", STRING, "HmacSHA256", mac_algorithm, LOW,
           "Algorithm that makes that key."),
    KC_KEY("inter.worker.key.size", INT, NULL, NULL, LOW,
           "Its size in bits. Unset: the algorithm's own."),
    KC_KEY("inter.worker.signature.algorithm", STRING, "HmacSHA256", mac_algorithm, LOW,
           "Algorithm that signs internal requests."),
    KC_KEY("inter.worker.verification.algorithms", LIST, "HmacSHA256", mac_algorithms, LOW,
           "Algorithms with which signed requests are accepted; the one above must be among them."),
    KC_KEY("metadata.recovery.strategy", STRING, "rebootstrap", recovery_strategy, LOW,
           "Whether to start from bootstrap.servers again when no known broker can be reached."),
    KC_KEY("metadata.recovery.rebootstrap.trigger.ms", LONG, "300000", kc_config_at_least_0, LOW,
           "Time without metadata after which that is done."),
};
const struct kc_key_table kc_distributed_keys = KC_KEY_TABLE(distributed_keys);

static const struct kc_config_key standalone_keys[] = {
    KC_KEY("offset.storage.file.filename", STRING, kc_config_required, NULL, HIGH,
           "File for the offsets of source connectors."),
};
const struct kc_key_table kc_standalone_keys = KC_KEY_TABLE(standalone_keys);

static const struct kc_config_key isthmus_keys[] = {
    KC_KEY("connector.client.config.override.allowlist", LIST, "", NULL, MEDIUM,
           "Client settings, without their prefix, that connectors may override under the policy "
           "Allowlist (Kafka 4.2)."),
    KC_KEY("log.level", STRING, "INFO", log_level, LOW,
           "Level of the root logger, then logger=LEVEL for those that differ: INFO, "
           "org.apache.kafka.connect.runtime=DEBUG"),
    KC_KEY("log.format", STRING, "text", log_format, LOW, "text, or json for one object per line."),
    KC_KEY("rest.connections.max", INT, "1024", kc_config_at_least_1, LOW,
           "REST connections that are open at once, at most a quarter of the files that the "
           "process may open. Beyond them a new connection takes the place of one that is slow or "
           "silent."),
    KC_KEY("rest.connection.idle.timeout.ms", INT, "120000", kc_config_at_least_1, LOW,
           "Time after which a REST connection on which nothing happens is closed."),
    KC_KEY("rest.request.read.timeout.ms", INT, "60000", kc_config_at_least_1, LOW,
           "Time that a client has to send a whole request; then it gets 408 (over https: "
           "nothing), and its connection is closed."),
    KC_KEY("rest.request.body.max.bytes", INT, "16777216", kc_config_at_least_1, LOW,
           "Largest body of a REST request; a larger one is answered with 413."),
    KC_KEY("rest.memory.max.bytes", INT, "134217728", kc_config_at_least_1, LOW,
           "Bytes that the bodies of all REST requests, what parsing them takes, and all answers "
           "may have at once. Beyond them a request is answered with 503; an eighth is kept for "
           "small ones."),
};
const struct kc_key_table kc_isthmus_keys = KC_KEY_TABLE(isthmus_keys);
