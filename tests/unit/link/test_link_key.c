/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of the state topic: their bytes, and what is none. */
#include "link/link_check.h"

static void assert_key(enum kc_link_resource resource, const char *name, const char *expected)
{
    struct kc_link_key key;
    char *text = kc_link_key_format("l-1", resource, name);

    ck_assert_str_eq(text, expected);
    ck_assert_ptr_null(kc_link_key_parse(text, strlen(text), &key));
    ck_assert_str_eq(key.link, "l-1");
    ck_assert_int_eq(key.resource, resource);
    ck_assert_str_eq(key.name, name);
    kc_link_key_clear(&key);
    free(text);
}

START_TEST(every_resource_has_a_key)
{
    static const char *const members[KC_LINK_RESOURCES] = {
        "self", "topic_order", "topic", "group_order", "group", "lease",   "gateway",
        "flip", "receipt",     "wave",  "guard",       "back",  "clients",
    };

    assert_key(KC_LINK_SELF, "", "{\"link\":\"l-1\",\"self\":\"\"}");
    for (int i = KC_LINK_SELF + 1; i < KC_LINK_RESOURCES; i++) {
        char *expected = kc_asprintf("{\"link\":\"l-1\",\"%s\":\"t.a\"}", members[i]);
        assert_key((enum kc_link_resource)i, "t.a", expected);
        free(expected);
    }
    assert_key(KC_LINK_GROUP, "a \"b\"\\\n\xc3\xa9",
               "{\"link\":\"l-1\",\"group\":\"a \\\"b\\\"\\\\\\n\xc3\xa9\"}");
}
END_TEST

START_TEST(names_that_are_no_text_give_a_key_nevertheless)
{
    char *text = kc_link_key_format("l", KC_LINK_GROUP, "a\xff");

    ck_assert_str_eq(text, "{\"link\":\"l\",\"group\":\"a\xef\xbf\xbd\"}");
    free(text);
}
END_TEST

START_TEST(what_is_no_key_is_refused)
{
    static const char *const cases[] = {
        "",
        "{",
        "[]",
        "\"link\"",
        "{\"link\":\"l\"}",
        "{\"topic\":\"t\"}",
        "{\"link\":\"\",\"topic\":\"t\"}",
        "{\"link\":1,\"topic\":\"t\"}",
        "{\"link\":\"l\",\"topic\":\"\"}",
        "{\"link\":\"l\",\"topic\":null}",
        "{\"link\":\"l\",\"self\":\"x\"}",
        "{\"link\":\"l\",\"topic\":\"a\\u0000b\"}",
        "{\"link\":\"l\",\"planet\":\"t\"}",
        "{\"link\":\"l\",\"topic\":\"t\",\"group\":\"g\"}",
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kc_link_key key;
        assert_refused(kc_link_key_parse(cases[i], strlen(cases[i]), &key), "key");
        ck_assert_ptr_null(key.link);
        ck_assert_ptr_null(key.name);
        kc_link_key_clear(&key);
    }
}
END_TEST

RUN_TESTS("link_key", 10, every_resource_has_a_key, names_that_are_no_text_give_a_key_nevertheless,
          what_is_no_key_is_refused)
