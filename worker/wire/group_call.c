/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many groups in few round trips, see wire_groups.h.
 *
 * A call goes in rounds: find the coordinators of the open groups, send each its requests, read the
 * answers, and repeat for what failed retriably. Answers arrive on the loop thread and are read on
 * the caller's.
 */
#include "wire/wire_groups.h"

#include "connect/hash.h"
#include "connect/thread.h"
#include "wire/messages_group.h"
#include "wire/wire_client_priv.h"

#include <stdlib.h>
#include <string.h>

enum {
    KEYS_PER_REQUEST = 1000,     /* of FindCoordinator */
    GROUPS_PER_REQUEST = 250,    /* of OffsetFetch */
    WAVE = 1000,                 /* requests under way */
    COMMITS_PER_CONNECTION = 16, /* before another connection is worth having */
    COMMIT_CONNECTIONS = 48,
};

struct groups_part {
    const char *group;
    size_t index;        /* the caller's */
    int32_t coordinator; /* -1: not known */
    bool done;
    struct kc_error **error;
    UT_hash_handle hh;
};

struct groups_call {
    struct kc_wire_admin *admin;
    struct groups_part *parts;
    struct groups_part *by_name;
    size_t count;
    bool old; /* the brokers take one group at a time */
    int64_t deadline_ms;
    size_t per_request;
    void (*build)(struct groups_call *call, struct kc_wire_request *request,
                  struct groups_part **parts, size_t count);
    void (*take)(struct groups_call *call, const struct kc_wire_reply *reply,
                 struct groups_part **parts, size_t count);
    enum kc_api api;
    void *arg;
    kc_wire_group_visit visit;
};

/* ---- requests under way ---- */

struct wave {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    size_t open; /* guarded by mutex */
};

struct sent {
    struct wave *wave;
    struct groups_part **parts;
    size_t count;
    struct kc_wire_client *client;
    struct kc_wire_reply *reply;
};

static void wave_begin(struct wave *wave)
{
    *wave = (struct wave){.mutex = PTHREAD_MUTEX_INITIALIZER};
    kc_cond_init(&wave->cond);
}

static void wave_end(struct wave *wave)
{
    pthread_mutex_lock(&wave->mutex);
    while (wave->open > 0)
        kc_cond_wait_until(&wave->cond, &wave->mutex, INT64_MAX);
    pthread_mutex_unlock(&wave->mutex);
    pthread_cond_destroy(&wave->cond);
    pthread_mutex_destroy(&wave->mutex);
}

static void on_answer(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    struct sent *sent = arg;
    struct wave *wave = sent->wave;

    pthread_mutex_lock(&wave->mutex);
    sent->reply = reply;
    if (--wave->open == 0)
        pthread_cond_signal(&wave->cond);
    pthread_mutex_unlock(&wave->mutex);
}

static void send_one(struct groups_call *call, struct wave *wave, struct sent *sent,
                     struct kc_wire_request *request, kc_wire_done done)
{
    int64_t left = call->deadline_ms - kc_mono_ms();

    request->timeout_ms = (int32_t)(left > 0 ? left : 1);
    sent->wave = wave;
    sent->client = kc_wire_admin_client(call->admin);
    pthread_mutex_lock(&wave->mutex);
    wave->open++;
    pthread_mutex_unlock(&wave->mutex);
    kc_wire_send(sent->client, request, done, sent);
}

/* ---- results ---- */

static void part_result(struct groups_part *part, int16_t code, const char *message,
                        const char *what)
{
    kc_error_clear(part->error);
    part->done = !kc_kafka_error_retriable(code);
    if (code == KC_KAFKA_NOT_COORDINATOR || code == KC_KAFKA_COORDINATOR_NOT_AVAILABLE)
        part->coordinator = -1;
    if (code != KC_KAFKA_NONE)
        *part->error = kc_kafka_error_new(code, message, "%s of group %s", what, part->group);
}

static void parts_failed(struct groups_part **parts, size_t count, const struct kc_error *err)
{
    for (size_t i = 0; i < count; i++) {
        kc_error_clear(parts[i]->error);
        *parts[i]->error = kc_error_copy(err);
        parts[i]->done = !kc_error_retriable(err);
        parts[i]->coordinator = -1;
    }
}

static struct groups_part *find_part(struct groups_call *call, struct kc_wire_str name)
{
    struct groups_part *part = NULL;

