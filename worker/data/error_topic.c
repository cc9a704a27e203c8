/* SPDX-License-Identifier: Apache-2.0 */
/* Topics for records with errors: see error_topic.h. */
#include "data/error_topic.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.errors.DeadLetterQueueReporter");

/* ---- the topic ---- */

static char *trimmed(const char *text)
{
    size_t start = strspn(text, " \t\r\n"), end = strlen(text);
    while (end > start && strchr(" \t\r\n", text[end - 1]))
        end--;
    return kc_strndup(text + start, end - start);
}

char *kc_error_topic_name(const struct kc_config *config, const char *key)
{
    const char *name = kc_config_string(config, key);
    char *topic = trimmed(name ? name : "");
    if (*topic)
        return topic;
    free(topic);
    return NULL;
}

static struct kc_error *create_topic(struct kc_admin *admin, const struct kc_new_topic *wanted)
{
    struct kc_error *refused = NULL;
    kc_log_error("Topic %s doesn't exist. Will attempt to create topic.", wanted->name);
    struct kc_error *err = kc_admin_create_topics(admin, wanted, 1, &refused);
    if (err)
        kc_error_destroy(refused);
    else
        err = refused;
    if (err && kc_error_kafka_code(err) == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        kc_error_clear(&err);
    if (err && kc_error_kafka_code(err) == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR)
        err = kc_error_prefix(err, "Its replication factor is errors.*.topic.replication.factor");
    return err;
}

struct kc_error *kc_error_topic_ensure(const struct kc_map *properties,
                                       const struct kc_new_topic *wanted, const char *what)
{
    struct kc_admin *admin = NULL;
    struct kc_topic_infos infos = {0};
    struct kc_error *err = kc_admin_new(properties, &admin);
    if (!err)
        err = kc_admin_topics(admin, NULL, &infos);
    bool found = false;
    for (size_t i = 0; i < infos.count; i++)
        found = found || strcmp(infos.items[i].name, wanted->name) == 0;
    if (!err && !found)
        err = create_topic(admin, wanted);
    kc_topic_infos_destroy(&infos);
    kc_admin_destroy(admin);
    if (!err)
        return NULL;
    return kc_error_caused(
        kc_error_new(KC_ERR_CONNECT, "Could not initialize %s with topic=%s", what, wanted->name),
        err);
}

/* ---- headers ---- */

void kc_error_header_text(rd_kafka_headers_t *headers, const char *name, const char *text)
{
    char *key = kc_asprintf("__connect.errors.%s", name);
    rd_kafka_header_add(headers, key, -1, text, text ? (ssize_t)strlen(text) : 0);
    free(key);
}

void kc_error_header_number(rd_kafka_headers_t *headers, const char *name, int64_t number)
{
    char *text = kc_asprintf("%lld", (long long)number);
    kc_error_header_text(headers, name, text);
    free(text);
}

/* The first line of a trace is "<class>: <text>". */
void kc_error_header_error(rd_kafka_headers_t *headers, const struct kc_error *err)
{
    char *trace = kc_error_trace(err);
    char *class_name = kc_strndup(trace, strcspn(trace, ":"));
    kc_error_header_text(headers, "exception.class.name", class_name);
    kc_error_header_text(headers, "exception.message", kc_error_text(err));
    kc_error_header_text(headers, "exception.stacktrace", trace);
    free(class_name);
    free(trace);
}
