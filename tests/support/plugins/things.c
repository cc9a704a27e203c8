/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin with a REST resource, and with memberships in groups, built outside the worker:
 *
 *     cc -shared -fPIC -I<prefix>/include things.c -o things.so
 *
 * Each ThingConnector answers under /things. With group.bootstrap.servers it holds a group: as the
 * leader of a classic one (hold.group) it gives all partitions of hold.topic to itself, so that
 * consumers wait; in a KIP-848 one (crowd.group) it has as many members as there are partitions.
 * POST /things/NAME/hold:release commits hold.offset for every partition and leaves.
 */
#include "connect/group.h"
#include "connect/plugin.h"
#include "connect/resource.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_PARTITIONS 16
#define PATIENCE_MS     20000

struct thing {
    struct kc_connector_context *context;
    struct kc_map *config;
    struct kc_group_client *client;
    struct kc_group_member *member;
    struct kc_group_crowd *crowd;
    pthread_t thread;
    bool polled;
    atomic_bool over, release;
    atomic_int generation, waiting; /* members that were given nothing */
    struct kc_error *released;      /* why the release failed; read when the thread has ended */
};

static int number(const struct thing *thing, const char *key)
{
    return atoi(kc_map_get_or(thing->config, key, "0"));
}

/* hold.partitions partitions of hold.topic, at hold.offset. */
static size_t list_offsets(const struct thing *thing, struct kc_group_offset *offsets)
{
    int count = number(thing, "hold.partitions");
    for (int i = 0; i < count && i < MOST_PARTITIONS; i++)
        offsets[i] = (struct kc_group_offset){kc_map_get(thing->config, "hold.topic"), i,
                                              number(thing, "hold.offset"), "held"};
    return (size_t)(count < MOST_PARTITIONS ? count : MOST_PARTITIONS);
}

/* ---- a classic group ---- */

static struct kc_error *deal(void *opaque, struct kc_group_round *round)
{
    struct thing *thing = opaque;
    struct kc_group_offset offsets[MOST_PARTITIONS];
    struct kc_str all = {0}, nothing = {0};
    kc_group_assignment_encode(&all, offsets, list_offsets(thing, offsets));
    kc_group_assignment_encode(&nothing, NULL, 0);
    for (size_t i = 0; i < kc_group_round_count(round); i++) {
        const struct kc_str *given = kc_group_round_is_self(round, i) ? &all : &nothing;
        kc_group_round_give(round, i, given->data, given->len);
    }
    atomic_store(&thing->waiting, (int)kc_group_round_count(round) - 1);
    kc_str_destroy(&all);
    kc_str_destroy(&nothing);
    return NULL;
}

static void on_assigned(void *opaque, const struct kc_group_assigned *assigned)
{
    atomic_store(&((struct thing *)opaque)->generation, assigned->generation);
}

static struct kc_error *commit(struct thing *thing)
{
    struct kc_group_offset offsets[MOST_PARTITIONS];
    size_t count = list_offsets(thing, offsets);
    return thing->member
               ? kc_group_member_commit(thing->member, offsets, count, PATIENCE_MS, NULL)
               : kc_group_crowd_commit(thing->crowd, NULL, offsets, count, PATIENCE_MS, NULL);
}

static void *hold(void *arg)
{
    struct thing *thing = arg;
    while (!atomic_load(&thing->over) && !atomic_load(&thing->release))
        kc_error_destroy(kc_group_member_poll(thing->member, 100));
    if (!atomic_load(&thing->release))
        return NULL;
    thing->released = commit(thing);
    if (!thing->released)
        kc_group_member_leave(thing->member, "released");
    return NULL;
}

