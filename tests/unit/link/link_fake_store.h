/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store in memory. The functions are those of link_store.c, which the linker leaves out then.
 * Include once in a program.
 */
#ifndef TESTS_UNIT_LINK_LINK_FAKE_STORE_H
#define TESTS_UNIT_LINK_LINK_FAKE_STORE_H

#include "link/link_store_priv.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct fake_record {
    enum kc_link_resource resource;
    char *name;
    json_t *value;
    int64_t age_ms;
};
struct link_store {
    struct fake_record items[64];
    size_t count;
    int puts;                        /* calls of link_store_put() that changed something */
    void (*before_get)(void *store); /* somebody else works at the same time; NULL: nobody */
    struct kc_error *fails;          /* the next put's error; taken */
    const char *trouble;             /* why nothing is kept; NULL: it is */
};

static struct fake_record *fake_find(struct link_store *store, enum kc_link_resource resource,
                                     const char *name)
{
    for (size_t i = 0; i < store->count; i++)
        if (store->items[i].resource == resource && strcmp(store->items[i].name, name) == 0)
            return &store->items[i];
    return NULL;
}

/* Takes value; NULL: the record goes away. */
static void fake_set(struct link_store *store, enum kc_link_resource resource, const char *name,
                     json_t *value)
{
    struct fake_record *record = fake_find(store, resource, name);
    if (!record) {
        ck_assert_uint_lt(store->count, 64);
        record = &store->items[store->count++];
        *record = (struct fake_record){resource, kc_strdup(name), NULL, 0};
    }
    json_decref(record->value);
    record->value = value;
    record->age_ms = 0;
}

static void fake_clear(struct link_store *store)
{
    for (size_t i = 0; i < store->count; i++) {
        json_decref(store->items[i].value);
        free(store->items[i].name);
    }
    *store = (struct link_store){0};
}

struct kc_error *link_store_open(const struct link_config *config, const struct kc_stop *stop,
                                 struct link_store **store)
{
    return kc_error_new(KC_ERR_IO, "no store");
}

void link_store_close(struct link_store *store)
{
}

json_t *link_store_get(struct link_store *store, enum kc_link_resource resource, const char *name)
{
    if (store->before_get)
        store->before_get(store);
    struct fake_record *record = fake_find(store, resource, name);
    return record ? json_incref(record->value) : NULL;
}

int64_t link_store_age_ms(struct link_store *store, enum kc_link_resource resource,
                          const char *name)
{
    struct fake_record *record = fake_find(store, resource, name);
    return record && record->value ? record->age_ms : -1;
}

void link_store_names(struct link_store *store, enum kc_link_resource resource,
                      struct kc_strings *names)
{
    for (size_t i = 0; i < store->count; i++)
        if (store->items[i].resource == resource && store->items[i].value)
            kc_strings_add(names, store->items[i].name);
    kc_strings_sort(names);
}

char *link_store_other_link(struct link_store *store, const char *topic)
{
    return NULL;
}

struct kc_error *link_store_put(struct link_store *store, struct link_change *changes, size_t count,
                                int timeout_ms)
{
    struct kc_error *err = store->fails;
    store->fails = NULL;
    store->puts += !err;
    for (size_t i = 0; i < count; i++) {
        if (err)
            json_decref(changes[i].value);
        else
            fake_set(store, changes[i].resource, changes[i].name, changes[i].value);
    }
    return err;
}

uint64_t link_store_version(struct link_store *store)
{
    return 0;
}

uint64_t link_store_wait(struct link_store *store, uint64_t seen, int64_t deadline_ms)
{
    return 0;
}

void link_store_changed(struct link_store *store, uint64_t since, enum kc_link_resource resource,
                        struct kc_strings *names)
{
}

void link_store_watch(struct link_store *store, struct kc_admin *target, bool restores,
                      const struct kc_stop *stop)
{
}

bool link_store_is_kept(struct link_store *store)
{
    return !store->trouble;
}

char *link_store_trouble(struct link_store *store)
{
    return store->trouble ? kc_strdup(store->trouble) : NULL;
}

struct kc_error *link_store_read_to_end(struct link_store *store, int timeout_ms)
{
    return NULL;
}

#endif
