/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jackson's messages for JSON of a wrong type: the beginnings that clients match on.
 *
 * Pure; any thread.
 */
#ifndef WORKER_REST_JACKSON_TEXT_PRIV_H
#define WORKER_REST_JACKSON_TEXT_PRIV_H

#include "connect/error.h"

#include <jansson.h>

/* An object of the Java class `type` is wanted, but value is none; `full` is the class's name with
 * type parameters. */
struct kc_error *kc_jackson_no_object(const char *type, const char *full,
                                      const json_t *value) KC_MUST_CHECK;
/* A list of `type` is wanted, but value is no array. */
struct kc_error *kc_jackson_no_array(const char *type, const json_t *value) KC_MUST_CHECK;
/* `type` doesn't have this member; known: "one known property: \"offsets\"". */
struct kc_error *kc_jackson_unknown(const char *field, const char *type,
                                    const char *known) KC_MUST_CHECK;

#endif
