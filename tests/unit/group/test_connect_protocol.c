/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of Connect's group protocol against vectors made by Java's classes (4.1.0). */
#include "group/connect_protocol.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define URL      "000e687474703a2f2f683a383038332f"
#define OFFSET_7 "0000000000000007"

static void unhex(const char *hex, struct kc_str *bytes)
{
    for (; *hex; hex += 2) {
        char pair[3] = {hex[0], hex[1], '\0'};
        kc_str_append_char(bytes, (char)strtol(pair, NULL, 16));
    }
}

static void expect_bytes(const struct kc_str *actual, const char *hex)
{
    struct kc_str expected = {0};
    unhex(hex, &expected);
    ck_assert_uint_eq(actual->len, expected.len);
    ck_assert_mem_eq(actual->data, expected.data, expected.len);
    kc_str_destroy(&expected);
}

static struct kc_assignment assignment_m1(void)
{
    struct kc_assignment assignment = {
        .leader = kc_strdup("m1"), .leader_url = kc_strdup("http://h:8083/"), .offset = 7};
    return assignment;
}

#define ALLOCATION                                                                                 \
    "0002000000026d31" URL OFFSET_7 "00000002000141"                                               \
    "00000002ffffffff00000000"                                                                     \
    "000142"                                                                                       \
    "0000000100000001"                                                                             \
    "0000000000000000"

START_TEST(metadata_has_javas_bytes)
{
    static const char *const expected[] = {"0000" URL OFFSET_7, "0001" URL OFFSET_7 "ffffffff",
                                           "0002" URL OFFSET_7 "ffffffff"};
    for (int version = 0; version < 3; version++) {
        struct kc_str out = {0};
        kc_worker_state_encode(&out, version, "http://h:8083/", 7, NULL);
        expect_bytes(&out, expected[version]);
        kc_str_destroy(&out);
    }
}
END_TEST

START_TEST(metadata_embeds_the_allocation)
{
    struct kc_assignment allocation = assignment_m1();
    struct kc_str out = {0};
    kc_work_add_connector(&allocation.work, "A");
    kc_work_add_task(&allocation.work, "A", 0);
    kc_work_add_task(&allocation.work, "B", 1);
    kc_worker_state_encode(&out, 2, "http://h:8083/", 7, &allocation);
    expect_bytes(&out, "0002" URL OFFSET_7 "00000046" ALLOCATION);

    struct kc_worker_state state;
    ck_assert_ptr_null(kc_worker_state_decode(out.data, out.len, &state));
    ck_assert_int_eq(state.version, 2);
    ck_assert_str_eq(state.url, "http://h:8083/");
    ck_assert_int_eq(state.offset, 7);
    ck_assert(state.has_allocation);
    ck_assert(kc_work_equal(&state.allocation.work, &allocation.work));
    kc_worker_state_clear(&state);
    kc_assignment_clear(&allocation);
    kc_str_destroy(&out);
}
END_TEST

/* Java's Schema.read() leaves out what follows. */
START_TEST(an_isthmus_worker_says_what_it_is)
{
    struct kc_assignment allocation = assignment_m1();
    kc_work_add_connector(&allocation.work, "A");
    for (int i = 0; i < 4; i++) {
        bool marked = i % 2, with_allocation = i / 2;
        struct kc_str out = {0};
        struct kc_worker_state state;
        kc_worker_state_encode(&out, 2, "http://h:8083/", 7, with_allocation ? &allocation : NULL);
        if (marked)
            kc_worker_state_mark_native(&out);
        ck_assert_ptr_null(kc_worker_state_decode(out.data, out.len, &state));
        ck_assert_int_eq(state.native, marked);
        ck_assert_int_eq(state.has_allocation, with_allocation);
        ck_assert_int_eq(kc_work_has_connector(&state.allocation.work, "A"), with_allocation);
        kc_worker_state_clear(&state);
        kc_str_destroy(&out);
    }
    kc_assignment_clear(&allocation);
}
END_TEST

