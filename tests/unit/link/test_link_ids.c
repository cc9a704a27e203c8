/* SPDX-License-Identifier: Apache-2.0 */
/* Tags and producer ids: values that lie in logs, so they never change. */
#include "link/link_check.h"

START_TEST(ids_stay_what_they_are)
{
    ck_assert_int_eq(kc_link_tag(""), 871045);
    ck_assert_int_eq(kc_link_tag("Some-cluster_id"), 871424);
    ck_assert_int_eq(kc_link_producer_id("link-1/Some-cluster_id"), 6150848188856067146);
}
END_TEST

START_TEST(tags_differ)
{
    static bool seen[KC_LINK_TAG_MASK + 1];
    int twice = 0;

    for (int i = 0; i < 1000; i++) {
        char name[32];
        snprintf(name, sizeof(name), "cluster-%d", i);
        int64_t tag = kc_link_tag(name);
        ck_assert_int_eq(tag & ~KC_LINK_TAG_MASK, 0);
        twice += seen[tag];
        seen[tag] = true;
    }
    ck_assert_int_le(twice, 3); /* a million tags: 0.5 are expected */
}
END_TEST

START_TEST(an_id_goes_back_to_its_own_cluster_only)
{
    int64_t tag = kc_link_tag("A"), other = kc_link_tag("B");
    int64_t ids[] = {0, 1, 1000, ((int64_t)1 << 42) - 1};

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        int64_t id = kc_link_virtual_id(tag, ids[i]);
        ck_assert_int_ne(id & KC_LINK_ID_MARK, 0);
        ck_assert_int_gt(id, 0);
        ck_assert_int_eq(kc_link_real_id(tag, id), ids[i]);
        ck_assert_int_eq(kc_link_real_id(other, id), id);
        ck_assert_int_eq(kc_link_virtual_id(other, id), id); /* a chain of clusters */
        ck_assert_int_eq(kc_link_real_id(tag, ids[i]), ids[i]);
    }
    ck_assert_int_eq(kc_link_virtual_id(tag, -1), -1);
    ck_assert_int_eq(kc_link_real_id(tag, -1), -1);
    ck_assert_int_eq(kc_link_real_id(tag, INT64_MIN), INT64_MIN);
    ck_assert_int_eq(kc_link_virtual_id(tag, (int64_t)1 << 42), (int64_t)1 << 42);
}
END_TEST

START_TEST(a_links_id_is_no_clusters)
{
    int64_t id = kc_link_producer_id("link-1");

    ck_assert_int_gt(id, 0);
    ck_assert_int_ne(id & KC_LINK_ID_MARK, 0);
    ck_assert_int_eq(id >> KC_LINK_TAG_SHIFT & KC_LINK_TAG_MASK, kc_link_tag("link-1"));
    ck_assert_int_ge(id & (((int64_t)1 << 42) - 1), (int64_t)1 << 41);
    ck_assert(kc_link_id_is_links(id) && !kc_link_id_is_links(4711) && !kc_link_id_is_links(-1));
    ck_assert(!kc_link_id_is_links(kc_link_virtual_id(kc_link_tag("link-1"), 4711)));
    ck_assert_int_ne(id, kc_link_producer_id("link-2"));
}
END_TEST

RUN_TESTS("link_ids", 10, ids_stay_what_they_are, tags_differ,
          an_id_goes_back_to_its_own_cluster_only, a_links_id_is_no_clusters)
