/* SPDX-License-Identifier: Apache-2.0 */
/* What a gateway makes of the records of the state topic: ways, holds, flip tables. */
#include "gateway/gateway_table_priv.h"
#include "gateway/route_check.h"

#include <string.h>

static struct gateway_table table;

static void setup(const char *links)
{
    struct kc_strings list = {0};

    kc_strings_split(&list, links);
    gateway_table_init(&table, "g", &list);
    kc_strings_destroy(&list);
}

static bool put(const char *key, const char *value)
{
    struct kc_log_record record = {.key = key, .key_len = strlen(key)};

    record.value = value;
    record.value_len = value ? strlen(value) : 0;
    return gateway_table_apply(&table, &record);
}

#define SELF(cluster)                                                                              \
    "{\"identity\":\"i\",\"source_cluster_id\":\"" cluster                                         \
    "\",\"target_cluster_id\":\"T\",\"since_ms\":1}"
#define ID "AAAAAAAAAAAAAAAAAAAAAQ"

static const char *order(const char *refusal)
{
    static char text[700];
    struct kc_link_topic_order one = {.epoch = 1,
                                      .source_topic = (char *)"theirs",
                                      .partitions = 2,
                                      .by = (char *)"rest",
                                      .refusal = (char *)refusal};

    ck_assert(kc_uuid_parse(ID, &one.target_id));
    json_t *json = kc_link_topic_order_json(&one);
    char *dump = json_dumps(json, JSON_COMPACT);
    snprintf(text, sizeof(text), "%s", dump);
    free(dump);
    json_decref(json);
    return text;
}

static const char *state(enum kc_link_topic_state value, int64_t epoch)
{
    static char text[700];
    struct kc_link_topic one = {.state = value,
                                .epoch = epoch,
                                .order_epoch = 1,
                                .lease_epoch = 1,
                                .since_ms = 1234,
                                .reason = (char *)"",
                                .partitions = 2,
                                .lane = (char *)"raw"};
    json_t *json = kc_link_topic_json(&one);
    char *dump = json_dumps(json, JSON_COMPACT);

    snprintf(text, sizeof(text), "%s", dump);
    free(dump);
    json_decref(json);
    return text;
}

static const char *flip(int64_t epoch)
{
    static char text[700];
    struct kc_link_flip_batch batch = {0, 4, 100};
    struct kc_link_flip_producer producer = {7, 0, &batch, 1};
    struct kc_link_flip one = {
        .epoch = epoch, .partition = 1, .end = 105, .producers = &producer, .producer_count = 1};
    json_t *json = kc_link_flip_json(&one);
    char *dump = json_dumps(json, JSON_COMPACT);

    snprintf(text, sizeof(text), "%s", dump);
    free(dump);
    json_decref(json);
    return text;
}

#define SELF_KEY  "{\"link\":\"l\",\"self\":\"\"}"
#define ORDER_KEY "{\"link\":\"l\",\"topic_order\":\"t\"}"
#define STATE_KEY "{\"link\":\"l\",\"topic\":\"t\"}"
#define FLIP_KEY  "{\"link\":\"l\",\"flip\":\"t#1\"}"

static enum gateway_place place(void)
{
    struct gateway_way *way = gateway_table_way(&table, "t", NULL);

    ck_assert_ptr_nonnull(way);
    ck_assert_str_eq(way->source_topic, "theirs");
    return way->place;
}

static void link_topic(void)
{
    put(SELF_KEY, SELF("S"));
    ck_assert(put(ORDER_KEY, order(NULL)));
}

