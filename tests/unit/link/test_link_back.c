/* SPDX-License-Identifier: Apache-2.0 */
/* Ways back in the state topic, and the settings of a link the other way round. */
#include "link/link_check.h"

#define BACK                                                                                       \
    "{\"epoch\":2,\"wish\":\"restore\",\"topic_id\":\"AAAAAAAAAAAAAAAAAAAAAQ\",\"force\":true,"    \
    "\"by\":\"rest\",\"since_ms\":5,\"partitions\":[{\"partition\":0,\"offset\":90},"              \
    "{\"partition\":1,\"offset\":0}]"

START_TEST(values_come_back)
{
    COMES_BACK(kc_link_back, BACK "}");
    COMES_BACK(kc_link_back, BACK ",\"given_up\":[{\"partition\":0,\"records\":3}]}");
}
END_TEST

START_TEST(fields_are_where_they_belong)
{
    struct kc_link_back back;
    json_t *json = json_of(BACK "}");

    ck_assert_ptr_null(kc_link_back_parse(json, &back));
    json_decref(json);
    ck_assert_int_eq(back.wish, KC_LINK_BACK_RESTORE);
    ck_assert_int_eq(back.topic_id.bytes[15], 1);
    ck_assert(back.force);
    ck_assert_uint_eq(back.partition_count, 2);
    ck_assert_int_eq(back.partitions[0].offset, 90);
    ck_assert_ptr_null(back.given_up);
    kc_link_back_clear(&back);
    ck_assert_str_eq(kc_link_back_wish_name(KC_LINK_BACK_MIRROR), "mirror");
    ck_assert_str_eq(kc_link_back_wish_name(KC_LINK_BACK_END), "end");
}
END_TEST

START_TEST(what_is_wrong_is_named)
{
    struct kc_link_back back;
    json_t *json = json_of("{\"epoch\":2,\"wish\":\"away\"}");
    struct kc_error *err = kc_link_back_parse(json, &back);

    ck_assert_ptr_nonnull(err);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "wish"));
    kc_error_destroy(err);
    json_decref(json);
}
END_TEST

START_TEST(sides_are_swapped_and_what_moves_is_left_out)
{
    struct kc_map *map = kc_map_new();

    kc_map_set(map, "name", "move");
    kc_map_set(map, "topics", "orders");
    kc_map_set(map, "groups", ".*");
    kc_map_set(map, "link.topic.prefix", "eu.");
    kc_map_set(map, "source.cluster.bootstrap.servers", "old:9092");
    kc_map_set(map, "target.cluster.bootstrap.servers", "new:9092");
    kc_map_set(map, "source.cluster.sasl.jaas.config", "${file:secrets:old}");
    kc_map_set(map, "target.producer.linger.ms", "5");
    kc_map_set(map, "link.markers", "direct");
    struct kc_map *reversed = kc_link_reversed(map);
    ck_assert_uint_eq(kc_map_size(reversed), 5);
    ck_assert_str_eq(kc_map_get(reversed, "target.cluster.bootstrap.servers"), "old:9092");
    ck_assert_str_eq(kc_map_get(reversed, "source.cluster.bootstrap.servers"), "new:9092");
    ck_assert_str_eq(kc_map_get(reversed, "target.cluster.sasl.jaas.config"),
                     "${file:secrets:old}");
    ck_assert_str_eq(kc_map_get(reversed, "source.producer.linger.ms"), "5");
    ck_assert_str_eq(kc_map_get(reversed, "link.markers"), "direct");
    kc_map_destroy(reversed);
    kc_map_destroy(map);
}
END_TEST

RUN_TESTS("link_back", 60, values_come_back, fields_are_where_they_belong, what_is_wrong_is_named,
          sides_are_swapped_and_what_moves_is_left_out)
