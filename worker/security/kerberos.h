/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kerberos tickets for the login module Krb5LoginModule, by calls of GSSAPI alone: nothing from a
 * configuration reaches a shell, and kinit is never run.
 *
 * A keytab and its principal have a credential cache in memory of their own, shared by all logins
 * of the process that name the same two, so that clusters may want different ones. Any thread;
 * what asks the KDC blocks.
 */
#ifndef WORKER_SECURITY_KERBEROS_H
#define WORKER_SECURITY_KERBEROS_H

#include "connect/map.h"

#include <gssapi/gssapi.h>

struct kc_kerberos; /* lives as long as the process */

/* The login that the options stand for: keyTab with principal, or ticketCache. NULL when they leave
 * it to the process's own ticket cache. Options may be NULL. */
struct kc_kerberos *kc_kerberos_find(const struct kc_map *options);

/* Whether the keytab can be read and has a key of the principal: KC_ERR_CONFIG names both. Doesn't
 * ask the KDC. */
struct kc_error *kc_kerberos_check(struct kc_kerberos *kerberos) KC_MUST_CHECK;

/* Credentials with a ticket: the one at hand until half of its life is over, then a new one; while
 * a new one can't be had, the old one until its end. The caller releases *credentials. */
struct kc_error *kc_kerberos_acquire(struct kc_kerberos *kerberos,
                                     gss_cred_id_t *credentials) KC_MUST_CHECK;

/* The same, for what asks GSSAPI for the default credentials on the calling thread from now on. */
struct kc_error *kc_kerberos_use(struct kc_kerberos *kerberos) KC_MUST_CHECK;

#endif
