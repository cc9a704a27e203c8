/* SPDX-License-Identifier: Apache-2.0 */
/* Questions for translated offsets, see translate_request.h. */
#include "mirror/translate_request.h"

#include "connect/log.h"
#include "mirror/offset_translator.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.OffsetSyncStore");

enum {
    READ_MS = 10000,
    ANSWER_MS = 60000, /* for all look-ups of a request */
    ONE_MS = 10000,    /* for one of them */
    ENDS_MS = 5000,
};

struct kc_translate_request {
    const struct kc_mirror_config *config;
    struct kc_offset_translator *translator;
    int64_t deadline;
};

static bool never(void *arg)
{
    return false;
}

/* ---- opening ---- */

static bool switched_off(const struct kc_map *properties)
{
    return strcmp(kc_map_get_or(properties, "emit.offset-syncs.enabled", "true"), "false") == 0;
}

/* Takes err. */
static struct kc_error *explain(const struct kc_mirror_config *config, struct kc_error *err)
{
    bool on_source = kc_mirror_offset_syncs_cluster(config) == KC_MIRROR_SOURCE;
    const char *cluster = on_source ? config->source : config->target;
    if (kc_error_kafka_code(err) != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        return kc_error_prefix(err, "Offsets can't be translated");
    char *topic = kc_mirror_offset_syncs_topic(config);
    struct kc_error *named = kc_error_new(
        KC_ERR_NOT_FOUND,
        "Offsets can't be translated: there is no offset-syncs topic %s on cluster %s. The flow's "
        "MirrorSourceConnector creates it when it first starts, with "
        "emit.offset-syncs.enabled=true: start it. If it runs already, give this connector the "
        "same source.cluster.alias, target.cluster.alias, offset-syncs.topic.location (here: %s) "
        "and replication policy, which make the topic's name and place",
        topic, cluster, on_source ? "source" : "target");
    free(topic);
    kc_error_destroy(err);
    return named;
}

struct kc_error *kc_translate_request_open(const struct kc_mirror_config *config,
                                           struct kc_translate_request **request)
{
    if (switched_off(config->properties))
        return kc_error_new(KC_ERR_BAD_REQUEST,
                            "Offsets can't be translated: emit.offset-syncs.enabled is false");
    struct kc_translate_request *made = kc_calloc(1, sizeof(*made));
    made->config = config;
    made->deadline = kc_mono_ms() + ANSWER_MS;
    struct kc_error *err = kc_offset_translator_new(config, &made->translator);
    if (!err) {
        kc_offset_translator_begin(made->translator, false);
        err = kc_offset_translator_read(made->translator, READ_MS, never, NULL);
    }
    if (err) {
        kc_translate_request_close(made);
        return explain(config, err);
    }
    *request = made;
    return NULL;
}

void kc_translate_request_close(struct kc_translate_request *request)
{
    if (!request)
        return;
    kc_offset_translator_destroy(request->translator);
    free(request);
}

/* ---- answering ---- */

/* NULL: there is nothing to say. Owned by the caller. */
static char *reason_of(const struct kc_translation *translation)
{
    if (translation->downstream == KC_NOT_TRANSLATED)
        return kc_strdup("nothing of the partition has been mirrored since the offset syncs and "
                         "the offset index begin");
    if (translation->downstream == KC_TOO_OLD)
        return kc_strdup("the offset is older than all offset syncs and the offset index, and its "
                         "record was not found on the target");
    if (translation->unmirrored)
        return kc_asprintf("the offset isn't mirrored yet: the mirror has come to offset %lld of "
                           "the source, and the translation is where that ends on the target",
                           (long long)translation->upstream);
    return NULL;
}

/* The policy has no name for the topic on the target. */
static struct kc_translation no_translation(void)
{
    return (struct kc_translation){.downstream = KC_NOT_TRANSLATED};
}

json_t *kc_translate_request_answer(struct kc_translate_request *request, const char *topic,
                                    int32_t partition, int64_t upstream)
{
    char *remote = kc_mirror_target_topic(request->config, topic);
    int64_t until = kc_mono_ms() + ONE_MS;
    if (until > request->deadline)
        until = request->deadline;
    struct kc_translation translation =
        remote ? kc_offset_translator_translate(request->translator, topic, remote, partition,
                                                upstream, -1, until > 0 ? until : 1)
               : no_translation();
    json_t *translated = translation.downstream < 0
                             ? json_null()
                             : json_pack("{s:s, s:i, s:I}", "topic", remote, "partition", partition,
                                         "offset", (json_int_t)translation.downstream);
    json_t *answer =
        json_pack("{s:s, s:i, s:I, s:o, s:s, s:b}", "topic", topic, "partition", partition,
                  "offset", (json_int_t)upstream, "translated", translated, "by",
                  kc_translated_by_name(translation.by), "exact", (int)translation.exact);
    char *reason = reason_of(&translation);
    if (reason)
        json_object_set_new(answer, "reason", json_string(reason));
    free(reason);
    free(remote);
    return answer;
}

/* ---- ends ---- */

static void take_back(json_t *answer, const rd_kafka_topic_partition_t *end)
{
    json_int_t offset =
        json_integer_value(json_object_get(json_object_get(answer, "translated"), "offset"));
    char *reason = kc_asprintf(
        "the translation, offset %lld of %s-%d, is behind the end of its log, %lld: either the "
        "topic was made again on the target and isn't mirrored anew, or another connector of the "
        "same target alias, but another source alias or replication policy, writes to the same "
        "offset-syncs topic",
        (long long)offset, end->topic, end->partition, (long long)end->offset);
    json_object_set_new(answer, "translated", json_null());
    json_object_set_new(answer, "by", json_string(kc_translated_by_name(KC_BY_NOTHING)));
    json_object_set_new(answer, "exact", json_false());
    json_object_set_new(answer, "reason", json_string(reason));
    kc_warn("%s-%lld was not translated: %s", json_string_value(json_object_get(answer, "topic")),
            (long long)json_integer_value(json_object_get(answer, "partition")), reason);
    free(reason);
}

/* The answer's entry in list; NULL: it has no translation, or isn't in the list. */
static rd_kafka_topic_partition_t *place_of(rd_kafka_topic_partition_list_t *list,
                                            const json_t *answer, bool add)
{
    const json_t *translated = json_object_get(answer, "translated");
    const char *topic = json_string_value(json_object_get(translated, "topic"));
    int32_t partition = (int32_t)json_integer_value(json_object_get(translated, "partition"));
    rd_kafka_topic_partition_t *place =
        topic ? rd_kafka_topic_partition_list_find(list, topic, partition) : NULL;
    return place || !topic || !add ? place
                                   : rd_kafka_topic_partition_list_add(list, topic, partition);
}

void kc_translate_request_check_ends(struct kc_translate_request *request, json_t *const *answers,
                                     size_t count)
{
    struct kc_admin *target = NULL;
    rd_kafka_topic_partition_list_t *ends = rd_kafka_topic_partition_list_new(16);
    for (size_t i = 0; i < count; i++)
        place_of(ends, answers[i], true);
    struct kc_error *err =
        kc_mirror_admin_new(request->config, KC_MIRROR_TARGET, "translate-target-admin", &target);
    if (!err)
        err = kc_admin_end_offsets(target, ends, ENDS_MS);
    if (err)
        kc_warn("Translations could not be compared with the end offsets on %s: %s",
                request->config->target, kc_error_text(err));
    for (size_t i = 0; !err && i < count; i++) {
        const rd_kafka_topic_partition_t *end = place_of(ends, answers[i], false);
        const json_t *offset = json_object_get(json_object_get(answers[i], "translated"), "offset");
        if (end && !end->err && end->offset >= 0 && json_integer_value(offset) > end->offset)
            take_back(answers[i], end);
    }
    kc_error_destroy(err);
    if (target)
        kc_admin_destroy(target);
    rd_kafka_topic_partition_list_destroy(ends);
}

/* ---- offsets by topic and partition ---- */

static json_t *answer_all(struct kc_translate_request *request, const json_t *offsets)
{
    size_t count = json_array_size(offsets);
    json_t **answers = kc_calloc(count + 1, sizeof(json_t *)), *list = json_array();
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(offsets, i);
        answers[i] = kc_translate_request_answer(
            request, json_string_value(json_object_get(item, "topic")),
            (int32_t)json_integer_value(json_object_get(item, "partition")),
            json_integer_value(json_object_get(item, "offset")));
        json_array_append_new(list, answers[i]);
    }
    kc_translate_request_check_ends(request, answers, count);
    free(answers);
    return json_pack("{s:s, s:s, s:o}", "source", request->config->source, "target",
                     request->config->target, "translations", list);
}

struct kc_error *kc_mirror_translate(const struct kc_plugin *plugin, const struct kc_map *config,
                                     const json_t *offsets, json_t **answer)
{
    struct kc_mirror_config *parsed = NULL;
    struct kc_translate_request *request = NULL;
    struct kc_error *err = kc_mirror_config_new(plugin, config, false, &parsed);
    if (!err)
        err = kc_translate_request_open(parsed, &request);
    if (request)
        *answer = answer_all(request, offsets);
    kc_translate_request_close(request);
    kc_mirror_config_destroy(parsed);
    return err;
}
