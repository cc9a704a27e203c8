/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a handover: gateways, receipts, waves. */
#include "link/link_check.h"

#define GATEWAY                                                                                    \
    "{\"address\":\"gw:9192\",\"epoch\":2,\"renewals\":9,\"duration_ms\":5000,"                    \
    "\"held\":[{\"topic\":\"a\",\"epoch\":4},{\"topic\":\"b\",\"epoch\":7}]}"
#define RECEIPT                                                                                    \
    "{\"source_topic\":\"a\",\"state\":\"PROMOTED\",\"epoch\":5,\"since_ms\":1,\"pause_ms\":40,"   \
    "\"by\":\"rest\",\"force\":false,\"partitions\":[{\"partition\":0,\"source_end\":7,"           \
    "\"target_end\":7,\"records\":7,\"checksum\":4294967295}],"                                    \
    "\"groups\":[{\"group\":\"g\",\"partition\":0,\"offset\":3}]}"
#define WAVE_HEAD                                                                                  \
    "{\"state\":\"RUNNING\",\"epoch\":1,\"since_ms\":0,\"reason\":\"\",\"by\":\"cli\","            \
    "\"force\":true,\"max_pause_ms\":500,"
#define WAVE                                                                                       \
    WAVE_HEAD "\"done\":1,\"batches\":[{\"topics\":[\"a\",\"b\"],\"groups\":[]},"                  \
              "{\"topics\":[],\"groups\":[\"g\"]}]}"

START_TEST(values_come_back)
{
    COMES_BACK(kc_link_gateway, GATEWAY);
    COMES_BACK(kc_link_receipt, RECEIPT);
    COMES_BACK(kc_link_wave, WAVE);
    COMES_BACK(kc_link_wave, WAVE_HEAD "\"done\":0,\"batches\":[]}");
}
END_TEST

START_TEST(fields_are_where_they_belong)
{
    struct kc_link_receipt receipt;
    struct kc_link_wave wave;
    json_t *json = json_of(RECEIPT);

    ck_assert_ptr_null(kc_link_receipt_parse(json, &receipt));
    json_decref(json);
    ck_assert_int_eq(receipt.state, KC_LINK_PROMOTED);
    ck_assert_int_eq(receipt.pause_ms, 40);
    ck_assert_uint_eq(receipt.partition_count, 1);
    ck_assert_uint_eq(receipt.partitions[0].checksum, UINT32_MAX);
    ck_assert_uint_eq(receipt.group_count, 1);
    ck_assert_str_eq(receipt.groups[0].group, "g");
    kc_link_receipt_clear(&receipt);
    json = json_of(WAVE);
    ck_assert_ptr_null(kc_link_wave_parse(json, &wave));
    json_decref(json);
    ck_assert_uint_eq(wave.batch_count, 2);
    ck_assert_str_eq(wave.batches[0].topics.items[1], "b");
    ck_assert_str_eq(wave.batches[1].groups.items[0], "g");
    kc_link_wave_clear(&wave);
    ck_assert_ptr_null(wave.batches);
}
END_TEST

START_TEST(a_gateway_holds_since_an_epoch)
{
    struct kc_link_gateway gateway;
    json_t *json = json_of(GATEWAY);

    ck_assert_ptr_null(kc_link_gateway_parse(json, &gateway));
    json_decref(json);
    ck_assert(kc_link_gateway_holds(&gateway, "a", 4));
    ck_assert(!kc_link_gateway_holds(&gateway, "a", 5));
    ck_assert(kc_link_gateway_holds(&gateway, "b", 6));
    ck_assert(!kc_link_gateway_holds(&gateway, "c", 0));
    kc_link_gateway_clear(&gateway);
}
END_TEST

START_TEST(bad_values_are_named)
{
    struct kc_link_gateway gateway;
    struct kc_link_wave wave;
    json_t *json = json_of(GATEWAY);

    json_object_set_new(json, "held", json_of("[{\"topic\":\"a\",\"epoch\":4},{\"topic\":1}]"));
    assert_refused(kc_link_gateway_parse(json, &gateway),
                   "gateway: field held: held topic: field topic must be a text");
    ck_assert_ptr_null(gateway.held);
    json_object_set_new(json, "held", json_of("[1]"));
    assert_refused(kc_link_gateway_parse(json, &gateway), "the value is no JSON object");
    json_object_set_new(json, "held", json_of("{}"));
    assert_refused(kc_link_gateway_parse(json, &gateway), "field held must be an array of objects");
    json_decref(json);
    json = json_of(WAVE_HEAD "\"done\":1,\"batches\":[]}");
    assert_refused(kc_link_wave_parse(json, &wave), "field done is 1, but there are 0 batches");
    json_object_set_new(json, "batches", json_of("[{\"topics\":[\"a\",1],\"groups\":[]}]"));
    assert_refused(kc_link_wave_parse(json, &wave), "field topics must be an array of texts");
    json_decref(json);
}
END_TEST

RUN_TESTS("link_handover", 10, values_come_back, fields_are_where_they_belong,
          a_gateway_holds_since_an_epoch, bad_values_are_named)
