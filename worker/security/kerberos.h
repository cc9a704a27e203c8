/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kerberos tickets for the login module Krb5LoginModule, by calls of GSSAPI alone: nothing from a
 * configuration reaches a shell, and kinit is never run.
 *
 * Each keytab with its principal has its own credential cache in memory, shared by all logins of
 * the process that name the same two. So clusters may want different ones. Any thread; calls that
 * ask the KDC block.
 */
#ifndef WORKER_SECURITY_KERBEROS_H
#define WORKER_SECURITY_KERBEROS_H

#include "connect/map.h"

#include <gssapi/gssapi.h>

struct kc_kerberos; /* lives as long as the process */

/* The login of the options: keyTab with principal, or ticketCache. NULL: the process's own ticket
 * cache. Options may be NULL. */
struct kc_kerberos *kc_kerberos_find(const struct kc_map *options);

/* Whether the keytab can be read and has a key of the principal: KC_ERR_CONFIG names both. Doesn't
 * ask the KDC. */
struct kc_error *kc_kerberos_check(struct kc_kerberos *kerberos) KC_MUST_CHECK;

/* Credentials with a ticket: the present one until half of its life is over, then a new one. If no
 * new one can be had, the old one until its end. The caller releases *credentials. */
struct kc_error *kc_kerberos_acquire(struct kc_kerberos *kerberos,
                                     gss_cred_id_t *credentials) KC_MUST_CHECK;

/* The same, as the default credentials of GSSAPI on the calling thread from now on. */
struct kc_error *kc_kerberos_use(struct kc_kerberos *kerberos) KC_MUST_CHECK;

#endif
