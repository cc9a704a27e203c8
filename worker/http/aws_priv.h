/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the sources of AWS credentials. One search runs on one thread, and blocks. */
#ifndef WORKER_HTTP_AWS_PRIV_H
#define WORKER_HTTP_AWS_PRIV_H

#include "http/web_request_priv.h"
#include "security/aws_sign.h"

#include <jansson.h>

struct wire_aws_search {
    const struct kc_map *options; /* of the JAAS line */
    const char *region;           /* the cluster's; NULL: not known */
    const atomic_bool *cancelled;
};

/* A variable of the environment; NULL when it is empty, too. */
const char *wire_aws_env(const char *name);
/* A service's endpoint from AWS_ENDPOINT_URL_SERVICE or AWS_ENDPOINT_URL, as in AWS's SDKs; NULL:
 * none. */
const char *wire_aws_endpoint(const char *service);

/* Copies into keys; KC_ERR_DATA, naming where, when id or secret are missing. */
struct kc_error *wire_aws_take(struct wire_aws_keys *keys, const char *id, const char *secret,
                               const char *token, const char *where) KC_MUST_CHECK;
/* Reads a JSON object with AccessKeyId, SecretAccessKey and, under its name, the token. */
struct kc_error *wire_aws_read_keys(const json_t *json, const char *token_name, const char *where,
                                    struct wire_aws_keys *keys) KC_MUST_CHECK;

/* Asks for a reply with status 200, and for JSON. */
struct kc_error *wire_aws_ask(const struct wire_aws_search *search,
                              struct wire_web_request *request,
                              struct wire_web_reply *reply) KC_MUST_CHECK;
struct kc_error *wire_aws_get_json(const struct wire_aws_search *search,
                                   struct wire_web_request *request, json_t **json) KC_MUST_CHECK;

/* ---- Sources: they leave keys empty where there is nothing of theirs ---- */

typedef struct kc_error *(*wire_aws_source)(const struct wire_aws_search *search,
                                            struct wire_aws_keys *keys);

struct kc_error *wire_aws_from_environment(const struct wire_aws_search *search,
                                           struct wire_aws_keys *keys) KC_MUST_CHECK;
struct kc_error *wire_aws_from_container(const struct wire_aws_search *search,
                                         struct wire_aws_keys *keys) KC_MUST_CHECK;
struct kc_error *wire_aws_from_instance(const struct wire_aws_search *search,
                                        struct wire_aws_keys *keys) KC_MUST_CHECK;
/* The profile that awsProfileName or AWS_PROFILE names, or "default". */
struct kc_error *wire_aws_from_profile(const struct wire_aws_search *search,
                                       struct wire_aws_keys *keys) KC_MUST_CHECK;

/* ---- Roles, by the Security Token Service ---- */

struct wire_aws_role { /* NULL: not given */
    const char *arn;
    const char *session;
    const char *external_id;
    const char *seconds;
    const char *region;
};

/* Replaces the keys by those of the role. */
struct kc_error *wire_aws_assume(const struct wire_aws_search *search,
                                 const struct wire_aws_role *role,
                                 struct wire_aws_keys *keys) KC_MUST_CHECK;
/* Gets credentials for the web identity token in the file. */
struct kc_error *wire_aws_web_identity(const struct wire_aws_search *search,
                                       const struct wire_aws_role *role, const char *file,
                                       struct wire_aws_keys *keys) KC_MUST_CHECK;

#endif
