/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a librdkafka client's login is accepted by its cluster. Any thread; the caller keeps the
 * client alive. */
#ifndef WORKER_KAFKA_CLIENT_ACCESS_H
#define WORKER_KAFKA_CLIENT_ACCESS_H

#include "connect/error.h"

#include <librdkafka/rdkafka.h>

/* KC_ERR_KAFKA with the cluster's answer if it has lately refused the client's credentials or
 * mechanism, or if its certificate isn't trusted. doing: the attempted action. */
struct kc_error *kc_client_access_refusal(const rd_kafka_t *client,
                                          const char *doing) KC_MUST_CHECK;

#endif
