/* SPDX-License-Identifier: Apache-2.0 */
/* In which partitions a group may have committed without having an offset yet. */
#include "link/link_group_topics_priv.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct link_group_topics topics;
static struct link_offset_table offsets;
static struct kc_strings subscribed;

/* As the store's orders make them; the source's names begin with "src.". */
static const struct link_group_topic *add(const char *target, int32_t partitions, bool mirrored)
{
    struct link_group_topic *topic = kc_calloc(1, sizeof(*topic));
    *topic = (struct link_group_topic){.target = kc_strdup(target),
                                       .source = kc_asprintf("src.%s", target),
                                       .partitions = partitions,
                                       .mirrored = mirrored};
    HASH_ADD_KEYPTR(hh, topics.by_target, topic->target, strlen(topic->target), topic);
    if (mirrored)
        HASH_ADD_KEYPTR(by_source, topics.by_source, topic->source, strlen(topic->source), topic);
    return topic;
}

static void clear(void)
{
    link_offset_table_destroy(&offsets);
    kc_strings_destroy(&subscribed);
    link_group_topics_destroy(&topics);
}

/* wanted: "src.orders-0 src.orders-1", in any order. */
static void check_partitions(const char *wanted)
{
    rd_kafka_topic_partition_list_t *list =
        link_group_topics_partitions(&topics, &offsets, &subscribed);
    char *told = kc_strdup("");
    rd_kafka_topic_partition_list_sort(list, NULL, NULL);
    for (int i = 0; i < list->cnt; i++) {
        char *more = kc_asprintf("%s%s%s-%d", told, i ? " " : "", list->elems[i].topic,
                                 list->elems[i].partition);
        free(told);
        told = more;
    }
    ck_assert_str_eq(told, wanted);
    free(told);
    rd_kafka_topic_partition_list_destroy(list);
}

static int count_partitions(void)
{
    rd_kafka_topic_partition_list_t *list =
        link_group_topics_partitions(&topics, &offsets, &subscribed);
    int count = list->cnt;
    rd_kafka_topic_partition_list_destroy(list);
    return count;
}

START_TEST(few_partitions_are_named_all)
{
    const struct link_group_topic *orders = add("orders", 2, true);
    add("other", 1, true);
    add("refused", 3, false);
    check_partitions("src.orders-0 src.orders-1 src.other-0");
    link_offset_at(&offsets, orders->target, 1)->source = 4;
    check_partitions("src.orders-0 src.orders-1 src.other-0");
    clear();
}
END_TEST

START_TEST(a_large_link_names_what_the_group_is_known_to_read)
{
    const struct link_group_topic *orders = add("orders", 2, true);
    const struct link_group_topic *refused = add("refused", 3, false);
    add("other", 1, true);
    add("large", 998, true);
    link_offset_at(&offsets, orders->target, 1)->source = 4;
    link_offset_at(&offsets, refused->target, 0)->source = 4;
    check_partitions("src.orders-0 src.orders-1");
    kc_strings_add(&subscribed, "src.other");
    kc_strings_add(&subscribed, "src.orders"); /* once for each member */
    kc_strings_add(&subscribed, "src.orders");
    kc_strings_add(&subscribed, "src.refused");
    kc_strings_add(&subscribed, "strange");
    check_partitions("src.orders-0 src.orders-1 src.other-0");
    clear();
}
END_TEST

START_TEST(a_large_link_names_all_for_a_group_of_which_nothing_is_known)
{
    add("orders", 3, true);
    add("large", 998, true);
    ck_assert_int_eq(count_partitions(), 1001);
    kc_strings_add(&subscribed, "strange");
    ck_assert_int_eq(count_partitions(), 1001);
    kc_strings_add(&subscribed, "src.orders");
    ck_assert_int_eq(count_partitions(), 3);
    clear();
}
END_TEST

START_TEST(partitions_with_an_offset_are_named_before_the_mirror_has_them)
{
    const struct link_group_topic *orders = add("orders", 1, true);
    add("other", 1, true);
    link_offset_at(&offsets, orders->target, 0)->source = 4;
    link_offset_at(&offsets, orders->target, 2)->source = 4;
    check_partitions("src.orders-0 src.orders-2 src.other-0");
    clear();
}
END_TEST

START_TEST(without_mirrored_topics_nothing_is_named)
{
    add("refused", 3, false);
    check_partitions("");
    clear();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link_group_topics");
    TCase *tests = tcase_create("partitions");
    tcase_add_test(tests, few_partitions_are_named_all);
    tcase_add_test(tests, a_large_link_names_what_the_group_is_known_to_read);
    tcase_add_test(tests, a_large_link_names_all_for_a_group_of_which_nothing_is_known);
    tcase_add_test(tests, partitions_with_an_offset_are_named_before_the_mirror_has_them);
    tcase_add_test(tests, without_mirrored_topics_nothing_is_named);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
