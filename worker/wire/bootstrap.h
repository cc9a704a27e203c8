/* SPDX-License-Identifier: Apache-2.0 */
/* Checks bootstrap.servers as Java's clients do when they are made (ClientUtils). */
#ifndef WORKER_WIRE_BOOTSTRAP_H
#define WORKER_WIRE_BOOTSTRAP_H

#include "connect/map.h"

/* KC_ERR_CONFIG when an item isn't host:port, or no host has an address. A scheme ("http://h:1") is
 * ignored. *servers, unless NULL, gets the list without schemes, owned by the caller. Asks the
 * resolver: blocks. */
struct kc_error *kc_bootstrap_check(const char *text, char **servers) KC_MUST_CHECK;

#endif
