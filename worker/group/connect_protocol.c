/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of Connect's group protocol: see connect_protocol.h. */
#include "group/connect_protocol.h"

#include <stdlib.h>
#include <string.h>

enum { NATIVE_MARK = 0x69737468 }; /* "isth" */
enum { CONNECTOR_TASK = -1 };      /* among task ids: the connector itself */

static const char *const names[] = {"default", "compatible", "sessioned"};

const char *kc_protocol_name(int version)
{
    return names[version];
}

int kc_protocol_version(const char *name)
{
    for (int version = 0; version < 3; version++)
        if (strcmp(names[version], name) == 0)
            return version;
    return -1;
}

/* ---- writing ---- */

static void put_string(struct kc_str *out, const char *text)
{
    size_t len = text ? strlen(text) : 0;
    if (len > INT16_MAX)
        len = INT16_MAX;
    kc_str_append_i16(out, (int16_t)len);
    kc_str_append_n(out, text ? text : "", len);
}

/* Connectors in the order of work, then those that only tasks name. */
static void list_connectors(const struct kc_work *work, struct kc_work *groups)
{
    struct kc_work tasks_only = {0};
    kc_strings_copy(&groups->connectors, &work->connectors);
    for (size_t i = 0; i < work->task_count; i++)
        kc_strings_add(&tasks_only.connectors, work->tasks[i].connector);
    kc_work_add_all(groups, &tasks_only);
    kc_work_clear(&tasks_only);
}

static void put_work(struct kc_str *out, const struct kc_work *work)
{
    struct kc_work groups = {0};
    list_connectors(work, &groups);
    kc_str_append_i32(out, (int32_t)groups.connectors.count);
    for (size_t i = 0; i < groups.connectors.count; i++) {
        const char *connector = groups.connectors.items[i];
        struct kc_str ids = {0};
        int32_t count = 0;
        if (i < work->connectors.count) {
            kc_str_append_i32(&ids, CONNECTOR_TASK);
            count++;
        }
        for (size_t j = 0; j < work->task_count; j++) {
            if (strcmp(work->tasks[j].connector, connector) != 0)
                continue;
            kc_str_append_i32(&ids, work->tasks[j].task);
            count++;
        }
        put_string(out, connector);
        kc_str_append_i32(out, count);
        kc_str_append_n(out, ids.data ? ids.data : "", ids.len);
        kc_str_destroy(&ids);
    }
    kc_work_clear(&groups);
}

void kc_assignment_encode(struct kc_str *out, int version, const struct kc_assignment *assignment)
{
    kc_str_append_i16(out, (int16_t)version);
    kc_str_append_i16(out, assignment->error);
    put_string(out, assignment->leader);
    put_string(out, assignment->leader_url);
    kc_str_append_i64(out, assignment->offset);
    put_work(out, &assignment->work);
    if (version == KC_PROTOCOL_EAGER)
        return;
    put_work(out, &assignment->revoked);
    kc_str_append_i32(out, assignment->delay_ms);
}

void kc_worker_state_encode(struct kc_str *out, int version, const char *url, int64_t offset,
                            const struct kc_assignment *allocation)
{
    kc_str_append_i16(out, (int16_t)version);
    put_string(out, url);
    kc_str_append_i64(out, offset);
    if (version == KC_PROTOCOL_EAGER)
        return;
    if (!allocation) {
        kc_str_append_i32(out, -1);
        return;
    }
    struct kc_str blob = {0};
    kc_assignment_encode(&blob, version, allocation);
    kc_str_append_i32(out, (int32_t)blob.len);
    kc_str_append_n(out, blob.data, blob.len);
    kc_str_destroy(&blob);
}

void kc_worker_state_mark_native(struct kc_str *out)
{
    kc_str_append_i32(out, NATIVE_MARK);
}

/* ---- reading ---- */

/* The first failure sticks: later reads give zeros. */
struct input {
    const unsigned char *at;
    const unsigned char *end;
    const char *bad;
};

static size_t left(const struct input *in)
{
    return (size_t)(in->end - in->at);
}

static int64_t get_int(struct input *in, size_t size)
{
    uint64_t value = 0;
    if (!in->bad && left(in) < size)
        in->bad = "it ends too early";
    if (in->bad)
        return 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | in->at[i];
    in->at += size;
    return (int64_t)(value << (64 - 8 * size)) >> (64 - 8 * size);
}

