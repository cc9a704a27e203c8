/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links are made, configured and deleted under Confluent's names: see link_alias_priv.h.
 *
 * Client settings without a prefix are the source's, as there. What Cluster Linking has and a link
 * doesn't is refused by its name, rather than left out unseen.
 */
#include "link/link_alias_priv.h"

#include "connect/admin.h"
#include "connect/thread.h"

#include <stdlib.h>
#include <string.h>

enum {
    RELEASE_MS = 20000, /* for groups that are held */
    LOOK_MS = 200,
    CHECK_MS = 10000, /* for a call to a cluster */
};

#define REFUSE(...) return kc_error_new(KC_ERR_BAD_REQUEST, __VA_ARGS__)

/* ---- names of settings ---- */

/* The link's word for a setting of Cluster Linking. value: the only one that it may have; NULL:
 * any. name NULL: it needs no setting then. */
struct alias_setting {
    const char *theirs;
    const char *name;
    const char *value;
};
static const struct alias_setting settings[] = {
    {"cluster.link.prefix", "link.topic.prefix", NULL},
    {"consumer.offset.sync.ms", "link.group.sync.ms", NULL},
    {"acl.sync.enable", "sync.topic.acls.enabled", NULL},
    {"link.mode", NULL, "DESTINATION"},
    {"connection.mode", NULL, "OUTBOUND"},
};

static bool is_ours(const char *name)
{
    for (size_t i = 0; i < LINK_CONFIG_KEYS; i++)
        if (strcmp(link_config_keys[i].name, name) == 0)
            return true;
    return strncmp(name, "source.cluster.", 15) == 0 || strncmp(name, "target.cluster.", 15) == 0;
}

