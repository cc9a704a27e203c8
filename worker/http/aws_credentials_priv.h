/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS credentials, from where AWS's own libraries look for them, in their order: environment, web
 * identity, shared files with profiles, a container's endpoint, an instance's metadata (IMDSv2).
 *
 * Only the worker's environment says where these are. The JAAS options awsProfileName, awsRoleArn,
 * awsRoleSessionName and awsStsRegion choose among what the worker has.
 */
#ifndef WORKER_HTTP_AWS_CREDENTIALS_PRIV_H
#define WORKER_HTTP_AWS_CREDENTIALS_PRIV_H

#include "security/aws_sign.h"

#include <stdatomic.h>

/* options: of the JAAS line. Blocks; ends early once *cancelled. */
struct kc_error *wire_aws_credentials(const struct kc_map *options, const char *region,
                                      const atomic_bool *cancelled,
                                      struct wire_aws_keys *keys) KC_MUST_CHECK;

#endif
