/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages as kafka-clients 4.1 encodes them (tests/support/wire/GoldenMessages.java): decoded,
 * looked at member by member, and encoded to the same bytes again, for every API and version.
 */
#include "wire/api.h"
#include "wire/messages_cluster.h"
#include "wire/messages_data.h"
#include "wire/messages_group.h"
#include "wire/table_priv.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *from_hex(const char *hex, size_t *len)
{
    uint8_t *data = kc_malloc(strlen(hex) / 2 + 1);

    for (*len = 0; hex[0] >= '0' && hex[1]; hex += 2) {
        unsigned int byte;

        ck_assert_int_eq(sscanf(hex, "%2x", &byte), 1);
        data[(*len)++] = (uint8_t)byte;
    }
    return data;
}

/* The name without underscores, and its hash, as the Java side has them. */
static uint32_t name_hash(const char *name, char plain[64])
{
    uint32_t hash = 0x811c9dc5;
    size_t len = 0;

    for (; *name; name++) {
        if (*name == '_')
            continue;
        plain[len++] = *name;
        hash = (hash ^ (uint8_t)*name) * 0x01000193;
    }
    plain[len] = 0;
    return hash;
}

static void check_text(const char *prefix, const char *plain, const void *data, int32_t len)
{
    char expected[80];

    snprintf(expected, sizeof(expected), "%s%s", prefix, plain);
    ck_assert_int_eq(len, (int)strlen(expected));
    ck_assert_mem_eq(data, expected, (size_t)len);
}

static void check_struct(const struct kc_wire_type *type, int version, const char *object);

static void check_value(enum kc_wire_kind kind, const struct kc_wire_field *field, int version,
                        const char *member)
{
    char plain[64];
    uint32_t hash = name_hash(field->name, plain);
    int64_t wide = (int64_t)hash * 1000003;

    switch (kind) {
    case KC_WIRE_BOOL:
        ck_assert(*(const bool *)member);
        break;
    case KC_WIRE_I8:
        ck_assert_int_eq(*(const int8_t *)member, (int8_t)(hash & 0x7f));
        break;
    case KC_WIRE_I16:
        ck_assert_int_eq(*(const int16_t *)member, (int16_t)(hash & 0x7fff));
        break;
    case KC_WIRE_I32:
        ck_assert_int_eq(*(const int32_t *)member, (int32_t)(hash & 0x7fffffff));
        break;
    case KC_WIRE_I64:
        ck_assert_int_eq(*(const int64_t *)member, wide);
        break;
    case KC_WIRE_UUID:
        for (int i = 0; i < 8; i++) {
            ck_assert_uint_eq((uint8_t)member[i], (uint8_t)((uint64_t)wide >> (56 - 8 * i)));
            ck_assert_uint_eq((uint8_t)member[8 + i], (uint8_t)((uint64_t)hash >> (56 - 8 * i)));
        }
        break;
    case KC_WIRE_STR:
        check_text("s-", plain, ((const struct kc_wire_str *)(const void *)member)->data,
                   ((const struct kc_wire_str *)(const void *)member)->len);
        break;
    case KC_WIRE_BYTES:
        check_text("b-", plain, ((const struct kc_wire_bytes *)(const void *)member)->data,
                   ((const struct kc_wire_bytes *)(const void *)member)->len);
        break;
    default:
        check_struct(field->type, version, member);
    }
}

static void check_field(const struct kc_wire_field *field, int version, const char *member)
{
    struct kc_wire_any_list list;
    char *object;

    if (!kc_wire_field_in(field, version)) {
        ck_assert(kc_wire_is_default(field, member));
    } else if (field->kind == KC_WIRE_ARRAY) {
        memcpy(&list, member, sizeof(list));
        ck_assert_int_ge(list.count, 1);
        for (int32_t i = 0; i < list.count; i++)
            check_value(field->element, field, version,
                        (char *)list.items + kc_wire_element_size(field) * (size_t)i);
    } else if (field->kind == KC_WIRE_POINTER) {
        memcpy(&object, member, sizeof(object));
        ck_assert_ptr_nonnull(object);
        check_struct(field->type, version, object);
    } else {
        check_value(field->kind, field, version, member);
    }
}

static void check_struct(const struct kc_wire_type *type, int version, const char *object)
{
    for (size_t i = 0; i < type->count; i++)
        check_field(&type->fields[i], version, object + type->fields[i].offset);
}

