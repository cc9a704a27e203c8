/* SPDX-License-Identifier: Apache-2.0 */
/* Questions for translated offsets, see translate_request.h. */
#include "common/translate_request.h"

#include "common/offset_translator.h"

#include <stdlib.h>
#include <string.h>

enum {
    READ_MS = 10000,
    ANSWER_MS = 60000, /* for all look-ups of a request */
    ONE_MS = 10000,    /* for one of them */
};

static bool never(void *arg)
{
    return false;
}

static const char *why_none(const struct kc_translation *translation)
{
    if (translation->downstream == KC_NOT_TRANSLATED)
        return "nothing of the partition has been mirrored since the offset syncs and the offset "
               "index begin";
    if (translation->downstream == KC_TOO_OLD)
        return "the offset is older than all offset syncs and the offset index, and its record was "
               "not found on the target";
    return NULL;
}

/* The policy has no name for the topic on the target. */
static struct kc_translation no_translation(void)
{
    return (struct kc_translation){.downstream = KC_NOT_TRANSLATED};
}

static json_t *answer_one(struct kc_offset_translator *translator,
                          const struct kc_mirror_config *config, const json_t *item,
                          int64_t deadline)
{
    const char *topic = json_string_value(json_object_get(item, "topic"));
    int32_t partition = (int32_t)json_integer_value(json_object_get(item, "partition"));
    int64_t upstream = json_integer_value(json_object_get(item, "offset"));
    char *remote = kc_mirror_target_topic(config, topic);
    int64_t now = kc_mono_ms(), until = now + ONE_MS < deadline ? now + ONE_MS : deadline;
    struct kc_translation translation =
        remote ? kc_offset_translator_translate(translator, topic, remote, partition, upstream, -1,
                                                until > 0 ? until : 1)
               : no_translation();
    json_t *translated = translation.downstream < 0
                             ? json_null()
                             : json_pack("{s:s, s:i, s:I}", "topic", remote, "partition", partition,
                                         "offset", (json_int_t)translation.downstream);
    json_t *answer =
        json_pack("{s:s, s:i, s:I, s:o, s:s, s:b}", "topic", topic, "partition", partition,
                  "offset", (json_int_t)upstream, "translated", translated, "by",
                  kc_translated_by_name(translation.by), "exact", (int)translation.exact);
    if (translation.downstream < 0)
        json_object_set_new(answer, "reason", json_string(why_none(&translation)));
    free(remote);
    return answer;
}

static json_t *answer_all(struct kc_offset_translator *translator,
                          const struct kc_mirror_config *config, const json_t *offsets)
{
    json_t *answers = json_array(), *item;
    int64_t deadline = kc_mono_ms() + ANSWER_MS;
    size_t i;
    json_array_foreach (offsets, i, item)
        json_array_append_new(answers, answer_one(translator, config, item, deadline));
    return json_pack("{s:s, s:s, s:o}", "source", config->source, "target", config->target,
                     "translations", answers);
}

static bool switched_off(const struct kc_map *properties)
{
    return strcmp(kc_map_get_or(properties, "emit.offset-syncs.enabled", "true"), "false") == 0;
}

struct kc_error *kc_mirror_translate(const struct kc_plugin *plugin, const struct kc_map *config,
                                     const json_t *offsets, json_t **answer)
{
    struct kc_mirror_config *parsed = NULL;
    struct kc_offset_translator *translator = NULL;
    if (switched_off(config))
        return kc_error_new(KC_ERR_BAD_REQUEST,
                            "Offsets can't be translated: emit.offset-syncs.enabled is false");
    struct kc_error *err = kc_mirror_config_new(plugin, config, false, &parsed);
    if (!err)
        err = kc_offset_translator_new(parsed, &translator);
    if (!err) {
        kc_offset_translator_begin(translator, false);
        err = kc_offset_translator_read(translator, READ_MS, never, NULL);
    }
    if (!err)
        *answer = answer_all(translator, parsed, offsets);
    else
        err = kc_error_prefix(err, "Offsets can't be translated");
    kc_offset_translator_destroy(translator);
    kc_mirror_config_destroy(parsed);
    return err;
}
