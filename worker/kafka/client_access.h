/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a client of librdkafka is let into its cluster. Any thread; who asks keeps the client. */
#ifndef WORKER_KAFKA_CLIENT_ACCESS_H
#define WORKER_KAFKA_CLIENT_ACCESS_H

#include "connect/error.h"

#include <librdkafka/rdkafka.h>

/* KC_ERR_KAFKA with what the cluster says when it has lately refused the client: its credentials,
 * its mechanism, or when its certificate isn't trusted. doing: what it was wanted for. */
struct kc_error *kc_client_access_refusal(const rd_kafka_t *client,
                                          const char *doing) KC_MUST_CHECK;

#endif
