/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a link's user may do with topics, asked of the brokers. Blocks up to the admin's time-out;
 * any thread.
 */
#ifndef CONNECTORS_LINK_LINK_RIGHTS_PRIV_H
#define CONNECTORS_LINK_LINK_RIGHTS_PRIV_H

#include "connect/kafka.h"

enum {
    LINK_RIGHT_READ = 1 << RD_KAFKA_ACL_OPERATION_READ,
    LINK_RIGHT_WRITE = 1 << RD_KAFKA_ACL_OPERATION_WRITE,
    LINK_RIGHT_DESCRIBE_CONFIGS = 1 << RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS,
};

/* allowed[i]: the rights on names->items[i]; 0: the topic isn't there, or the broker (before Kafka
 * 2.3) doesn't say. */
struct kc_error *link_rights_of_topics(struct kc_admin *admin, const struct kc_strings *names,
                                       unsigned *allowed) KC_MUST_CHECK;
/* "READ, WRITE"; the caller's. */
char *link_rights_print(unsigned rights);
/* Whether the topic could be made, without making it. NULL: yes, or it is there. */
struct kc_error *link_rights_try_create(struct kc_admin *admin, const char *topic,
                                        int replication_factor) KC_MUST_CHECK;

#endif