    if (name.len >= 0)
        HASH_FIND(hh, call->by_name, name.data, (size_t)name.len, part);
    return part;
}

/* ---- coordinators ---- */

/* Loop thread: tells the client the brokers' addresses before requests are sent to them. */
static void on_found(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    struct sent *sent = arg;
    const struct kc_find_coordinator_response *response = reply->error ? NULL : reply->message;

    for (int32_t i = 0; response && i < response->coordinators.count; i++) {
        const struct kc_find_coordinator_response_coordinator *one =
            &response->coordinators.items[i];

        if (one->error_code == KC_KAFKA_NONE)
            kc_wire_hint_broker(sent->client, one->node_id, one->host.data, one->port, NULL);
    }
    on_answer(arg, request, reply);
}

static struct kc_wire_request *coordinators_request(struct groups_part **parts, size_t count)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_FIND_COORDINATOR);
    struct kc_find_coordinator_request *message = request->message;

    request->min_version = 4;
    KC_WIRE_LIST_NEW_OF(request->arena, &message->coordinator_keys, (int32_t)count);
    for (size_t i = 0; i < count; i++)
        message->coordinator_keys.items[i] = kc_wire_str_copy(request->arena, parts[i]->group);
    return request;
}

static void take_coordinators(struct groups_call *call, struct sent *sent)
{
    const struct kc_error *failed = sent->reply->error;
    const struct kc_find_coordinator_response *response = sent->reply->message;

    if (failed && kc_error_kafka_code(failed) == KC_KAFKA_UNSUPPORTED_VERSION)
        call->old = true;
    else if (failed)
        parts_failed(sent->parts, sent->count, failed);
    for (int32_t i = 0; !failed && i < response->coordinators.count; i++) {
        const struct kc_find_coordinator_response_coordinator *one =
            &response->coordinators.items[i];
        struct groups_part *part = find_part(call, one->key);

        if (part && one->error_code == KC_KAFKA_NONE)
            part->coordinator = one->node_id;
        else if (part)
            part_result(part, one->error_code, one->error_message.data, "finding the coordinator");
    }
    kc_wire_reply_unref(sent->reply);
}

static void find_coordinators(struct groups_call *call, struct groups_part **open, size_t count)
{
    struct groups_part **unknown = kc_calloc(count + 1, sizeof(struct groups_part *));
    struct sent *sent = kc_calloc(count / KEYS_PER_REQUEST + 2, sizeof(*sent));
    struct wave wave;
    size_t unknowns = 0, requests = 0;

    for (size_t i = 0; i < count; i++) {
        if (open[i]->coordinator < 0)
            unknown[unknowns++] = open[i];
    }
    wave_begin(&wave);
    for (size_t i = 0; i < unknowns && !call->old; i += KEYS_PER_REQUEST, requests++) {
        sent[requests].parts = unknown + i;
        sent[requests].count = unknowns - i < KEYS_PER_REQUEST ? unknowns - i : KEYS_PER_REQUEST;
        send_one(call, &wave, &sent[requests],
                 coordinators_request(sent[requests].parts, sent[requests].count), on_found);
    }
    wave_end(&wave);
    for (size_t i = 0; i < requests; i++)
        take_coordinators(call, &sent[i]);
    free(sent);
    free(unknown);
}

/* ---- rounds ---- */

