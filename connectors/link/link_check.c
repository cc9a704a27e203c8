/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks a link's settings against the two clusters: logs in, asks who they are and how old, and
 * which rights are missing; and says in the log what the filters match.
 *
 * Runs while somebody waits for PUT or POST /connectors, on any thread. Each side has CHECK_MS for
 * a call.
 */
#include "link/link_back_priv.h"
#include "link/link_connector_priv.h"
#include "link/link_index_priv.h"

#include "link/link_rights_priv.h"

#include "connect/admin.h"
#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.KafkaLinkConnector");

#define CHECK_MS  10000
#define SHOWN     10  /* names in a line of the log */
#define PER_CHECK 500 /* topics whose rights are asked for */
#define LONGEST   200 /* name: it is in ids of clients and members, which have 249 at most */

#define REVERSE_OF      "link.reverse.of"
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
enum { TOO_FEW_BROKERS = 38 }; /* Kafka's code: INVALID_REPLICATION_FACTOR */

static const char *const bootstrap_keys[] = {
    [LINK_SOURCE] = "source.cluster.bootstrap.servers",
    [LINK_TARGET] = "target.cluster.bootstrap.servers",
};
static const char *const side_names[] = {[LINK_SOURCE] = "source", [LINK_TARGET] = "target"};

struct link_checkup {
    struct link_config *config;
    struct kc_config_values *values;
    struct kc_admin *admins[2];
    char *cluster_ids[2];
    struct kc_topic_infos topics[2];
    struct kc_error *away; /* why the source doesn't answer; NULL: it does, or refuses */
    bool failed;           /* on either side: the other checks make no sense */
};

/* Takes text. */
static void complain_of_setting(struct link_checkup *checkup, const char *key, char *text)
{
    kc_config_value_add_error(kc_config_values_get(checkup->values, key), "%s", text);
    checkup->failed = true;
    free(text);
}

static void complain(struct link_checkup *checkup, enum link_side side, const char *fmt, ...)
    KC_PRINTF(3, 4);
static void complain(struct link_checkup *checkup, enum link_side side, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = kc_vasprintf(fmt, args);
    va_end(args);
    complain_of_setting(checkup, bootstrap_keys[side], text);
}

/* ---- logging in ---- */

/* Takes err. */
static void complain_of_side(struct link_checkup *checkup, enum link_side side,
                             struct kc_error *err)
{
    complain(checkup, side,
             "The %s cluster %s can't be used: %s. Check the address, and %s.cluster.security."
             "protocol with the credentials beside it",
             side_names[side], kc_map_get_or(checkup->config->properties, bootstrap_keys[side], ""),
             kc_error_text(err), side_names[side]);
    kc_error_destroy(err);
}

static void log_in(struct link_checkup *checkup, enum link_side side)
{
    struct kc_error *err = link_admin_new(checkup->config, side, "check", &checkup->admins[side]);
    if (!err) {
        kc_admin_set_timeout(checkup->admins[side], CHECK_MS);
        err = kc_admin_cluster_id(checkup->admins[side], &checkup->cluster_ids[side]);
    }
    if (!err)
        err = kc_admin_topics(checkup->admins[side], NULL, &checkup->topics[side]);
    if (err && side == LINK_SOURCE && kc_error_retriable(err))
        checkup->away = err;
    else if (err)
        complain_of_side(checkup, side, err);
}

static bool has_topic(const struct link_checkup *checkup, enum link_side side, const char *name)
{
    const struct kc_topic_infos *topics = &checkup->topics[side];
    bool exists = false;
    for (size_t i = 0; i < topics->count; i++)
        exists = exists || strcmp(topics->items[i].name, name) == 0;
    return exists;
}

/* ---- versions ---- */

static const struct kc_topic_info *any_topic(const struct kc_topic_infos *topics)
{
    for (size_t i = 0; i < topics->count; i++)
        if (!topics->items[i].error && topics->items[i].partitions > 0)
            return &topics->items[i];
    return NULL;
}

