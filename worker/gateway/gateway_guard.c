/* SPDX-License-Identifier: Apache-2.0 */
/* Which logins of clients can be relayed: see gateway_guard_priv.h. */
#include "gateway/gateway_guard_priv.h"

#include "gateway/gateway_credentials_priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LISTENERS "gateway.listeners"
#define MAP       "gateway.credentials.map"

/* ---- what the target asks for ---- */

static const char *target_protocol(const struct gateway_config *config)
{
    return kc_map_get_or(config->target, "security.protocol", "PLAINTEXT");
}

static bool target_logs_in(const struct gateway_config *config)
{
    return strncasecmp(target_protocol(config), "SASL_", 5) == 0;
}

static bool target_has_tls(const struct gateway_config *config)
{
    const char *protocol = target_protocol(config);
    return strcasecmp(protocol, "SSL") == 0 || strcasecmp(protocol, "SASL_SSL") == 0;
}

/* ---- what a listener asks for ---- */

/* "none", "requested", "required". */
static const char *client_auth(const struct gateway_listener_config *listener)
{
    return kc_map_get_or(listener->ssl, "ssl.client.auth", "none");
}

/* The listener's sasl.enabled.mechanisms, else the file's; NULL: it isn't set. */
static const char *mechanisms_of(const struct kc_map *settings,
                                 const struct gateway_listener_config *listener)
{
    char *key = kc_asprintf("gateway.listener.name.%s.sasl.enabled.mechanisms", listener->name);
    for (char *p = key; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    const char *value = kc_map_get(settings, key);
    free(key);
    return value ? value : kc_map_get(settings, "sasl.enabled.mechanisms");
}

/* Whether clients can only log in by Kerberos, as far as settings say it: without a list of
 * mechanisms, the one of the gateway's own login is the one that the target is known to have. */
static bool is_kerberos_alone(const struct kc_map *settings, const struct gateway_config *config,
                              const struct gateway_listener_config *listener)
{
    bool only = true;
    struct kc_strings list = {0};
    const char *text = mechanisms_of(settings, listener);
    kc_strings_split(&list,
                     text ? text : kc_map_get_or(config->target, "sasl.mechanism", "GSSAPI"));
    for (size_t i = 0; i < list.count; i++)
        only = only && strcmp(list.items[i], "GSSAPI") == 0;
    only = only && list.count > 0;
    kc_strings_destroy(&list);
    return only;
}

/* ---- checks ---- */

static struct kc_error *check_map(const struct gateway_config *config,
                                  const struct gateway_listener_config *listener)
{
    if (listener->sasl)
        return kc_error_new(KC_ERR_CONFIG,
                            "listener %s has both SASL and a map of credentials (" MAP "). Its "
                            "clients' SASL is relayed to the target, so nothing is left for the "
                            "map: take one of them out, or give each a listener of its own",
                            listener->name);
    if (!listener->tls || strcmp(client_auth(listener), "required") != 0)
        return kc_error_new(KC_ERR_CONFIG,
                            "listener %s has a map of credentials (" MAP "), but doesn't ask its "
                            "clients for a certificate, so anybody could come as anybody. Make it "
                            "an SSL listener with ssl.client.auth=required",
                            listener->name);
    if (!target_logs_in(config))
        return kc_error_new(KC_ERR_CONFIG,
                            "listener %s has a map of credentials (" MAP "), but the target has no "
                            "login (security.protocol=%s) in which to use them. Point "
                            "bootstrap.servers at a SASL listener of the target, and set "
                            "security.protocol to its protocol",
                            listener->name, target_protocol(config));
    return NULL;
}

static struct kc_error *check_relayed(const struct kc_map *settings,
                                      const struct gateway_config *config,
                                      const struct gateway_listener_config *listener)
{
    if (!target_logs_in(config))
        return kc_error_new(KC_ERR_CONFIG,
                            "listener %s has SASL, which is relayed to the target, but the target "
                            "has none (security.protocol=%s), so nobody would check who logs in. "
                            "Point bootstrap.servers at a SASL listener of the target, or take "
                            "SASL off this listener",
                            listener->name, target_protocol(config));
    if (is_kerberos_alone(settings, config, listener))
        return kc_error_new(KC_ERR_CONFIG,
                            "listener %s: Kerberos (GSSAPI) can't be relayed, because a ticket is "
                            "for one host, and the target's broker isn't the host that the client "
                            "asked for. Let clients log in by SCRAM, PLAIN or OAUTHBEARER and name "
                            "these in sasl.enabled.mechanisms, or by certificates, with an SSL "
                            "listener and " MAP,
                            listener->name);
    return NULL;
}

static struct kc_error *check_bare(const struct gateway_config *config,
                                   const struct gateway_listener_config *listener)
{
    if (target_logs_in(config))
        return kc_error_new(KC_ERR_CONFIG,
                            "listener %s has no SASL, but the target asks for a login "
                            "(security.protocol=%s), which its clients couldn't make. Make it a "
                            "SASL_SSL listener, or an SSL one with ssl.client.auth=required "
                            "and " MAP,
                            listener->name, target_protocol(config));
    if (listener->tls && strcmp(client_auth(listener), "none") != 0)
        return kc_error_new(KC_ERR_CONFIG,
                            "listener %s asks its clients for certificates (ssl.client.auth=%s), "
                            "but the target never sees them: mutual TLS can't be relayed, because "
                            "only who has a certificate's key can show it. Name the credentials of "
                            "each client for the target in " MAP ", or set ssl.client.auth=none",
                            listener->name, client_auth(listener));
    return NULL;
}

static struct kc_error *check(const struct kc_map *settings, const struct gateway_config *config,
                              const struct gateway_listener_config *listener)
{
    if (listener->credentials)
        return check_map(config, listener);
    if (listener->sasl)
        return check_relayed(settings, config, listener);
    return check_bare(config, listener);
}

/* What clients of the listener send is what the target's own listener takes. With a map of
 * credentials it isn't: the target asks for a login, and the listener has none. */
static bool is_alike(const struct gateway_config *config,
                     const struct gateway_listener_config *listener)
{
    return listener->tls == target_has_tls(config) && listener->sasl == target_logs_in(config);
}

/* The file's map is for listeners whose clients come by certificate; one of the listener's own is
 * read in any case, so that it is never without effect. */
static struct kc_error *read_map(const struct kc_map *settings,
                                 struct gateway_listener_config *listener)
{
    struct kc_error *err = gateway_credentials_new(
        settings, listener->name, !listener->tls || listener->sasl, &listener->credentials);
    if (err)
        return kc_error_prefix(err, "listener %s", listener->name);
    return NULL;
}

struct kc_error *gateway_guard_read(const struct kc_map *settings, struct gateway_config *config,
                                    const char **key)
{
    for (size_t i = 0; i < config->listener_count; i++) {
        struct gateway_listener_config *listener = &config->listeners[i];
        *key = MAP;
        struct kc_error *err = read_map(settings, listener);
        if (err)
            return err;
        *key = listener->credentials ? MAP : LISTENERS;
        err = check(settings, config, listener);
        if (err)
            return kc_error_prefix(err, "Invalid configuration %s", *key);
        listener->steps_aside = is_alike(config, listener);
    }
    *key = NULL;
    return NULL;
}

void gateway_guard_free(struct gateway_config *config)
{
    for (size_t i = 0; i < config->listener_count; i++) {
        gateway_credentials_destroy(config->listeners[i].credentials);
        config->listeners[i].credentials = NULL;
    }
}

/* ---- warnings ---- */

static void warn_of_staying(const struct gateway_config *config,
                            const struct gateway_listener_config *listener,
                            struct kc_strings *warnings)
{
    if (config->after != GATEWAY_ADVERTISE || listener->steps_aside ||
        kc_map_size(config->source) == 0)
        return;
    kc_strings_take(warnings,
                    kc_asprintf("Listener %s goes on relaying after the last promotion "
                                "(gateway.after.promotion=advertise is for the others), because "
                                "its clients don't log in as the target's own clients do "
                                "(security.protocol=%s)",
                                listener->name, target_protocol(config)));
}

void gateway_guard_warnings(const struct gateway_config *config, struct kc_strings *warnings)
{
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct gateway_listener_config *listener = &config->listeners[i];
        if (listener->sasl && !listener->tls)
            kc_strings_take(warnings,
                            kc_asprintf("Listener %s has no TLS: passwords (PLAIN) and tokens "
                                        "(OAUTHBEARER) of its clients pass in clear",
                                        listener->name));
        if ((listener->sasl || listener->credentials) && listener->tls && !target_has_tls(config))
            kc_strings_take(warnings,
                            kc_asprintf("Listener %s has TLS, but the target's listener has none "
                                        "(security.protocol=%s): what its clients send goes on in "
                                        "clear from the gateway to the target",
                                        listener->name, target_protocol(config)));
        warn_of_staying(config, listener, warnings);
    }
}

/* ---- clients' connections ---- */

struct kc_map *gateway_guard_client_settings(const struct gateway_config *config)
{
    static const char *const own[] = {"ssl.keystore.", "ssl.key.", "sasl."};
    struct kc_map *settings = kc_map_new();
    kc_map_foreach (config->target, entry) {
        bool mine = false;
        for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
            mine = mine || strncmp(entry->key, own[i], strlen(own[i])) == 0;
        if (!mine)
            kc_map_set(settings, entry->key, entry->value);
    }
    kc_map_set(settings, "security.protocol", target_has_tls(config) ? "SSL" : "PLAINTEXT");
    return settings;
}
