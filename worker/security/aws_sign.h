/* SPDX-License-Identifier: Apache-2.0 */
/* AWS's Signature Version 4 in a URL's query. Pure functions. */
#ifndef WORKER_SECURITY_AWS_SIGN_H
#define WORKER_SECURITY_AWS_SIGN_H

#include "connect/map.h"

struct wire_aws_keys { /* zero-initialise */
    char *id;
    char *secret;
    char *token; /* NULL: keys without end */
};
void wire_aws_keys_clear(struct wire_aws_keys *keys);

struct wire_aws_request {
    const char *service;
    const char *region;
    const char *host;
    const char *path;           /* encoded */
    const char *payload_hash;   /* NULL: of nothing */
    const struct kc_map *query; /* not encoded */
    int64_t now_ms;
    int expires_s;
};

/* Fills signed_query, a new map owned by the caller, with the request's query and X-Amz-*; values
 * aren't encoded. */
void wire_aws_sign(const struct wire_aws_keys *keys, const struct wire_aws_request *request,
                   struct kc_map **signed_query);
/* "a=b&c=d", encoded and sorted; owned by the caller. */
char *wire_aws_query(const struct kc_map *query);

#endif
