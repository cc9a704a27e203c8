/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and values of the status topic as bytes (KafkaStatusBackingStore). Pure functions, any
 * thread.
 */
#ifndef WORKER_STORAGE_STATUS_CODEC_PRIV_H
#define WORKER_STORAGE_STATUS_CODEC_PRIV_H

#include "storage/status_store.h"

enum kc_status_kind {
    KC_STATUS_OF_CONNECTOR,
    KC_STATUS_OF_TASK,
    KC_STATUS_OF_TOPIC,
    KC_STATUS_UNKNOWN,
};

/* The subject of a key; texts are owned. */
struct kc_status_key {
    enum kc_status_kind kind;
    char *connector;
    int task;    /* KC_CONNECTOR_STATUS unless of a task */
    char *topic; /* of KC_STATUS_OF_TOPIC */
};
void kc_status_key_clear(struct kc_status_key *key);

/* UNKNOWN for what can't be parsed. */
void kc_status_key_parse(const char *text, size_t len, struct kc_status_key *key);

/* Owned by the caller. task KC_CONNECTOR_STATUS: of the connector itself. */
char *kc_status_key_write(const char *connector, int task);
char *kc_status_topic_key_write(const char *connector, const char *topic);

/* As 4.1 writes it, version last; older readers ignore that. Owned by the caller. */
char *kc_status_write(const struct kc_status *status);
char *kc_status_topic_write(const char *connector, int task, const char *topic,
                            int64_t discovered_ms);

/* KC_ERR_DATA says what is wrong. version may be missing. */
struct kc_error *kc_status_read(const char *value, size_t len,
                                struct kc_status *status) KC_MUST_CHECK;
struct kc_error *kc_status_topic_check(const char *value, size_t len) KC_MUST_CHECK;

void kc_status_copy(struct kc_status *to, const struct kc_status *from);

#endif