/* The leader's epoch is in metadata since Kafka 2.1; topics have ids since 2.8. */
static void check_version(struct link_checkup *checkup, enum link_side side)
{
    const struct kc_topic_info *topic = any_topic(&checkup->topics[side]);
    struct kc_topic_descriptions descriptions = {0};
    struct kc_strings names = {0};
    if (!topic)
        return;
    kc_strings_add(&names, topic->name);
    struct kc_error *err = kc_admin_describe_topics(checkup->admins[side], &names, &descriptions);
    if (!err && !descriptions.items[0].error) {
        const struct kc_topic_description *found = &descriptions.items[0];
        if (side == LINK_TARGET && kc_uuid_is_zero(&found->id))
            complain(checkup, side,
                     "The target cluster is older than Kafka 2.8, which a link "
                     "needs to know its own position (KIP-664)");
        if (side == LINK_SOURCE && found->partition_count > 0 && found->partitions[0].leader >= 0 &&
            found->partitions[0].leader_epoch < 0)
            complain(checkup, side,
                     "The source cluster is older than Kafka 2.1, the oldest that "
                     "a link reads");
    }
    kc_error_destroy(err);
    kc_topic_descriptions_destroy(&descriptions);
    kc_strings_destroy(&names);
}

/* ---- rights ---- */

/* One line for each topic that lacks something. */
static void complain_of_rights(struct link_checkup *checkup, enum link_side side,
                               const struct kc_strings *names, unsigned needed)
{
    unsigned *allowed = kc_calloc(names->count ? names->count : 1, sizeof(*allowed));
    size_t lacking = 0;
    struct kc_error *err = link_rights_of_topics(checkup->admins[side], names, allowed);
    for (size_t i = 0; !err && i < names->count; i++) {
        unsigned missing = needed & ~allowed[i];
        if (allowed[i] == 0 || !missing || lacking++ >= SHOWN)
            continue;
        char *list = link_rights_print(missing);
        complain(checkup, side, "The link's user at the %s lacks rights on topic %s: %s",
                 side_names[side], names->items[i], list);
        free(list);
    }
    if (lacking > SHOWN)
        complain(checkup, side, "The same is true of %zu more topics", lacking - SHOWN);
    if (err)
        kc_warn("Link '%s': the rights at the %s can't be asked for: %s", checkup->config->name,
                side_names[side], kc_error_text(err));
    kc_error_destroy(err);
    free(allowed);
}

/* A topic of the link's own. what: is in it. */
static void check_own_topic(struct link_checkup *checkup, const char *name, const char *what)
{
    struct kc_strings names = {0};
    kc_strings_add(&names, name);
    if (has_topic(checkup, LINK_TARGET, name)) {
        complain_of_rights(checkup, LINK_TARGET, &names,
                           LINK_RIGHT_READ | LINK_RIGHT_WRITE | LINK_RIGHT_DESCRIBE_CONFIGS);
    } else {
        struct kc_error *err = link_rights_try_create(
            checkup->admins[LINK_TARGET], name,
            (int)kc_config_long(checkup->config->values, "replication.factor"));
        if (err)
            complain(checkup, LINK_TARGET,
                     "The link can't make topic %s on the target, where its %s is: %s. It "
                     "needs CREATE on the cluster or on that topic",
                     name, what, kc_error_text(err));
        kc_error_destroy(err);
    }
    kc_strings_destroy(&names);
}

static void check_own_topics(struct link_checkup *checkup)
{
    check_own_topic(checkup, KC_LINK_STATE_TOPIC, "state");
    if (checkup->config->offsets == KC_LINK_TRANSLATE)
        check_own_topic(checkup, LINK_INDEX_TOPIC, "offset index");
}

/* ---- a source that is away ---- */

/* The link's record of itself. False: there is none, or nobody knows: it is a new link. */
static bool load_self(const struct link_checkup *checkup, struct link_self *self)
{
    struct link_store *store = NULL;
    if (!has_topic(checkup, LINK_TARGET, KC_LINK_STATE_TOPIC))
        return false;
    struct kc_error *err = link_store_open(checkup->config, NULL, &store);
    bool found = !err && link_self_load(store, self);
    link_store_close(store);
    kc_error_destroy(err);
    return found;
}

/* Whether the link exists, and has reached its source by this very address before. */
static bool was_reached(const struct link_checkup *checkup)
{
    const char *servers =
        kc_map_get_or(checkup->config->properties, bootstrap_keys[LINK_SOURCE], "");
    struct link_self self = {0};
    bool reached = !checkup->failed && load_self(checkup, &self) && self.source_servers &&
                   strcmp(self.source_servers, servers) == 0;
    link_self_clear(&self);
    return reached;
}

/* Who changes a setting of a link in an outage needs it now: for a failover, say. A new link, or
 * another address, is a typing mistake more often. */