static void check_line(const struct kc_api_info *api, const char *line)
{
    char direction_name[16], fill[16];
    int version, at = 0;
    size_t len;
    struct kc_arena *arena = kc_arena_new(4096);
    struct kc_wire_out out = {0};
    void *message;

    ck_assert_int_eq(sscanf(line, "%15s %d %15s %n", direction_name, &version, fill, &at), 3);
    enum kc_wire_direction direction =
        direction_name[3] == 'u' ? KC_WIRE_REQUEST : KC_WIRE_RESPONSE;
    uint8_t *bytes = from_hex(line + at, &len);
    struct kc_error *err =
        kc_wire_decode(api->key, direction, version, bytes, len, arena, &message);
    ck_assert_msg(!err, "%s %d: %s", direction_name, version, err ? kc_error_text(err) : "");
    if (strcmp(fill, "full") == 0)
        check_struct(direction == KC_WIRE_REQUEST ? api->request : api->response, version, message);
    err = kc_wire_encode(api->key, direction, version, message, &out);
    ck_assert_msg(!err, "%s %d: %s", direction_name, version, err ? kc_error_text(err) : "");
    ck_assert_msg(out.bytes.len == len && (len == 0 || memcmp(out.bytes.data, bytes, len) == 0),
                  "%s %s %d %s is encoded differently", api->name, direction_name, version, fill);
    /* Cut anywhere, it is refused and nothing else happens. */
    for (size_t cut = 0; cut < len; cut++) {
        err = kc_wire_decode(api->key, direction, version, bytes, cut, arena, &message);
        ck_assert_ptr_nonnull(err);
        kc_error_destroy(err);
    }
    kc_wire_out_destroy(&out);
    kc_arena_destroy(arena);
    free(bytes);
}

START_TEST(golden_messages_decode_and_encode)
{
    size_t count, size = 0;
    const struct kc_api_info *api = &kc_api_all(&count)[_i];
    char path[128], *line = NULL;
    int lines = 0;

    snprintf(path, sizeof(path), "tests/unit/data/wire/%s.golden", api->name);
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s is missing", path);
    while (getline(&line, &size, file) > 0) {
        check_line(api, line);
        lines++;
    }
    ck_assert_int_eq(lines, 4 * (api->max - api->min + 1));
    free(line);
    fclose(file);
}
END_TEST

START_TEST(a_huge_list_length_allocates_nothing)
{
    static const uint8_t bytes[] = {0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0};
    struct kc_arena *arena = kc_arena_new(4096);
    void *message;
    struct kc_error *err =
        kc_wire_decode(KC_API_METADATA, KC_WIRE_REQUEST, 4, bytes, sizeof(bytes), arena, &message);

    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_SCHEMA);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "topics"));
    kc_error_destroy(err);
    kc_arena_destroy(arena);
}
END_TEST

/* Four bytes each, of which struct and names take twenty times as much. */
START_TEST(a_message_takes_no_more_than_a_multiple_of_itself)
{
    enum { GROUPS = 1000000, EACH = 5 };
    struct kc_arena *arena = kc_arena_new(4096);
    uint8_t *data = kc_calloc(1, GROUPS * EACH + 20), *at = data + 6;
    void *message = NULL;

    for (uint32_t left = GROUPS + 1; left; left >>= 7)
        *at++ = (uint8_t)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    for (int i = 0; i < GROUPS; i++, at += EACH)
        memcpy(at, "\1\1\1\1\0", EACH);
    struct kc_error *err = kc_wire_decode(KC_API_LIST_GROUPS, KC_WIRE_RESPONSE, 5, data,
                                          (size_t)(at + 1 - data), arena, &message);
    ck_assert_ptr_nonnull(err);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "far more memory than it has bytes"));
    kc_error_destroy(err);
    kc_arena_destroy(arena);
    free(data);
}
END_TEST

/* ---- answers of many small parts ---- */

enum { MANY = 5000 };

static void fill_small(struct kc_arena *arena, const struct kc_wire_type *type, int version,
                       void *object, int inner);

/* A list of structs with so many elements; of others, none. */
static void fill_list(struct kc_arena *arena, const struct kc_wire_field *field, int version,
                      void *member, int count, int inner)
{
    struct kc_wire_any_list list = {kc_wire_zeroed(arena, 1), 0};

    if (field->element == KC_WIRE_STRUCT) {
        list.items = kc_wire_new_array(arena, field->type, count);
        list.count = count;
    }
    for (int32_t i = 0; i < list.count; i++)
        fill_small(arena, field->type, version, (char *)list.items + field->type->size * (size_t)i,
                   inner);
    memcpy(member, &list, sizeof(list));
}

/* As little as a broker says of anything: names are short, what may be null is, and a list in an
 * element has so many. */
