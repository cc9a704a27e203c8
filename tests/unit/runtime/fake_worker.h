/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker for tests: standalone settings against librdkafka's own mock cluster, the built-in
 * plugins with a fake source and sink, and a listener that remembers.
 */
#ifndef TESTS_UNIT_RUNTIME_FAKE_WORKER_H
#define TESTS_UNIT_RUNTIME_FAKE_WORKER_H

#include "connect/thread.h"
#include "data/plugins.h"
#include "runtime/worker.h"

#include <check.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000, EVENTS = 64 };

/* ---- what the herder would hear ---- */

struct heard {
    char connector[64];
    int task;
    enum kc_state state;
    char trace[512];
};

static struct {
    pthread_mutex_t mutex;
    struct heard events[EVENTS];
    size_t count;
    int reconfigurations;
    char topics[8][64];
    size_t topic_count;
    int fenced;
} heard = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void hear_state(void *opaque, const char *connector, int task, enum kc_state state,
                       const char *trace, const char *version)
{
    pthread_mutex_lock(&heard.mutex);
    ck_assert_uint_lt(heard.count, EVENTS);
    struct heard *event = &heard.events[heard.count++];
    snprintf(event->connector, sizeof(event->connector), "%s", connector);
    snprintf(event->trace, sizeof(event->trace), "%s", trace ? trace : "");
    event->task = task;
    event->state = state;
    pthread_mutex_unlock(&heard.mutex);
}

static void hear_reconfiguration(void *opaque, const char *connector)
{
    pthread_mutex_lock(&heard.mutex);
    heard.reconfigurations++;
    pthread_mutex_unlock(&heard.mutex);
}

static void hear_topic(void *opaque, const char *connector, int task, const char *topic)
{
    pthread_mutex_lock(&heard.mutex);
    if (heard.topic_count < 8)
        snprintf(heard.topics[heard.topic_count++], 64, "%s", topic);
    pthread_mutex_unlock(&heard.mutex);
}

static struct kc_error *hear_fence(void *opaque, const char *connector)
{
    pthread_mutex_lock(&heard.mutex);
    heard.fenced++;
    pthread_mutex_unlock(&heard.mutex);
    return NULL;
}

static struct kc_error *hear_verify(void *opaque, const char *connector, int task, int generation)
{
    return NULL;
}

static const struct kc_worker_listener listener = {
    .state_changed = hear_state,
    .reconfiguration_requested = hear_reconfiguration,
    .topic_used = hear_topic,
    .fence_zombies = hear_fence,
    .verify_task = hear_verify,
};

static void forget_all(void)
{
    pthread_mutex_lock(&heard.mutex);
    heard.count = 0;
    heard.topic_count = 0;
    heard.reconfigurations = heard.fenced = 0;
    pthread_mutex_unlock(&heard.mutex);
}

static inline size_t heard_count(void)
{
    pthread_mutex_lock(&heard.mutex);
    size_t count = heard.count;
    pthread_mutex_unlock(&heard.mutex);
    return count;
}

/* The trace of the first event that fits, or NULL. */
static inline const char *heard_state(int task, enum kc_state state)
{
    const char *trace = NULL;
    pthread_mutex_lock(&heard.mutex);
    for (size_t i = 0; i < heard.count && !trace; i++)
        if (heard.events[i].task == task && heard.events[i].state == state)
            trace = heard.events[i].trace;
    pthread_mutex_unlock(&heard.mutex);
    return trace;
}

/* The states of task in order: "RUNNING PAUSED ". */
static inline void heard_order(int task, char *text, size_t size)
{
    text[0] = '\0';
    pthread_mutex_lock(&heard.mutex);
    for (size_t i = 0; i < heard.count; i++) {
        if (heard.events[i].task != task)
            continue;
        size_t len = strlen(text);
        snprintf(text + len, size - len, "%s ", kc_state_name(heard.events[i].state));
    }
    pthread_mutex_unlock(&heard.mutex);
}

