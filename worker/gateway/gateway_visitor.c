/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who the client of a session is, and in which versions its target may be asked: learned from the
 * requests and answers that pass. All of it is untrusted, and used for texts and descriptions only;
 * rights are the target's to check. Part of gateway_life_priv.h. Loop thread.
 */
#include "base/byte_reader.h"
#include "base/kafka_errors.h"
#include "gateway/gateway_life_priv.h"
#include "security/jwt.h"
#include "wire/messages_cluster.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 200

/* Printable text of untrusted bytes, cut; owned by the caller, NULL for NULL. */
static char *clean(const char *text, size_t len)
{
    if (!text)
        return NULL;
    char *copy = kc_strndup(text, len < NAME_MAX_LEN ? len : NAME_MAX_LEN);

    for (unsigned char *at = (unsigned char *)copy; *at; at++) {
        if (*at < ' ' || *at >= 0x7f)
            *at = '?';
    }
    return copy;
}

static void replace(char **text, char *by)
{
    free(*text);
    *text = by;
}

const char *gateway_visitor_name(const struct gateway_session *session)
{
    static _Thread_local char name[320];
    const struct gateway_client *about = &session->about;

    if (about->client_id && *about->client_id)
        snprintf(name, sizeof(name), "the client %s (%.120s)", about->address, about->client_id);
    else
        snprintf(name, sizeof(name), "the client %s", about->address);
    return name;
}

void gateway_visitor_clear(struct gateway_session *session)
{
    struct gateway_client *about = &session->about;

    free(about->address);
    free(about->client_id);
    free(about->software);
    free(about->principal);
    free(session->would_be);
    kc_strings_destroy(&about->writes);
}

/* ---- Software ---- */

static void learn_software(struct gateway_session *session,
                           const struct kc_api_versions_request *request)
{
    if (request->client_software_name.len <= 0)
        return;
    char *name =
        clean(request->client_software_name.data, (size_t)request->client_software_name.len);
    char *version =
        clean(request->client_software_version.data,
              request->client_software_version.len > 0 ? request->client_software_version.len : 0);
    replace(&session->about.software, kc_asprintf("%s %s", name, version ? version : ""));
    free(name);
    free(version);
}

/* ---- Logins ---- */

static void learn_mechanism(struct gateway_session *session,
                            const struct kc_sasl_handshake_request *request)
{
    const struct kc_wire_str name = request->mechanism;

    session->login = LOGIN_GOES_ON;
    session->mechanism = LOGIN_OTHER;
    replace(&session->would_be, NULL);
    if (kc_wire_str_is(name, "PLAIN"))
        session->mechanism = LOGIN_PLAIN;
    else if (name.len >= 5 && strncmp(name.data, "SCRAM", 5) == 0)
        session->mechanism = LOGIN_SCRAM;
    else if (kc_wire_str_is(name, "OAUTHBEARER"))
        session->mechanism = LOGIN_BEARER;
}

/* What stands in text between mark and end; owned by the caller, NULL: nothing. */
static char *between(const char *text, const char *mark, char end)
{
    const char *at = strstr(text, mark);
    const char *stop = at ? strchr(at + strlen(mark), end) : NULL;

    if (!at)
        return NULL;
    at += strlen(mark);
    return kc_strndup(at, stop ? (size_t)(stop - at) : strlen(at));
}

/* "authzid NUL user NUL password" */
static char *plain_user(const uint8_t *token, size_t len)
{
    const uint8_t *first = memchr(token, 0, len);
    const uint8_t *user = first ? first + 1 : NULL;
    const uint8_t *end = user ? memchr(user, 0, len - (size_t)(user - token)) : NULL;

    return end ? clean((const char *)user, (size_t)(end - user)) : NULL;
}

/* "n,,n=user,r=nonce" */
static char *scram_user(const char *text)
{
    char *name = between(text, "n=", ',');
    char *user = name ? clean(name, strlen(name)) : NULL;

    free(name);
    return user;
}

/* "n,,^Aauth=Bearer TOKEN^A^A", whose claims have a subject. */
static char *bearer_user(const char *text)
{
    char *token = between(text, "auth=Bearer ", '\1');
    json_t *claims = token ? wire_jwt_claims(token) : NULL;
    const char *subject = json_string_value(json_object_get(claims, "sub"));
    char *user = subject ? clean(subject, strlen(subject)) : NULL;

    json_decref(claims);
    free(token);
    return user;
}

