/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applies converters and transforms to whole batches as bytes: see conversion.h.
 *
 * Three things keep a batch from passing: a converter of keys or values that writes them anew, a
 * transform that looks into records, and headers that the header converter writes anew. The first
 * concerns all batches of a task, the second those of a topic, the third single batches.
 */
#include "connect/log.h"
#include "data/conversion_priv.h"

#include <stdlib.h>
#include <string.h>

#define BYTES "org.apache.kafka.connect.converters.ByteArrayConverter"

/* ---- explanations ---- */

static bool transform_routes(const struct conversion_stage *stage)
{
    const struct kc_plugin *plugin = stage->transform_plugin;
    return plugin->topic_only;
}

static bool predicate_routes(const struct conversion_stage *stage)
{
    const struct kc_plugin *plugin = stage->predicate_plugin;
    return !plugin || plugin->topic_only;
}

/* Whether the stage looks into records of every topic that reaches it. */
static bool always_opens(const struct conversion_stage *stage)
{
    return !predicate_routes(stage) || (!transform_routes(stage) && !stage->predicate_plugin);
}

static const struct conversion_stage *first_opening(const struct kc_conversion *conversion)
{
    for (size_t i = 0; i < conversion->stage_count; i++) {
        const struct conversion_stage *stage = &conversion->stages[i];
        if (!transform_routes(stage) || !predicate_routes(stage))
            return stage;
    }
    return NULL;
}

static char *opening_reason(const struct conversion_stage *stage)
{
    const struct kc_plugin *plugin =
        predicate_routes(stage) ? stage->transform_plugin : stage->predicate_plugin;
    return kc_asprintf("%s looks into records", plugin->class_name);
}

static char *converter_reason(const char *property, const struct conversion_converter *converter)
{
    return kc_asprintf("%s %s writes records anew; with %s they would pass as they are", property,
                       converter->plugin->class_name, BYTES);
}

/* Whether the header converter has a form for bytes at all. */
static bool converts_headers(const struct kc_conversion *conversion)
{
    const struct kc_header header = {"a", KC_BYTES, kc_value_bytes("b", 1)};
    struct kc_arena *arena = kc_arena_new(256);
    const void *data;
    size_t len;
    struct kc_error *err = kc_conversion_header(conversion, "c", &header, arena, &data, &len);
    bool converts = !err;
    kc_error_destroy(err);
    kc_arena_destroy(arena);
    return converts;
}

static void explain_headers(struct kc_conversion *conversion)
{
    const char *class_name = conversion->header.plugin->class_name;
    if (conversion->header.plugin->converter->passes_bytes)
        return;
    if (converts_headers(conversion))
        conversion->headers_reason =
            kc_asprintf("headers, which header.converter %s writes anew", class_name);
    else if (!conversion->raw_refusal)
        conversion->raw_refusal =
            kc_asprintf("header.converter %s takes no bytes; set %s", class_name, BYTES);
}

void kc_conversion_explain(struct kc_conversion *conversion)
{
    const struct conversion_stage *opening = first_opening(conversion);
    bool key_passes = conversion->key.plugin->converter->passes_bytes,
         value_passes = conversion->value.plugin->converter->passes_bytes;
    if (conversion->stage_count)
        conversion->reason = kc_asprintf("%zu transforms", conversion->stage_count);
    if (opening)
        conversion->opens_reason = opening_reason(opening);
    if (!key_passes)
        conversion->raw_refusal = converter_reason("key.converter", &conversion->key);
    else if (!value_passes)
        conversion->raw_refusal = converter_reason("value.converter", &conversion->value);
    if (!conversion->reason && conversion->raw_refusal)
        conversion->reason = kc_strdup(conversion->raw_refusal);
    for (size_t i = 0; i < conversion->stage_count && !conversion->raw_refusal; i++)
        if (always_opens(&conversion->stages[i]))
            conversion->raw_refusal = opening_reason(&conversion->stages[i]);
    explain_headers(conversion);
}

const char *kc_conversion_raw_refusal(const struct kc_conversion *conversion)
{
    return conversion->raw_refusal;
}

bool kc_conversion_routes(const struct kc_conversion *conversion)
{
    return conversion->stage_count > 0 && !conversion->raw_refusal;
}

const char *kc_conversion_headers_reason(const struct kc_conversion *conversion)
{
    return conversion->headers_reason;
}

/* ---- what is done ---- */

struct kc_error *kc_conversion_header(const struct kc_conversion *conversion, const char *topic,
                                      const struct kc_header *header, struct kc_arena *arena,
                                      const void **data, size_t *len)
{
    return conversion->header.plugin->converter->from_connect(conversion->header.object, topic,
                                                              header->key, header->schema,
                                                              &header->value, arena, data, len);
}

/* Applies the stage to a record that stands for its whole topic; true: the records must be opened.
 */
static bool take_stage(const struct conversion_stage *stage, struct kc_batch *batch,
                       struct kc_record *record, bool *keep)
{
    const struct kc_plugin *predicate = stage->predicate_plugin;
    if (!predicate_routes(stage))
        return true;
    if (predicate && predicate->predicate->test(stage->predicate, record) == stage->negate)
        return false;
    if (!transform_routes(stage))
        return true;
    struct kc_error *err =
        stage->transform_plugin->transform->apply(stage->transform, batch, record, keep);
    bool failed = err != NULL;
    kc_error_destroy(err); /* each record will have it again, with the policy for errors */
    return failed;
}

const char *kc_conversion_route(const struct kc_conversion *conversion, const char *topic,
                                char **routed)
{
    struct kc_batch *batch = kc_batch_new(1);
    struct kc_record *record = kc_batch_add(batch);
    bool keep = true, opens = false;
    record->topic = topic;
    for (size_t i = 0; i < conversion->stage_count && keep && !opens; i++)
        opens = take_stage(&conversion->stages[i], batch, record, &keep);
    *routed = keep && !opens ? kc_strdup(record->topic) : NULL;
    kc_batch_unref(batch);
    if (!opens)
        return NULL;
    return conversion->opens_reason ? conversion->opens_reason : "a transform fails";
}
