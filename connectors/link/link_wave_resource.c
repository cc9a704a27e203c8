/* SPDX-License-Identifier: Apache-2.0 */
/* Waves on REST: see link_wave_priv.h. On the connector's thread. */
#include "link/link_resource_priv.h"
#include "link/link_view_priv.h"
#include "link/link_wave_priv.h"
#include "link/link_writers_priv.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_BATCHES = 1000 };

#define REFUSE(...) return kc_error_new(KC_ERR_BAD_REQUEST, __VA_ARGS__)

/* ---- manifests ---- */

typedef struct kc_error *(*take_name)(const json_t *value, const char *what, const char **name);

/* A list of names; one that stands in the wave already is an error. */
static struct kc_error *parse_names(const json_t *list, const char *what, take_name take,
                                    struct kc_map *seen, struct kc_strings *names)
{
    struct kc_error *err = NULL;
    if (!json_is_array(list))
        REFUSE("%s: must be an array of names", what);
    for (size_t i = 0; i < json_array_size(list) && !err; i++) {
        const char *name = NULL;
        char *place = kc_asprintf("%s[%zu]", what, i);
        err = take(json_array_get(list, i), place, &name);
        if (!err && kc_map_has(seen, name))
            err = kc_error_new(KC_ERR_BAD_REQUEST, "%s: %s stands in the wave twice", place, name);
        else if (!err && kc_map_size(seen) >= LINK_ASK_MAX_NAMES)
            err = kc_error_new(KC_ERR_BAD_REQUEST, "%s: a wave may have %d names", place,
                               LINK_ASK_MAX_NAMES);
        if (!err) {
            kc_map_set(seen, name, NULL);
            kc_strings_add(names, name);
        }
        free(place);
    }
    return err;
}

/* What a manifest has seen so far; topics and groups may have the same names. */
struct manifest {
    struct kc_map *topics;
    struct kc_map *groups;
};

static struct kc_error *parse_batch(const json_t *json, size_t index, struct manifest *manifest,
                                    struct kc_link_wave_batch *batch)
{
    const char *key = NULL;
    json_t *value = NULL;
    struct kc_error *err = NULL;
    if (!json_is_object(json))
        REFUSE("batches[%zu]: must be an object with topics and groups", index);
    json_object_foreach ((json_t *)json, key, value) {
        char *what = kc_asprintf("batches[%zu].%s", index, key);
        if (strcmp(key, "topics") == 0)
            err = parse_names(value, what, link_ask_topic_name, manifest->topics, &batch->topics);
        else if (strcmp(key, "groups") == 0)
            err = parse_names(value, what, link_ask_group_name, manifest->groups, &batch->groups);
        else
            err = kc_error_new(KC_ERR_BAD_REQUEST,
                               "%s: a batch has no such field. It has topics and groups", what);
        free(what);
        if (err)
            return err;
    }
    if (!batch->topics.count && !batch->groups.count)
        REFUSE("batches[%zu]: names neither a topic nor a group", index);
    return NULL;
}

static struct kc_error *parse_batches(const json_t *list, struct kc_link_wave *wave)
{
    size_t count = json_array_size(list);
    struct kc_error *err = NULL;
    if (!json_is_array(list) || count == 0 || count > MOST_BATCHES)
        REFUSE("batches: must be an array of 1 to %d batches", MOST_BATCHES);
    struct manifest manifest = {kc_map_new(), kc_map_new()};
    wave->batches = kc_calloc(count, sizeof(*wave->batches));
    wave->batch_count = count;
    for (size_t i = 0; i < count && !err; i++)
        err = parse_batch(json_array_get(list, i), i, &manifest, &wave->batches[i]);
    kc_map_destroy(manifest.topics);
    kc_map_destroy(manifest.groups);
    return err;
}

static struct kc_error *parse_flag(const json_t *value, const char *key, bool *flag)
{
    if (!json_is_boolean(value))
        REFUSE("%s: must be true or false", key);
    *flag = json_is_true(value);
    return NULL;
}

static struct kc_error *parse_field(const char *key, const json_t *value, char **name,
                                    struct kc_link_wave *wave, bool *dry_run)
{
    const char *text = NULL;
    if (strcmp(key, "wave_name") == 0) {
        struct kc_error *err = link_ask_topic_name(value, key, &text);
        free(*name);
        *name = kc_strdup(text);
        return err;
    }
    if (strcmp(key, "batches") == 0)
        return parse_batches(value, wave);
    if (strcmp(key, "force") == 0)
        return parse_flag(value, key, &wave->force);
    if (strcmp(key, "dry_run") == 0)
        return parse_flag(value, key, dry_run);
    if (strcmp(key, "max_pause_ms") != 0)
        REFUSE("%s: a wave has no such field. It has wave_name, batches, force, max_pause_ms, "
               "dry_run",
               key);
    return link_ask_pause(value, key, &wave->max_pause_ms);
}