static int by_coordinator(const void *a, const void *b)
{
    const struct groups_part *x = *(struct groups_part *const *)a,
                             *y = *(struct groups_part *const *)b;

    if (x->coordinator != y->coordinator)
        return x->coordinator < y->coordinator ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static bool sendable(const struct groups_call *call, const struct groups_part *part)
{
    return !part->done && (call->old || part->coordinator >= 0);
}

/* Parts from the first on that go into one request. */
static size_t cut(const struct groups_call *call, struct groups_part **parts, size_t count)
{
    size_t end = 1, most = call->old ? 1 : call->per_request;

    while (end < count && end < most && sendable(call, parts[end]) &&
           parts[end]->coordinator == parts[0]->coordinator)
        end++;
    return end;
}

/* Many commits use many connections, because a broker answers a connection's requests one after the
 * other, and since Kafka 4 holds each commit for some milliseconds to write several at once. */
static int channel_of(const struct groups_call *call, size_t number)
{
    size_t connections = call->count / COMMITS_PER_CONNECTION + 1;

    if (call->api != KC_API_OFFSET_COMMIT || connections == 1)
        return KC_WIRE_CHANNEL_MAIN;
    return KC_WIRE_CHANNEL_FETCH +
           (int)(number % (connections < COMMIT_CONNECTIONS ? connections : COMMIT_CONNECTIONS));
}

static void send_parts(struct groups_call *call, struct wave *wave, struct sent *sent,
                       size_t number)
{
    struct kc_wire_request *request = kc_wire_request_new(call->api);

    if (call->old) {
        request->target.kind = KC_WIRE_GROUP;
        request->target.key = kc_arena_strdup(request->arena, sent->parts[0]->group);
    } else {
        request->target.kind = KC_WIRE_BROKER;
        request->target.broker_id = sent->parts[0]->coordinator;
    }
    request->channel = channel_of(call, number);
    call->build(call, request, sent->parts, sent->count);
    send_one(call, wave, sent, request, on_answer);
}

static void take_answer(struct groups_call *call, struct sent *sent)
{
    const struct kc_error *failed = sent->reply->error;

    /* The coordinators may know KIP-699 but not KIP-709, although no release does. */
    if (failed && kc_error_kafka_code(failed) == KC_KAFKA_UNSUPPORTED_VERSION && !call->old)
        call->old = true;
    else if (failed)
        parts_failed(sent->parts, sent->count, failed);
    else
        call->take(call, sent->reply, sent->parts, sent->count);
    for (size_t i = 0; call->old && i < sent->count; i++) {
        if (!sent->parts[i]->done)
            kc_wire_forget_coordinator(sent->client, KC_WIRE_GROUP, sent->parts[i]->group);
    }
    kc_wire_reply_unref(sent->reply);
}

/* Sends to all that are open, so many requests at a time. */
static void run_round(struct groups_call *call, struct groups_part **open, size_t count)
{
    struct sent *sent = kc_calloc(WAVE, sizeof(*sent));
    size_t next = 0;

    qsort(open, count, sizeof(*open), by_coordinator);
    while (next < count) {
        struct wave wave;
        size_t requests = 0;

        wave_begin(&wave);
        while (next < count && requests < WAVE) {
            if (!sendable(call, open[next])) {
                next++;
                continue;
            }
            sent[requests] =
                (struct sent){.parts = open + next, .count = cut(call, open + next, count - next)};
            next += sent[requests].count;
            send_parts(call, &wave, &sent[requests], requests);
            requests++;
        }
        wave_end(&wave);
        for (size_t i = 0; i < requests; i++)
            take_answer(call, &sent[i]);
    }
    free(sent);
}

static size_t open_parts(struct groups_call *call, struct groups_part **open)
{
    size_t count = 0;

    for (size_t i = 0; i < call->count; i++) {
        if (!call->parts[i].done)
            open[count++] = &call->parts[i];
    }
    return count;
}

static void give_up(struct groups_part **open, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!*open[i]->error)
            *open[i]->error = kc_error_retriable_new(
                KC_ERR_TIMEOUT, "The coordinator of group %s has not answered in time",
                open[i]->group);
    }
}

static void run(struct groups_call *call)
{
    struct groups_part **open = kc_calloc(call->count + 1, sizeof(struct groups_part *));
    size_t count;

    for (int attempt = 0; (count = open_parts(call, open)) > 0; attempt++) {
        if (attempt > 0)
            wire_back_off(kc_wire_admin_client(call->admin), attempt - 1, call->deadline_ms);
        if (attempt > 0 && kc_mono_ms() >= call->deadline_ms)
            break;
        find_coordinators(call, open, count);
        run_round(call, open, count);
    }
    give_up(open, count);
    HASH_CLEAR(hh, call->by_name);
    free(open);
}

static void add_part(struct groups_call *call, const char *group, struct kc_error **error)
{
    struct groups_part *part = &call->parts[call->count];

    *error = NULL;
    *part = (struct groups_part){
        .group = group, .index = call->count++, .coordinator = -1, .error = error};
    HASH_ADD_KEYPTR(hh, call->by_name, part->group, strlen(part->group), part);
}

/* ---- OffsetFetch ---- */

static void build_fetch(struct groups_call *call, struct kc_wire_request *request,
                        struct groups_part **parts, size_t count)
{
    struct kc_offset_fetch_request *message = request->message;

