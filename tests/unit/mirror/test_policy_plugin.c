/* SPDX-License-Identifier: Apache-2.0 */
/* Replication policies and filters out of a shared object, built here with public headers alone. */
#include "data/plugins.h"
#include "mirror/mirror_check.h"
#include "mirror/name_filter.h"
#include "mirror/replication_policy.h"

#include <sys/wait.h>
#include <unistd.h>

#define POLICY_CLASS "org.example.SuffixReplicationPolicy"
#define FILTER_CLASS "org.example.PrefixTopicFilter"

static char folder[] = "/tmp/policy-XXXXXX";

static void remove_folder(void)
{
    char *object = kc_asprintf("%s/policy.so", folder);
    unlink(object);
    rmdir(folder);
    free(object);
}

/* Builds the example and loads it as plugin.path would. */
static struct kc_plugins *load_example(void)
{
    char object[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(object, sizeof(object), "%s/policy.so", folder);
    pid_t child = fork();
    if (child == 0) {
        execlp("cc", "cc", "-std=c11", "-shared", "-fPIC", "-Iinclude",
               "tests/support/plugins/suffix_policy.c", "-o", object, NULL);
        _exit(127);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    struct kc_plugins *plugins = kc_plugins_new(kc_builtin_plugins, folder);
    remove_folder();
    return plugins;
}

static void same(char *got, const char *want)
{
    ck_assert_str_eq(got ? got : "NULL", want);
    free(got);
}

START_TEST(a_policy_of_a_shared_object_names_topics)
{
    struct kc_map *properties = MAP("replication.policy.class", POLICY_CLASS);
    struct kc_replication_policy *policy = NULL;
    ck_assert_ptr_null(kc_replication_policy_find(POLICY_CLASS));
    struct kc_plugins *plugins = load_example();
    ck_assert_ptr_nonnull(kc_replication_policy_find(POLICY_CLASS));
    ck_assert_ptr_nonnull(kc_replication_policy_find("SuffixReplicationPolicy"));
    ck_assert_ptr_null(kc_replication_policy_find("org.example.IncompletePolicy"));
    ck_assert_ptr_null(kc_replication_policy_find(FILTER_CLASS));
    assert_ok(kc_replication_policy_new(properties, &policy));
    same(kc_policy_remote_topic(policy, "west", "orders"), "orders_at_west");
    same(kc_policy_remote_topic(policy, "west", "nameless"), "NULL");
    same(kc_policy_original_topic(policy, "orders_at_west_at_east"), "orders");
    ck_assert(kc_policy_is_cycle(policy, "orders_at_west_at_east", "west"));
    ck_assert(kc_policy_is_heartbeats(policy, "heartbeats_at_west"));
    ck_assert(!kc_policy_is_identity(policy));
    /* What the plugin leaves out is as the defaults of Java's interface. */
    same(kc_policy_offset_syncs_topic(policy, "east"), "mm2-offset-syncs.east.internal");
    same(kc_policy_checkpoints_topic(policy, "west"), "west.checkpoints.internal");
    ck_assert(kc_policy_is_internal(policy, "west.checkpoints.internal"));
    ck_assert(kc_policy_is_internal(policy, "mm2-configs.west.internal"));
    ck_assert(!kc_policy_is_internal(policy, "orders.internal"));
    kc_replication_policy_destroy(policy);
    kc_map_destroy(properties);
    /* The object stays loaded, since a connector may still use it. */
    kc_plugins_destroy(plugins);
    ck_assert_ptr_nonnull(kc_replication_policy_find(POLICY_CLASS));
}
END_TEST

START_TEST(a_filter_of_a_shared_object_chooses_topics)
{
    struct kc_plugins *plugins = load_example();
    struct kc_map *properties = MAP("topic.filter.class", FILTER_CLASS);
    struct kc_name_filter *filter = NULL;
    ck_assert_ptr_null(kc_name_filter_find(KC_FILTER_GROUPS, FILTER_CLASS));
    assert_error(kc_name_filter_new(properties, KC_FILTER_TOPICS, &filter),
                 "Set example.topics.prefix: topics that begin with it are mirrored");
    kc_map_set(properties, "example.topics.prefix", "paid.");
    assert_ok(kc_name_filter_new(properties, KC_FILTER_TOPICS, &filter));
    ck_assert(kc_name_filter_accepts(filter, "paid.orders"));
    ck_assert(!kc_name_filter_accepts(filter, "orders"));
    ck_assert(!kc_name_filter_keeps_default(filter, "retention.ms"));
    kc_name_filter_destroy(filter);
    kc_map_destroy(properties);
    kc_plugins_destroy(plugins);
}
END_TEST

START_TEST(what_is_linked_in_goes_through_the_same_table)
{
    static const char *const filters[] = {
        [KC_FILTER_TOPICS] = "org.apache.kafka.connect.mirror.DefaultTopicFilter",
        [KC_FILTER_GROUPS] = "org.apache.kafka.connect.mirror.DefaultGroupFilter",
        [KC_FILTER_PROPERTIES] = "org.apache.kafka.connect.mirror.DefaultConfigPropertyFilter",
    };
    for (int kind = KC_FILTER_TOPICS; kind <= KC_FILTER_PROPERTIES; kind++) {
        const struct kc_plugin *plugin = kc_name_filter_find(kind, filters[kind]);
        ck_assert_ptr_nonnull(plugin);
        ck_assert_ptr_eq(kc_name_filter_find(kind, strrchr(filters[kind], '.') + 1), plugin);
        ck_assert_ptr_null(kc_name_filter_find(kind, "com.example.Mine"));
    }
    ck_assert_ptr_nonnull(kc_replication_policy_find("DefaultReplicationPolicy"));
    /* Two classes have this name without the package: Kafka's own is meant. */
    ck_assert_str_eq(kc_replication_policy_find("IdentityReplicationPolicy")->class_name,
                     "org.apache.kafka.connect.mirror.IdentityReplicationPolicy");
}
END_TEST

RUN_TESTS("policy_plugin", a_policy_of_a_shared_object_names_topics,
          a_filter_of_a_shared_object_chooses_topics, what_is_linked_in_goes_through_the_same_table)