static void judge_away(struct link_checkup *checkup)
{
    struct kc_error *err = checkup->away;
    checkup->away = NULL;
    if (!was_reached(checkup)) {
        complain_of_side(checkup, LINK_SOURCE, err);
        return;
    }
    kc_warn("Link '%s': its settings are taken although the source cluster can't be reached now: "
            "%s. What the source would say to them shows when it is back.",
            checkup->config->name, kc_error_text(err));
    kc_error_destroy(err);
    check_version(checkup, LINK_TARGET);
    if (!checkup->failed)
        check_own_topics(checkup);
}

/* ---- what can be known of a new link ---- */

/* A link whose promoted topics come back is on this one's source, and leads the other way. */
static void judge_first_link(struct link_checkup *checkup, struct link_store *store)
{
    const char *first = checkup->config->reverse_of;
    struct link_self self = {0};
    if (!link_self_load(store, &self))
        complain_of_setting(checkup, REVERSE_OF,
                            kc_asprintf("There is no link '%s' whose target is this one's source, "
                                        "so that nothing could come back. isthmus link list tells "
                                        "the links' names",
                                        first));
    else if (strcmp(self.source_cluster_id, checkup->cluster_ids[LINK_TARGET]) != 0)
        complain_of_setting(checkup, REVERSE_OF,
                            kc_asprintf("Link '%s' comes from cluster %s, and this one would lead "
                                        "to cluster %s: it isn't the way back",
                                        first, self.source_cluster_id,
                                        checkup->cluster_ids[LINK_TARGET]));
    link_self_clear(&self);
}

static void check_first_link(struct link_checkup *checkup)
{
    const char *first = checkup->config->reverse_of;
    struct link_config *forward = NULL;
    struct link_store *store = NULL;
    if (!has_topic(checkup, LINK_SOURCE, KC_LINK_STATE_TOPIC)) {
        complain_of_setting(checkup, REVERSE_OF,
                            kc_asprintf("The source cluster has no topic %s, which link '%s' would "
                                        "have made there. Do the clusters stand the right way "
                                        "round?",
                                        KC_LINK_STATE_TOPIC, first));
        return;
    }
    struct kc_error *err = link_back_forward(checkup->config, &forward);
    if (!err)
        err = link_store_open(forward, NULL, &store);
    if (err)
        kc_warn("Link '%s': whether there is a link '%s', of which it is the reverse, can't be "
                "seen: %s",
                checkup->config->name, first, kc_error_text(err));
    else
        judge_first_link(checkup, store);
    link_store_close(store);
    link_config_destroy(forward);
    kc_error_destroy(err);
}

/* Asks for a topic that nobody makes: other answers than this one are of others' concern. */
static void check_replicas(struct link_checkup *checkup, int replicas)
{
    struct kc_error *err = link_rights_try_create(checkup->admins[LINK_TARGET],
                                                  KC_LINK_STATE_TOPIC "-check", replicas);
    if (kc_error_kafka_code(err) == TOO_FEW_BROKERS)
        complain_of_setting(checkup, "replication.factor",
                            kc_asprintf("The target can't make mirror topics with %d replicas: %s",
                                        replicas, kc_error_text(err)));
    kc_error_destroy(err);
}

/* A link that exists isn't kept from a change because of what has gone since. */
static void check_new(struct link_checkup *checkup)
{
    struct link_self self = {0};
    int replicas = (int)kc_config_long(checkup->config->values, "replication.factor");
    bool reverses = *checkup->config->reverse_of;
    if ((!reverses && replicas < 0) || load_self(checkup, &self)) {
        link_self_clear(&self);
        return;
    }
    if (reverses)
        check_first_link(checkup);
    if (replicas > 0)
        check_replicas(checkup, replicas);
}

/* ---- what matches ---- */

static void list_matches(struct link_checkup *checkup, struct kc_strings *topics)
{
    const struct kc_topic_infos *all = &checkup->topics[LINK_SOURCE];
    for (size_t i = 0; i < all->count; i++)
        if (kc_name_filter_accepts(checkup->config->topics, all->items[i].name))
            kc_strings_add(topics, all->items[i].name);
}

static void log_list(struct link_checkup *checkup, const char *what, const struct kc_strings *names)
{
    struct kc_strings shown = {0};
    for (size_t i = 0; i < names->count && i < SHOWN; i++)
        kc_strings_add(&shown, names->items[i]);
    char *list = kc_strings_join(&shown, ", ");
    kc_info("Link '%s': %zu %s match%s%s%s", checkup->config->name, names->count, what,
            names->count ? ": " : "", list, names->count > SHOWN ? ", ..." : ".");
    free(list);
    kc_strings_destroy(&shown);
}

