/* SPDX-License-Identifier: Apache-2.0 */
/* Values and schemas: equality, copies, building, validation and its messages. */
#include "connect/data.h"
#include "connect/map.h"

#include <check.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct kc_value text(const char *chars)
{
    return kc_value_string(chars, strlen(chars));
}

static struct kc_value number(int64_t i)
{
    return kc_value_int(KC_TYPE_INT32, i);
}

START_TEST(equality_is_javas)
{
    struct kc_value nan = kc_value_double(KC_TYPE_FLOAT64, NAN);
    struct kc_value zero = kc_value_double(KC_TYPE_FLOAT64, 0.0);
    struct kc_value minus = kc_value_double(KC_TYPE_FLOAT64, -0.0);
    struct kc_value small = kc_value_int(KC_TYPE_INT8, 1);
    struct kc_value wide = kc_value_int(KC_TYPE_INT64, 1);
    struct kc_value a = text("a"), other_a = kc_value_string("ab", 1), b = text("b");
    ck_assert(kc_value_equal(&nan, &nan));
    ck_assert(!kc_value_equal(&zero, &minus));
    ck_assert(!kc_value_equal(&small, &wide));
    ck_assert(kc_value_equal(&a, &other_a));
    ck_assert(!kc_value_equal(&a, &b));
}
END_TEST

START_TEST(maps_are_equal_in_any_order)
{
    struct kc_pair one[] = {{text("a"), number(1)}, {text("b"), number(2)}};
    struct kc_pair two[] = {{text("b"), number(2)}, {text("a"), number(1)}};
    struct kc_pair three[] = {{text("b"), number(2)}, {text("c"), number(1)}};
    struct kc_value a = {.type = KC_TYPE_MAP, .count = 2, .u.pairs = one};
    struct kc_value b = {.type = KC_TYPE_MAP, .count = 2, .u.pairs = two};
    struct kc_value c = {.type = KC_TYPE_MAP, .count = 2, .u.pairs = three};
    ck_assert(kc_value_equal(&a, &b));
    ck_assert(!kc_value_equal(&a, &c));
}
END_TEST

START_TEST(copy_shares_nothing)
{
    struct kc_arena *arena = kc_arena_new(64);
    char chars[] = "text";
    struct kc_value items[] = {text(chars), number(7), kc_value_null(), text("")};
    struct kc_pair pair = {text("k"), {.type = KC_TYPE_ARRAY, .count = 4, .u.items = items}};
    struct kc_value map = {.type = KC_TYPE_MAP, .count = 1, .u.pairs = &pair};
    struct kc_value copy = kc_value_copy(arena, &map);
    ck_assert(kc_value_equal(&map, &copy));
    chars[0] = 'X';
    items[1] = number(8);
    ck_assert_int_eq(copy.u.pairs[0].value.u.items[0].u.bytes.data[0], 't');
    ck_assert_int_eq(copy.u.pairs[0].value.u.items[1].u.i, 7);
    kc_arena_destroy(arena);
}
END_TEST

static struct kc_schema *person(void)
{
    struct kc_schema *schema = kc_schema_new(KC_TYPE_STRUCT);
    kc_schema_set_name(schema, "Person");
    ck_assert_ptr_null(
        kc_schema_add_field(schema, "name", kc_schema_simple(KC_TYPE_STRING, false)));
    ck_assert_ptr_null(kc_schema_add_field(schema, "age", kc_schema_simple(KC_TYPE_INT32, true)));
    return schema;
}

START_TEST(schemas_are_equal_by_content)
{
    struct kc_schema *a = person(), *b = person();
    ck_assert(kc_schema_equal(a, b));
    ck_assert_uint_eq(kc_schema_hash(a), kc_schema_hash(b));
    kc_schema_set_doc(b, "doc");
    ck_assert(!kc_schema_equal(a, b));
    kc_schema_set_doc(a, "doc");
    kc_schema_set_parameter(a, "x", "y");
    ck_assert(!kc_schema_equal(a, b));
    kc_schema_set_parameter(b, "x", "y");
    ck_assert(kc_schema_equal(a, b));
    kc_schema_set_version(b, 0);
    ck_assert(!kc_schema_equal(a, b));
    ck_assert(!kc_schema_equal(a, NULL));
    ck_assert(kc_schema_equal(NULL, NULL));
    kc_schema_unref(a);
    kc_schema_unref(b);
}
END_TEST

static void expect_error(struct kc_error *err, const char *wanted)
{
    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_DATA);
    ck_assert_str_eq(kc_error_text(err), wanted);
    kc_error_destroy(err);
}

