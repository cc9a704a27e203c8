/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The URLs and files that OAUTHBEARER may use: Kafka's allow-lists, which are empty unless the
 * person who starts the worker fills them (CVE-2025-27817).
 *
 * Without them, anybody who may write a connector's configuration could send any file of the worker
 * to a broker, or post to any address that the worker reaches.
 */
#ifndef WORKER_SECURITY_OAUTH_ALLOWED_H
#define WORKER_SECURITY_OAUTH_ALLOWED_H

#include "connect/map.h"

/* The setting's URL, trimmed, owned by the caller: http, https or file, and on the list of
 * org.apache.kafka.sasl.oauthbearer.allowed.urls, letter by letter. KC_ERR_CONFIG as Java's. */
struct kc_error *wire_oauth_url(const struct kc_map *settings, const char *key,
                                char **url) KC_MUST_CHECK;

/* The setting's file as an absolute path, owned by the caller: it exists, is readable and is on the
 * list of org.apache.kafka.sasl.oauthbearer.allowed.files. */
struct kc_error *wire_oauth_file(const struct kc_map *settings, const char *key,
                                 char **path) KC_MUST_CHECK;

/* Reads a regular file of at most max bytes and cuts white space off its end. */
struct kc_error *wire_oauth_read_file(const char *path, size_t max,
                                      struct kc_str *text) KC_MUST_CHECK;

bool wire_oauth_is_file(const char *url);

#endif
