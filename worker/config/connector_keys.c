/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The framework's settings of every connector, source and sink, as Connect 4.1 reports them in
 * /connector-plugins/X/config: same order, groups, widths and defaults; the words are ours.
 * Constant.
 */
#include "config/config_keys.h"

#include <stdlib.h>
#include <string.h>

#define COMMON       "Common"
#define ERRORS       "Error Handling"
#define EXACTLY_ONCE "Exactly Once Support"

#define KEY(key, kind, fallback, check, rank, where, at, wide, title, text)                        \
    {                                                                                              \
        .name = (key), .type = KC_CONFIG_##kind, .default_value = (fallback),                      \
        .validator = (check), .importance = KC_IMPORTANCE_##rank, .group = (where), .order = (at), \
        .width = KC_WIDTH_##wide, .display_name = (title), .documentation = (text)                 \
    }

#define VERSION_KEY(key, rank, at, wide, title)                                                    \
    {                                                                                              \
        .name = (key), .type = KC_CONFIG_STRING, .validator = kc_config_valid_version,             \
        .importance = KC_IMPORTANCE_##rank, .group = COMMON, .order = (at),                        \
        .width = KC_WIDTH_##wide, .display_name = (title), .documentation = version_text,          \
        .recommender = visible_with_class                                                          \
    }

static struct kc_error *reload_action(const char *name, const char *value)
{
    static const char *const options[] = {"none", "restart", NULL};

    return kc_config_one_of(name, value, options, false);
}

static struct kc_error *tolerance(const char *name, const char *value)
{
    static const char *const options[] = {"none", "all", NULL};

    return kc_config_one_of(name, value, options, false);
}

static struct kc_error *support_level(const char *name, const char *value)
{
    static const char *const options[] = {"REQUIRED", "REQUESTED", NULL};

    return kc_config_one_of(name, value, options, true);
}

static struct kc_error *boundary(const char *name, const char *value)
{
    static const char *const options[] = {"INTERVAL", "POLL", "CONNECTOR", NULL};

    return kc_config_one_of(name, value, options, true);
}

static struct kc_error *null_or_at_least_0(const char *name, const char *value)
{
    return value ? kc_config_at_least_0(name, value) : NULL;
}

/* Java's PluginsRecommenders: a version can be chosen once the class is set. The runtime knows the
 * versions. */
static void visible_with_class(const char *name, const struct kc_map *config,
                               struct kc_strings *values, bool *visible)
{
    static const char suffix[] = ".plugin.version";
    char *key = kc_strndup(name, strlen(name) - (sizeof(suffix) - 1));

    *visible = kc_map_get(config, strcmp(key, "connector") == 0 ? "connector.class" : key) != NULL;
    free(key);
}

static const char version_text[] =
    "Version of the plugin to use, exact or as a range; unset for the newest.";

static const struct kc_config_key connector_keys[] = {
    KEY("name", STRING, kc_config_required, kc_config_non_empty_without_control, HIGH, COMMON, 1,
        MEDIUM, "Connector name", "The connector's name, unique in its Connect cluster."),
    KEY("connector.class", STRING, kc_config_required, NULL, HIGH, COMMON, 2, LONG,
        "Connector class",
        "Which connector to run: its full Java name, the name without its package, or the alias "
        "without the ending 'Connector'."),
    VERSION_KEY("connector.plugin.version", MEDIUM, 3, MEDIUM, "Connector version"),
    KEY("tasks.max", INT, "1", kc_config_at_least_1, HIGH, COMMON, 4, SHORT, "Tasks max",
        "How many tasks the connector may run at most."),
    KEY("tasks.max.enforce", BOOLEAN, "true", NULL, LOW, COMMON, 5, SHORT, "Enforce tasks max",
        "Whether a connector that makes more tasks than tasks.max fails. Deprecated: set it to "
        "false only to keep an old connector running."),
    KEY("key.converter", CLASS, NULL, NULL, LOW, COMMON, 6, SHORT, "Key converter class",
        "Converter of record keys, between Connect's data and the bytes in Kafka. Unset: the "
        "worker's."),
    VERSION_KEY("key.converter.plugin.version", LOW, 7, SHORT, "Key converter version"),
    KEY("value.converter", CLASS, NULL, NULL, LOW, COMMON, 8, SHORT, "Value converter class",
        "Converter of record values, between Connect's data and the bytes in Kafka. Unset: the "
        "worker's."),
    VERSION_KEY("value.converter.plugin.version", LOW, 9, SHORT, "Value converter version"),
    KEY("header.converter", CLASS, NULL, NULL, LOW, COMMON, 10, SHORT, "Header converter class",
        "Converter of record headers, between Connect's data and the bytes in Kafka. Unset: the "
        "worker's."),
    VERSION_KEY("header.converter.plugin.version", LOW, 11, SHORT, "Header converter version"),
    KEY("transforms", LIST, "", kc_config_unique_aliases, LOW, "Transforms", 12, LONG, "Transforms",
        "Names of the transformations that records pass, in this order; transforms.NAME.type and "
        "the transformation's settings belong to each."),
    KEY("predicates", LIST, "", kc_config_unique_aliases, LOW, "Predicates", 13, LONG, "Predicates",
        "Names of the predicates that transformations refer to; predicates.NAME.type belongs to "
        "each."),
    KEY("config.action.reload", STRING, "restart", reload_action, LOW, COMMON, 14, MEDIUM,
        "Reload Action",
        "What to do when a config provider says that a value has expired: restart the connector, "
        "or none."),
    KEY("errors.retry.timeout", LONG, "0", NULL, MEDIUM, ERRORS, 1, MEDIUM,
        "Retry Timeout for Errors",
        "Milliseconds for which a failed operation is tried again; 0 for not at all, -1 for "
        "ever."),
    KEY("errors.retry.delay.max.ms", LONG, "60000", NULL, MEDIUM, ERRORS, 2, MEDIUM,
        "Maximum Delay Between Retries for Errors",
        "Longest wait in milliseconds between two attempts; waits grow up to it, with some "
        "chance."),
    KEY("errors.tolerance", STRING, "none", tolerance, MEDIUM, ERRORS, 3, SHORT, "Error Tolerance",
        "none: a bad record fails the task. all: it is left out."),
    KEY("errors.log.enable", BOOLEAN, "false", NULL, MEDIUM, ERRORS, 4, SHORT, "Log Errors",
        "Whether tolerated errors go to the log as well; errors that aren't tolerated always "
        "do."),
    KEY("errors.log.include.messages", BOOLEAN, "false", NULL, MEDIUM, ERRORS, 5, SHORT,
        "Log Error Details",
        "Whether such a line has the record too: for a sink topic, partition, offset and "
        "timestamp; for a source its keys, values, schemas and headers."),
};
const struct kc_key_table kc_connector_keys = KC_KEY_TABLE(connector_keys);

