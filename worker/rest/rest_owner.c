/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to resources that Java's workers have none of, in a group that has such workers: see
 * kc_rest_send_to_owner() in rest_forward_priv.h. Request threads.
 *
 * A follower knows only the leader's address. A leader of Java's can't send the request further, so
 * the follower looks for the owner in the connector's status.
 */
#include "herder/herder.h"
#include "rest/rest_forward_priv.h"

#include <stdlib.h>
#include <string.h>

/* How Java answers a path that it doesn't know. What Isthmus says of a connector or a topic that
 * isn't there is worded otherwise. */
static bool is_unknown_path(const struct kc_http_reply *reply)
{
    json_error_t why;
    if (reply->status != 404)
        return false;
    json_t *answer = json_loadb(reply->body.data ? reply->body.data : "", reply->body.len, 0, &why);
    const char *message = json_string_value(json_object_get(answer, "message"));
    bool unknown = message && strcmp(message, "HTTP 404 Not Found") == 0;
    json_decref(answer);
    return unknown;
}

/* "host:port" of the worker that has the connector by its status; NULL: none. The caller's. */
static char *owner_of(struct kc_rest_request *request, const char *connector)
{
    json_t *status = NULL;
    struct kc_error *err = kc_herder_status(request->herder, connector, &status);
    const char *owner =
        json_string_value(json_object_get(json_object_get(status, "connector"), "worker_id"));
    char *copy = err ? NULL : kc_strdup(owner);
    kc_error_destroy(err);
    json_decref(status);
    return copy;
}

/* The owner's URL, with the scheme of the one that is known. The caller's. */
static char *url_of(const char *known, const char *owner)
{
    return kc_asprintf("%s://%s/", strncmp(known, "https:", 6) == 0 ? "https" : "http", owner);
}

static bool is_at(const char *url, const char *owner)
{
    const char *host = strstr(url, "://");
    size_t len = strlen(owner);
    return host && strncmp(host + 3, owner, len) == 0 && (!host[3 + len] || host[3 + len] == '/');
}

static struct kc_error *refuse(const char *connector, const char *owner)
{
    return kc_error_new(KC_ERR_UNAVAILABLE,
                        "Connector %s can't be asked now: it belongs to %s, a worker of Java's, "
                        "which can't run it. It goes on, with nothing lost, when an Isthmus worker "
                        "leads the group: stop the group's workers of Java's",
                        connector, owner);
}

struct kc_error *kc_rest_send_to_owner(struct kc_rest_request *request, const char *target,
                                       const struct kc_rest_onward *onward,
                                       struct kc_http_reply *reply)
{
    struct kc_error *err = kc_rest_send_on(request, target, onward, reply);
    if (err || !onward->connector || !is_unknown_path(reply))
        return err;
    char *owner = owner_of(request, onward->connector);
    if (owner && !is_at(target, owner)) {
        char *url = url_of(target, owner);
        kc_http_reply_clear(reply);
        err = kc_rest_send_on(request, url, onward, reply);
        free(url);
    }
    if (!err && is_unknown_path(reply))
        err = refuse(onward->connector, owner ? owner : target);
    free(owner);
    return err;
}