START_TEST(writes_go_where_the_truth_is)
{
    setup("");
    put(SELF_KEY, SELF("S"));
    ck_assert_ptr_null(gateway_table_way(&table, "t", NULL));
    ck_assert(!gateway_table_active(&table));
    ck_assert(!gateway_table_over(&table));
    ck_assert(put(ORDER_KEY, order(NULL)));
    ck_assert_int_eq(place(), GATEWAY_SOURCE);
    ck_assert(gateway_table_active(&table));
    ck_assert(!gateway_table_over(&table));
    put(STATE_KEY, state(KC_LINK_LINKING, 1));
    ck_assert_int_eq(place(), GATEWAY_SOURCE);
    ck_assert(put(STATE_KEY, state(KC_LINK_PROMOTING, 2)));
    ck_assert_int_eq(place(), GATEWAY_HELD);
    ck_assert(!gateway_table_over(&table));
    ck_assert(put(STATE_KEY, state(KC_LINK_PROMOTED, 3)));
    ck_assert_int_eq(place(), GATEWAY_TARGET);
    ck_assert(!gateway_table_active(&table));
    ck_assert(gateway_table_over(&table));
    gateway_table_clear(&table);
}
END_TEST

START_TEST(a_topic_is_found_by_the_targets_id)
{
    struct kc_uuid id, other = {{9}};

    ck_assert(kc_uuid_parse(ID, &id));
    setup("");
    link_topic();
    ck_assert_ptr_eq(gateway_table_way(&table, NULL, &id), gateway_table_way(&table, "t", NULL));
    ck_assert_ptr_null(gateway_table_way(&table, NULL, &other));
    ck_assert(put(ORDER_KEY, NULL));
    ck_assert_ptr_null(gateway_table_way(&table, NULL, &id));
    ck_assert(!gateway_table_active(&table));
    gateway_table_clear(&table);
}
END_TEST

START_TEST(what_was_overtaken_does_not_count)
{
    setup("");
    link_topic();
    put(STATE_KEY, state(KC_LINK_PROMOTED, 3));
    ck_assert(!put(STATE_KEY, state(KC_LINK_LINKING, 2)));
    ck_assert_int_eq(place(), GATEWAY_TARGET);
    gateway_table_clear(&table);
}
END_TEST

START_TEST(a_flip_table_belongs_to_its_promotion)
{
    setup("");
    link_topic();
    put(FLIP_KEY, flip(3));
    put(STATE_KEY, state(KC_LINK_PROMOTED, 3));
    ck_assert_int_eq(place(), GATEWAY_TARGET_FLIPPED);
    struct gateway_way *way = gateway_table_way(&table, "t", NULL);
    ck_assert_ptr_null(gateway_way_flip(way, 0));
    ck_assert_int_eq(gateway_way_flip(way, 1)->end, 105);
    ck_assert_int_eq(way->since_ms, 1234);
    ck_assert_ptr_null(gateway_way_flip(way, 2));
    put(FLIP_KEY, flip(2));
    ck_assert_int_eq(place(), GATEWAY_TARGET_FLIPPED); /* the older one came late */
    gateway_table_clear(&table);

    setup("");
    link_topic();
    put(FLIP_KEY, flip(2));
    put(STATE_KEY, state(KC_LINK_PROMOTED, 3));
    ck_assert_int_eq(place(), GATEWAY_TARGET);
    gateway_table_clear(&table);
}
END_TEST

START_TEST(a_topic_is_held_when_nothing_is_under_way)
{
    size_t count = 0;

    setup("");
    link_topic();
    put(STATE_KEY, state(KC_LINK_LINKING, 1));
    gateway_table_topic(&table, "l", "t")->under_way = 1;
    table.links->lease.dirty = false;
    put(STATE_KEY, state(KC_LINK_PROMOTING, 2));
    ck_assert(table.links->lease.dirty);
    free(gateway_table_held(table.links, &count));
    ck_assert_uint_eq(count, 0);
    gateway_table_topic(&table, "l", "t")->under_way = 0;
    struct kc_link_held *held = gateway_table_held(table.links, &count);
    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(held->topic, "t");
    ck_assert_int_eq(held->epoch, 2);
    free(held);
    gateway_table_clear(&table);
}
END_TEST