static const struct kc_config_key source_keys[] = {
    KEY("topic.creation.groups", LIST, "", kc_config_unique_aliases, LOW, "Topic Creation", 1, LONG,
        "Topic Creation Groups",
        "Names of groups of topics that are created alike; topic.creation.NAME.* belongs to "
        "each."),
    KEY("exactly.once.support", STRING, "requested", support_level, MEDIUM, EXACTLY_ONCE, 2, SHORT,
        "Exactly once support",
        "required: the connector is refused unless it can deliver exactly once. requested: it "
        "does if it can."),
    KEY("transaction.boundary", STRING, "poll", boundary, MEDIUM, EXACTLY_ONCE, 3, SHORT,
        "Transaction Boundary",
        "When an exactly-once task commits: poll, after each batch; interval, by time; connector, "
        "when the connector says so."),
    KEY("transaction.boundary.interval.ms", LONG, NULL, null_or_at_least_0, LOW, EXACTLY_ONCE, 4,
        SHORT, "Transaction boundary interval",
        "That time, for transaction.boundary=interval. Unset: the worker's "
        "offset.flush.interval.ms."),
    KEY("offsets.storage.topic", STRING, NULL, kc_config_non_empty, LOW, "offsets.topic", 1, LONG,
        "Offsets topic",
        "A topic of its own for this connector's offsets, beside the worker's. It is created when "
        "missing."),
    KEY("errors.quarantine.topic.name", STRING, "", NULL, MEDIUM, ERRORS, 6, MEDIUM,
        "Quarantine Topic Name",
        "Topic on the target cluster that gets the records which the target refuses, with headers "
        "__connect.errors.* that tell why and where they come from. For errors.tolerance=all; not "
        "with exactly-once source support. It is created when missing. Empty: none, such records "
        "are skipped."),
    KEY("errors.quarantine.topic.replication.factor", SHORT, "3", NULL, MEDIUM, ERRORS, 7, MEDIUM,
        "Quarantine Topic Replication Factor", "Its replication factor, when it is created."),
};
const struct kc_key_table kc_source_keys = KC_KEY_TABLE(source_keys);

static const struct kc_config_key sink_keys[] = {
    KEY("topics", LIST, "", NULL, HIGH, COMMON, 4, LONG, "Topics", "Topics to read."),
    KEY("topics.regex", STRING, "", kc_config_is_regex, HIGH, COMMON, 4, LONG, "Topics regex",
        "Pattern of the topics to read, in place of topics."),
    KEY("errors.deadletterqueue.topic.name", STRING, "", NULL, MEDIUM, ERRORS, 6, MEDIUM,
        "Dead Letter Queue Topic Name",
        "Topic that gets the records which this connector could not handle. Empty: none."),
    KEY("errors.deadletterqueue.topic.replication.factor", SHORT, "3", NULL, MEDIUM, ERRORS, 7,
        MEDIUM, "Dead Letter Queue Topic Replication Factor",
        "Its replication factor, when it is created."),
    KEY("errors.deadletterqueue.context.headers.enable", BOOLEAN, "false", NULL, MEDIUM, ERRORS, 8,
        MEDIUM, "Enable Error Context Headers",
        "Whether such records get headers that tell what went wrong, named __connect.errors.*"),
};
const struct kc_key_table kc_sink_keys = KC_KEY_TABLE(sink_keys);