struct kc_error *link_wave_parse(const json_t *body, char **name, struct kc_link_wave *wave,
                                 bool *dry_run)
{
    const char *key = NULL;
    json_t *value = NULL;
    struct kc_error *err = NULL;
    *wave = (struct kc_link_wave){.state = KC_LINK_WAVE_PLANNED,
                                  .epoch = 1,
                                  .since_ms = kc_now_ms(),
                                  .reason = kc_strdup("Not started yet"),
                                  .by = kc_strdup("rest")};
    *name = NULL;
    *dry_run = false;
    if (!json_is_object(body))
        err = kc_error_new(KC_ERR_BAD_REQUEST, "The body must be an object with wave_name and "
                                               "batches");
    json_object_foreach ((json_t *)body, key, value) {
        if (!err)
            err = parse_field(key, value, name, wave, dry_run);
    }
    if (!err && !*name)
        err = kc_error_new(KC_ERR_BAD_REQUEST, "wave_name: is missing");
    if (!err && !wave->batch_count)
        err = kc_error_new(KC_ERR_BAD_REQUEST, "batches: is missing");
    if (err) {
        kc_link_wave_clear(wave);
        free(*name);
        *name = NULL;
    }
    return err;
}

/* ---- views ---- */

static json_t *view_wave(struct link_control *control, const char *name)
{
    json_t *value = link_store_get(control->store, KC_LINK_WAVE, name);
    json_t *view = json_is_object(value) ? json_copy(value) : NULL;
    if (view)
        json_object_set_new(view, "wave_name", json_string(name));
    json_decref(value);
    return view;
}

void link_get_waves(void *connector, struct kc_resource_request *request)
{
    struct kc_strings names = {0};
    struct link_control *control = link_resource_control(connector, request);
    if (!control)
        return;
    json_t *list = json_array();
    link_store_names(control->store, KC_LINK_WAVE, &names);
    for (size_t i = 0; i < names.count; i++) {
        json_t *view = view_wave(control, names.items[i]);
        if (view)
            json_array_append_new(list, view);
    }
    kc_strings_destroy(&names);
    kc_resource_answer_json(request, 200, list);
}

void link_get_wave(void *connector, struct kc_resource_request *request)
{
    struct link_control *control = link_resource_control(connector, request);
    if (!control)
        return;
    json_t *view = view_wave(control, kc_resource_param(request, 0));
    if (view)
        kc_resource_answer_json(request, 200, view);
    else
        kc_resource_answer_status(request, 404, "Link %s has no wave %s", control->config->name,
                                  kc_resource_param(request, 0));
}

/* ---- new waves ---- */

static bool knows(struct link_control *control, enum kc_link_resource resource, const char *name)
{
    json_t *order = link_store_get(control->store, resource, name);
    json_decref(order);
    return order != NULL;
}

/* Names that the link doesn't mirror. */
static void block_unknown(struct link_control *control, const struct kc_link_wave *wave,
                          struct link_outcome *outcome)
{
    for (size_t i = 0; i < wave->batch_count; i++) {
        const struct kc_link_wave_batch *batch = &wave->batches[i];
        for (size_t k = 0; k < batch->topics.count; k++)
            if (!knows(control, KC_LINK_TOPIC_ORDER, batch->topics.items[k]))
                link_outcome_block(outcome, "NOT_MIRRORED", false,
                                   "Link %s has no mirror topic %s (batch %zu). Create it first",
                                   control->config->name, batch->topics.items[k], i);
        for (size_t k = 0; k < batch->groups.count; k++)
            if (!knows(control, KC_LINK_GROUP_ORDER, batch->groups.items[k]))
                link_outcome_block(outcome, "NOT_MIRRORED", false,
                                   "Link %s has no mirror group %s (batch %zu). Register it first",
                                   control->config->name, batch->groups.items[k], i);
    }
}

/* A wave that runs isn't replaced. Holds the lock of orders. */
static void block_running(struct link_control *control, const char *name, struct kc_link_wave *wave,
                          struct link_outcome *outcome)
{
    struct kc_link_wave former = {0};
    struct kc_error *err = link_wave_load(control, name, &former);
    if (!err && former.state == KC_LINK_WAVE_RUNNING)
        link_outcome_block(outcome, "WAVE_RUNS", false,
                           "Wave %s runs. Stop it before it is replaced", name);
    if (!err)
        wave->epoch = former.epoch + 1;
    kc_error_destroy(err);
    kc_link_wave_clear(&former);
}

