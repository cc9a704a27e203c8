/* SPDX-License-Identifier: Apache-2.0 */
/* What a receipt says of a partition, whoever ends the promotion; and what keeps a topic from being
 * cut from its source. */
#include "link/link_fake_store.h"
#include "link/link_work_priv.h"

#include "connect/admin.h"

#include <check.h>

/* ---- clusters, a copying and a lease, in place of admin_partitions.c, admin_alterations.c,
 * link_copy.c and link_lease.c ---- */

struct kc_admin {
    int64_t end;     /* as consumers see it */
    int64_t log_end; /* of the leader */
    bool away;
    bool refuses; /* settings */
    int asked;    /* for ends */
};

static int removed; /* topics that aren't copied any more */

struct kc_error *kc_admin_list_offsets(struct kc_admin *admin, struct kc_partition_offset *items,
                                       size_t count, bool committed_only)
{
    for (size_t i = 0; i < count; i++)
        items[i].offset = admin->end;
    admin->asked++;
    return admin->away ? kc_error_retriable_new(KC_ERR_KAFKA, "nobody answers") : NULL;
}

struct kc_error *kc_admin_log_ends(struct kc_admin *admin, struct kc_partition_offset *items,
                                   size_t count)
{
    for (size_t i = 0; i < count; i++)
        items[i].offset = admin->log_end;
    admin->asked++;
    return admin->away ? kc_error_retriable_new(KC_ERR_KAFKA, "nobody answers") : NULL;
}

struct kc_error *kc_admin_alter_configs(struct kc_admin *admin, struct kc_config_alteration *items,
                                        size_t count, bool validate_only)
{
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(items[0].op_count, 1);
    items[0].error = admin->refuses ? kc_error_new(KC_ERR_KAFKA, "a policy says no") : NULL;
    return NULL;
}

bool link_copy_flips_are_young(struct link_copy *copy, const char *topic)
{
    return false;
}

void link_copy_learn_flips(struct link_copy *copy, const char *topic,
                           const struct kc_partition_producers *items, size_t count)
{
}

json_t *link_copy_flip_table(struct link_copy *copy, const char *topic)
{
    return json_array();
}

void link_copy_remove(struct link_copy *copy, const char *topic)
{
    removed++;
}

bool link_lease_holds(const struct link_lease *lease)
{
    return true;
}

/* ---- cuts ---- */

struct cut_bed {
    struct kc_admin source;
    struct kc_admin target;
    struct link_config config;
    struct link_store store;
    struct link_work work;
    struct kc_link_topic_order order;
    struct kc_link_topic promoted, failed_over;
    struct link_copy_partition copied;
    struct link_copy_status status;
};

static void begin(struct cut_bed *bed)
{
    *bed = (struct cut_bed){
        .source = {.end = 100, .log_end = 100},
        .target = {.end = 100, .log_end = 100},
        .config = {.name = "moving"},
        .order = {.source_topic = (char *)"orders", .partitions = 1, .by = (char *)"ann"},
        .promoted = {.state = KC_LINK_PROMOTED, .reason = (char *)"", .lane = (char *)"raw"},
        .failed_over = {.state = KC_LINK_FAILED_OVER, .reason = (char *)"", .lane = (char *)"raw"},
        .copied = {.source_end = 100, .source_high = 100, .target_end = 100},
    };
    bed->status = (struct link_copy_status){
        .state = LINK_COPY_FINISHED, .partitions = &bed->copied, .count = 1};
    bed->work = (struct link_work){.config = &bed->config,
                                   .store = &bed->store,
                                   .source = &bed->source,
                                   .target = &bed->target};
    removed = 0;
}

static struct link_cut cut_of(struct cut_bed *bed, const struct kc_link_topic *state)
{
    return (struct link_cut){
        .topic = "orders", .order = &bed->order, .status = &bed->status, .state = state};
}

/* A promotion's; the error is the caller's. */
static struct link_cut promote(struct cut_bed *bed)
{
    struct link_cut cut = cut_of(bed, &bed->promoted);
    link_cut_over(&bed->work, &cut, 1);
    return cut;
}

static void refused(struct link_cut *cut, const char *why)
{
    ck_assert(!cut->ended && !cut->not_quiet && removed == 0);
    ck_assert_ptr_nonnull(cut->error);
    ck_assert_ptr_nonnull(strstr(kc_error_text(cut->error), why));
    kc_error_destroy(cut->error);
}

START_TEST(a_quiet_topic_is_cut)
{
    struct cut_bed bed;
    begin(&bed);
    struct link_cut cut = promote(&bed);
    ck_assert(cut.ended && !cut.error && !cut.not_quiet && removed == 1);
    fake_clear(&bed.store);
    begin(&bed);
    bed.source.end = bed.source.log_end = 101;
    cut = promote(&bed);
    ck_assert(!cut.ended && !cut.error && cut.not_quiet && removed == 0);
    fake_clear(&bed.store);
}
END_TEST