static void fill_small(struct kc_arena *arena, const struct kc_wire_type *type, int version,
                       void *object, int inner)
{
    for (size_t i = 0; i < type->count; i++) {
        const struct kc_wire_field *field = &type->fields[i];
        char *member = (char *)object + field->offset;
        bool may_be_null = field->nullable && version >= field->nullable - 1;

        if (field->tag || !kc_wire_field_in(field, version))
            continue;
        if (field->kind == KC_WIRE_STRUCT)
            fill_small(arena, field->type, version, member, inner);
        else if (field->kind == KC_WIRE_ARRAY)
            fill_list(arena, field, version, member, inner, inner);
        else if (field->kind == KC_WIRE_STR && !may_be_null)
            *(struct kc_wire_str *)member = kc_wire_str("name");
        else if (field->kind == KC_WIRE_BYTES && !may_be_null)
            *(struct kc_wire_bytes *)member = kc_wire_bytes("", 0);
    }
}

static void check_many(const struct kc_api_info *api, int version, const struct kc_wire_field *many,
                       bool inner)
{
    struct kc_arena *arena = kc_arena_new(4096);
    struct kc_wire_out out = {0};
    void *read, *message = kc_wire_new(arena, api->response);

    fill_small(arena, api->response, version, message, 0);
    fill_list(arena, many, version, (char *)message + many->offset, inner ? 1 : MANY,
              inner ? MANY : 0);
    struct kc_error *err = kc_wire_encode(api->key, KC_WIRE_RESPONSE, version, message, &out);
    ck_assert_msg(!err, "%s %d: %s", api->name, version, err ? kc_error_text(err) : "");
    err = kc_wire_decode(api->key, KC_WIRE_RESPONSE, version, (const uint8_t *)out.bytes.data,
                         out.bytes.len, arena, &read);
    ck_assert_msg(!err, "%s %d, many %s%s: %s", api->name, version, many->name,
                  inner ? "' parts" : "", err ? kc_error_text(err) : "");
    kc_wire_out_destroy(&out);
    kc_arena_destroy(arena);
}

/* How deep its lists of structs are in each other. */
static int depth_of(const struct kc_wire_type *type, int version)
{
    int deepest = 0;

    for (size_t i = 0; i < type->count; i++) {
        const struct kc_wire_field *field = &type->fields[i];
        bool is_list = field->kind == KC_WIRE_ARRAY && field->element == KC_WIRE_STRUCT;
        if (field->tag || !kc_wire_field_in(field, version) ||
            (!is_list && field->kind != KC_WIRE_STRUCT))
            continue;
        int depth = depth_of(field->type, version) + is_list;
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest;
}

/* DescribeProducers says 9 bytes of a partition that has no producer. */
START_TEST(an_answer_of_many_small_parts_is_read)
{
    size_t count;
    const struct kc_api_info *api = &kc_api_all(&count)[_i];

    for (int version = api->min; version <= api->max; version++) {
        for (size_t i = 0; i < api->response->count; i++) {
            const struct kc_wire_field *field = &api->response->fields[i];
            if (field->tag || field->kind != KC_WIRE_ARRAY || field->element != KC_WIRE_STRUCT ||
                !kc_wire_field_in(field, version))
                continue;
            check_many(api, version, field, false);
            if (depth_of(field->type, version) == 1) /* many of many are too many */
                check_many(api, version, field, true);
        }
    }
}
END_TEST

START_TEST(unknown_tags_are_skipped)
{
    /* Heartbeat response v4: throttle, error, then tag 9 of 2 bytes. */
    static const uint8_t bytes[] = {0, 0, 0, 5, 0, 27, 1, 9, 2, 0xaa, 0xbb};
    struct kc_arena *arena = kc_arena_new(4096);
    void *message;
    struct kc_heartbeat_response *response;

    ck_assert_ptr_null(kc_wire_decode(KC_API_HEARTBEAT, KC_WIRE_RESPONSE, 4, bytes, sizeof(bytes),
                                      arena, &message));
    response = message;
    ck_assert_int_eq(response->throttle_time_ms, 5);
    ck_assert_int_eq(response->error_code, 27);
    kc_arena_destroy(arena);
}
END_TEST

START_TEST(a_field_that_a_version_lacks_is_not_lost_silently)
{
    struct kc_arena *arena = kc_arena_new(4096);
    struct kc_join_group_request *request = kc_wire_new(arena, &kc_join_group_request_type);
    struct kc_wire_out out = {0};

    request->group_instance_id = kc_wire_str("static-1");
    struct kc_error *err = kc_wire_encode(KC_API_JOIN_GROUP, KC_WIRE_REQUEST, 4, request, &out);
    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_UNSUPPORTED);
    kc_error_destroy(err);
    kc_wire_out_destroy(&out);
    kc_arena_destroy(arena);
}
END_TEST

