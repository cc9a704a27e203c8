/* SPDX-License-Identifier: Apache-2.0 */
/* Records that couldn't be sent: see send_failures_priv.h. */
#include "source/send_failures_priv.h"

#include "connect/log.h"

#include <pthread.h>
#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.WorkerSourceTask");

enum {
    INTERVAL_MS = 30000,
    SHOWN_MAX = 300, /* bytes of a topic's name */
};

struct kc_send_failures {
    pthread_mutex_t mutex; /* guards all */
    size_t count;          /* since the last line */
    char *first;           /* of these: to where, from where, and why */
    bool told;
    int64_t told_ms;
};

struct kc_send_failures *kc_send_failures_new(void)
{
    struct kc_send_failures *failures = kc_calloc(1, sizeof(*failures));
    pthread_mutex_init(&failures->mutex, NULL);
    return failures;
}

static char *describe(const struct kc_record *record, const char *topic, const char *why)
{
    if (!record->source_offset.field)
        return kc_asprintf("record to %.*s: %s", SHOWN_MAX, topic, why);
    return kc_asprintf("record to %.*s, of source offset %lld: %s", SHOWN_MAX, topic,
                       (long long)record->source_offset.number, why);
}

void kc_send_failures_add(struct kc_send_failures *failures, const struct kc_record *record,
                          const char *topic, const char *why)
{
    pthread_mutex_lock(&failures->mutex);
    if (failures->count++ == 0)
        failures->first = describe(record, topic, why);
    pthread_mutex_unlock(&failures->mutex);
}

/* A line may be slow: it is written without the mutex. */
static void tell(struct kc_send_failures *failures, bool now)
{
    int64_t at = kc_mono_ms();
    char *first = NULL;
    size_t count = 0;
    pthread_mutex_lock(&failures->mutex);
    if (failures->count > 0 && (now || !failures->told || at - failures->told_ms >= INTERVAL_MS)) {
        first = failures->first;
        count = failures->count;
        failures->first = NULL;
        failures->count = 0;
        failures->told = true;
        failures->told_ms = at;
    }
    pthread_mutex_unlock(&failures->mutex);
    if (first && count > 1)
        kc_log_error("Failed to send %s. %zu more failed since the last such line.", first,
                     count - 1);
    else if (first)
        kc_log_error("Failed to send %s", first);
    free(first);
}

void kc_send_failures_tell(struct kc_send_failures *failures)
{
    tell(failures, false);
}

void kc_send_failures_destroy(struct kc_send_failures *failures)
{
    if (!failures)
        return;
    tell(failures, true);
    pthread_mutex_destroy(&failures->mutex);
    free(failures);
}
