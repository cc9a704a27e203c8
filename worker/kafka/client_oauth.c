/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OAUTHBEARER tokens for librdkafka, fetched as wire's connections fetch theirs (KIP-768).
 *
 * Debian's librdkafka is built without its own OIDC client. The refresh callback runs on
 * librdkafka's background thread (kc_client_new() asks for that). Settings live as long as the
 * process, because a client doesn't tell when its configuration ends. There are few different ones;
 * equal ones are shared.
 */
#include "connect/log.h"
#include "kafka/client_priv.h"
#include "security/jwt.h"
#include "wire/sasl.h"

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.common.security.oauthbearer");

/* For tokens that don't say themselves. */
#define LIFETIME_MS (5 * 60 * 1000)

struct client_oauth {
    struct client_oauth *next;
    struct kc_map *properties; /* sasl.* */
};

static pthread_mutex_t oauths_lock = PTHREAD_MUTEX_INITIALIZER;
static struct client_oauth *oauths;

/* ---- the token ---- */

/* The client's first message, "n,,^Aauth=Bearer <token>^A<name>=<value>^A...^A" (RFC 7628), into a
 * list: the token, then names and values of extensions. */
static void split_message(char *message, struct kc_strings *parts)
{
    char *rest = NULL;
    static const char bearer[] = "auth=Bearer ";
    for (char *part = strtok_r(message, "\001", &rest); part;
         part = strtok_r(NULL, "\001", &rest)) {
        char *value = strchr(part, '=');
        if (strncmp(part, bearer, strlen(bearer)) == 0) {
            kc_strings_add(parts, part + strlen(bearer));
        } else if (value && parts->count) {
            kc_strings_take(parts, kc_strndup(part, (size_t)(value - part)));
            kc_strings_add(parts, value + 1);
        }
    }
}

static struct kc_error *fetch(const struct client_oauth *oauth, struct kc_strings *parts)
{
    struct wire_sasl *sasl = NULL;
    struct kc_str message = {0};
    bool done = false;
    struct kc_error *err = wire_sasl_new(oauth->properties, "", &sasl);
    if (!err)
        err = wire_sasl_step(sasl, NULL, 0, &message, &done);
    if (!err && message.data)
        split_message(message.data, parts);
    if (!err && !parts->count)
        err = kc_error_retriable_new(KC_ERR_DATA, "the token endpoint gave no token");
    wire_sasl_destroy(sasl);
    kc_str_destroy(&message);
    return err;
}

/* The token's expiry, in ms since the epoch. A token without one, or with nonsense, is soon fetched
 * again. */
static int64_t expires_ms(const json_t *payload)
{
    const double seconds = json_number_value(json_object_get(payload, "exp"));
    if (seconds > 0 && seconds < (double)(INT64_MAX / 1000))
        return (int64_t)(seconds * 1000);
    return kc_now_ms() + LIFETIME_MS;
}

static struct kc_error *hand_over(rd_kafka_t *client, const struct kc_strings *parts)
{
    char reason[256] = "";
    json_t *payload = wire_jwt_claims(parts->items[0]);
    const char *subject = json_string_value(json_object_get(payload, "sub"));
    rd_kafka_resp_err_t code = rd_kafka_oauthbearer_set_token(
        client, parts->items[0], expires_ms(payload), subject ? subject : "",
        (const char **)parts->items + 1, parts->count - 1, reason, sizeof(reason));
    json_decref(payload);
    return code ? kc_error_new(KC_ERR_DATA, "the token can't be used: %s", reason) : NULL;
}

/* ---- settings ---- */

/* config is the handle that kc_conf_oauth() left in the client's settings. */
static const struct client_oauth *find(const char *config)
{
    pthread_mutex_lock(&oauths_lock);
    struct client_oauth *oauth = oauths;
    while (oauth && config && (uintptr_t)oauth != strtoull(config, NULL, 16))
        oauth = oauth->next;
    pthread_mutex_unlock(&oauths_lock);
    return oauth;
}

static void on_refresh(rd_kafka_t *client, const char *config, void *opaque)
{
    const struct client_oauth *oauth = find(config);
    struct kc_strings parts = {0};
    if (!oauth)
        return;
    struct kc_error *err = fetch(oauth, &parts);
    if (!err && parts.count)
        err = hand_over(client, &parts);
    if (err) {
        kc_warn("Getting an OAuth token failed: %s", kc_error_text(err));
        kc_client_access_token_failed(client, err);
        rd_kafka_oauthbearer_set_token_failure(client, kc_error_text(err));
        kc_error_destroy(err);
    }
    kc_strings_destroy(&parts);
}

static struct client_oauth *find_or_add(struct kc_map *properties)
{
    pthread_mutex_lock(&oauths_lock);
    struct client_oauth *oauth = oauths;
    while (oauth && !kc_map_equal(oauth->properties, properties))
        oauth = oauth->next;
    if (oauth) {
        kc_map_destroy(properties);
    } else {
        oauth = kc_calloc(1, sizeof(*oauth));
        oauth->properties = properties;
        oauth->next = oauths;
        oauths = oauth;
    }
    pthread_mutex_unlock(&oauths_lock);
    return oauth;
}

struct kc_error *kc_conf_oauth(rd_kafka_conf_t *conf, const struct kc_map *properties)
{
    struct kc_error *err = wire_sasl_check(properties);
    if (err)
        return err;
    char handle[24];
    struct kc_map *kept = kc_map_subset(properties, "sasl.", false);
    kc_map_set(kept, "bootstrap.servers", kc_map_get(properties, "bootstrap.servers"));
    struct client_oauth *oauth = find_or_add(kept);
    snprintf(handle, sizeof(handle), "%llx", (unsigned long long)(uintptr_t)oauth);
    rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, on_refresh);
    rd_kafka_conf_enable_sasl_queue(conf, 1);
    return kc_conf_set(conf, "sasl.oauthbearer.config", handle,
                       "sasl.oauthbearer.token.endpoint.url");
}