/* Its producer was told that they are there. */
START_TEST(what_the_sources_leader_alone_has_is_not_left_behind)
{
    struct cut_bed bed;
    begin(&bed);
    bed.source.log_end = 120;
    struct link_cut cut = promote(&bed);
    refused(&cut, "SOURCE_NOT_REPLICATED");
    bed.order.force = true;
    cut = promote(&bed);
    ck_assert(cut.ended && !cut.error && removed == 1);
    fake_clear(&bed.store);
}
END_TEST

/* It is made for a source that is gone. */
START_TEST(a_failover_does_not_fail_with_a_promotion)
{
    struct cut_bed bed;
    begin(&bed);
    bed.source.away = true;
    struct link_cut cuts[] = {cut_of(&bed, &bed.promoted), cut_of(&bed, &bed.failed_over)};
    cuts[1].topic = "bills";
    link_cut_over(&bed.work, cuts, 2);
    ck_assert(cuts[0].error && !cuts[0].ended);
    ck_assert(!cuts[1].error && cuts[1].ended);
    kc_error_destroy(cuts[0].error);
    fake_clear(&bed.store);
}
END_TEST

/* Writes wait while the target says no; what the task knows of the topic isn't thrown away. */
START_TEST(a_refused_setting_keeps_the_copying)
{
    struct cut_bed bed;
    begin(&bed);
    bed.target.refuses = true;
    bed.order.settings = kc_map_new();
    kc_map_set(bed.order.settings, "retention.ms", "1000");
    fake_set(&bed.store, KC_LINK_TOPIC_ORDER, "orders", kc_link_topic_order_json(&bed.order));
    struct link_cut cut = promote(&bed);
    refused(&cut, "SETTINGS_REFUSED");
    bed.target.refuses = false;
    cut = promote(&bed);
    ck_assert(cut.ended && !cut.error && removed == 1);
    kc_map_destroy(bed.order.settings);
    fake_clear(&bed.store);
}
END_TEST

/* Nothing is copied while it is asked. */
START_TEST(a_source_that_does_not_answer_is_asked_once)
{
    struct cut_bed bed;
    begin(&bed);
    bed.source.away = true;
    struct link_cut cut = promote(&bed);
    ck_assert(cut.error && !cut.ended);
    ck_assert_int_eq(bed.source.asked, 1);
    kc_error_destroy(cut.error);
    fake_clear(&bed.store);
}
END_TEST

START_TEST(a_receipt_counts_what_all_tasks_have_copied)
{
    struct link_copy_partition copied = {.partition = 3,
                                         .source_end = 120,
                                         .target_end = 120,
                                         .checked = 90,
                                         .fillers = 10,
                                         .written = 100,
                                         .checksum = 4711};
    struct kc_link_receipt_partition receipt = link_receipt_of(&copied, 3, 120);
    ck_assert_int_eq(receipt.partition, 3);
    ck_assert_int_eq(receipt.source_end, 120);
    ck_assert_int_eq(receipt.target_end, 120);
    ck_assert_int_eq(receipt.records, 100);
    ck_assert_uint_eq(receipt.checksum, 4711);
    /* The one who had copied it was killed in the middle of the promotion. */
    copied.checked = copied.fillers = 0;
    copied.checksum = 0;
    receipt = link_receipt_of(&copied, 3, 120);
    ck_assert_int_eq(receipt.records, 100);
    ck_assert_uint_eq(receipt.checksum, 0);
    /* Or when some of it was done: the checksum is of a part that nobody can tell. */
    copied.checked = 40;
    copied.checksum = 4712;
    receipt = link_receipt_of(&copied, 3, 120);
    ck_assert_int_eq(receipt.records, 100);
    ck_assert_uint_eq(receipt.checksum, 0);
    receipt = link_receipt_of(NULL, 3, 120);
    ck_assert_int_eq(receipt.records, 0);
    ck_assert_int_eq(receipt.source_end, -1);
    ck_assert_int_eq(receipt.target_end, 120);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link_cut_over");
    TCase *cases = tcase_create("all");
    tcase_add_test(cases, a_quiet_topic_is_cut);
    tcase_add_test(cases, what_the_sources_leader_alone_has_is_not_left_behind);
    tcase_add_test(cases, a_failover_does_not_fail_with_a_promotion);
    tcase_add_test(cases, a_refused_setting_keeps_the_copying);
    tcase_add_test(cases, a_source_that_does_not_answer_is_asked_once);
    tcase_add_test(cases, a_receipt_counts_what_all_tasks_have_copied);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