START_TEST(assignments_have_javas_bytes)
{
    struct kc_assignment assignment = assignment_m1();
    struct kc_str out = {0};
    kc_work_add_connector(&assignment.work, "A");
    kc_work_add_task(&assignment.work, "A", 0);
    kc_assignment_encode(&out, 0, &assignment);
    expect_bytes(&out, "0000000000026d31" URL OFFSET_7 "0000000100014100000002ffffffff00000000");
    kc_str_clear(&out);

    kc_work_add_connector(&assignment.revoked, "C");
    kc_work_add_task(&assignment.revoked, "C", 3);
    assignment.delay_ms = 300000;
    kc_assignment_encode(&out, 2, &assignment);
    expect_bytes(&out, "0002000000026d31" URL OFFSET_7 "0000000100014100000002ffffffff00000000"
                       "0000000100014300000002ffffffff00000003000493e0");

    struct kc_assignment read;
    ck_assert_ptr_null(kc_assignment_decode(out.data, out.len, &read));
    ck_assert(kc_work_equal(&read.work, &assignment.work));
    ck_assert(kc_work_equal(&read.revoked, &assignment.revoked));
    ck_assert_int_eq(read.delay_ms, 300000);
    ck_assert_str_eq(read.leader, "m1");
    kc_assignment_clear(&read);
    kc_assignment_clear(&assignment);
    kc_str_destroy(&out);
}
END_TEST

START_TEST(a_mismatch_is_an_assignment_of_nothing)
{
    struct kc_assignment assignment = assignment_m1();
    struct kc_str out = {0};
    assignment.error = KC_ASSIGNMENT_CONFIG_MISMATCH;
    assignment.offset = 9;
    kc_assignment_encode(&out, 2, &assignment);
    expect_bytes(&out, "0002000100026d31" URL "0000000000000009"
                       "000000000000000000000000");
    kc_assignment_clear(&assignment);
    kc_str_destroy(&out);
}
END_TEST

START_TEST(older_bytes_lack_trailing_fields)
{
    struct kc_str in = {0};
    struct kc_assignment assignment;
    unhex("0000000000026d31" URL OFFSET_7 "0000000100014100000002ffffffff00000000", &in);
    ck_assert_ptr_null(kc_assignment_decode(in.data, in.len, &assignment));
    ck_assert_uint_eq(assignment.work.connectors.count, 1);
    ck_assert_uint_eq(assignment.work.task_count, 1);
    ck_assert(kc_work_empty(&assignment.revoked));
    kc_assignment_clear(&assignment);
    kc_str_clear(&in);

    struct kc_worker_state state;
    unhex("0001" URL OFFSET_7, &in);
    ck_assert_ptr_null(kc_worker_state_decode(in.data, in.len, &state));
    ck_assert(!state.has_allocation);
    kc_worker_state_clear(&state);
    kc_str_destroy(&in);
}
END_TEST

/* Whatever is cut off or wrong, nothing is read behind the end. */
START_TEST(damaged_bytes_are_refused_or_read)
{
    struct kc_str in = {0};
    unhex("0002" URL OFFSET_7 "00000046" ALLOCATION, &in);
    for (size_t len = 0; len < in.len; len++) {
        char *exact = kc_memdup(in.data, len);
        struct kc_worker_state state;
        struct kc_error *err = kc_worker_state_decode(exact, len, &state);
        bool whole = len == 26; /* version, url and offset: no allocation */
        ck_assert_msg((err == NULL) == whole, "length %zu", len);
        kc_worker_state_clear(&state);
        kc_error_destroy(err);
        free(exact);
    }
    for (size_t at = 0; at < in.len; at++) {
        char *broken = kc_memdup(in.data, in.len);
        struct kc_worker_state state;
        broken[at] = (char)0xff;
        struct kc_error *err = kc_worker_state_decode(broken, in.len, &state);
        kc_worker_state_clear(&state);
        kc_error_destroy(err);
        free(broken);
    }
    kc_str_destroy(&in);
}
END_TEST

START_TEST(protocols_have_names)
{
    ck_assert_str_eq(kc_protocol_name(0), "default");
    ck_assert_int_eq(kc_protocol_version("compatible"), 1);
    ck_assert_int_eq(kc_protocol_version("sessioned"), 2);
    ck_assert_int_eq(kc_protocol_version("range"), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("connect_protocol");
    TCase *tests = tcase_create("bytes");
    tcase_add_test(tests, metadata_has_javas_bytes);
    tcase_add_test(tests, metadata_embeds_the_allocation);
    tcase_add_test(tests, an_isthmus_worker_says_what_it_is);
    tcase_add_test(tests, assignments_have_javas_bytes);
    tcase_add_test(tests, a_mismatch_is_an_assignment_of_nothing);
    tcase_add_test(tests, older_bytes_lack_trailing_fields);
    tcase_add_test(tests, damaged_bytes_are_refused_or_read);
    tcase_add_test(tests, protocols_have_names);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
