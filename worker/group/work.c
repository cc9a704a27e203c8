/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of work items and assignments: see work.h. */
#include "group/work.h"

#include "connect/map.h"

#include <stdlib.h>
#include <string.h>

/* ---- an index for set operations, so that thousands of tasks stay linear ---- */

static struct kc_map *connector_index(const struct kc_work *work)
{
    struct kc_map *index = kc_map_new();
    for (size_t i = 0; i < work->connectors.count; i++)
        kc_map_set(index, work->connectors.items[i], NULL);
    return index;
}

/* The task's number is what follows the last dash, so no two tasks have the same key. */
static char *task_key(const struct kc_work_task *task)
{
    return kc_asprintf("%s-%d", task->connector, task->task);
}

static void index_add(struct kc_map *index, const struct kc_work_task *task)
{
    char *key = task_key(task);
    kc_map_set(index, key, NULL);
    free(key);
}

static bool index_has(const struct kc_map *index, const struct kc_work_task *task)
{
    char *key = task_key(task);
    bool found = kc_map_has(index, key);
    free(key);
    return found;
}

static struct kc_map *task_index(const struct kc_work *work)
{
    struct kc_map *index = kc_map_new();
    for (size_t i = 0; i < work->task_count; i++)
        index_add(index, &work->tasks[i]);
    return index;
}

/* ---- items ---- */

static void append_task(struct kc_work *work, const char *connector, int task)
{
    if (work->task_count == work->task_cap) {
        work->task_cap = work->task_cap ? work->task_cap * 2 : 8;
        work->tasks = kc_realloc(work->tasks, work->task_cap * sizeof(*work->tasks));
    }
    work->tasks[work->task_count++] = (struct kc_work_task){kc_strdup(connector), task};
}

void kc_work_add_connector(struct kc_work *work, const char *connector)
{
    if (!kc_work_has_connector(work, connector))
        kc_strings_add(&work->connectors, connector);
}

void kc_work_add_task(struct kc_work *work, const char *connector, int task)
{
    if (!kc_work_has_task(work, connector, task))
        append_task(work, connector, task);
}

bool kc_work_has_connector(const struct kc_work *work, const char *connector)
{
    return kc_strings_contain(&work->connectors, connector);
}

bool kc_work_has_task(const struct kc_work *work, const char *connector, int task)
{
    for (size_t i = 0; i < work->task_count; i++)
        if (work->tasks[i].task == task && strcmp(work->tasks[i].connector, connector) == 0)
            return true;
    return false;
}

bool kc_work_empty(const struct kc_work *work)
{
    return work->connectors.count == 0 && work->task_count == 0;
}

/* ---- set operations ---- */

void kc_work_add_all(struct kc_work *work, const struct kc_work *from)
{
    struct kc_map *connectors = connector_index(work);
    struct kc_map *tasks = task_index(work);
    for (size_t i = 0; i < from->connectors.count; i++) {
        if (kc_map_has(connectors, from->connectors.items[i]))
            continue;
        kc_map_set(connectors, from->connectors.items[i], NULL);
        kc_strings_add(&work->connectors, from->connectors.items[i]);
    }
    for (size_t i = 0; i < from->task_count; i++) {
        if (index_has(tasks, &from->tasks[i]))
            continue;
        index_add(tasks, &from->tasks[i]);
        append_task(work, from->tasks[i].connector, from->tasks[i].task);
    }
    kc_map_destroy(connectors);
    kc_map_destroy(tasks);
}

static void remove_connectors(struct kc_work *work, const struct kc_work *removed)
{
    struct kc_map *index = connector_index(removed);
    size_t kept = 0;
    for (size_t i = 0; i < work->connectors.count; i++) {
        if (kc_map_has(index, work->connectors.items[i]))
            free(work->connectors.items[i]);
        else
            work->connectors.items[kept++] = work->connectors.items[i];
    }
    work->connectors.count = kept;
    kc_map_destroy(index);
}

static void remove_tasks(struct kc_work *work, const struct kc_work *removed)
{
    struct kc_map *index = task_index(removed);
    size_t kept = 0;
    for (size_t i = 0; i < work->task_count; i++) {
        if (index_has(index, &work->tasks[i]))
            free(work->tasks[i].connector);
        else
            work->tasks[kept++] = work->tasks[i];
    }
    work->task_count = kept;
    kc_map_destroy(index);
}

void kc_work_remove_all(struct kc_work *work, const struct kc_work *removed)
{
    if (removed->connectors.count)
        remove_connectors(work, removed);
    if (removed->task_count)
        remove_tasks(work, removed);
}

void kc_work_copy(struct kc_work *to, const struct kc_work *from)
{
    struct kc_work copy = {0};
    kc_strings_copy(&copy.connectors, &from->connectors);
    for (size_t i = 0; i < from->task_count; i++)
        append_task(&copy, from->tasks[i].connector, from->tasks[i].task);
    kc_work_clear(to);
    *to = copy;
}

static int compare_tasks(const void *a, const void *b)
{
    const struct kc_work_task *left = a;
    const struct kc_work_task *right = b;
    int order = strcmp(left->connector, right->connector);
    return order ? order : (left->task > right->task) - (left->task < right->task);
}

void kc_work_sort(struct kc_work *work)
{
    kc_strings_sort(&work->connectors);
    if (work->task_count)
        qsort(work->tasks, work->task_count, sizeof(*work->tasks), compare_tasks);
}

bool kc_work_equal(const struct kc_work *a, const struct kc_work *b)
{
    if (a->connectors.count != b->connectors.count || a->task_count != b->task_count)
        return false;
    struct kc_work rest = {0};
    kc_work_copy(&rest, a);
    kc_work_remove_all(&rest, b);
    bool equal = kc_work_empty(&rest);
    kc_work_clear(&rest);
    return equal;
}

void kc_work_clear(struct kc_work *work)
{
    kc_strings_destroy(&work->connectors);
    for (size_t i = 0; i < work->task_count; i++)
        free(work->tasks[i].connector);
    free(work->tasks);
    *work = (struct kc_work){0};
}

char *kc_work_print(const struct kc_work *work)
{
    struct kc_str text = {0};
    kc_str_append(&text, "connectors [");
    for (size_t i = 0; i < work->connectors.count; i++)
        kc_str_appendf(&text, "%s%s", i ? ", " : "", work->connectors.items[i]);
    kc_str_append(&text, "], tasks [");
    for (size_t i = 0; i < work->task_count; i++)
        kc_str_appendf(&text, "%s%s-%d", i ? ", " : "", work->tasks[i].connector,
                       work->tasks[i].task);
    kc_str_append(&text, "]");
    return kc_str_take(&text);
}

/* ---- assignments ---- */

void kc_assignment_copy(struct kc_assignment *to, const struct kc_assignment *from)
{
    struct kc_assignment copy = {
        .version = from->version,
        .error = from->error,
        .leader = kc_strdup(from->leader),
        .leader_url = kc_strdup(from->leader_url),
        .offset = from->offset,
        .delay_ms = from->delay_ms,
    };
    kc_work_copy(&copy.work, &from->work);
    kc_work_copy(&copy.revoked, &from->revoked);
    kc_assignment_clear(to);
    *to = copy;
}

void kc_assignment_clear(struct kc_assignment *assignment)
{
    free(assignment->leader);
    free(assignment->leader_url);
    kc_work_clear(&assignment->work);
    kc_work_clear(&assignment->revoked);
    *assignment = (struct kc_assignment){0};
}