static char *get_string(struct input *in)
{
    int64_t len = get_int(in, 2);
    if (!in->bad && (len < 0 || left(in) < (size_t)len))
        in->bad = "a string has a wrong length";
    if (in->bad)
        return kc_strdup("");
    char *text = kc_strndup((const char *)in->at, (size_t)len);
    in->at += len;
    return text;
}

/* A count of items of at least size bytes each; null is none. */
static int64_t get_count(struct input *in, size_t size)
{
    int64_t count = get_int(in, 4);
    if (!in->bad && (count < -1 || (count > 0 && left(in) / size < (size_t)count)))
        in->bad = "an array has a wrong length";
    return in->bad || count < 0 ? 0 : count;
}

static void get_tasks(struct input *in, const char *connector, struct kc_work *work)
{
    int64_t count = get_count(in, 4);
    struct kc_work tasks = {0};
    tasks.tasks = kc_calloc((size_t)count, sizeof(*tasks.tasks));
    tasks.task_cap = (size_t)count;
    for (int64_t i = 0; i < count && !in->bad; i++) {
        int task = (int)get_int(in, 4);
        if (task == CONNECTOR_TASK)
            kc_work_add_connector(work, connector);
        else if (task < 0)
            in->bad = "a task has a negative id";
        else
            tasks.tasks[tasks.task_count++] = (struct kc_work_task){kc_strdup(connector), task};
    }
    kc_work_add_all(work, &tasks);
    kc_work_clear(&tasks);
}

static void get_work(struct input *in, struct kc_work *work)
{
    int64_t count = get_count(in, 6);
    for (int64_t i = 0; i < count && !in->bad; i++) {
        char *connector = get_string(in);
        get_tasks(in, connector, work);
        free(connector);
    }
}

static struct kc_error *check(const struct input *in, const char *what)
{
    if (!in->bad)
        return NULL;
    return kc_error_new(KC_ERR_SCHEMA, "Can't read the %s of a member of the Connect group: %s",
                        what, in->bad);
}

static int16_t get_version(struct input *in)
{
    int64_t version = get_int(in, 2);
    if (!in->bad && version < 0)
        in->bad = "its version is negative";
    return (int16_t)version;
}

/* Later fields may be missing: an older version's bytes are read as well. */
struct kc_error *kc_assignment_decode(const void *data, size_t len,
                                      struct kc_assignment *assignment)
{
    struct input in = {data, (const unsigned char *)data + len, NULL};
    *assignment = (struct kc_assignment){0};
    assignment->version = get_version(&in);
    assignment->error = (int16_t)get_int(&in, 2);
    assignment->leader = get_string(&in);
    assignment->leader_url = get_string(&in);
    assignment->offset = get_int(&in, 8);
    if (!in.bad && left(&in) > 0)
        get_work(&in, &assignment->work);
    if (!in.bad && left(&in) > 0)
        get_work(&in, &assignment->revoked);
    if (!in.bad && left(&in) > 0)
        assignment->delay_ms = (int32_t)get_int(&in, 4);
    struct kc_error *err = check(&in, "assignment");
    if (err)
        kc_assignment_clear(assignment);
    return err;
}

static struct kc_error *get_allocation(struct input *in, struct kc_worker_state *state)
{
    int64_t size = get_int(in, 4);
    if (in->bad || size < 0)
        return NULL;
    if (left(in) < (size_t)size) {
        in->bad = "its allocation has a wrong length";
        return NULL;
    }
    const unsigned char *allocation = in->at;
    in->at += size;
    state->has_allocation = true;
    return kc_assignment_decode(allocation, (size_t)size, &state->allocation);
}

struct kc_error *kc_worker_state_decode(const void *data, size_t len, struct kc_worker_state *state)
{
    struct input in = {data, (const unsigned char *)data + len, NULL};
    struct kc_error *err = NULL;
    *state = (struct kc_worker_state){0};
    state->version = get_version(&in);
    state->url = get_string(&in);
    state->offset = get_int(&in, 8);
    if (!in.bad && left(&in) > 0)
        err = get_allocation(&in, state);
    state->native = !err && !in.bad && left(&in) >= 4 && get_int(&in, 4) == NATIVE_MARK;
    if (!err)
        err = check(&in, "metadata");
    if (err)
        kc_worker_state_clear(state);
    return err;
}

void kc_worker_state_clear(struct kc_worker_state *state)
{
    free(state->url);
    kc_assignment_clear(&state->allocation);
    *state = (struct kc_worker_state){0};
}