static bool is_client_setting(const char *name)
{
    static const char *const starts[] = {"bootstrap.servers", "security.",         "sasl.", "ssl.",
                                         "client.",           "request.timeout.ms"};
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        if (strncmp(name, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

struct kc_error *link_alias_setting(const char *theirs, const char *value, char **name)
{
    *name = NULL;
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        const struct alias_setting *setting = &settings[i];
        if (strcmp(setting->theirs, theirs) != 0)
            continue;
        if (setting->value && value && strcmp(setting->value, value) != 0)
            REFUSE("configs: %s of a link can only be %s", theirs, setting->value);
        *name = kc_strdup(setting->name);
        return NULL;
    }
    if (is_ours(theirs))
        *name = kc_strdup(theirs);
    else if (is_client_setting(theirs))
        *name = kc_asprintf("source.cluster.%s", theirs);
    else
        REFUSE("configs: a link has no setting %s. docs/CONFIGURATION.md lists its settings",
               theirs);
    return NULL;
}

/* ---- bodies ---- */

/* Adds {"name": ..., "value": ..., "operation": ...}, without the operation where it has none. */
static struct kc_error *add_setting(const json_t *item, bool alters, struct kc_map *config)
{
    const char *theirs = json_string_value(json_object_get(item, "name"));
    const json_t *value = json_object_get(item, "value");
    const char *operation = json_string_value(json_object_get(item, "operation"));
    bool removes = alters && operation && strcmp(operation, "DELETE") == 0;
    char *name = NULL;
    if (!theirs)
        REFUSE("name: each setting needs one");
    if (alters && operation && !removes && strcmp(operation, "SET") != 0)
        REFUSE("operation: of %s is %s; it can be SET or DELETE", theirs, operation);
    if (!removes && !json_is_string(value))
        REFUSE("value: of %s must be a string", theirs);
    struct kc_error *err =
        link_alias_setting(theirs, removes ? NULL : json_string_value(value), &name);
    if (!err && name)
        kc_map_set(config, name, removes ? NULL : json_string_value(value));
    free(name);
    return err;
}

static struct kc_error *add_settings(const json_t *list, bool alters, struct kc_map *config)
{
    json_t *item = NULL;
    size_t i = 0;
    struct kc_error *err = NULL;
    if (list && !json_is_array(list) && !json_is_null(list))
        REFUSE("%s: must be an array of {\"name\": ..., \"value\": ...}",
               alters ? "data" : "configs");
    json_array_foreach (list, i, item) {
        if (!err)
            err = add_setting(item, alters, config);
    }
    return err;
}

/* ---- a new link ---- */

static struct kc_error *check_side(const struct link_config *config, enum link_side side,
                                   const char *wanted)
{
    static const char *const sides[] = {[LINK_SOURCE] = "source", [LINK_TARGET] = "target"};
    struct kc_admin *admin = NULL;
    char *id = NULL;
    struct kc_error *err = link_admin_new(config, side, "check", &admin);
    if (!err) {
        kc_admin_set_timeout(admin, CHECK_MS);
        err = kc_admin_cluster_id(admin, &id);
    }
    if (!err && wanted && strcmp(id, wanted) != 0)
        err = kc_error_new(KC_ERR_BAD_REQUEST, "The %s of the link is cluster %s, not %s",
                           sides[side], id, wanted);
    else if (err)
        err = kc_error_caused(kc_error_new(KC_ERR_BAD_REQUEST,
                                           "The %s cluster of the link can't be asked: %s",
                                           sides[side], kc_error_text(err)),
                              err);
    kc_admin_destroy(admin);
    free(id);
    return err;
}

/* The clusters are those that the request names. */
static struct kc_error *check_sides(const struct kc_resource_request *request, const json_t *body,
                                    const struct kc_map *config)
{
    struct link_config *checked = NULL;
    const char *source = json_string_value(json_object_get(body, "source_cluster_id"));
    if (!source)
        source = json_string_value(json_object_get(body, "remote_cluster_id"));
    struct kc_error *err = link_config_new(config, false, &checked);
    if (err)
        return kc_error_caused(kc_error_new(KC_ERR_BAD_REQUEST, "%s", kc_error_text(err)), err);
    err = check_side(checked, LINK_TARGET, kc_resource_param(request, 0));
    if (!err && kc_resource_query_bool(request, "validate_link", true))
        err = check_side(checked, LINK_SOURCE, source);
    link_config_destroy(checked);
    return err;
}

static struct kc_error *parse_link(const struct kc_resource_request *request, const json_t *body,
                                   struct kc_map *config)
{
    const char *name = kc_resource_query(request, "link_name", 0);
    if (!name || !*name)
        REFUSE("link_name: is missing in the query");
    if (body && !json_is_object(body))
        REFUSE("The body must be an object with configs");
    if (json_string_value(json_object_get(body, "destination_cluster_id")))
        REFUSE("destination_cluster_id: a link is made on the cluster that it writes to. Make it "
               "there, with source_cluster_id");
    struct kc_error *err = add_settings(json_object_get(body, "configs"), false, config);
    if (!err && !kc_map_has(config, "source.cluster.bootstrap.servers"))
        err = kc_error_new(KC_ERR_BAD_REQUEST, "configs: bootstrap.servers (of the source) is "
                                               "missing");
    if (!err && !kc_map_has(config, "target.cluster.bootstrap.servers"))
        err = kc_error_new(KC_ERR_BAD_REQUEST,
                           "configs: target.cluster.bootstrap.servers is missing. The worker isn't "
                           "a part of cluster %s, and needs its address and, with the prefix "
                           "target.cluster., its security settings",
                           kc_resource_param(request, 0));
    kc_map_set(config, "name", name);
    kc_map_set(config, "connector.class", "KafkaLinkConnector");
    return err;
}

struct kc_error *link_alias_create(struct kc_resource_request *request, char **name,
                                   struct kc_map **config)
{
    json_t *body = NULL;
    struct kc_map *made = kc_map_new();
    struct kc_error *err = kc_resource_json(request, &body);
    if (!err)
        err = parse_link(request, body, made);
    if (!err)
        err = check_sides(request, body, made);
    if (!err && !link_resource_is_dry(request)) {
        *name = kc_strdup(kc_map_get(made, "name"));
        *config = made;
        made = NULL;
    }
    kc_map_destroy(made);
    json_decref(body);
    return err;
}

/* ---- the end of a link ---- */

/* Ends it, and waits until its groups are released. */
static struct kc_error *end(struct link_control *control)
{
    int64_t until = kc_mono_ms() + RELEASE_MS;
    struct kc_stop *pause = kc_stop_new();
    bool done = false;
    struct kc_error *err = link_end_wholly(control, &done);
    while (!err && !done && kc_mono_ms() < until) {
        kc_stop_wait_until(pause, kc_mono_ms() + LOOK_MS);
        err = link_end_wholly(control, &done);
    }
    kc_stop_destroy(pause);
    if (!err && !done)
        err = kc_error_new(KC_ERR_CONFLICT,
                           "Groups of link %s are still being released. Ask again, or use "
                           "force=true, which leaves them to their session time-outs",
                           control->config->name);
    return err;
}

void link_alias_delete(void *connector, struct kc_resource_request *request)
{
    struct link_control *control = link_alias_control(connector, request);
    if (!control)
        return;
    bool dry = link_resource_is_dry(request);
    struct kc_error *err =
        dry || kc_resource_query_bool(request, "force", false) ? NULL : end(control);
    if (err) {
        kc_resource_answer_error(request, err);
        return;
    }
    kc_resource_answer_empty(request, 204);
    if (!dry)
        kc_resource_then_delete(request);
}

/* ---- settings of a link ---- */

/* Takes err and changes: answers err, or has them made. */
static void change(struct kc_resource_request *request, struct link_control *control,
                   struct kc_map *changes, bool dry, struct kc_error *err)
{
    struct kc_map *whole = kc_map_copy(control->config->properties);
    struct link_config *checked = NULL;
    kc_map_foreach (changes, entry) {
        if (entry->value)
            kc_map_set(whole, entry->key, entry->value);
        else
            kc_map_remove(whole, entry->key);
    }
    if (!err) {
        err = link_config_new(whole, false, &checked);
        if (err)
            err = kc_error_caused(kc_error_new(KC_ERR_BAD_REQUEST, "%s", kc_error_text(err)), err);
    }
    if (err) {
        kc_resource_answer_error(request, err);
    } else {
        kc_resource_answer_empty(request, 204);
        if (!dry && kc_map_size(changes) > 0) {
            kc_resource_then_configure(request, changes);
            changes = NULL;
        }
    }
    link_config_destroy(checked);
    kc_map_destroy(whole);
    kc_map_destroy(changes);
}

void link_alias_put_config(void *connector, struct kc_resource_request *request)
{
    struct link_control *control = link_alias_control(connector, request);
    if (!control)
        return;
    json_t *body = NULL, *item = NULL;
    struct kc_map *changes = kc_map_new();
    struct kc_error *err = kc_resource_json(request, &body);
    if (!err) {
        item = json_pack("{s:s, s:O?}", "name", kc_resource_param(request, 1), "value",
                         json_object_get(body, "value"));
        err = add_setting(item, false, changes);
    }
    change(request, control, changes, link_resource_is_dry(request), err);
    json_decref(item);
    json_decref(body);
}

void link_alias_reset_config(void *connector, struct kc_resource_request *request)
{
    struct link_control *control = link_alias_control(connector, request);
    if (!control)
        return;
    struct kc_map *changes = kc_map_new();
    char *name = NULL;
    struct kc_error *err = link_alias_setting(kc_resource_param(request, 1), NULL, &name);
    if (!err && name)
        kc_map_set(changes, name, NULL);
    free(name);
    change(request, control, changes, link_resource_is_dry(request), err);
}

void link_alias_alter_configs(void *connector, struct kc_resource_request *request)
{
    struct link_control *control = link_alias_control(connector, request);
    if (!control)
        return;
    json_t *body = NULL;
    struct kc_map *changes = kc_map_new();
    struct kc_error *err = kc_resource_json(request, &body);
    if (!err && !json_is_array(json_object_get(body, "data")))
        err = kc_error_new(KC_ERR_BAD_REQUEST, "data: must be an array of settings");
    if (!err)
        err = add_settings(json_object_get(body, "data"), true, changes);
    bool dry = json_is_true(json_object_get(body, "validate_only"));
    change(request, control, changes, dry || link_resource_is_dry(request), err);
    json_decref(body);
}