/* Waits for a condition, looking again and again until the deadline. */
#define await(condition)                                                                           \
    do {                                                                                           \
        int64_t await_deadline = kc_mono_ms() + PATIENCE_MS;                                       \
        while (!(condition)) {                                                                     \
            ck_assert_msg(kc_mono_ms() < await_deadline, "waited in vain for: %s", #condition);    \
            usleep(2000);                                                                          \
        }                                                                                          \
    } while (0)

/* ---- the cluster ---- */

static rd_kafka_t *mock_owner;
static rd_kafka_mock_cluster_t *mock;

static inline void start_cluster(void)
{
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    mock_owner = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    ck_assert_ptr_nonnull(mock_owner);
    mock = rd_kafka_mock_cluster_new(mock_owner, 1);
    ck_assert_ptr_nonnull(mock);
    /* Else groups wait for further members for three seconds, as they do in older versions. */
#if RD_KAFKA_VERSION >= 0x020a00ff
    rd_kafka_mock_group_initial_rebalance_delay_ms(mock, 0);
#endif
}

static inline void stop_cluster(void)
{
    rd_kafka_mock_cluster_destroy(mock);
    rd_kafka_destroy(mock_owner);
}

/* ---- the worker ---- */

struct fake_worker {
    struct kc_worker_config *config;
    struct kc_plugins *plugins;
    struct kc_offset_store *offsets;
    struct kc_worker *worker;
    char file[64];
};

/* extra: further settings, may be NULL. plugins: the fakes, NULL-terminated. */
static inline void start_worker(struct fake_worker *fake, const struct kc_plugin *const *fakes,
                                const struct kc_map *extra)
{
    static const struct kc_plugin *list[128];
    size_t count = 0;
    for (; fakes && fakes[count]; count++)
        list[count] = fakes[count];
    for (size_t i = 0; kc_builtin_plugins[i] && count < 127; i++)
        list[count++] = kc_builtin_plugins[i];
    list[count] = NULL;
    snprintf(fake->file, sizeof(fake->file), "/tmp/isthmus-test-%d.offsets", (int)getpid());
    unlink(fake->file);
    struct kc_map *map = kc_map_new();
    kc_map_set(map, "bootstrap.servers",
               mock ? rd_kafka_mock_cluster_bootstraps(mock) : "127.0.0.1:1");
    kc_map_set(map, "offset.storage.file.filename", fake->file);
    kc_map_set(map, "key.converter", "org.apache.kafka.connect.converters.ByteArrayConverter");
    kc_map_set(map, "value.converter", "org.apache.kafka.connect.converters.ByteArrayConverter");
    kc_map_set(map, "offset.flush.interval.ms", "100");
    kc_map_set(map, "task.shutdown.graceful.timeout.ms", "3000");
    if (extra)
        kc_map_merge(map, extra);
    ck_assert_ptr_null(
        kc_worker_config_new(KC_WORKER_STANDALONE, map, "test", NULL, &fake->config));
    kc_map_destroy(map);
    fake->plugins = kc_plugins_new(list, NULL);
    ck_assert_ptr_null(kc_offset_store_file_new(fake->file, &fake->offsets));
    ck_assert_ptr_null(kc_offset_store_start(fake->offsets, NULL));
    ck_assert_ptr_null(kc_worker_new(fake->config, fake->plugins, fake->offsets, "test", &listener,
                                     NULL, &fake->worker));
    forget_all();
}

static inline void stop_worker(struct fake_worker *fake)
{
    kc_worker_destroy(fake->worker);
    kc_offset_store_unref(fake->offsets);
    kc_plugins_destroy(fake->plugins);
    kc_worker_config_destroy(fake->config);
    unlink(fake->file);
}

static inline struct kc_map *config_of(const char *const *pairs)
{
    struct kc_map *map = kc_map_new();
    for (; pairs[0]; pairs += 2)
        kc_map_set(map, pairs[0], pairs[1]);
    return map;
}
#define CONFIG(...) config_of((const char *const[]){__VA_ARGS__, NULL})

static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}

#endif
