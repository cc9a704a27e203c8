/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The leader's transactional producer for the config topic (KIP-618). Only the last claimant can
 * write.
 *
 * Any thread; one operation at a time.
 */
#ifndef WORKER_STORAGE_CONFIG_WRITER_PRIV_H
#define WORKER_STORAGE_CONFIG_WRITER_PRIV_H

#include "config/worker_config.h"
#include "kafka/kafka_log.h"

struct kc_config_writer;

/* Nothing is contacted yet. */
struct kc_error *kc_config_writer_new(const struct kc_worker_config *config,
                                      struct kc_config_writer **writer) KC_MUST_CHECK;
void kc_config_writer_destroy(struct kc_config_writer *writer); /* NULL is fine */

/* Fences every other writer; a no-op when the privileges are held. */
struct kc_error *kc_config_writer_claim(struct kc_config_writer *writer) KC_MUST_CHECK;

/* Writes all in one transaction. After any failure the privileges are given up: KC_ERR_FENCED. */
struct kc_error *kc_config_writer_send(struct kc_config_writer *writer,
                                       const struct kc_log_record *records, size_t count,
                                       int timeout_ms) KC_MUST_CHECK;

#endif