START_TEST(fields_are_checked)
{
    struct kc_schema *schema = person();
    struct kc_schema *array = kc_schema_new(KC_TYPE_ARRAY);
    const struct kc_schema *field = kc_schema_simple(KC_TYPE_INT8, false);
    expect_error(kc_schema_add_field(schema, "age", field),
                 "Cannot create field because of field name duplication age");
    expect_error(kc_schema_add_field(schema, "", field), "fieldName cannot be null.");
    expect_error(kc_schema_add_field(schema, "x", NULL), "fieldSchema for field x cannot be null.");
    expect_error(kc_schema_add_field(array, "x", field), "Cannot create fields on type ARRAY");
    ck_assert_int_eq(kc_schema_field_index(schema, "age"), 1);
    ck_assert_int_eq(kc_schema_field_index(schema, "none"), -1);
    kc_schema_unref(schema);
    kc_schema_unref(array);
}
END_TEST

START_TEST(validation_names_the_place)
{
    struct kc_schema *schema = person();
    struct kc_schema *list = kc_schema_new(KC_TYPE_ARRAY);
    struct kc_schema *map = kc_schema_new(KC_TYPE_MAP);
    kc_schema_set_items(list, kc_schema_simple(KC_TYPE_INT32, false));
    kc_schema_set_keys(map, kc_schema_simple(KC_TYPE_STRING, false));
    kc_schema_set_values(map, list);
    struct kc_value items[] = {kc_value_null(), number(1)};
    struct kc_value good[] = {text("n"), kc_value_null()};
    struct kc_value value = {.type = KC_TYPE_STRUCT, .count = 2, .u.items = items};
    expect_error(kc_schema_validate(schema, &value),
                 "Invalid value: null used for required field: \"name\", schema type: STRING");
    value.u.items = good;
    ck_assert_ptr_null(kc_schema_validate(schema, &value));
    value.count = 1;
    expect_error(kc_schema_validate(schema, &value), "Struct schemas do not match.");
    value = text("x");
    expect_error(kc_schema_validate(schema, &value),
                 "Invalid Java object for schema \"Person\" with type STRUCT: class "
                 "java.lang.String for value");
    struct kc_pair pair = {text("k"), {.type = KC_TYPE_ARRAY, .count = 2, .u.items = items}};
    value = (struct kc_value){.type = KC_TYPE_MAP, .count = 1, .u.pairs = &pair};
    expect_error(kc_schema_validate_field("f", map, &value),
                 "Invalid value: null used for required element of array value of map field: "
                 "\"f\", schema type: INT32");
    kc_schema_unref(schema);
    kc_schema_unref(list);
    kc_schema_unref(map);
}
END_TEST

START_TEST(defaults_must_fit_and_stand_in_for_null)
{
    struct kc_schema *field = kc_schema_new(KC_TYPE_INT32);
    struct kc_schema *schema = kc_schema_new(KC_TYPE_STRUCT);
    struct kc_value wrong = text("x"), right = number(5);
    struct kc_error *err = kc_schema_set_default(field, &wrong);
    ck_assert_str_eq(kc_error_text(err), "Invalid default value");
    kc_error_destroy(err);
    ck_assert_ptr_null(kc_schema_set_default(field, &right));
    ck_assert_ptr_null(kc_schema_add_field(schema, "f", field));
    struct kc_value null = kc_value_null();
    struct kc_value value = {.type = KC_TYPE_STRUCT, .count = 1, .u.items = &null};
    ck_assert_ptr_null(kc_schema_validate(schema, &value));
    ck_assert_int_eq(kc_struct_get(schema, &value, 0)->u.i, 5);
    kc_schema_unref(field);
    kc_schema_unref(schema);
}
END_TEST

static void *ref_and_unref(void *schema)
{
    for (int i = 0; i < 10000; i++)
        kc_schema_unref(kc_schema_ref(schema));
    return NULL;
}

START_TEST(references_are_counted_by_any_thread)
{
    struct kc_schema *schema = person();
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, ref_and_unref, schema);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert_str_eq(kc_schema_name(schema), "Person");
    kc_schema_unref(schema);
    kc_schema_unref(kc_schema_simple(KC_TYPE_BYTES, true)); /* static: nothing happens */
    ck_assert(kc_schema_optional(KC_OPTIONAL_BYTES));
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("data");
    tcase_add_test(tcase, equality_is_javas);
    tcase_add_test(tcase, maps_are_equal_in_any_order);
    tcase_add_test(tcase, copy_shares_nothing);
    tcase_add_test(tcase, schemas_are_equal_by_content);
    tcase_add_test(tcase, fields_are_checked);
    tcase_add_test(tcase, validation_names_the_place);
    tcase_add_test(tcase, defaults_must_fit_and_stand_in_for_null);
    tcase_add_test(tcase, references_are_counted_by_any_thread);
    Suite *suite = suite_create("data");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
