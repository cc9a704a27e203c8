/* SPDX-License-Identifier: Apache-2.0 */
/* The version of librdkafka, and the limits of old ones. */
#ifndef WORKER_KAFKA_LIBRARY_H
#define WORKER_KAFKA_LIBRARY_H

/* One line in the log when the program starts. */
void kc_library_report(void);

#endif
