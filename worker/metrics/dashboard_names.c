/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that others gave to Connect's metrics: see dashboard_names.h.
 *
 * Most differ only in their beginning. A text (a connector's class, status, version) is a label
 * here. The JMX exporter makes it a series of its own with the value 1.
 */
#include "metrics/dashboard_names.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_LABELS = 8 };

unsigned kc_dashboard_names_parse(const char *word)
{
    if (strcmp(word, "strimzi") == 0)
        return KC_NAMES_STRIMZI;
    return strcmp(word, "confluent") == 0 ? KC_NAMES_CONFLUENT : 0;
}

/* ---- by beginning ---- */

/* The first that fits counts. A '$' at the end means the whole name. */
static const struct rename {
    unsigned set;
    const char *from;
    const char *to;
    bool aggregate; /* Confluent: the whole worker, with the label connector="aggregate" */
} renames[] = {
    {KC_NAMES_STRIMZI, "kafka_connect_mirror_source_connector_replication_lag_records$",
     "kafka_consumer_fetch_manager_records_lag", false},
    {KC_NAMES_STRIMZI, "kafka_connect_mirror_source_connector_",
     "kafka_connect_mirror_mirrorsourceconnector_", false},
    {KC_NAMES_STRIMZI, "kafka_connect_mirror_checkpoint_connector_",
     "kafka_connect_mirror_mirrorcheckpointconnector_", false},
    {KC_NAMES_CONFLUENT, "kafka_connect_worker_rebalance_info$", NULL, false},
    {KC_NAMES_CONFLUENT, "kafka_connect_worker_rebalance_",
     "kafka_connect_connect_worker_rebalance_metrics_", false},
    {KC_NAMES_CONFLUENT, "kafka_connect_worker_", "kafka_connect_connect_worker_metrics_", true},
    {KC_NAMES_CONFLUENT, "kafka_connect_coordinator_", "kafka_connect_connect_coordinator_metrics_",
     false},
    {KC_NAMES_CONFLUENT, "kafka_connect_connector_task_status$", NULL, false},
    {KC_NAMES_CONFLUENT, "kafka_connect_connector_task_", "kafka_connect_connector_task_metrics_",
     false},
    {KC_NAMES_CONFLUENT, "kafka_connect_source_task_", "kafka_connect_source_task_metrics_", false},
    {KC_NAMES_CONFLUENT, "kafka_connect_sink_task_", "kafka_connect_sink_task_metrics_", false},
    {KC_NAMES_CONFLUENT, "kafka_connect_task_error_", "kafka_connect_task_error_metrics_", false},
};

/* The rest of name behind the renamed part; NULL: it doesn't fit. */
static const char *rest_of(const struct rename *rename, const char *name)
{
    size_t len = strlen(rename->from);
    bool whole = rename->from[len - 1] == '$';
    len -= whole;
    return strncmp(name, rename->from, len) == 0 && (!whole || !name[len]) ? name + len : NULL;
}

static bool has_label(const struct kc_label *labels, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(labels[i].name, name) == 0)
            return true;
    return false;
}

static void add_renamed(struct kc_exposition *exposition, const struct rename *rename,
                        const char *rest, enum kc_metric_type type, const struct kc_label *labels,
                        size_t count, double value)
{
    struct kc_label all[MAX_LABELS];
    size_t total = 0;
    if (rename->aggregate && !has_label(labels, count, "connector"))
        all[total++] = (struct kc_label){"connector", "aggregate"};
    for (size_t i = 0; i < count && total < MAX_LABELS; i++)
        all[total++] = labels[i];
    char *name = kc_asprintf("%s%s", rename->to, rest);
    kc_exposition_add(exposition, name, type, "The same under the name that an exporter gives it",
                      all, total, value);
    free(name);
}

static void add_by_beginning(struct kc_exposition *exposition, unsigned set, const char *name,
                             enum kc_metric_type type, const struct kc_label *labels, size_t count,
                             double value)
{
    for (size_t i = 0; i < sizeof(renames) / sizeof(renames[0]); i++) {
        const struct rename *rename = &renames[i];
        const char *rest = rename->set == set ? rest_of(rename, name) : NULL;
        if (!rest)
            continue;
        if (rename->to)
            add_renamed(exposition, rename, rest, type, labels, count, value);
        return;
    }
}

/* ---- texts ---- */

/* A label here that is a series there. */
static const struct text {
    const char *family;
    const char *label;
    const char *strimzi;   /* the series' name; NULL: none */
    const char *confluent; /* likewise */
    const char *called;    /* the label there */
} texts[] = {
    {"kafka_connect_connector_info", "class", "kafka_connect_connector_connector_class",
     "kafka_connect_connector_metrics", "connector_class"},
    {"kafka_connect_connector_info", "type", "kafka_connect_connector_connector_type",
     "kafka_connect_connector_metrics", "connector_type"},
    {"kafka_connect_connector_info", "version", "kafka_connect_connector_connector_version",
     "kafka_connect_connector_metrics", "connector_version"},
    {"kafka_connect_connector_status", "status", NULL, "kafka_connect_connector_metrics", "status"},
    {"kafka_connect_worker_rebalance_info", "leader_name",
     "kafka_connect_worker_rebalance_leader_name", NULL, "leader_name"},
    {"kafka_connect_worker_rebalance_info", "connect_protocol",
     "kafka_connect_worker_rebalance_connect_protocol", NULL, "connect_protocol"},
    {"isthmus_build_info", "version", NULL, "kafka_connect_app_info", "version"},
    {"isthmus_build_info", "commit", NULL, "kafka_connect_app_info", "commit_id"},
};

static const struct kc_label *label_of(const struct kc_label *labels, size_t count,
                                       const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(labels[i].name, name) == 0)
            return &labels[i];
    return NULL;
}

static void add_texts(struct kc_exposition *exposition, unsigned set, const char *name,
                      const struct kc_label *labels, size_t count, double value)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const struct text *text = &texts[i];
        const char *series = set == KC_NAMES_STRIMZI ? text->strimzi : text->confluent;
        const struct kc_label *label = label_of(labels, count, text->label);
        const struct kc_label *connector = label_of(labels, count, "connector");
        if (!series || !label || value == 0 || strcmp(text->family, name) != 0)
            continue;
        struct kc_label own[2];
        size_t total = 0;
        if (connector)
            own[total++] = *connector;
        own[total++] = (struct kc_label){text->called, label->value};
        kc_exposition_add(exposition, series, KC_METRIC_GAUGE,
                          "1; a text of JMX, as an exporter shows it", own, total, 1);
    }
}

void kc_dashboard_names_add(struct kc_exposition *exposition, unsigned sets, const char *name,
                            enum kc_metric_type type, const struct kc_label *labels, size_t count,
                            double value)
{
    static const unsigned all[] = {KC_NAMES_STRIMZI, KC_NAMES_CONFLUENT};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (!(sets & all[i]))
            continue;
        add_by_beginning(exposition, all[i], name, type, labels, count, value);
        add_texts(exposition, all[i], name, labels, count, value);
    }
}
