/* SPDX-License-Identifier: Apache-2.0 */
/* The error object: see connect/error.h. Plain values, no shared state. */
#include "connect/error.h"

#include "base/wrong_target.h"
#include "connect/mem.h"

#include <stdlib.h>

struct kc_error {
    enum kc_error_code code;
    int kafka_code;
    bool retriable;
    char *text;
    char *url;
    struct kc_error *cause;
};

/* The class of Java's exception, for traces. */
static const char *const class_names[] = {
    [KC_ERR_CONNECT] = "org.apache.kafka.connect.errors.ConnectException",
    [KC_ERR_CONFIG] = "org.apache.kafka.common.config.ConfigException",
    [KC_ERR_DATA] = "org.apache.kafka.connect.errors.DataException",
    [KC_ERR_SCHEMA] = "org.apache.kafka.common.protocol.types.SchemaException",
    [KC_ERR_IO] = "java.io.IOException",
    [KC_ERR_KAFKA] = "org.apache.kafka.common.KafkaException",
    [KC_ERR_TIMEOUT] = "org.apache.kafka.common.errors.TimeoutException",
    [KC_ERR_WAKEUP] = "org.apache.kafka.common.errors.WakeupException",
    [KC_ERR_BAD_REQUEST] = "org.apache.kafka.connect.runtime.rest.errors.BadRequestException",
    [KC_ERR_UNAUTHORIZED] = "org.apache.kafka.connect.runtime.rest.errors.ConnectRestException",
    [KC_ERR_FORBIDDEN] = "org.apache.kafka.connect.runtime.rest.errors.ConnectRestException",
    [KC_ERR_NOT_FOUND] = "org.apache.kafka.connect.errors.NotFoundException",
    [KC_ERR_CONFLICT] = "org.apache.kafka.connect.errors.AlreadyExistsException",
    [KC_ERR_UNAVAILABLE] = "org.apache.kafka.connect.runtime.rest.errors.ConnectRestException",
    [KC_ERR_WRONG_TARGET] = "org.apache.kafka.connect.runtime.distributed.RequestTargetException",
    [KC_ERR_REBALANCE_NEEDED] =
        "org.apache.kafka.connect.runtime.distributed.RebalanceNeededException",
    [KC_ERR_STALE_CONFIG] = "org.apache.kafka.connect.runtime.distributed.StaleConfigException",
    [KC_ERR_TOO_MANY_TASKS] = "org.apache.kafka.connect.runtime.TooManyTasksException",
    [KC_ERR_FENCED] = "org.apache.kafka.common.errors.ProducerFencedException",
    [KC_ERR_UNSUPPORTED] = "java.lang.UnsupportedOperationException",
    [KC_ERR_MEMORY] = "java.lang.OutOfMemoryError",
};

static struct kc_error *make(enum kc_error_code code, const char *fmt, va_list args)
{
    struct kc_error *err = kc_calloc(1, sizeof(*err));
    err->code = code;
    err->text = kc_vasprintf(fmt, args);
    return err;
}

struct kc_error *kc_error_new(enum kc_error_code code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    struct kc_error *err = make(code, fmt, args);
    va_end(args);
    return err;
}

struct kc_error *kc_error_retriable_new(enum kc_error_code code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    struct kc_error *err = make(code, fmt, args);
    va_end(args);
    err->retriable = true;
    return err;
}

struct kc_error *kc_error_memory(size_t bytes, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    struct kc_error *err = make(KC_ERR_MEMORY, fmt, args);
    va_end(args);
    char *text = kc_asprintf(
        "%s: there is no memory for %zu bytes. Give the worker more memory, or send less at once",
        err->text, bytes);
    free(err->text);
    err->text = text;
    err->retriable = true;
    return err;
}

struct kc_error *kc_error_kafka_new(int kafka_code, bool retriable, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    struct kc_error *err = make(KC_ERR_KAFKA, fmt, args);
    va_end(args);
    err->kafka_code = kafka_code;
    err->retriable = retriable;
    return err;
}

struct kc_error *kc_error_wrong_target_new(const char *url, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    struct kc_error *err = make(KC_ERR_WRONG_TARGET, fmt, args);
    va_end(args);
    err->url = kc_strdup(url);
    return err;
}

struct kc_error *kc_error_prefix(struct kc_error *err, const char *fmt, ...)
{
    if (!err)
        return NULL;
    va_list args;
    va_start(args, fmt);
    char *context = kc_vasprintf(fmt, args);
    va_end(args);
    char *text = kc_asprintf("%s: %s", context, err->text);
    free(context);
    free(err->text);
    err->text = text;
    return err;
}

struct kc_error *kc_error_caused(struct kc_error *outer, struct kc_error *cause)
{
    struct kc_error *last = outer;
    while (last->cause)
        last = last->cause;
    last->cause = cause;
    return outer;
}

struct kc_error *kc_error_copy(const struct kc_error *err)
{
    if (!err)
        return NULL;
    struct kc_error *copy = kc_calloc(1, sizeof(*copy));
    *copy = *err;
    copy->text = kc_strdup(err->text);
    copy->url = kc_strdup(err->url);
    copy->cause = kc_error_copy(err->cause);
    return copy;
}

enum kc_error_code kc_error_code(const struct kc_error *err)
{
    return err->code;
}

const char *kc_error_text(const struct kc_error *err)
{
    return err->text;
}

bool kc_error_retriable(const struct kc_error *err)
{
    return err && err->retriable;
}

int kc_error_kafka_code(const struct kc_error *err)
{
    return err ? err->kafka_code : 0;
}

const char *kc_error_url(const struct kc_error *err)
{
    return err->url;
}

const struct kc_error *kc_error_cause(const struct kc_error *err)
{
    return err->cause;
}

char *kc_error_trace(const struct kc_error *err)
{
    struct kc_str out = {0};
    for (const struct kc_error *e = err; e; e = e->cause)
        kc_str_appendf(&out, "%s%s: %s\n", e == err ? "" : "Caused by: ", class_names[e->code],
                       e->text);
    return kc_str_take(&out);
}

void kc_error_destroy(struct kc_error *err)
{
    while (err) {
        struct kc_error *cause = err->cause;
        free(err->text);
        free(err->url);
        free(err);
        err = cause;
    }
}

void kc_error_clear(struct kc_error **err)
{
    kc_error_destroy(*err);
    *err = NULL;
}
