/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the keys and values of the offset topic (OffsetUtils, OffsetStorageReaderImpl); writing
 * is in offset_store.h. Pure functions, any thread.
 */
#ifndef WORKER_STORAGE_OFFSET_CODEC_PRIV_H
#define WORKER_STORAGE_OFFSET_CODEC_PRIV_H

#include "storage/offset_store.h"

/* ["connector",{partition}]: connector is owned by the caller, partition a new reference (JSON null
 * for the null partition). KC_ERR_DATA for other shapes. */
struct kc_error *kc_offset_key_read(const char *key, size_t len, char **connector,
                                    json_t **partition) KC_MUST_CHECK;

/* The offset map, a new reference; NULL for null. KC_ERR_DATA when it is no object. */
struct kc_error *kc_offset_value_read(const char *value, size_t len, json_t **offset) KC_MUST_CHECK;

#endif
