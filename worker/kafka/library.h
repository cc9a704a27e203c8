/* SPDX-License-Identifier: Apache-2.0 */
/* Which librdkafka this is, and what an old one can't do. */
#ifndef WORKER_KAFKA_LIBRARY_H
#define WORKER_KAFKA_LIBRARY_H

/* One line in the log when the program starts. */
void kc_library_report(void);

#endif
