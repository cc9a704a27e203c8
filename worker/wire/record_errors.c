/* SPDX-License-Identifier: Apache-2.0 */
/* Records that a broker has named, see record_errors.h. */
#include "wire/record_errors.h"

#include <stdatomic.h>
#include <stdlib.h>

struct shared_errors {
    struct kc_record_errors pub; /* first */
    atomic_int users;
};

static int by_index(const void *a, const void *b)
{
    const struct kc_record_error *left = a, *right = b;

    return (left->index > right->index) - (left->index < right->index);
}

/* If a record has several errors, the first one stays. */
static void drop_repeats(struct kc_record_errors *errors)
{
    size_t count = 0;

    for (size_t i = 0; i < errors->count; i++) {
        if (count > 0 && errors->items[count - 1].index == errors->items[i].index)
            free(errors->items[i].why);
        else
            errors->items[count++] = errors->items[i];
    }
    errors->count = count;
}

struct kc_record_errors *kc_record_errors_new(const struct kc_produce_response_partition *from,
                                              int32_t records)
{
    int32_t named = from->record_errors.count;
    struct shared_errors *shared;

    if (named <= 0)
        return NULL;
    shared = kc_calloc(1, sizeof(*shared));
    atomic_store(&shared->users, 1);
    shared->pub.items = kc_calloc((size_t)named, sizeof(*shared->pub.items));
    for (int32_t i = 0; i < named; i++) {
        const struct kc_produce_response_record_error *error = &from->record_errors.items[i];

        if (error->batch_index < 0 || error->batch_index >= records)
            continue;
        shared->pub.items[shared->pub.count++] = (struct kc_record_error){
            error->batch_index, kc_strdup(error->batch_index_error_message.data)};
    }
    if (shared->pub.count == 0) {
        kc_record_errors_unref(&shared->pub);
        return NULL;
    }
    qsort(shared->pub.items, shared->pub.count, sizeof(*shared->pub.items), by_index);
    drop_repeats(&shared->pub);
    return &shared->pub;
}

struct kc_record_errors *kc_record_errors_ref(struct kc_record_errors *errors)
{
    if (errors)
        atomic_fetch_add(&((struct shared_errors *)errors)->users, 1);
    return errors;
}

void kc_record_errors_unref(struct kc_record_errors *errors)
{
    struct shared_errors *shared = (struct shared_errors *)errors;

    if (!shared || atomic_fetch_sub(&shared->users, 1) > 1)
        return;
    for (size_t i = 0; i < errors->count; i++)
        free(errors->items[i].why);
    free(errors->items);
    free(shared);
}

const struct kc_record_error *kc_record_errors_find(const struct kc_record_errors *errors,
                                                    int32_t index)
{
    const struct kc_record_error wanted = {.index = index};

    return errors ? bsearch(&wanted, errors->items, errors->count, sizeof(*errors->items), by_index)
                  : NULL;
}