    if (call->old) {
        message->topics.count = -1; /* all */
        message->group_id = kc_wire_str_copy(request->arena, parts[0]->group);
        request->min_version = 2;
        request->max_version = 7;
        return;
    }
    request->min_version = 8;
    KC_WIRE_LIST_NEW(request->arena, &message->groups, kc_offset_fetch_request_group,
                     (int32_t)count);
    for (size_t i = 0; i < count; i++) {
        message->groups.items[i].group_id = kc_wire_str_copy(request->arena, parts[i]->group);
        message->groups.items[i].topics.count = -1;
    }
}

static const char fetching[] = "reading the committed offsets";

static void take_old_fetch(struct groups_call *call,
                           const struct kc_offset_fetch_response *response,
                           struct groups_part *part)
{
    part_result(part, response->error_code, NULL, fetching);
    for (int32_t i = 0; !*part->error && i < response->topics.count; i++) {
        const struct kc_offset_fetch_response_topic *topic = &response->topics.items[i];

        for (int32_t j = 0; j < topic->partitions.count; j++) {
            const struct kc_offset_fetch_response_partition *one = &topic->partitions.items[j];
            struct kc_wire_group_offset offset = {topic->name.data, one->partition_index,
                                                  one->committed_offset, one->metadata.data};

            call->visit(call->arg, part->index, &offset);
        }
    }
}

static void take_group(struct groups_call *call, const struct kc_offset_fetch_response_group *group,
                       struct groups_part *part)
{
    part_result(part, group->error_code, NULL, fetching);
    for (int32_t i = 0; !*part->error && i < group->topics.count; i++) {
        const struct kc_offset_fetch_response_group_topic *topic = &group->topics.items[i];

        for (int32_t j = 0; j < topic->partitions.count; j++) {
            const struct kc_offset_fetch_response_group_topic_partition *one =
                &topic->partitions.items[j];
            struct kc_wire_group_offset offset = {topic->name.data, one->partition_index,
                                                  one->committed_offset, one->metadata.data};

            call->visit(call->arg, part->index, &offset);
        }
    }
}

static void take_fetch(struct groups_call *call, const struct kc_wire_reply *reply,
                       struct groups_part **parts, size_t count)
{
    const struct kc_offset_fetch_response *response = reply->message;

    if (reply->version < 8) {
        take_old_fetch(call, response, parts[0]);
        return;
    }
    for (int32_t i = 0; i < response->groups.count; i++) {
        struct groups_part *part = find_part(call, response->groups.items[i].group_id);

        if (part && !part->done)
            take_group(call, &response->groups.items[i], part);
    }
}

struct kc_error *kc_wire_groups_offsets(struct kc_wire_admin *admin, const char *const *groups,
                                        size_t count, kc_wire_group_visit visit, void *arg,
                                        int32_t timeout_ms, struct kc_error **errors)
{
    struct groups_call call = {
        .admin = admin,
        .parts = kc_calloc(count + 1, sizeof(*call.parts)),
        .deadline_ms = kc_mono_ms() + timeout_ms,
        .per_request = GROUPS_PER_REQUEST,
        .build = build_fetch,
        .take = take_fetch,
        .api = KC_API_OFFSET_FETCH,
        .arg = arg,
        .visit = visit,
    };

    for (size_t i = 0; i < count; i++)
        add_part(&call, groups[i], &errors[i]);
    run(&call);
    free(call.parts);
    return NULL;
}

/* ---- OffsetCommit ---- */

static int32_t count_topics(const struct kc_wire_group_commit *commit)
{
    int32_t topics = 0;

    for (size_t i = 0; i < commit->count; i++)
        topics += i == 0 || strcmp(commit->offsets[i].topic, commit->offsets[i - 1].topic) != 0;
    return topics;
}

static size_t topic_end(const struct kc_wire_group_commit *commit, size_t begin)
{
    size_t end = begin + 1;

    while (end < commit->count &&
           strcmp(commit->offsets[end].topic, commit->offsets[begin].topic) == 0)
        end++;
    return end;
}

static void build_commit(struct groups_call *call, struct kc_wire_request *request,
                         struct groups_part **parts, size_t count)
{
    const struct kc_wire_group_commit *commits = call->arg;
    const struct kc_wire_group_commit *commit = &commits[parts[0]->index];
    struct kc_offset_commit_request *message = request->message;

