/* SPDX-License-Identifier: Apache-2.0 */
/* Jackson's messages: see jackson_text_priv.h. They don't name the place in the source. */
#include "rest/jackson_text_priv.h"

#include "connect/java_json.h"
#include "connect/mem.h"

#include <stdlib.h>

/* Jackson's names for a value, its token, and the constructor argument that would take it. */
static const struct jackson_kind {
    json_type type;
    const char *name;
    const char *token;
    const char *argument;
    const char *shown; /* before the value itself */
} kinds[] = {
    {JSON_OBJECT, "Object", "START_OBJECT", NULL, NULL},
    {JSON_ARRAY, "Array", "START_ARRAY", NULL, NULL},
    {JSON_STRING, "String", "VALUE_STRING", "String", "String value"},
    {JSON_INTEGER, "Integer", "VALUE_NUMBER_INT", "int/Int", "Number value"},
    {JSON_REAL, "Floating-point", "VALUE_NUMBER_FLOAT", "double/Double", "Number value"},
    {JSON_TRUE, "Boolean", "VALUE_TRUE", "boolean/Boolean", "boolean value"},
    {JSON_FALSE, "Boolean", "VALUE_FALSE", "boolean/Boolean", "boolean value"},
    {JSON_NULL, "Null", "VALUE_NULL", NULL, NULL},
};

static const struct jackson_kind *kind_of(const json_t *value)
{
    size_t i = 0;
    while (kinds[i].type != json_typeof(value))
        i++;
    return &kinds[i];
}

static struct kc_error *no_type(const char *type, const struct jackson_kind *kind)
{
    return kc_error_new(KC_ERR_CONNECT,
                        "Cannot deserialize value of type `%s` from %s value (token "
                        "`JsonToken.%s`)",
                        type, kind->name, kind->token);
}

static char *shown(const json_t *value)
{
    return json_is_string(value) ? kc_asprintf("'%s'", json_string_value(value))
                                 : kc_json_print(value, KC_JSON_AS_IS);
}

struct kc_error *kc_jackson_no_object(const char *type, const char *full, const json_t *value)
{
    const struct jackson_kind *kind = kind_of(value);
    if (!kind->argument)
        return no_type(full, kind);
    char *text = shown(value);
    struct kc_error *err =
        kc_error_new(KC_ERR_CONNECT,
                     "Cannot construct instance of `%s` (although at least one Creator exists): no "
                     "%s-argument constructor/factory method to deserialize from %s (%s)",
                     type, kind->argument, kind->shown, text);
    free(text);
    return err;
}

struct kc_error *kc_jackson_no_array(const char *type, const json_t *value)
{
    char *list = kc_asprintf("java.util.ArrayList<%s>", type);
    struct kc_error *err = no_type(list, kind_of(value));
    free(list);
    return err;
}

struct kc_error *kc_jackson_unknown(const char *field, const char *type, const char *known)
{
    return kc_error_new(KC_ERR_CONNECT,
                        "Unrecognized field \"%s\" (class %s), not marked as ignorable (%s])",
                        field, type, known);
}
