/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies that anybody may send to /links. The first byte picks the kind of request. */
#include "link/link_ask_priv.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct link_ask ask;
    json_error_t why;
    json_t *body =
        json_loadb((const char *)data + 1, size - 1, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    struct kc_error *err = link_ask_parse(body, (enum link_ask_kind)(data[0] % 4), &ask);
    if (!err && ask.names.count == 0 && !ask.pattern)
        abort(); /* what is taken names something */
    kc_error_destroy(err);
    link_ask_clear(&ask);
    json_decref(body);
    return 0;
}
