/* SPDX-License-Identifier: Apache-2.0 */
/* A batch that kafka-clients wrote, by its name in tests/unit/data/wire/batches.golden. */
#ifndef TESTS_UNIT_WIRE_GOLDEN_BATCH_H
#define TESTS_UNIT_WIRE_GOLDEN_BATCH_H

#include "connect/mem.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Free it. */
static inline uint8_t *golden(const char *name, size_t *len)
{
    FILE *file = fopen("tests/unit/data/wire/batches.golden", "r");
    char *line = NULL;
    size_t size = 0, name_len = strlen(name);
    uint8_t *data = NULL;

    ck_assert_ptr_nonnull(file);
    while (!data && getline(&line, &size, file) > 0) {
        const char *hex = line + name_len + 1;

        if (strncmp(line, name, name_len) != 0 || line[name_len] != ' ')
            continue;
        data = kc_malloc(strlen(hex) / 2 + 1);
        for (*len = 0; hex[0] > ' '; hex += 2) {
            unsigned int byte;

            ck_assert_int_eq(sscanf(hex, "%2x", &byte), 1);
            data[(*len)++] = (uint8_t)byte;
        }
    }
    free(line);
    fclose(file);
    ck_assert_msg(data != NULL, "no golden batch %s", name);
    return data;
}

#endif
