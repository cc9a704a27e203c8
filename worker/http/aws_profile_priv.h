/* SPDX-License-Identifier: Apache-2.0 */
/* Sections of AWS's shared files, ~/.aws/config and ~/.aws/credentials. Pure functions. */
#ifndef WORKER_HTTP_AWS_PROFILE_PRIV_H
#define WORKER_HTTP_AWS_PROFILE_PRIV_H

#include "connect/map.h"

/* Adds the keys and values of the section "[name]" or "[profile name]"; those of a later one win.
 * false when the text has no such section. */
bool wire_aws_profile(const char *text, const char *name, struct kc_map *values);

#endif
