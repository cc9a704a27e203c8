/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies that anybody may send to /links. The first byte picks the kind of request. */
#include "link/link_ask_priv.h"
#include "link/link_wave_priv.h"

#include <stdlib.h>

enum { WAVE = LINK_ASK_WAVES + 1, KINDS };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken names something. */
static struct kc_error *ask_for(const json_t *body, enum link_ask_kind kind)
{
    struct link_ask ask;
    struct kc_error *err = link_ask_parse(body, kind, &ask);
    if (!err && ask.names.count == 0 && !ask.pattern)
        abort();
    link_ask_clear(&ask);
    return err;
}

/* What is taken is read back from its record. */
static struct kc_error *plan(const json_t *body)
{
    struct kc_link_wave wave, again;
    char *name = NULL;
    bool dry_run = false;
    struct kc_error *err = link_wave_parse(body, &name, &wave, &dry_run);
    if (err)
        return err;
    json_t *record = kc_link_wave_json(&wave);
    if (kc_link_wave_parse(record, &again) || again.batch_count != wave.batch_count)
        abort();
    json_decref(record);
    kc_link_wave_clear(&again);
    kc_link_wave_clear(&wave);
    free(name);
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    json_error_t why;
    int kind = data[0] % KINDS;
    json_t *body =
        json_loadb((const char *)data + 1, size - 1, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    kc_error_destroy(kind == WAVE ? plan(body) : ask_for(body, (enum link_ask_kind)kind));
    json_decref(body);
    return 0;
}