static struct kc_error *join_group(struct thing *thing, const char *group)
{
    struct kc_strings topics = {0};
    struct kc_str metadata = {0};
    kc_strings_add(&topics, kc_map_get(thing->config, "hold.topic"));
    kc_group_subscription_encode(&metadata, &topics);
    const struct kc_group_protocol protocols[] = {{"range", metadata.data, metadata.len},
                                                  {"roundrobin", metadata.data, metadata.len}};
    const struct kc_group_member_settings settings = {
        KC_GROUP_SIZE(settings), .group = group,      .instance_id = "holder",
        .protocols = protocols,  .protocol_count = 2, .heartbeat_interval_ms = 500,
    };
    const struct kc_group_member_ops ops = {
        .size = sizeof(ops), .assign = deal, .assigned = on_assigned};
    struct kc_error *err =
        kc_group_member_new(thing->client, &settings, &ops, thing, &thing->member);
    kc_strings_destroy(&topics);
    kc_str_destroy(&metadata);
    thing->polled = !err && pthread_create(&thing->thread, NULL, hold, thing) == 0;
    return err;
}

/* ---- a group of KIP-848 ---- */

static struct kc_error *join_crowd(struct thing *thing, const char *group)
{
    struct kc_strings topics = {0};
    kc_strings_add(&topics, kc_map_get(thing->config, "hold.topic"));
    const struct kc_group_crowd_settings settings = {KC_GROUP_SIZE(settings), .group = group,
                                                     .topics = &topics, .assignor = "range"};
    struct kc_error *err = kc_group_crowd_new(thing->client, &settings, &thing->crowd);
    kc_strings_destroy(&topics);
    for (int i = 0; !err && i < number(thing, "hold.partitions"); i++) {
        char id[32];
        snprintf(id, sizeof(id), "!thing-%03d", i);
        kc_group_crowd_add(thing->crowd, id, 0);
    }
    return err;
}

struct tally {
    int members; /* that have a partition */
    int epoch;   /* the highest */
};

static void count(void *arg, const struct kc_crowd_member *member)
{
    struct tally *tally = arg;
    tally->members += member->state == KC_CROWD_MEMBER && member->partitions == 1;
    tally->epoch = member->epoch > tally->epoch ? member->epoch : tally->epoch;
}

/* ---- the connector ---- */

static void *thing_create(struct kc_connector_context *context)
{
    struct thing *thing = kc_calloc(1, sizeof(*thing));
    thing->context = context;
    return thing;
}

static struct kc_error *thing_start(void *connector, const struct kc_map *config)
{
    struct thing *thing = connector;
    const char *servers = kc_map_get(config, "group.bootstrap.servers");
    const char *group = kc_map_get(config, "hold.group");
    const char *crowd = kc_map_get(config, "crowd.group");
    thing->config = kc_map_copy(config);
    if (!servers)
        return NULL;
    struct kc_map *client = kc_map_new();
    kc_map_set(client, "bootstrap.servers", servers);
    struct kc_error *err = kc_group_client_new(client, "things", &thing->client);
    kc_map_destroy(client);
    if (!err && group)
        err = join_group(thing, group);
    if (!err && crowd)
        err = join_crowd(thing, crowd);
    return err;
}

static void thing_stop(void *connector)
{
    struct thing *thing = connector;
    atomic_store(&thing->over, true);
    if (thing->polled)
        pthread_join(thing->thread, NULL);
    kc_group_member_destroy(thing->member);
    kc_group_crowd_destroy(thing->crowd);
    kc_group_client_destroy(thing->client);
    kc_error_destroy(thing->released);
    kc_map_destroy(thing->config);
    *thing = (struct thing){.context = thing->context};
}

static struct kc_error *thing_task_configs(void *connector, int max_tasks, struct kc_maps *configs)
{
    return NULL; /* no tasks */
}

/* ---- the resource ---- */

