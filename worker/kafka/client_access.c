/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds out why librdkafka's clients can't use their clusters, for the registry of wire/access.h.
 *
 * librdkafka reports it only in its log, unless somebody polls, and repeats the same failure only
 * after 30 s. Interceptors know when a client is made and destroyed. Any thread.
 */
#include "kafka/client_access.h"

#include "base/kafka_errors.h"
#include "kafka/client_priv.h"
#include "wire/access.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define NAME "isthmus-access"

static rd_kafka_resp_err_t on_destroy(rd_kafka_t *client, void *access)
{
    kc_access_destroy(access);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *client, const rd_kafka_conf_t *conf, void *opaque,
                                  char *reason, size_t size)
{
    char *id = kc_conf_get(conf, "client.id");
    char *servers = kc_conf_get(conf, "bootstrap.servers");
    char *protocol = kc_conf_get(conf, "security.protocol");
    char *mechanism = kc_conf_get(conf, "sasl.mechanisms");
    char *user = kc_conf_get(conf, "sasl.username");
    const struct kc_access_login login = {servers, protocol, *mechanism ? mechanism : NULL,
                                          *user ? user : NULL};

    for (char *c = protocol; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    struct kc_access *access =
        kc_access_new(id, client, &login); /* which has no name of its own yet */
    free(id);

    free(servers);
    free(protocol);
    free(mechanism);
    free(user);
    return rd_kafka_interceptor_add_on_destroy(client, NAME, on_destroy, access);
}

void kc_conf_access(rd_kafka_conf_t *conf)
{
    rd_kafka_conf_interceptor_add_on_new(conf, NAME, on_new, NULL);
}

/* Failures that another try won't cure. A broken handshake isn't one, because the broker may be
 * ending. */
static bool is_refusal(const char *text)
{
    static const char *const signs[] = {"authentication error", "mechanism handshake failed",
                                        "Unsupported SASL mechanism", "SSL handshake failed"};

    if (strstr(text, "SSL handshake failed: Disconnected"))
        return false;
    for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
        if (strstr(text, signs[i]))
            return true;
    }
    return false;
}

/* Replaces librdkafka's advice, which names a setting of its own, by ours. Owned by the caller. */
static char *advise(const char *why)
{
    static const char theirs[] =
        "verify that ssl.ca.location is correctly configured or root CA certificates are installed "
        "(install ca-certificates package)";
    const char *at = strstr(why, theirs);

    if (!at)
        return kc_strdup(why);
    return kc_asprintf("%.*sthe authority that has signed it must be in ssl.truststore.location, "
                       "or without one among those of the system%s",
                       (int)(at - why), why, at + strlen(theirs));
}

static void note_failure(struct kc_access *access, const char *text)
{
    const char *begin = strstr(text, "]: "), *scheme, *end;
    char *address;

    begin = begin && strncmp(text, "[thrd:", 6) == 0 ? begin + 3 : text;
    scheme = strstr(begin, "://");
    begin = scheme ? scheme + 3 : begin;
    end = strstr(begin, ": ");
    if (!end)
        return;
    address =
        kc_strndup(begin, strcspn(begin, "/") < (size_t)(end - begin) ? strcspn(begin, "/")
                                                                      : (size_t)(end - begin));
    char *why = advise(end + 2);
    kc_access_failed(access, address, is_refusal(end), why);
    free(why);
    free(address);
}

/* "[thrd:NAME]: PROTOCOL://HOST:PORT/ID: why" */
void kc_client_access_log(const rd_kafka_t *client, const char *text)
{
    struct kc_access *access = client ? kc_access_find(client) : NULL;

    if (access)
        note_failure(access, text);
    kc_access_release(access);
}

void kc_client_access_token_failed(const rd_kafka_t *client, const struct kc_error *err)
{
    struct kc_access *access = kc_access_find(client);

    if (access)
        kc_access_failed(access, "its OAuth token", !kc_error_retriable(err), kc_error_text(err));
    kc_access_release(access);
}

void kc_client_access_ready(const rd_kafka_t *client)
{
    struct kc_access *access = kc_access_find(client);

    if (access)
        kc_access_ready(access, NULL);
    kc_access_release(access);
}

void kc_client_access_join(const rd_kafka_t *client)
{
    struct kc_access *access = kc_access_find(client);

    if (access)
        kc_access_join(access);
    kc_access_release(access);
}

struct kc_error *kc_client_access_refusal(const rd_kafka_t *client, const char *doing)
{
    struct kc_access *access = kc_access_find(client);
    char *refusal = access ? kc_access_refusal(access) : NULL;
    struct kc_error *err = NULL;

    if (refusal)
        err = kc_error_kafka_new(KC_KAFKA_SASL_AUTHENTICATION_FAILED, false, "%s: %s", doing,
                                 refusal);
    free(refusal);
    kc_access_release(access);
    return err;
}
