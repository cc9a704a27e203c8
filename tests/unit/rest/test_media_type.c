/* SPDX-License-Identifier: Apache-2.0 */
/* Content-Type and Accept: each case is what Java's worker answered to it. */
#include "rest/media_type_priv.h"

#include <check.h>
#include <stddef.h>

static const struct {
    const char *header;
    enum kc_media media;
} types[] =
    {
        {"application/json", KC_MEDIA_JSON},
        {"APPLICATION/JSON", KC_MEDIA_JSON},
        {"application/json;", KC_MEDIA_JSON},
        {"application/json;;", KC_MEDIA_JSON},
        {"application/json; charset=utf-8", KC_MEDIA_JSON},
        {"application/json; a=\"b;\\\"c\" ; d=e", KC_MEDIA_JSON},
        {"application/json ; a=b", KC_MEDIA_JSON},
        {"application/json; a =b", KC_MEDIA_MALFORMED},
        {"application/json; a= b", KC_MEDIA_MALFORMED},
        {"application/json;a=\"b\"c", KC_MEDIA_MALFORMED},
        {"application/json;a=b c", KC_MEDIA_MALFORMED},
        {"*/*", KC_MEDIA_OTHER},
        {"application/*", KC_MEDIA_OTHER},
        {"text/plain", KC_MEDIA_OTHER},
        {"garbage", KC_MEDIA_MALFORMED},
        {"application/", KC_MEDIA_MALFORMED},
        {"/json", KC_MEDIA_MALFORMED},
        {";", KC_MEDIA_MALFORMED},
        {"", KC_MEDIA_MALFORMED},
        {"   ", KC_MEDIA_MALFORMED},
        {"application/json; charset", KC_MEDIA_MALFORMED},
        {"application/json;charset=\"utf-8", KC_MEDIA_MALFORMED},
        {"application/json; =x", KC_MEDIA_MALFORMED},
        {"application/json; a=b; c", KC_MEDIA_MALFORMED},
        {"text/plain;charset=", KC_MEDIA_MALFORMED},
        {"application/json,text/plain", KC_MEDIA_MALFORMED},
        {"application/json, application/json", KC_MEDIA_MALFORMED},
        {"application json", KC_MEDIA_MALFORMED},
        {"application / json", KC_MEDIA_MALFORMED},
        {"application/json foo", KC_MEDIA_MALFORMED},
        {"application/json\tx", KC_MEDIA_MALFORMED},
        {"application/json/x", KC_MEDIA_MALFORMED},
        {"application/x\x01y", KC_MEDIA_MALFORMED},
        {"applic@tion/json", KC_MEDIA_MALFORMED},
},
  ranges[] = {
      {"", KC_MEDIA_JSON},
      {"*", KC_MEDIA_JSON},
      {"*/*", KC_MEDIA_JSON},
      {"text/*, */*", KC_MEDIA_JSON},
      {"application/*", KC_MEDIA_JSON},
      {"application/json;q=0", KC_MEDIA_JSON},
      {"application/json;q=0.5,text/html", KC_MEDIA_JSON},
      {"application/json,garbage", KC_MEDIA_JSON},
      /* java.net.HttpURLConnection's */
      {"text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", KC_MEDIA_JSON},
      {"*/*;q=1.", KC_MEDIA_JSON},
      {"*/*;q=0.", KC_MEDIA_JSON},
      {"*/*;q=\"0.5\"", KC_MEDIA_JSON},
      {"*/*; q=0.5 ; x=y", KC_MEDIA_JSON},
      {"*/*,", KC_MEDIA_JSON},
      {"*/*;q=0.12345", KC_MEDIA_MALFORMED},
      {"*/*;q=1.5", KC_MEDIA_MALFORMED},
      {"*/*;q=1.001", KC_MEDIA_MALFORMED},
      {"*/*;q=00.5", KC_MEDIA_MALFORMED},
      {"*/*;q =0.5", KC_MEDIA_MALFORMED},
      {"*/*;x", KC_MEDIA_MALFORMED},
      {"*/*;x=y;q=9", KC_MEDIA_MALFORMED},
      {",*/*", KC_MEDIA_MALFORMED},
      {"text/html,,*/*", KC_MEDIA_MALFORMED},
      {"*/*/*", KC_MEDIA_MALFORMED},
      {"a b", KC_MEDIA_MALFORMED},
      {"*/* x", KC_MEDIA_MALFORMED},
      {"garbage", KC_MEDIA_OTHER},
      {"a/b,garbage", KC_MEDIA_OTHER},
      {"text/html", KC_MEDIA_OTHER},
      {"application/", KC_MEDIA_MALFORMED},
      {";", KC_MEDIA_MALFORMED},
      {"*/*;q=x", KC_MEDIA_MALFORMED},
      {"application/json;q=2", KC_MEDIA_MALFORMED},
      {"application/json; q=", KC_MEDIA_MALFORMED},
};

START_TEST(content_types)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        ck_assert_msg(kc_media_content_type(types[i].header) == types[i].media, "'%s'",
                      types[i].header);
}
END_TEST

START_TEST(accepted_types)
{
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        ck_assert_msg(kc_media_accept(ranges[i].header) == ranges[i].media, "'%s'",
                      ranges[i].header);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("media_type");
    TCase *cases = tcase_create("headers");
    tcase_add_test(cases, content_types);
    tcase_add_test(cases, accepted_types);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
