/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The offsets of sink connectors, which are those of their consumer groups (SinkUtils, Worker's
 * sink part of KIP-875). Blocking; any thread but the herder's.
 */
#ifndef WORKER_SINK_SINK_OFFSETS_H
#define WORKER_SINK_SINK_OFFSETS_H

#include "connect/kafka.h"

#include <jansson.h>

/* Checks and normalises the "offsets" array of a request: [{"partition":{"kafka_topic":text,
 * "kafka_partition":int},"offset":{"kafka_offset":int}|null}], the last of equal partitions wins.
 * KC_ERR_BAD_REQUEST with Connect's texts. New reference. Pure. */
struct kc_error *kc_sink_offsets_parse(const json_t *offsets, json_t **parsed) KC_MUST_CHECK;

/* The group's offsets in that form, those that exist. New reference. */
struct kc_error *kc_sink_offsets_list(struct kc_admin *admin, const char *group,
                                      json_t **offsets) KC_MUST_CHECK;

/* Writes parsed offsets, deleting those that are null. */
struct kc_error *kc_sink_offsets_alter(struct kc_admin *admin, const char *connector,
                                       const char *group, const json_t *parsed) KC_MUST_CHECK;

/* Deletes the group; that it doesn't exist is fine. */
struct kc_error *kc_sink_offsets_reset(struct kc_admin *admin, const char *connector,
                                       const char *group) KC_MUST_CHECK;

#endif
