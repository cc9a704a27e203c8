/* SPDX-License-Identifier: Apache-2.0 */
/* Java's pattern syntax in PCRE2's. Only regex.c includes it. */
#ifndef WORKER_CONFIG_REGEX_SYNTAX_PRIV_H
#define WORKER_CONFIG_REGEX_SYNTAX_PRIV_H

#include "connect/mem.h"

/* The PCRE2 pattern with Java's meaning of pattern, owned by the caller. NULL: Java refuses it, or
 * PCRE2 has no equivalent; *why is a constant, *at where. */
char *kc_regex_translate(const char *pattern, const char **why, size_t *at);

#endif
