/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The librdkafka that the program uses: the build's own, or the system's, which may be old.
 *
 * The version is checked at run time, because a shared library can be replaced after the build.
 */
#include "kafka/library.h"

#include "connect/log.h"

#include <librdkafka/rdkafka.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.clients");

/* From this version on nothing is missing. The Makefile asks the system's library for the same. */
#define COMPLETE 0x020a00ff

void kc_library_report(void)
{
    if (rd_kafka_version() >= COMPLETE) {
        kc_info("librdkafka %s", rd_kafka_version_str());
        return;
    }
    kc_warn(
        "librdkafka %s is older than 2.10: brokers of Kafka 4 refuse its logins by SCRAM, right "
        "as the credentials may be; a session that ends takes its connection along; a new "
        "leader's epoch isn't known in the record lane. Build with LIBRDKAFKA=bundled, or "
        "install a newer one.",
        rd_kafka_version_str());
}
