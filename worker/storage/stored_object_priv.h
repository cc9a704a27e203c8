/* SPDX-License-Identifier: Apache-2.0 */
/* The records of the config and status topics: a JSON object each. Pure, any thread. */
#ifndef WORKER_STORAGE_STORED_OBJECT_PRIV_H
#define WORKER_STORAGE_STORED_OBJECT_PRIV_H

#include "connect/java_json.h"

/* A new reference; KC_ERR_DATA: value is no JSON, or no object. */
struct kc_error *kc_stored_object(const char *value, size_t len, json_t **object) KC_MUST_CHECK;

#endif
