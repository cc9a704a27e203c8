/* SPDX-License-Identifier: Apache-2.0 */
/* What both clusters are asked before a mirror topic is made anew by force, and what that says is
 * given up. */
#include "link/link_fake_store.h"
#include "link_check.h"

#include "connect/admin.h"
#include "link/link_back_priv.h"

/* ---- two clusters, in place of admin_partitions.c ---- */

/* A cluster as a test wants it: one topic, or none. */
struct kc_admin {
    bool gone;
    struct kc_uuid id;
    int64_t begin;
    int64_t end;
    int asked; /* for offsets */
};

struct kc_error *kc_admin_describe_topics(struct kc_admin *admin, const struct kc_strings *names,
                                          struct kc_topic_descriptions *topics)
{
    *topics =
        (struct kc_topic_descriptions){.items = kc_calloc(1, sizeof(*topics->items)), .count = 1};
    topics->items[0].id = admin->id;
    if (admin->gone)
        topics->items[0].error = kc_error_kafka_new(3, true, "there is none");
    return NULL;
}

void kc_topic_descriptions_destroy(struct kc_topic_descriptions *topics)
{
    kc_error_destroy(topics->items[0].error);
    free(topics->items);
}

struct kc_error *kc_admin_list_offsets(struct kc_admin *admin, struct kc_partition_offset *items,
                                       size_t count, bool committed_only)
{
    admin->asked++;
    for (size_t i = 0; i < count; i++)
        items[i].offset = items[i].timestamp == KC_OFFSET_LATEST ? admin->end : admin->begin;
    return NULL;
}

/* ---- the plan alone, in place of link_given_up.c ---- */

static struct link_given_up_partition planned; /* the first partition */

struct kc_error *link_given_up_read(const struct link_config *config, enum link_side side,
                                    const char *topic, int64_t ours,
                                    struct link_given_up_partition *partitions, size_t count,
                                    int64_t until)
{
    planned = partitions[0];
    return NULL;
}

json_t *link_given_up_json(const struct link_given_up_partition *partitions, size_t count)
{
    return json_array();
}

char *link_given_up_text(const struct link_given_up_partition *partitions, size_t count)
{
    return kc_strdup("something");
}

void link_given_up_clear(struct link_given_up_partition *partitions, size_t count)
{
    free(partitions);
}

/* ---- a topic that has diverged ---- */

static const struct kc_uuid first = {{1}}, second = {{2}};

struct repair_bed {
    struct link_store store;
    struct link_config config;
    struct link_control control;
    struct kc_admin source;
    struct kc_admin target;
    struct link_mirror mirror;
    struct link_outcomes outcomes;
};

/* The source has 70 records, the target 100; both logs begin at 10. */
static void begin(struct repair_bed *bed)
{
    *bed = (struct repair_bed){
        .config = {.name = "moving"},
        .source = {.id = first, .begin = 10, .end = 70},
        .target = {.id = second, .begin = 10, .end = 100},
        .mirror = {.name = (char *)"orders",
                   .order = {.source_topic = (char *)"orders", .partitions = 2, .source_id = first},
                   .state = {.state = KC_LINK_DIVERGED}},
    };
    bed->control = (struct link_control){.config = &bed->config,
                                         .store = &bed->store,
                                         .source = &bed->source,
                                         .target = &bed->target};
}

/* Whether something is said to be given up: from planned.from on. */
static bool tells(struct repair_bed *bed)
{
    static const struct link_request dry = {.by = "bob", .dry_run = true, .force = true};
    link_outcomes_clear(&bed->outcomes);
    struct link_outcome *outcome = link_outcomes_add(&bed->outcomes, "orders");
    struct kc_error *err = link_repair_unmake(&bed->control, &bed->mirror, &dry, outcome);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    return outcome->given_up;
}

static void end(struct repair_bed *bed)
{
    link_outcomes_clear(&bed->outcomes);
    fake_clear(&bed->store);
}

START_TEST(what_the_source_lacks_is_given_up)
{
    struct repair_bed bed;
    begin(&bed);
    ck_assert(tells(&bed));
    ck_assert_int_eq(planned.from, 70);
    ck_assert_int_eq(planned.to, 100);
    ck_assert_int_eq(planned.look, 10);
    ck_assert_int_eq(bed.source.asked, 1);
    end(&bed);
}
END_TEST

/* Asking for its offsets would wait for it until the time-out. */
START_TEST(a_source_topic_that_is_gone_is_not_asked)
{
    struct repair_bed bed;
    begin(&bed);
    bed.source.gone = true;
    ck_assert(tells(&bed));
    ck_assert_int_eq(planned.from, 10);                 /* all of it */
    bed.mirror.order.source_id = (struct kc_uuid){{0}}; /* brokers before Kafka 2.8 */
    ck_assert(tells(&bed));
    ck_assert_int_eq(planned.from, 10);
    ck_assert_int_eq(bed.source.asked, 0);
    end(&bed);
}
END_TEST

START_TEST(another_topic_at_the_source_has_nothing_of_it)
{
    struct repair_bed bed;
    begin(&bed);
    bed.source.id = second;
    ck_assert(tells(&bed));
    ck_assert_int_eq(planned.from, 10);
    bed.mirror.order.source_id = (struct kc_uuid){{0}};
    bed.mirror.order.refusal = (char *)"SOURCE_RECREATED: it is another one";
    ck_assert(tells(&bed));
    ck_assert_int_eq(planned.from, 10);
    ck_assert_int_eq(bed.source.asked, 0);
    bed.mirror.order.refusal = NULL; /* without ids nobody can tell */
    ck_assert(tells(&bed));
    ck_assert_int_eq(planned.from, 70);
    end(&bed);
}
END_TEST

START_TEST(a_target_topic_that_is_gone_has_nothing_to_give_up)
{
    struct repair_bed bed;
    begin(&bed);
    bed.target.gone = true;
    ck_assert(!tells(&bed));
    ck_assert_int_eq(bed.target.asked, 0);
    end(&bed);
}
END_TEST

RUN_TESTS("link_repair", 10, what_the_source_lacks_is_given_up,
          a_source_topic_that_is_gone_is_not_asked, another_topic_at_the_source_has_nothing_of_it,
          a_target_topic_that_is_gone_has_nothing_to_give_up)
