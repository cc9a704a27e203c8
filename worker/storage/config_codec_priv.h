/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and values of the config topic as bytes (KafkaConfigBackingStore). Pure functions, any
 * thread.
 */
#ifndef WORKER_STORAGE_CONFIG_CODEC_PRIV_H
#define WORKER_STORAGE_CONFIG_CODEC_PRIV_H

#include "storage/cluster_state.h"

enum kc_config_record {
    KC_RECORD_TARGET_STATE,
    KC_RECORD_CONNECTOR,
    KC_RECORD_TASK,
    KC_RECORD_COMMIT,
    KC_RECORD_RESTART,
    KC_RECORD_TASK_COUNT,
    KC_RECORD_SESSION_KEY,
    KC_RECORD_LOGGER,
    KC_RECORD_UNKNOWN,
};

/* ---- keys ---- */

/* The key of a record on name (a connector, or a logger's name); task counts for KC_RECORD_TASK
 * only. */
char *kc_config_record_key(enum kc_config_record kind, const char *name, int task);

/* The subject of a key. *name is owned by the caller (NULL for SESSION_KEY and UNKNOWN). A task key
 * that can't be parsed is UNKNOWN. */
enum kc_config_record kc_config_record_parse_key(const char *key, size_t len, char **name,
                                                 int *task);

/* ---- values; all owned by the caller ---- */

char *kc_config_write_properties(const struct kc_map *properties); /* connectors and tasks */
char *kc_config_write_commit(int tasks);
char *kc_config_write_target_state(enum kc_target_state state);
char *kc_config_write_session_key(const struct kc_session_key *key);
char *kc_config_write_restart(bool include_tasks, bool only_failed);
char *kc_config_write_task_count(int count);
char *kc_config_write_logger(const char *level);

/* Readers: KC_ERR_DATA says what is wrong with the value, which is JSON (never null). */
struct kc_error *kc_config_read_properties(const char *value, size_t len,
                                           struct kc_map **properties) KC_MUST_CHECK;
struct kc_error *kc_config_read_commit(const char *value, size_t len, int *tasks) KC_MUST_CHECK;
struct kc_error *kc_config_read_target_state(const char *value, size_t len,
                                             enum kc_target_state *state) KC_MUST_CHECK;
struct kc_error *kc_config_read_session_key(const char *value, size_t len,
                                            struct kc_session_key *key) KC_MUST_CHECK;
struct kc_error *kc_config_read_restart(const char *value, size_t len, bool *include_tasks,
                                        bool *only_failed) KC_MUST_CHECK;
struct kc_error *kc_config_read_task_count(const char *value, size_t len, int *count) KC_MUST_CHECK;
struct kc_error *kc_config_read_logger(const char *value, size_t len, char **level) KC_MUST_CHECK;

#endif