static struct kc_error *store_wave(struct link_control *control, const char *name,
                                   struct kc_link_wave *wave, const struct link_request *how,
                                   struct link_outcome *outcome)
{
    struct kc_error *err = NULL;
    block_unknown(control, wave, outcome);
    if (!link_outcome_blocked(outcome))
        err = link_writers_check(control, wave, outcome);
    pthread_mutex_lock(&control->ordering);
    block_running(control, name, wave, outcome);
    if (!err && link_outcome_settle(outcome, how))
        err = link_wave_save(control, name, wave);
    pthread_mutex_unlock(&control->ordering);
    return err;
}

static void answer_wave(struct kc_resource_request *request, struct link_control *control,
                        const char *name, const struct kc_link_wave *wave,
                        const struct link_outcomes *outcomes, bool dry_run)
{
    json_t *item = kc_link_wave_json(wave);
    json_object_set_new(item, "wave_name", json_string(name));
    link_view_outcome(item, &outcomes->items[0]);
    link_resource_answer(request, outcomes, dry_run, "waves", json_pack("[o]", item));
}

void link_post_waves(void *connector, struct kc_resource_request *request)
{
    json_t *body = NULL;
    char *name = NULL;
    struct kc_link_wave wave = {0};
    struct link_outcomes outcomes = {0};
    struct link_request how = {.by = "rest"};
    struct link_control *control = link_resource_control(connector, request);
    if (!control)
        return;
    struct kc_error *err = kc_resource_json(request, &body);
    if (!err)
        err = link_wave_parse(body, &name, &wave, &how.dry_run);
    if (err) {
        kc_resource_answer_status(request, 400, "%s", kc_error_text(err));
        kc_error_destroy(err);
    } else {
        how.dry_run = how.dry_run || link_resource_is_dry(request);
        err = store_wave(control, name, &wave, &how, link_outcomes_add(&outcomes, name));
        if (err)
            kc_resource_answer_error(request, err);
        else
            answer_wave(request, control, name, &wave, &outcomes, how.dry_run);
    }
    json_decref(body);
    free(name);
    link_outcomes_clear(&outcomes);
    kc_link_wave_clear(&wave);
}

/* ---- verbs ---- */

static void move_waves(void *connector, struct kc_resource_request *request,
                       enum kc_link_wave_state state)
{
    struct link_ask ask;
    struct link_outcomes outcomes = {0};
    struct link_control *control = link_resource_control(connector, request);
    if (!control || !link_resource_ask(request, LINK_ASK_WAVES, &ask))
        return;
    const struct link_request how = {.by = "rest", .dry_run = ask.dry_run, .force = ask.force};
    json_t *list = json_array();
    for (size_t i = 0; i < ask.names.count; i++) {
        const char *name = ask.names.items[i];
        struct link_outcome *outcome = link_outcomes_add(&outcomes, name);
        struct kc_error *err = link_wave_move(control, name, state, &how);
        if (err)
            link_outcome_refuse(outcome,
                                kc_error_code(err) == KC_ERR_NOT_FOUND  ? 404
                                : kc_error_code(err) == KC_ERR_CONFLICT ? 409
                                                                        : 503,
                                "%s", kc_error_text(err));
        else
            outcome->status = ask.dry_run ? 200 : 202;
        kc_error_destroy(err);
        json_t *item = view_wave(control, name);
        item = item ? item : json_pack("{s:s}", "wave_name", name);
        link_view_outcome(item, outcome);
        json_array_append_new(list, item);
    }
    link_resource_answer(request, &outcomes, ask.dry_run, "waves", list);
    link_outcomes_clear(&outcomes);
    link_ask_clear(&ask);
}

void link_post_waves_start(void *connector, struct kc_resource_request *request)
{
    move_waves(connector, request, KC_LINK_WAVE_RUNNING);
}

void link_post_waves_stop(void *connector, struct kc_resource_request *request)
{
    move_waves(connector, request, KC_LINK_WAVE_STOPPED);
}

void link_delete_wave(void *connector, struct kc_resource_request *request)
{
    struct kc_link_wave wave = {0};
    const char *name = kc_resource_param(request, 0);
    struct link_change change = {KC_LINK_WAVE, name, NULL};
    struct link_control *control = link_resource_control(connector, request);
    if (!control)
        return;
    pthread_mutex_lock(&control->ordering);
    struct kc_error *err = link_wave_load(control, name, &wave);
    if (!err && wave.state == KC_LINK_WAVE_RUNNING)
        err = kc_error_new(KC_ERR_CONFLICT, "Wave %s runs. Stop it first", name);
    if (!err)
        err = link_store_put(control->store, &change, 1, 15000);
    pthread_mutex_unlock(&control->ordering);
    kc_link_wave_clear(&wave);
    if (err)
        kc_resource_answer_error(request, err);
    else
        kc_resource_answer_empty(request, 204);
}
