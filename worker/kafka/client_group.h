/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A consumer's settings for groups and for its start: assignors, the group protocol,
 * auto.offset.reset.
 *
 * Pure; any thread.
 */
#ifndef WORKER_KAFKA_CLIENT_GROUP_H
#define WORKER_KAFKA_CLIENT_GROUP_H

#include "connect/kafka.h"

/* Sets what belongs to a group; the rest of the table has been walked. */
struct kc_error *kc_conf_group(rd_kafka_conf_t *conf,
                               const struct kc_map *properties) KC_MUST_CHECK;

/* Whether the setting is left out because the group protocol in properties leaves it to brokers. */
bool kc_group_leaves_out(const struct kc_map *properties, const char *key);

/* An error if our consumers can't do what the setting says; NULL also for other settings. */
struct kc_error *kc_consumer_check_setting(const char *key, const char *value) KC_MUST_CHECK;

/* auto.offset.reset=by_duration:PT1H (KIP-1106): how far back, in *ms. */
bool kc_reset_by_duration(const char *reset, int64_t *ms);

#endif
