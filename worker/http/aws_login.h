/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS MSK's IAM logins: a presigned call of kafka-cluster:Connect, as a token of OAUTHBEARER (what
 * IAMOAuthBearerLoginCallbackHandler makes) or as the JSON of the mechanism AWS_MSK_IAM.
 */
#ifndef WORKER_HTTP_AWS_LOGIN_H
#define WORKER_HTTP_AWS_LOGIN_H

#include "connect/map.h"

#include <stdatomic.h>

#define WIRE_AWS_HANDLER "software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler"

/* Whether the settings of OAUTHBEARER ask for such tokens. */
bool wire_aws_wanted(const struct kc_map *settings);

/* The region of the broker at host, or of the first of bootstrap.servers, or AWS_REGION; owned by
 * the caller. KC_ERR_CONFIG: none names it. */
struct kc_error *wire_aws_region(const struct kc_map *settings, const char *host,
                                 char **region) KC_MUST_CHECK;

/* Appends the token, good for 15 minutes. options: of the JAAS line. Blocks. */
struct kc_error *wire_aws_token(const struct kc_map *options, const char *region,
                                const atomic_bool *cancelled, struct kc_str *token) KC_MUST_CHECK;

#endif