static void get_thing(void *connector, struct kc_resource_request *request)
{
    struct thing *thing = connector;
    struct tally tally = {0};
    if (thing->crowd)
        kc_group_crowd_each(thing->crowd, count, &tally);
    kc_resource_answer_json(request, 200,
                            json_pack("{s:s, s:i, s:i, s:i, s:i, s:i}", "thing_name",
                                      kc_resource_connector(request), "process", (int)getpid(),
                                      "generation", atomic_load(&thing->generation), "waiting",
                                      atomic_load(&thing->waiting), "members", tally.members,
                                      "epoch", tally.epoch));
}

static void add_part(void *connector, struct kc_resource_request *request)
{
    json_t *body = NULL;
    struct kc_error *err = kc_resource_json(request, &body);
    if (err) {
        kc_resource_answer_error(request, err);
        return;
    }
    const char *color = kc_resource_query(request, "color", 0);
    kc_resource_answer_json(request, 201,
                            json_pack("{s:o?, s:s?, s:s?}", "part", body, "color", color, "note",
                                      kc_resource_header(request, "x-note")));
    kc_resource_answer_header(request, "X-Made-By", "things");
}

static void remove_part(void *connector, struct kc_resource_request *request)
{
    kc_resource_answer_status(request, strcmp(kc_resource_param(request, 0), "9") ? 200 : 404,
                              "part %s", kc_resource_param(request, 0));
}

static void get_picture(void *connector, struct kc_resource_request *request)
{
    kc_resource_answer_bytes(request, 200, "image/png", "\x89PNG\0\1\2", 7);
    kc_resource_answer_header(request, "ETag", "\"v1\"");
    kc_resource_answer_header(request, "Cache-Control", "max-age=60");
}

static void release(void *connector, struct kc_resource_request *request)
{
    struct thing *thing = connector;
    struct kc_error *err = NULL;
    if (thing->crowd) {
        err = commit(thing);
        if (!err)
            err = kc_group_crowd_leave(thing->crowd, PATIENCE_MS);
    } else if (thing->polled) {
        atomic_store(&thing->release, true);
        kc_group_member_wakeup(thing->member);
        pthread_join(thing->thread, NULL);
        thing->polled = false;
        err = thing->released;
        thing->released = NULL;
    }
    if (err)
        kc_resource_answer_error(request, err);
}

static const struct kc_resource_route routes[] = {
    {"GET", "", KC_RESOURCE_ALL, get_thing}, {"POST", "/parts", KC_RESOURCE_BODY, add_part},
    {"DELETE", "/parts/{}", 0, remove_part}, {"GET", "/picture", KC_RESOURCE_BYTES, get_picture},
    {"POST", "/hold:release", 0, release},
};

static const struct kc_resource resource = {
    .size = sizeof(resource),
    .prefix = "/things",
    .name_field = "thing_name",
    .routes = routes,
    .route_count = sizeof(routes) / sizeof(routes[0]),
};

/* ---- the plugin ---- */

static const struct kc_connector_ops connector_ops = {
    .create = thing_create,
    .start = thing_start,
    .stop = thing_stop,
    .destroy = free,
    .task_configs = thing_task_configs,
};

static void *task_create(struct kc_source_context *context)
{
    return kc_calloc(1, 1);
}

static struct kc_error *task_start(void *task, const struct kc_map *config)
{
    return NULL;
}

static struct kc_error *task_poll(void *task, struct kc_batch **batch)
{
    *batch = NULL;
    return NULL;
}

static void task_stop(void *task)
{
}

static const struct kc_source_task_ops task_ops = {
    .create = task_create,
    .start = task_start,
    .poll = task_poll,
    .stop = task_stop,
    .destroy = free,
};

static const struct kc_plugin plugin = {
    KC_PLUGIN_HEAD,
    .kind = KC_PLUGIN_SOURCE,
    .class_name = "org.example.ThingConnector",
    .task_class = "org.example.ThingTask",
    .version = "1.0",
    .connector = &connector_ops,
    .source_task = &task_ops,
    .resource = &resource,
};

const struct kc_plugin *const kc_plugins[] = {&plugin, NULL};
