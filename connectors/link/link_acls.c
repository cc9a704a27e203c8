/* SPDX-License-Identifier: Apache-2.0 */
/* Which ACLs the target is to have, see link_acls_priv.h. Pure functions, any thread. */
#include "link/link_acls_priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ALLOW   RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW
#define DENY    RD_KAFKA_ACL_PERMISSION_TYPE_DENY
#define LITERAL RD_KAFKA_RESOURCE_PATTERN_LITERAL

void link_acl_names_clear(struct link_acl_names *names)
{
    kc_strings_destroy(&names->linked);
    kc_strings_destroy(&names->promoted);
    kc_strings_destroy(&names->groups);
}

int link_acl_compare(const void *a_arg, const void *b_arg)
{
    const struct kc_acl *a = a_arg, *b = b_arg;
    int order = strcmp(a->name, b->name);
    order = order ? order : strcmp(a->principal, b->principal);
    order = order ? order : strcmp(a->host, b->host);
    order = order ? order : a->operation - b->operation;
    order = order ? order : a->permission - b->permission;
    order = order ? order : a->pattern_type - b->pattern_type;
    return order ? order : a->resource_type - b->resource_type;
}

/* ---- names ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_among(const struct kc_strings *names, const char *name)
{
    return names->count > 0 &&
           bsearch(&name, names->items, names->count, sizeof(*names->items), compare_names);
}

/* ---- from the source ---- */

/* A mirror topic has one writer until it is promoted: the right to do everything shrinks to
 * reading, as in MirrorMaker 2. */
static bool map_topic(const struct link_acl_names *names, struct kc_acl *acl)
{
    bool linked = is_among(&names->linked, acl->name);
    if (!linked)
        return is_among(&names->promoted, acl->name);
    if (acl->permission == ALLOW && acl->operation == RD_KAFKA_ACL_OPERATION_WRITE)
        return false;
    if (acl->permission == ALLOW && acl->operation == RD_KAFKA_ACL_OPERATION_ALL)
        acl->operation = RD_KAFKA_ACL_OPERATION_READ;
    return true;
}

bool link_acl_map(const struct link_config *config, const struct link_acl_names *names,
                  const struct kc_acl *source, struct kc_acl *target)
{
    bool wanted = false;
    if (source->pattern_type != LITERAL)
        return false;
    *target = *source;
    if (source->resource_type == KC_RESOURCE_TOPIC) {
        target->name = link_target_topic(config, source->name);
        wanted = map_topic(names, target);
    } else if (source->resource_type == KC_RESOURCE_GROUP) {
        target->name = link_target_group(config, source->name);
        wanted = is_among(&names->groups, target->name);
    } else
        return false;
    if (!wanted)
        free(target->name);
    return wanted;
}

/* ---- the link's own principal ---- */

/* The user's name in sasl.jaas.config: username="link". */
static char *jaas_user(const char *jaas)
{
    const char *at = jaas ? strstr(jaas, "username=") : NULL;
    if (!at)
        return NULL;
    at += strlen("username=");
    if (*at == '"' || *at == '\'') {
        const char *end = strchr(at + 1, *at);
        return end && end > at + 1 && !memchr(at, '\\', (size_t)(end - at))
                   ? kc_strndup(at + 1, (size_t)(end - at - 1))
                   : NULL;
    }
    size_t len = strcspn(at, " ;\t\n");
    return len ? kc_strndup(at, len) : NULL;
}

/* The name of a user that logs in by a password; the broker's principal is that name. */
static char *login_user(const struct kc_map *properties)
{
    const char *mechanism = kc_map_get_or(properties, "sasl.mechanism", "GSSAPI");
    if (strcasecmp(mechanism, "PLAIN") != 0 && strncasecmp(mechanism, "SCRAM-", 6) != 0)
        return NULL;
    return jaas_user(kc_map_get(properties, "sasl.jaas.config"));
}

