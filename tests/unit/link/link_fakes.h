/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both sides of a link as a test wants them, and its store. The functions are those of link_live.c,
 * which the linker leaves out then. Include once in a program.
 */
#ifndef TESTS_UNIT_LINK_LINK_FAKES_H
#define TESTS_UNIT_LINK_LINK_FAKES_H

#include "link/link_fake_store.h"

#include "data/plugins.h"
#include "link/link_blockers_priv.h"
#include "link/link_control_priv.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* ---- both sides ---- */

struct link_live {
    int64_t source_end; /* of each partition */
    int64_t source_stable;
    int64_t target_end;
    double source_rate;
    double target_rate;
    int64_t quiet_ms;
    const char *source_error;
    bool source_gone;
};

struct kc_error *link_live_new(const struct link_config *config, struct link_live **live)
{
    return kc_error_new(KC_ERR_IO, "no live");
}

void link_live_destroy(struct link_live *live)
{
}

struct kc_admin *link_live_admin(struct link_live *live, enum link_side side, char **why)
{
    *why = kc_strdup("nobody is asked");
    return NULL;
}

struct link_index *link_live_index(struct link_live *live)
{
    return NULL;
}

char *link_live_failed(struct link_live *live, enum link_side side, struct kc_error *err)
{
    kc_error_destroy(err);
    return NULL;
}

void link_live_look(struct link_live *live, struct link_look *look, bool closely)
{
    look->source_error = live->source_error ? kc_strdup(live->source_error) : NULL;
    for (size_t i = 0; i < look->count; i++) {
        struct link_lags *lags = &look->topics[i];
        lags->count = (size_t)lags->partitions;
        lags->items = kc_calloc(lags->count + 1, sizeof(*lags->items));
        lags->source_rate = live->source_rate;
        lags->target_rate = live->target_rate;
        lags->record_bytes = 10;
        lags->quiet_ms = live->quiet_ms;
        lags->source_gone = live->source_gone;
        for (size_t k = 0; k < lags->count; k++) {
            lags->items[k] = (struct link_lag){.partition = (int32_t)k,
                                               .source_end = live->source_end,
                                               .source_stable = live->source_stable,
                                               .target_end = live->target_end,
                                               .source_at = live->target_end,
                                               .lag = live->source_end - live->target_end,
                                               .lag_ms = -1};
            lags->lag += lags->items[k].lag;
            lags->max_lag = lags->items[k].lag;
        }
    }
}

void link_look_clear(struct link_look *look)
{
    for (size_t i = 0; i < look->count; i++)
        free(look->topics[i].items);
    free(look->topics);
    free(look->source_error);
    free(look->target_error);
    free(look->state_error);
    *look = (struct link_look){0};
}

int64_t link_lags_eta_ms(const struct link_lags *lags)
{
    double gain = lags->target_rate - lags->source_rate;
    return lags->lag <= 0 ? lags->lag : gain > 0 ? (int64_t)((double)lags->lag * 1000 / gain) : -1;
}

/* ---- a link ---- */

struct fake_link {
    struct link_store store;
    struct link_live live;
    struct link_config *config;
    struct link_control control;
};

/* Quiet and in sync, with one topic `orders` of two partitions and no group. */
static void fake_link_new(struct fake_link *link)
{
    *link = (struct fake_link){
        .live = {.source_end = 100, .source_stable = 100, .target_end = 100, .quiet_ms = 5000}};
    struct kc_map *properties = kc_map_new();
    kc_plugins_set_builtin(kc_builtin_plugins);
    kc_map_set(properties, "name", "moving");
    kc_map_set(properties, "connector.class", "KafkaLinkConnector");
    kc_map_set(properties, "source.cluster.bootstrap.servers", "source:9092");
    kc_map_set(properties, "target.cluster.bootstrap.servers", "target:9092");
    struct kc_error *err = link_config_new(properties, false, &link->config);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    kc_map_destroy(properties);
    link->control = (struct link_control){.config = link->config,
                                          .store = &link->store,
                                          .live = &link->live,
                                          .source_cluster_id = (char *)"S",
                                          .target_cluster_id = (char *)"T"};
    pthread_mutex_init(&link->control.ordering, NULL);
    pthread_mutex_init(&link->control.guarding, NULL);
}

static void fake_link_destroy(struct fake_link *link)
{
    link_config_destroy(link->config);
    pthread_mutex_destroy(&link->control.ordering);
    pthread_mutex_destroy(&link->control.guarding);
    fake_clear(&link->store);
}

static void fake_order(struct fake_link *link, const char *topic, enum kc_link_wish wish,
                       int64_t epoch)
{
    struct kc_link_topic_order order = {.epoch = epoch,
                                        .source_topic = (char *)topic,
                                        .partitions = 2,
                                        .start = -2,
                                        .wish = wish,
                                        .by = (char *)"ann"};
    fake_set(&link->store, KC_LINK_TOPIC_ORDER, topic, kc_link_topic_order_json(&order));
}

static void fake_state(struct fake_link *link, const char *topic, enum kc_link_topic_state state,
                       int64_t order_epoch)
{
    struct kc_link_topic value = {.state = state,
                                  .epoch = 1,
                                  .order_epoch = order_epoch,
                                  .reason = (char *)"because",
                                  .partitions = 2,
                                  .lane = (char *)"raw"};
    fake_set(&link->store, KC_LINK_TOPIC, topic, kc_link_topic_json(&value));
}

static void fake_topic(struct fake_link *link, const char *topic, enum kc_link_topic_state state)
{
    fake_order(link, topic, KC_LINK_WISH_LINK, 7);
    fake_state(link, topic, state, 7);
}

#endif