static void learn_user(struct gateway_session *session,
                       const struct kc_sasl_authenticate_request *request)
{
    const uint8_t *token = request->auth_bytes.data;
    const size_t len = request->auth_bytes.len > 0 ? (size_t)request->auth_bytes.len : 0;
    char *text = NULL, *user = NULL;

    if (session->would_be || !len || len > WIRE_JWT_MAX + 1024)
        return;
    text = kc_strndup((const char *)token, len);
    if (session->mechanism == LOGIN_PLAIN)
        user = plain_user(token, len);
    else if (session->mechanism == LOGIN_SCRAM)
        user = scram_user(text);
    else if (session->mechanism == LOGIN_BEARER)
        user = bearer_user(text);
    replace(&session->would_be, user);
    free(text);
}

/* Whether the broker has nothing more to say in the login. */
static bool is_last(const struct gateway_session *session,
                    const struct kc_sasl_authenticate_response *response)
{
    const struct kc_wire_bytes token = response->auth_bytes;

    if (session->mechanism == LOGIN_SCRAM)
        return token.len >= 2 && memcmp(token.data, "v=", 2) == 0;
    return session->mechanism == LOGIN_PLAIN || token.len <= 0;
}

static void learn_verdict(struct gateway_session *session,
                          const struct kc_sasl_authenticate_response *response)
{
    if (response->error_code != KC_KAFKA_NONE || !is_last(session, response))
        return;
    session->login = LOGIN_DONE;
    session->let_in = true;
    replace(&session->about.principal, session->would_be);
    session->would_be = NULL;
}

/* ---- Versions ---- */

/* A refusal of the version of ApiVersions itself names no other API. */
static void learn_versions(struct gateway_session *session,
                           const struct kc_api_versions_response *response)
{
    if (response->error_code != KC_KAFKA_NONE)
        return;
    for (int32_t i = 0; i < response->api_keys.count; i++) {
        const struct kc_api_versions_response_api_key *key = &response->api_keys.items[i];
        const struct kc_api_info *info = kc_api_find(key->api_key);

        if (!info)
            continue;
        const int16_t max = key->max_version < info->max ? key->max_version : info->max;
        session->versions[key->api_key] = max < key->min_version ? -1 : (int8_t)max;
    }
}

/* ---- What passes ---- */

static void *decoded(struct kc_arena *arena, int api, enum kc_wire_direction direction, int version,
                     const uint8_t *body, size_t len)
{
    void *message = NULL;
    struct kc_error *err = kc_wire_decode(api, direction, version, body, len, arena, &message);

    /* Who must understand it says so: the target, or the client. */
    if (err)
        message = NULL;
    kc_error_destroy(err);
    return message;
}

static void learn_client_id(struct gateway_session *session, struct kc_wire_str id)
{
    if (!session->about.client_id && id.len >= 0)
        session->about.client_id = clean(id.data, (size_t)id.len);
}

bool gateway_visitor_logs_in(int api)
{
    return api == KC_API_SASL_HANDSHAKE || api == KC_API_SASL_AUTHENTICATE;
}

void gateway_visitor_asks(struct gateway_session *session,
                          const struct kc_wire_request_header *header, const uint8_t *body,
                          size_t len)
{
    learn_client_id(session, header->client_id);
    if (header->api != KC_API_API_VERSIONS && !gateway_visitor_logs_in(header->api))
        return;
    struct kc_arena *arena = kc_arena_new(1024);
    const void *message = decoded(arena, header->api, KC_WIRE_REQUEST, header->version, body, len);
    if (message && header->api == KC_API_API_VERSIONS)
        learn_software(session, message);
    else if (message && header->api == KC_API_SASL_HANDSHAKE)
        learn_mechanism(session, message);
    else if (message)
        learn_user(session, message);
    kc_arena_destroy(arena);
}

void gateway_visitor_told(struct gateway_session *session, int api, int version,
                          const uint8_t *body, size_t len)
{
    if (api != KC_API_API_VERSIONS && api != KC_API_SASL_AUTHENTICATE)
        return;
    struct kc_arena *arena = kc_arena_new(1024);
    version = gateway_answer_version(api, version, body, len);
    const void *message = decoded(arena, api, KC_WIRE_RESPONSE, version, body, len);
    if (message && api == KC_API_API_VERSIONS)
        learn_versions(session, message);
    else if (message)
        learn_verdict(session, message);
    kc_arena_destroy(arena);
}

const struct gateway_client *gateway_session_client(const struct gateway_session *session)
{
    return &session->about;
}

int gateway_session_version(const struct gateway_session *session, int api)
{
    return api >= 0 && api < KC_API_KEYS ? session->versions[api] : -1;
}