char *link_guard_principal(const struct link_config *config)
{
    const char *given = kc_config_string(config->values, "link.write.guard.principal");
    if (given && *given)
        return kc_strdup(given);
    struct kc_map *properties =
        link_client_properties(config, LINK_TARGET, KC_CLIENT_ADMIN, "control");
    const char *protocol = kc_map_get_or(properties, "security.protocol", "PLAINTEXT");
    char *principal = NULL;
    if (strcasecmp(protocol, "PLAINTEXT") == 0)
        principal = kc_strdup("User:ANONYMOUS");
    else if (strncasecmp(protocol, "SASL_", 5) == 0) {
        char *user = login_user(properties);
        principal = user ? kc_asprintf("User:%s", user) : NULL;
        free(user);
    }
    kc_map_destroy(properties);
    return principal;
}

/* ---- the guard ---- */

static bool covers(const struct kc_acl *acl, const char *topic)
{
    if (acl->resource_type != KC_RESOURCE_TOPIC)
        return false;
    if (acl->pattern_type == RD_KAFKA_RESOURCE_PATTERN_PREFIXED)
        return strncmp(topic, acl->name, strlen(acl->name)) == 0;
    return acl->pattern_type == LITERAL &&
           (strcmp(acl->name, topic) == 0 || strcmp(acl->name, "*") == 0);
}

void link_guard_writers(const struct kc_acls *target, const char *topic, const char *own,
                        struct kc_strings *writers)
{
    for (size_t i = 0; i < target->count; i++) {
        const struct kc_acl *acl = &target->items[i];
        bool writes = acl->operation == RD_KAFKA_ACL_OPERATION_WRITE ||
                      acl->operation == RD_KAFKA_ACL_OPERATION_ALL;
        if (acl->permission == ALLOW && writes && strcmp(acl->principal, own) != 0 &&
            covers(acl, topic) && !kc_strings_contain(writers, acl->principal))
            kc_strings_add(writers, acl->principal);
    }
    kc_strings_sort(writers);
}

static struct kc_acl denial(const char *topic, const char *principal)
{
    return (struct kc_acl){.resource_type = KC_RESOURCE_TOPIC,
                           .pattern_type = LITERAL,
                           .name = kc_strdup(topic),
                           .principal = kc_strdup(principal),
                           .host = kc_strdup("*"),
                           .operation = RD_KAFKA_ACL_OPERATION_WRITE,
                           .permission = DENY};
}

static void add_denial(struct kc_acls *acls, const char *topic, const char *principal)
{
    acls->items = kc_realloc(acls->items, (acls->count + 1) * sizeof(*acls->items));
    acls->items[acls->count++] = denial(topic, principal);
}

static bool is_there(const struct kc_acls *target, const char *topic, const char *principal)
{
    for (size_t i = 0; i < target->count; i++) {
        const struct kc_acl *acl = &target->items[i];
        if (acl->resource_type == KC_RESOURCE_TOPIC && acl->permission == DENY &&
            acl->operation == RD_KAFKA_ACL_OPERATION_WRITE && acl->pattern_type == LITERAL &&
            strcmp(acl->name, topic) == 0 && strcmp(acl->principal, principal) == 0 &&
            strcmp(acl->host, "*") == 0)
            return true;
    }
    return false;
}

static bool has_denied(const json_t *record, const char *principal)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (json_object_get(record, "denied"), i, item)
        if (json_is_string(item) && strcmp(json_string_value(item), principal) == 0)
            return true;
    return false;
}

json_t *link_guard_plan(const char *topic, const struct kc_strings *writers,
                        const struct kc_acls *target, const json_t *record, struct kc_acls *acls)
{
    json_t *denied = json_array();
    bool everybody = false;
    json_array_extend(denied, json_object_get(record, "denied"));
    for (size_t i = 0; i < writers->count; i++) {
        const char *writer = writers->items[i];
        bool ours = has_denied(record, writer);
        if (strcmp(writer, "User:*") == 0)
            everybody = true;
        else if (!is_there(target, topic, writer)) {
            add_denial(acls, topic, writer);
            if (!ours)
                json_array_append_new(denied, json_string(writer));
        }
    }
    return json_pack("{s:o, s:s}", "denied", denied, "reason",
                     everybody ? "An ACL of the target lets User:* write, which can't be denied "
                                 "without denying it to the link. Take that ACL away; until then "
                                 "foreign writes are only detected"
                               : "");
}

void link_guard_denials(const char *topic, const json_t *record, struct kc_acls *acls)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (json_object_get(record, "denied"), i, item)
        if (json_is_string(item))
            add_denial(acls, topic, json_string_value(item));
}
