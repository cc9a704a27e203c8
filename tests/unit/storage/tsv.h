/* SPDX-License-Identifier: Apache-2.0 */
/* Records that a Java worker (4.1.0) wrote, one a line: offset, key and value between tabs; a value
 * of NULL is a tombstone. For tests, which run in the project's root. */
#ifndef TESTS_UNIT_STORAGE_TSV_H
#define TESTS_UNIT_STORAGE_TSV_H

#include "connect/mem.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tsv_record {
    long long offset;
    char *key;
    char *value; /* NULL: tombstone */
};

static inline size_t tsv_load(const char *path, struct tsv_record *records, size_t max)
{
    char line[8192];
    size_t count = 0;
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s", path);
    while (count < max && fgets(line, sizeof(line), file)) {
        char *key = strchr(line, '\t');
        char *value = key ? strchr(key + 1, '\t') : NULL;
        ck_assert_ptr_nonnull(value);
        *key++ = '\0';
        *value++ = '\0';
        value[strcspn(value, "\n")] = '\0';
        records[count++] = (struct tsv_record){
            atoll(line), kc_strdup(key), strcmp(value, "NULL") == 0 ? NULL : kc_strdup(value)};
    }
    fclose(file);
    ck_assert_uint_gt(count, 0);
    return count;
}

static inline void tsv_free(struct tsv_record *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(records[i].key);
        free(records[i].value);
    }
}

#endif
