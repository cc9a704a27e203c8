/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of offsets that are altered from outside, with the texts of Java 4.1.0. */
#include "mirror/mirror_check.h"
#include "mirror/mirror_offsets.h"

static struct kc_error *check(const struct kc_mirror_offset_rules *rules, const char *partition,
                              const char *offset)
{
    char *text = kc_asprintf("[{\"partition\":%s,\"offset\":%s}]", partition, offset);
    json_error_t why;
    json_t *offsets = json_loads(text, 0, &why);
    ck_assert_msg(offsets != NULL, "%s: %s", text, why.text);
    struct kc_error *err = kc_mirror_check_offsets(rules, offsets);
    json_decref(offsets);
    free(text);
    return err;
}

#define SOURCE "{\"cluster\":\"A\",\"topic\":\"t\",\"partition\":1}"

START_TEST(good_offsets_pass)
{
    const struct kc_mirror_offset_rules *rules = &kc_mirror_source_offset_rules;
    assert_ok(check(rules, SOURCE, "{\"offset\":12}"));
    assert_ok(check(rules, "{\"cluster\":\"Z\",\"topic\":\"t\",\"partition\":1,\"more\":[]}",
                    "{\"offset\":0}"));
    assert_ok(check(rules, "{\"garbage\":true}", "null"));
    assert_ok(check(rules, "null", "null"));
    assert_ok(check(&kc_mirror_checkpoint_offset_rules,
                    "{\"group\":\"g\",\"topic\":\"t\",\"partition\":1}", "{\"offset\":0}"));
    assert_ok(check(&kc_mirror_heartbeat_offset_rules,
                    "{\"sourceClusterAlias\":\"A\",\"targetClusterAlias\":\"B\"}",
                    "{\"offset\":0}"));
}
END_TEST

START_TEST(bad_partitions_are_refused)
{
    const struct kc_mirror_offset_rules *rules = &kc_mirror_source_offset_rules;
    const char *zero = "{\"offset\":0}";
    assert_error(check(rules, "null", zero), "Source partitions may not be null");
    assert_error(check(rules, "{\"cluster\":\"A\",\"partition\":1}", zero),
                 "Source partition {cluster=A, partition=1} is missing the 'topic' key, which is "
                 "required");
    assert_error(
        check(rules, "{\"cluster\":\"A\",\"topic\":7,\"partition\":1}", zero),
        "Source partition {cluster=A, topic=7, partition=1} has an invalid value 7 for the "
        "'topic' key, which must be a string");
    assert_error(check(rules, "{\"cluster\":\"A\",\"topic\":null,\"partition\":1}", zero),
                 "Source partition {cluster=A, topic=null, partition=1} has an invalid value null "
                 "for the 'topic' key, which must be a string");
    assert_error(check(rules, "{\"cluster\":\"A\",\"topic\":\"t\"}", zero),
                 "Source partition {cluster=A, topic=t} is missing the 'partition' key, which is "
                 "required");
    assert_error(
        check(rules, "{\"cluster\":\"A\",\"topic\":\"t\",\"partition\":\"1\"}", zero),
        "Source partition {cluster=A, topic=t, partition=1} has an invalid value 1 for the "
        "'partition' key, which must be an integer");
    assert_error(check(rules, "{\"cluster\":\"A\",\"topic\":\"t\",\"partition\":2147483648}", zero),
                 "Source partition {cluster=A, topic=t, partition=2147483648} has an invalid value "
                 "2147483648 for the 'partition' key, which must be an integer");
    assert_error(check(rules, "{\"cluster\":\"A\",\"topic\":\"t\",\"partition\":-1}", zero),
                 "Source partition {cluster=A, topic=t, partition=-1} has an invalid value -1 for "
                 "the 'partition' key, which cannot be negative");
}
END_TEST

START_TEST(bad_offsets_are_refused)
{
    const struct kc_mirror_offset_rules *rules = &kc_mirror_source_offset_rules;
    assert_error(
        check(rules, SOURCE, "{}"),
        "Source offset {} for source partition {cluster=A, topic=t, partition=1} is missing "
        "the 'offset' key, which is required");
    assert_error(check(rules, SOURCE, "{\"offset\":\"x\"}"),
                 "Source offset {offset=x} for source partition {cluster=A, topic=t, partition=1} "
                 "has an invalid value x for the 'offset' key, which must be an integer");
    assert_error(check(rules, SOURCE, "{\"offset\":-1}"),
                 "Source offset {offset=-1} for source partition {cluster=A, topic=t, partition=1} "
                 "has an invalid value -1 for the 'offset' key, which cannot be negative");
    assert_error(check(&kc_mirror_heartbeat_offset_rules,
                       "{\"sourceClusterAlias\":\"A\",\"targetClusterAlias\":\"B\"}",
                       "{\"offset\":1}"),
                 "Source offset {offset=1} for source partition {sourceClusterAlias=A, "
                 "targetClusterAlias=B} has an invalid value 1 for the 'offset' key; the only "
                 "accepted value is 0");
}
END_TEST

START_TEST(stored_offsets_are_read)
{
    json_t *map = json_pack("{s:i}", "offset", 7);
    ck_assert_int_eq(kc_mirror_offset_number(map), 7);
    json_decref(map);
    ck_assert_int_eq(kc_mirror_offset_number(NULL), -1);
    map = json_pack("{s:s}", "offset", "7");
    ck_assert_int_eq(kc_mirror_offset_number(map), -1);
    json_decref(map);
}
END_TEST

RUN_TESTS("mirror_offsets", good_offsets_pass, bad_partitions_are_refused, bad_offsets_are_refused,
          stored_offsets_are_read)