    message->group_id = kc_wire_str_copy(request->arena, commit->group);
    message->generation_id_or_member_epoch = -1;
    message->member_id = kc_wire_str("");
    KC_WIRE_LIST_NEW(request->arena, &message->topics, kc_offset_commit_request_topic,
                     count_topics(commit));
    struct kc_offset_commit_request_topic *topic = message->topics.items;
    for (size_t i = 0; i < commit->count; topic++) {
        size_t end = topic_end(commit, i);

        topic->name = kc_wire_str_copy(request->arena, commit->offsets[i].topic);
        KC_WIRE_LIST_NEW(request->arena, &topic->partitions, kc_offset_commit_request_partition,
                         (int32_t)(end - i));
        for (int32_t j = 0; i < end; i++, j++) {
            const struct kc_wire_group_offset *offset = &commit->offsets[i];

            topic->partitions.items[j].partition_index = offset->partition;
            topic->partitions.items[j].committed_offset = offset->offset;
            topic->partitions.items[j].committed_leader_epoch = -1;
            topic->partitions.items[j].committed_metadata =
                kc_wire_str_copy(request->arena, offset->metadata ? offset->metadata : "");
        }
    }
}

static void take_commit(struct groups_call *call, const struct kc_wire_reply *reply,
                        struct groups_part **parts, size_t count)
{
    const struct kc_offset_commit_response *response = reply->message;
    int16_t code = KC_KAFKA_NONE;

    for (int32_t i = 0; i < response->topics.count; i++) {
        const struct kc_offset_commit_response_topic *topic = &response->topics.items[i];

        for (int32_t j = 0; j < topic->partitions.count; j++) {
            if (code == KC_KAFKA_NONE)
                code = topic->partitions.items[j].error_code;
        }
    }
    part_result(parts[0], code, NULL, "committing offsets");
}

struct kc_error *kc_wire_groups_commit(struct kc_wire_admin *admin,
                                       const struct kc_wire_group_commit *commits, size_t count,
                                       int32_t timeout_ms, struct kc_error **errors)
{
    struct groups_call call = {
        .admin = admin,
        .parts = kc_calloc(count + 1, sizeof(*call.parts)),
        .deadline_ms = kc_mono_ms() + timeout_ms,
        .per_request = 1,
        .build = build_commit,
        .take = take_commit,
        .api = KC_API_OFFSET_COMMIT,
        .arg = (void *)commits,
    };

    for (size_t i = 0; i < count; i++)
        add_part(&call, commits[i].group, &errors[i]);
    run(&call);
    free(call.parts);
    return NULL;
}

/* ---- ListGroups ---- */

static struct kc_error *list_broker(struct kc_wire_admin *admin, int32_t broker_id,
                                    int64_t deadline_ms, kc_wire_group_seen seen, void *arg)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_LIST_GROUPS);
    struct kc_wire_reply *reply = NULL;

    request->target.kind = KC_WIRE_BROKER;
    request->target.broker_id = broker_id;
    struct kc_error *err = kc_wire_call(kc_wire_admin_client(admin), request, deadline_ms, &reply);
    if (err)
        return err;
    const struct kc_list_groups_response *response = reply->message;
    if (response->error_code != KC_KAFKA_NONE)
        err = kc_kafka_error_new(response->error_code, NULL, "listing the groups of broker %d",
                                 broker_id);
    for (int32_t i = 0; !err && i < response->groups.count; i++) {
        const struct kc_list_groups_response_group *group = &response->groups.items[i];

        seen(arg, group->group_id.data, group->protocol_type.data ? group->protocol_type.data : "",
             group->group_state.data ? group->group_state.data : "");
    }
    kc_wire_reply_unref(reply);
    return err;
}

struct kc_error *kc_wire_list_groups(struct kc_wire_admin *admin, kc_wire_group_seen seen,
                                     void *arg, int32_t timeout_ms)
{
    int64_t deadline = kc_mono_ms() + timeout_ms;
    struct kc_wire_cluster_info info;
    struct kc_error *err = kc_wire_describe_cluster(admin, timeout_ms, &info);

    if (err)
        return err;
    for (size_t i = 0; !err && i < info.broker_count; i++)
        err = list_broker(admin, info.brokers[i].id, deadline, seen, arg);
    kc_wire_cluster_info_destroy(&info);
    return err;
}
