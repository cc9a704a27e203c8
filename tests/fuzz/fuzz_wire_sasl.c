/* SPDX-License-Identifier: Apache-2.0 */
/* What a server may say in a SCRAM exchange, and what may stand in sasl.jaas.config. */
#include "security/jaas.h"
#include "wire/sasl.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Makes the server's first message begin as the client's nonce, which it can't guess. */
static void exchange(const uint8_t *data, size_t len)
{
    struct kc_map *settings = kc_map_new();
    struct wire_sasl *sasl = NULL;
    struct kc_str answer = {0}, first = {0}, last = {0};
    bool done = false;

    kc_map_set(settings, "sasl.mechanism", "SCRAM-SHA-256");
    kc_map_set(settings, "sasl.jaas.config",
               "org.apache.kafka.common.security.scram.ScramLoginModule required username=u "
               "password=p;");
    struct kc_error *err = wire_sasl_new(settings, "h", &sasl);
    if (!err)
        err = wire_sasl_step(sasl, NULL, 0, &answer, &done);
    if (err)
        abort();
    const char *nonce = strstr(answer.data, ",r=");
    if (len && data[0] & 1)
        kc_str_appendf(&first, "r=%.32s", nonce + 3);
    if (len)
        kc_str_append_n(&first, data + 1, len - 1);
    err = wire_sasl_step(sasl, (uint8_t *)first.data, first.len, &last, &done);
    if (!err)
        err = wire_sasl_step(sasl, data, len, &last, &done);
    if (!err && done)
        abort(); /* nobody without the password gets here */
    kc_error_destroy(err);
    kc_str_destroy(&first);
    kc_str_destroy(&last);
    kc_str_destroy(&answer);
    wire_sasl_destroy(sasl);
    kc_map_destroy(settings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = kc_strndup(len ? (const char *)data : "", len);
    struct kc_jaas jaas;

    kc_error_destroy(kc_jaas_parse(text, &jaas));
    kc_jaas_clear(&jaas);
    free(text);
    exchange(data, len);
    return 0;
}
