/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures what parsing a JSON text will cost, without parsing it, because three bytes can become
 * an array of 130. Pure, any thread.
 */
#ifndef WORKER_REST_JSON_EXTENT_PRIV_H
#define WORKER_REST_JSON_EXTENT_PRIV_H

#include <stdbool.h>
#include <stddef.h>

struct kc_json_extent {
    size_t values;  /* of all kinds, keys too; not less than there are */
    size_t depth;   /* of arrays and objects in each other */
    size_t numbers; /* that stand outside strings; not less than there are */
    size_t bytes;   /* of memory that jansson's tree of it takes; never an underestimate */
};

/* The text needn't be JSON: nothing is underestimated up to the error. */
void kc_json_measure(const char *data, size_t len, struct kc_json_extent *extent);

#endif
