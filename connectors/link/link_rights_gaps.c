/* SPDX-License-Identifier: Apache-2.0 */
/* Who may use a topic at the source, and not on the target: see link_propose_priv.h. */
#include "link/link_propose_priv.h"

#include "connect/rights.h"

#include <stdlib.h>
#include <string.h>

enum {
    SECURITY_DISABLED = 54,
    MOST = 10000, /* users that are told */
};

void link_rights_gaps_find(const struct link_mirror *mirrors, size_t count,
                           const struct kc_acls *source, const struct kc_acls *target,
                           struct link_rights_gaps *gaps)
{
    struct kc_two_names *names = kc_calloc(count + 1, sizeof(*names));
    for (size_t i = 0; i < count; i++)
        names[i] = (struct kc_two_names){mirrors[i].order.source_topic, mirrors[i].name};
    /* The guard's denials go away with the promotion. */
    kc_missing_rights_find(names, count, source, target, false, &gaps->found);
    free(names);
}

/* The ACLs on topics of a side; none where it has no authorizer. Returns why not; NULL: known. */
static char *ask_acls(struct link_control *control, enum link_side side, struct kc_acls *acls,
                      bool *open)
{
    char *why = NULL;
    struct kc_admin *admin = link_live_admin(control->live, side, &why);
    struct kc_error *err = admin ? kc_admin_acls(admin, KC_RESOURCE_TOPIC, acls) : NULL;
    *open = kc_error_kafka_code(err) == SECURITY_DISABLED;
    if (*open)
        kc_error_clear(&err);
    return err ? link_live_failed(control->live, side, err) : why;
}

/* ---- users ---- */

void link_scram_gaps_find(const struct kc_strings *source, const struct kc_strings *target,
                          struct link_rights_gaps *gaps)
{
    for (size_t i = 0; i < source->count && gaps->users.count < MOST; i++)
        if (!kc_strings_contain(target, source->items[i]))
            kc_strings_add(&gaps->users, source->items[i]);
}

static char *ask_users(struct link_control *control, enum link_side side, struct kc_strings *users)
{
    char *why = NULL;
    struct kc_admin *admin = link_live_admin(control->live, side, &why);
    struct kc_error *err = admin ? kc_admin_scram_users(admin, users) : NULL;
    return err ? link_live_failed(control->live, side, err) : why;
}

static void load_users(struct link_control *control, struct link_rights_gaps *gaps)
{
    struct kc_strings source = {0}, target = {0};
    gaps->users_unknown = ask_users(control, LINK_SOURCE, &source);
    if (!gaps->users_unknown)
        gaps->users_unknown = ask_users(control, LINK_TARGET, &target);
    if (!gaps->users_unknown)
        link_scram_gaps_find(&source, &target, gaps);
    kc_strings_destroy(&source);
    kc_strings_destroy(&target);
}

/* ---- all of it ---- */

void link_rights_gaps_load(struct link_control *control, const struct link_mirror *mirrors,
                           size_t count, struct link_rights_gaps *gaps)
{
    load_users(control, gaps);
    struct kc_acls source = {0}, target = {0};
    bool source_open = false, target_open = false;
    gaps->unknown = ask_acls(control, LINK_SOURCE, &source, &source_open);
    if (!gaps->unknown)
        gaps->unknown = ask_acls(control, LINK_TARGET, &target, &target_open);
    /* A target without an authorizer lets everybody in. */
    if (!gaps->unknown && !target_open)
        link_rights_gaps_find(mirrors, count, &source, &target, gaps);
    kc_acls_destroy(&source);
    kc_acls_destroy(&target);
}

void link_rights_gaps_clear(struct link_rights_gaps *gaps)
{
    kc_missing_rights_clear(&gaps->found);
    free(gaps->unknown);
    kc_strings_destroy(&gaps->users);
    free(gaps->users_unknown);
    *gaps = (struct link_rights_gaps){0};
}

void link_rights_gaps_view(const struct link_rights_gaps *gaps, const char *topic, json_t *list)
{
    for (size_t i = 0; i < gaps->found.count; i++) {
        const struct kc_missing_right *gap = &gaps->found.items[i];
        if (strcmp(gap->name, topic) != 0)
            continue;
        char *message = kc_asprintf("%s has %s on the source's topic, and not on %s at the target. "
                                    "Grant it there before its clients move",
                                    gap->principal, gap->operation, topic);
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s, s:b}", "mirror_topic_name", topic, "code",
                                        "MISSING_CLIENT_RIGHTS", "message", message, "warning", 1));
        free(message);
    }
}