START_TEST(large_bytes_are_referenced_not_copied)
{
    struct kc_arena *arena = kc_arena_new(4096);
    struct kc_produce_request *request = kc_wire_new(arena, &kc_produce_request_type);
    struct kc_wire_out out = {.refs_min = 100}, copied = {0};
    uint8_t records[300] = {7};

    KC_WIRE_LIST_NEW(arena, &request->topic_data, kc_produce_request_topic, 1);
    request->topic_data.items[0].name = kc_wire_str("t");
    KC_WIRE_LIST_NEW(arena, &request->topic_data.items[0].partition_data,
                     kc_produce_request_partition, 1);
    request->topic_data.items[0].partition_data.items[0].records =
        kc_wire_bytes(records, sizeof(records));
    ck_assert_ptr_null(kc_wire_encode(KC_API_PRODUCE, KC_WIRE_REQUEST, 9, request, &out));
    ck_assert_ptr_null(kc_wire_encode(KC_API_PRODUCE, KC_WIRE_REQUEST, 9, request, &copied));
    ck_assert_uint_eq(out.ref_count, 1);
    ck_assert_ptr_eq(out.refs[0].data, records);
    ck_assert_uint_eq(kc_wire_out_size(&out), copied.bytes.len);
    ck_assert_mem_eq(out.bytes.data, copied.bytes.data, out.refs[0].at);
    kc_wire_out_destroy(&out);
    kc_wire_out_destroy(&copied);
    kc_arena_destroy(arena);
}
END_TEST

START_TEST(headers_follow_the_version)
{
    struct kc_wire_out out = {0};
    struct kc_wire_request_header header = {KC_API_FETCH, 12, 77, {"me", 2}}, read;
    size_t used;
    int32_t correlation;

    kc_wire_write_request_header(&out, &header);
    ck_assert_uint_eq(out.bytes.len, 2 + 2 + 4 + 2 + 2 + 1);
    ck_assert_ptr_null(
        kc_wire_read_request_header((uint8_t *)out.bytes.data, out.bytes.len, &read, &used));
    ck_assert_uint_eq(used, out.bytes.len);
    ck_assert_int_eq(read.correlation, 77);
    ck_assert(kc_wire_str_is(read.client_id, "me"));
    kc_str_clear(&out.bytes);
    kc_wire_write_response_header(&out, KC_API_API_VERSIONS, 3, 5);
    ck_assert_uint_eq(out.bytes.len, 4);
    ck_assert_ptr_null(kc_wire_read_response_header(
        KC_API_API_VERSIONS, 3, (uint8_t *)out.bytes.data, 4, &correlation, &used));
    ck_assert_int_eq(correlation, 5);
    kc_wire_out_destroy(&out);
}
END_TEST

START_TEST(uuids_print_as_java)
{
    struct kc_uuid uuid, back;
    char text[KC_UUID_TEXT_SIZE];

    ck_assert(kc_uuid_parse("AAAAAAAAAAAAAAAAAAAAAQ", &uuid));
    ck_assert_uint_eq(uuid.bytes[15], 1);
    for (int i = 0; i < 16; i++)
        uuid.bytes[i] = (uint8_t)(i * 17);
    ck_assert_str_eq(kc_uuid_print(&uuid, text), "ABEiM0RVZneImaq7zN3u_w");
    ck_assert(kc_uuid_parse(text, &back));
    ck_assert(kc_uuid_equal(&uuid, &back));
    ck_assert(!kc_uuid_parse("short", &back));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("codec");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    size_t count;

    kc_api_all(&count);
    tcase_add_loop_test(tests, golden_messages_decode_and_encode, 0, (int)count);
    tcase_add_test(tests, a_huge_list_length_allocates_nothing);
    tcase_add_test(tests, a_message_takes_no_more_than_a_multiple_of_itself);
    tcase_add_loop_test(tests, an_answer_of_many_small_parts_is_read, 0, (int)count);
    tcase_add_test(tests, unknown_tags_are_skipped);
    tcase_add_test(tests, a_field_that_a_version_lacks_is_not_lost_silently);
    tcase_add_test(tests, large_bytes_are_referenced_not_copied);
    tcase_add_test(tests, headers_follow_the_version);
    tcase_add_test(tests, uuids_print_as_java);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
