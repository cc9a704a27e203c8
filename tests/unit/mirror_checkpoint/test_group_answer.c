/* SPDX-License-Identifier: Apache-2.0 */
/* What is answered on groups' offsets, whatever bytes clients have left with them. */
#include "mirror/mirror_check.h"
#include "mirror_checkpoint/group_answer_priv.h"

#define REPLACED "\xef\xbf\xbd"

static const struct kc_checkpoint checkpoint = {
    (char *)"g", (char *)"A.t", 3, 100, 90, (char *)"caf\xe9 \xf0\x9f\x98\x80"};

static const char *text_at(const json_t *object, const char *outer, const char *inner)
{
    const json_t *member = json_object_get(object, outer);
    return json_string_value(inner ? json_object_get(member, inner) : member);
}

START_TEST(a_checkpoint_answers_for_its_partition)
{
    json_t *answer = kc_group_answer_by_checkpoint(&checkpoint);
    ck_assert(json_is_null(json_object_get(answer, "topic")));
    ck_assert_int_eq(json_integer_value(json_object_get(answer, "partition")), 3);
    ck_assert_int_eq(json_integer_value(json_object_get(answer, "offset")), 100);
    const json_t *translated = json_object_get(answer, "translated");
    ck_assert_str_eq(json_string_value(json_object_get(translated, "topic")), "A.t");
    ck_assert_int_eq(json_integer_value(json_object_get(translated, "partition")), 3);
    ck_assert_int_eq(json_integer_value(json_object_get(translated, "offset")), 90);
    ck_assert_str_eq(text_at(answer, "by", NULL), "checkpoint");
    ck_assert(json_is_false(json_object_get(answer, "exact")));
    const json_t *written = json_object_get(answer, "checkpoint");
    ck_assert_int_eq(json_integer_value(json_object_get(written, "upstream")), 100);
    ck_assert_int_eq(json_integer_value(json_object_get(written, "offset")), 90);
    json_decref(answer);
}
END_TEST

START_TEST(metadata_that_is_not_utf8_is_shown_as_java_reads_it)
{
    json_t *answer = kc_group_answer_by_checkpoint(&checkpoint);
    const char *right = "caf" REPLACED " \xf0\x9f\x98\x80";
    ck_assert_ptr_nonnull(answer);
    ck_assert_str_eq(text_at(answer, "metadata", NULL), right);
    ck_assert_str_eq(text_at(answer, "checkpoint", "metadata"), right);
    json_decref(answer);
}
END_TEST

START_TEST(any_name_is_text)
{
    struct kc_checkpoint odd = {(char *)"\xff", (char *)"\xff.t", 0, 1, 1, NULL};
    json_t *answer = kc_group_answer_checkpoint(&odd);
    ck_assert_str_eq(text_at(answer, "topic", NULL), REPLACED ".t");
    ck_assert_str_eq(text_at(answer, "metadata", NULL), "");
    json_decref(answer);
    char *name = kc_group_answer_text("a\xc3", 2);
    ck_assert_str_eq(name, "a" REPLACED);
    free(name);
}
END_TEST

RUN_TESTS("group_answer", a_checkpoint_answers_for_its_partition,
          metadata_that_is_not_utf8_is_shown_as_java_reads_it, any_name_is_text)
