/* SPDX-License-Identifier: Apache-2.0 */
/* Objects in records: see stored_object_priv.h. */
#include "storage/stored_object_priv.h"

struct kc_error *kc_stored_object(const char *value, size_t len, json_t **object)
{
    struct kc_error *err = kc_json_parse(value, len, object);
    if (err || json_is_object(*object))
        return err;
    json_decref(*object);
    *object = NULL;
    return kc_error_new(KC_ERR_DATA, "the value is no JSON object");
}