START_TEST(a_refused_topic_is_nobodys_mirror)
{
    setup("");
    put(SELF_KEY, SELF("S"));
    put(ORDER_KEY, order("it is there already"));
    ck_assert_int_eq(place(), GATEWAY_TARGET);
    gateway_table_clear(&table);
}
END_TEST

START_TEST(only_chosen_links_of_one_source_are_routed)
{
    setup("other");
    put(SELF_KEY, SELF("S"));
    ck_assert(!put(ORDER_KEY, order(NULL)));
    ck_assert_ptr_null(gateway_table_way(&table, "t", NULL));
    gateway_table_clear(&table);

    setup("");
    put("{\"link\":\"first\",\"self\":\"\"}", SELF("S1"));
    put(SELF_KEY, SELF("S2"));
    ck_assert(!put(ORDER_KEY, order(NULL)));
    ck_assert_int_eq(table.source_tag, kc_link_tag("S1"));
    ck_assert_int_eq(table.target_tag, kc_link_tag("T"));
    gateway_table_clear(&table);
}
END_TEST

START_TEST(our_own_record_is_noted)
{
    setup("");
    put(SELF_KEY, SELF("S"));
    put("{\"link\":\"l\",\"gateway\":\"g\"}",
        "{\"address\":\"a\",\"epoch\":4,\"renewals\":2,\"duration_ms\":3,\"held\":[]}");
    put("{\"link\":\"l\",\"gateway\":\"h\"}",
        "{\"address\":\"a\",\"epoch\":9,\"renewals\":2,\"duration_ms\":3,\"held\":[]}");
    ck_assert_int_eq(table.links->lease.read_epoch, 4);
    put("{\"link\":\"l\",\"gateway\":\"g\"}", NULL);
    ck_assert_int_eq(table.links->lease.read_epoch, 0);
    gateway_table_clear(&table);
}
END_TEST

START_TEST(producers_are_told_for_a_while)
{
    setup("");
    link_topic();
    ck_assert(gateway_table_wrote(table.links, 7, 1000));
    ck_assert(!gateway_table_wrote(table.links, 7, 1500));
    ck_assert(gateway_table_wrote(table.links, 8, 2000));
    ck_assert(!gateway_table_wrote(table.links, 7, 200000));
    json_t *writers = gateway_table_writers(table.links, 310000);
    ck_assert_uint_eq(json_array_size(writers), 1);
    ck_assert_int_eq(json_integer_value(json_array_get(writers, 0)), 7);
    json_decref(writers);
    for (int i = 100; i < 6000; i++)
        gateway_table_wrote(table.links, i, 310000);
    writers = gateway_table_writers(table.links, 310000);
    ck_assert_uint_eq(json_array_size(writers), 5000);
    json_decref(writers);
    gateway_table_clear(&table);
}
END_TEST

START_TEST(records_that_make_no_sense_are_left_out)
{
    setup("");
    ck_assert(!put("nonsense", "{}"));
    link_topic();
    ck_assert(!put(ORDER_KEY, "nonsense"));
    ck_assert(!put(STATE_KEY, "{\"state\":\"WRONG\"}"));
    ck_assert(!put("{\"link\":\"l\",\"flip\":\"t\"}", flip(1)));
    ck_assert(!put("{\"link\":\"l\",\"flip\":\"t#2000000000\"}", flip(1)));
    ck_assert_int_eq(place(), GATEWAY_SOURCE);
    gateway_table_clear(&table);
}
END_TEST

RUN_TESTS("gateway_table", writes_go_where_the_truth_is, a_topic_is_found_by_the_targets_id,
          what_was_overtaken_does_not_count, a_flip_table_belongs_to_its_promotion,
          a_topic_is_held_when_nothing_is_under_way, a_refused_topic_is_nobodys_mirror,
          only_chosen_links_of_one_source_are_routed, our_own_record_is_noted,
          producers_are_told_for_a_while, records_that_make_no_sense_are_left_out)