static void look_at_topics(struct link_checkup *checkup)
{
    struct kc_strings topics = {0}, some = {0};
    list_matches(checkup, &topics);
    log_list(checkup, "topics", &topics);
    for (size_t i = 0; i < topics.count && i < PER_CHECK; i++)
        kc_strings_add(&some, topics.items[i]);
    if (some.count > 0)
        complain_of_rights(checkup, LINK_SOURCE, &some,
                           LINK_RIGHT_READ | LINK_RIGHT_DESCRIBE_CONFIGS);
    kc_strings_destroy(&topics);
    kc_strings_destroy(&some);
}

/* Groups aren't asked for where none are to match: on large clusters that takes a while. */
static void look_at_groups(struct link_checkup *checkup)
{
    struct kc_group_infos groups = {0};
    struct kc_strings names = {0};
    if (kc_config_list(checkup->config->values, "groups")->count == 0)
        return;
    struct kc_error *err = kc_admin_groups(checkup->admins[LINK_SOURCE], &groups);
    for (size_t i = 0; !err && i < groups.count; i++)
        if (kc_name_filter_accepts(checkup->config->groups, groups.items[i].id))
            kc_strings_add(&names, groups.items[i].id);
    if (err)
        complain(checkup, LINK_SOURCE,
                 "The source's groups can't be listed (DESCRIBE on the cluster or the groups): %s",
                 kc_error_text(err));
    else
        log_list(checkup, "groups", &names);
    kc_error_destroy(err);
    kc_strings_destroy(&names);
    kc_group_infos_destroy(&groups);
}

/* ---- all of it ---- */

static void check_clusters(struct link_checkup *checkup)
{
    log_in(checkup, LINK_SOURCE);
    log_in(checkup, LINK_TARGET);
    if (checkup->away)
        judge_away(checkup);
    if (checkup->failed || !checkup->cluster_ids[LINK_SOURCE])
        return;
    if (strcmp(checkup->cluster_ids[LINK_SOURCE], checkup->cluster_ids[LINK_TARGET]) == 0) {
        complain(checkup, LINK_TARGET,
                 "Source and target are the same cluster, %s: a topic can't be its own mirror",
                 checkup->cluster_ids[LINK_TARGET]);
        return;
    }
    check_version(checkup, LINK_SOURCE);
    check_version(checkup, LINK_TARGET);
    if (checkup->failed)
        return;
    kc_info("Link '%s': logged in to the source, cluster %s, and the target, cluster %s.",
            checkup->config->name, checkup->cluster_ids[LINK_SOURCE],
            checkup->cluster_ids[LINK_TARGET]);
    check_new(checkup);
    if (!checkup->failed)
        check_own_topics(checkup);
    look_at_topics(checkup);
    look_at_groups(checkup);
}

static bool has_errors(const struct kc_config_values *values)
{
    for (size_t i = 0; i < values->count; i++)
        if (values->items[i].errors.count > 0)
            return true;
    return false;
}

/* A connector's name may have anything in it; a link's is in paths, in ids of clients and in the
 * instance ids of those who hold groups, which brokers check. */
static void check_name(const char *name, struct kc_config_values *values)
{
    size_t len = strlen(name);
    bool dots = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
    if (len > 0 && len <= LONGEST && !dots && name[strspn(name, NAME_CHARACTERS)] == '\0')
        return;
    kc_config_value_add_error(kc_config_values_get(values, "name"),
                              "A link can't be called \"%s\". Its name may have letters, digits, "
                              "'.', '_' and '-', up to %d of them, and isn't \".\" or \"..\"",
                              name, LONGEST);
}

void link_check(const struct kc_map *properties, struct kc_config_values *values)
{
    struct link_checkup checkup = {.values = values};
    check_name(kc_map_get_or(properties, "name", ""), values);
    if (has_errors(values))
        return; /* the settings come first */
    struct kc_error *err = link_config_new(properties, false, &checkup.config);
    if (err)
        kc_config_value_add_error(kc_config_values_get(values, "topics"), "%s", kc_error_text(err));
    else
        check_clusters(&checkup);
    for (int side = 0; side < 2; side++) {
        if (checkup.admins[side])
            kc_admin_destroy(checkup.admins[side]);
        free(checkup.cluster_ids[side]);
        kc_topic_infos_destroy(&checkup.topics[side]);
    }
    link_config_destroy(checkup.config);
    kc_error_destroy(err);
}
