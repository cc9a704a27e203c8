/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Topics for records with errors: the dead letter queue of a sink task (KIP-298) and the quarantine
 * of a source task.
 */
#ifndef WORKER_DATA_ERROR_TOPIC_H
#define WORKER_DATA_ERROR_TOPIC_H

#include "connect/config_def.h"
#include "connect/kafka.h"

#include <librdkafka/rdkafka.h>

/* The topic that the setting names, without blanks around it, owned by the caller; NULL: none. */
char *kc_error_topic_name(const struct kc_config *config, const char *key);

/* Makes the topic when it is missing. what: for errors, "dead letter queue". */
struct kc_error *kc_error_topic_ensure(const struct kc_map *admin,
                                       const struct kc_new_topic *wanted,
                                       const char *what) KC_MUST_CHECK;

/* Adds a header __connect.errors.NAME. text NULL: null. */
void kc_error_header_text(rd_kafka_headers_t *headers, const char *name, const char *text);
void kc_error_header_number(rd_kafka_headers_t *headers, const char *name, int64_t number);
/* Those of an exception: its class, message and trace. */
void kc_error_header_error(rd_kafka_headers_t *headers, const struct kc_error *err);

#endif
