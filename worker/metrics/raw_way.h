/* SPDX-License-Identifier: Apache-2.0 */
/* The ways of a record batch through a source task, for the lane and for the metrics. */
#ifndef WORKER_METRICS_RAW_WAY_H
#define WORKER_METRICS_RAW_WAY_H

enum kc_raw_way {
    KC_RAW_PASSED,     /* as it is */
    KC_RAW_TRANSCODED, /* with another codec, its records untouched */
    KC_RAW_REPACKED,   /* its records in a new batch */
    KC_RAW_OPENED,     /* its records one by one */
    KC_RAW_DROPPED,    /* by a transform */
};
#define KC_RAW_WAYS 5

const char *kc_raw_way_name(enum kc_raw_way way); /* static; as metrics have it */

#endif
