/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GnuTLS has no list of suites. A session may use every combination of the key exchanges, ciphers
 * and MACs that are switched on. So each listed suite switches on its parts, and a protocol without
 * a listed suite is left out. Called at start by tls_listener.c.
 */
#include "rest/tls_suites_priv.h"

#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

struct suite {
    gnutls_kx_algorithm_t kx;
    gnutls_cipher_algorithm_t cipher;
    gnutls_mac_algorithm_t mac;
    bool modern; /* TLS 1.3 */
};

/* Whether text is head and then tail. */
static bool is_joined(const char *text, const char *head, size_t head_len, const char *tail)
{
    return strncmp(text, head, head_len) == 0 && strcmp(text + head_len, tail) == 0;
}

/* Whether Java's "TLS_ECDHE_RSA_WITH_X" is GnuTLS's "TLS_ECDHE_RSA_X"; of ChaCha's suites GnuTLS
 * leaves the hash out too, and Java's "SHA" is its "SHA1". */
static bool same_suite(const char *java, const char *native)
{
    static const char with[] = "WITH_";
    const char *mark = strstr(java, with);
    char *plain = mark ? kc_asprintf("%.*s%s", (int)(mark - java), java, mark + strlen(with))
                       : kc_strdup(java);
    bool same = strcmp(plain, native) == 0 || is_joined(native, plain, strlen(plain), "1") ||
                (strstr(native, "CHACHA20") && is_joined(plain, native, strlen(native), "_SHA256"));
    free(plain);
    return same;
}

static bool find_suite(const char *name, struct suite *suite)
{
    gnutls_protocol_t version;
    unsigned char id[2];
    const char *native;
    for (size_t i = 0; (native = gnutls_cipher_suite_info(i, id, &suite->kx, &suite->cipher,
                                                          &suite->mac, &version));
         i++) {
        suite->modern = id[0] == 0x13;
        if (same_suite(name, native))
            return true;
    }
    return false;
}

static void add_part(struct kc_strings *parts, const char *name)
{
    char *part = kc_asprintf("+%s", name);
    if (kc_strings_contain(parts, part))
        free(part);
    else
        kc_strings_take(parts, part);
}

static struct kc_error *add_suites(const struct kc_strings *names, struct kc_strings *parts,
                                   bool *modern, bool *old)
{
    struct suite suite;
    *modern = *old = false;
    for (size_t i = 0; i < names->count; i++) {
        if (!find_suite(names->items[i], &suite))
            return kc_error_new(KC_ERR_CONFIG,
                                "ssl.cipher.suites: the cipher suite %s is unknown to GnuTLS, with "
                                "which https listeners are served",
                                names->items[i]);
        if (suite.modern)
            *modern = true;
        else
            *old = true;
        if (!suite.modern)
            add_part(parts, gnutls_kx_get_name(suite.kx));
        add_part(parts, gnutls_cipher_get_name(suite.cipher));
        add_part(parts, gnutls_mac_get_name(suite.mac));
    }
    return NULL;
}

static struct kc_error *add_versions(const char *text, struct kc_strings *parts, bool modern,
                                     bool old)
{
    static const char *const versions[][2] = {{"TLSv1.3", "VERS-TLS1.3"},
                                              {"TLSv1.2", "VERS-TLS1.2"},
                                              {"TLSv1.1", "VERS-TLS1.1"},
                                              {"TLSv1", "VERS-TLS1.0"}};
    struct kc_strings names = {0};
    size_t before = parts->count;
    kc_strings_split(&names, text);
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
        if (kc_strings_contain(&names, versions[i][0]) && (i == 0 ? modern : old))
            add_part(parts, versions[i][1]);
    kc_strings_destroy(&names);
    if (parts->count > before)
        return NULL;
    return kc_error_new(KC_ERR_CONFIG,
                        "ssl.enabled.protocols=%s leaves no protocol%s. Known are TLSv1.3 and "
                        "TLSv1.2, TLSv1.1, TLSv1",
                        text, modern && old ? "" : " that goes with ssl.cipher.suites");
}

/* Unless suites are listed: no RSA key exchange, which has no forward secrecy, and no SHA-1. */
#define MODERN "NORMAL:-VERS-ALL:-RSA:-SHA1:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:-SIGN-DSA-SHA1"

/* Protocols whose suites all use SHA-1; they are off by default. */
static bool wants_old(const char *versions)
{
    struct kc_strings names = {0};
    kc_strings_split(&names, versions);
    bool old = kc_strings_contain(&names, "TLSv1") || kc_strings_contain(&names, "TLSv1.1");
    kc_strings_destroy(&names);
    return old;
}

struct kc_error *kc_tls_priorities(const struct kc_map *settings, char **priorities)
{
    const char *versions = kc_map_get_or(settings, "ssl.enabled.protocols", "TLSv1.2,TLSv1.3");
    const char *suites = kc_map_get(settings, "ssl.cipher.suites");
    struct kc_strings names = {0};
    struct kc_strings parts = {0};
    bool modern = true;
    bool old = true;
    struct kc_error *err = NULL;
    kc_strings_split(&names, suites ? suites : "");
    kc_strings_add(&parts, names.count ? "NONE:+CTYPE-X509:+COMP-NULL:+SIGN-ALL:+GROUP-ALL"
                           : wants_old(versions) ? "NORMAL:-VERS-ALL"
                                                 : MODERN);
    if (names.count)
        err = add_suites(&names, &parts, &modern, &old);
    if (!err)
        err = add_versions(versions, &parts, modern, old);
    *priorities = err ? NULL : kc_strings_join(&parts, ":");
    kc_strings_destroy(&names);
    kc_strings_destroy(&parts);
    return err;
}
