/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Converters and transforms of one task: see conversion.h; Connect's Worker, TransformationChain
 * and AbstractWorkerSourceTask.convertTransformedRecord.
 *
 * Made on the herder's thread, used on the task's. Memory of converted records comes from the
 * batch, so that nothing is freed record by record.
 */
#include "data/conversion_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.Worker");

/* ---- making ---- */

static struct kc_error *create_converter(const struct kc_plugins *plugins, const char *property,
                                         const char *class_name, unsigned kind_mask,
                                         const struct kc_map *source, const char *whose,
                                         struct conversion_converter *converter)
{
    const struct kc_plugin *plugin = kc_plugins_find(plugins, class_name, kind_mask);
    if (!plugin)
        return kc_error_new(KC_ERR_CONFIG,
                            "Invalid value %s for configuration %s: Class %s could not be found.",
                            class_name, property, class_name);
    char *prefix = kc_asprintf("%s.", property);
    struct kc_map *config = kc_map_subset(source, prefix, true);
    free(prefix);
    struct kc_error *err = plugin->converter->create(config, strcmp(property, "key.converter") == 0,
                                                     &converter->object);
    kc_map_destroy(config);
    if (err)
        return kc_error_prefix(err, "%s %s", property, class_name);
    converter->plugin = plugin;
    kc_info("Set up the %s %s using the %s config", property, plugin->class_name, whose);
    return NULL;
}

static struct kc_error *open_converter(const struct kc_plugins *plugins,
                                       const struct kc_worker_config *worker,
                                       const struct kc_map *originals, const char *property,
                                       unsigned kind_mask, struct conversion_converter *converter)
{
    char *own = kc_trimmed(kc_map_get(originals, property));
    if (own) {
        struct kc_error *err =
            create_converter(plugins, property, own, kind_mask, originals, "connector", converter);
        free(own);
        return err;
    }
    return create_converter(plugins, property, kc_config_string(worker->values, property),
                            kind_mask, worker->originals, "worker", converter);
}

static struct kc_error *open_predicate(const struct kc_plugins *plugins,
                                       const struct kc_map *originals, const char *alias,
                                       struct conversion_stage *stage)
{
    char *prefix = kc_asprintf("predicates.%s.", alias);
    struct kc_map *config = kc_map_subset(originals, prefix, true);
    const char *type = kc_map_get(config, "type");
    struct kc_error *err = NULL;
    const struct kc_plugin *plugin =
        type ? kc_plugins_find(plugins, type, 1u << KC_PLUGIN_PREDICATE) : NULL;
    if (plugin)
        err = plugin->predicate->create(config, &stage->predicate);
    else
        err = kc_error_new(KC_ERR_CONFIG, "Predicate '%s': %stype names no known predicate: %s",
                           alias, prefix, type ? type : "null");
    if (!err)
        stage->predicate_plugin = plugin;
    kc_map_destroy(config);
    free(prefix);
    return err;
}

static struct kc_error *open_stage(const struct kc_plugins *plugins, const struct kc_map *originals,
                                   const char *alias, struct conversion_stage *stage)
{
    char *prefix = kc_asprintf("transforms.%s.", alias);
    struct kc_map *config = kc_map_subset(originals, prefix, true);
    const char *type = kc_map_get(config, "type");
    char *predicate = kc_strdup(kc_map_get(config, "predicate"));
    const char *negate = kc_map_get(config, "negate");
    stage->negate = negate && strcasecmp(negate, "true") == 0;
    struct kc_error *err = NULL;
    const struct kc_plugin *plugin =
        type ? kc_plugins_find(plugins, type, 1u << KC_PLUGIN_TRANSFORMATION) : NULL;
    if (!plugin) {
        err = kc_error_new(KC_ERR_CONFIG, "%stype names no known transformation: %s", prefix,
                           type ? type : "null");
        goto out;
    }
    kc_map_remove(config, "predicate");
    kc_map_remove(config, "negate");
    err = plugin->transform->create(config, &stage->transform);
    if (err)
        goto out;
    stage->transform_plugin = plugin;
    if (predicate)
        err = open_predicate(plugins, originals, predicate, stage);
out:
    free(predicate);
    kc_map_destroy(config);
    free(prefix);
    return err;
}

static struct kc_error *open_chain(const struct kc_plugins *plugins, const struct kc_map *originals,
                                   struct kc_conversion *conversion)
{
    struct kc_strings aliases = {0};
    kc_strings_split(&aliases, kc_map_get_or(originals, "transforms", ""));
    conversion->stages = kc_calloc(aliases.count + 1, sizeof(*conversion->stages));
    struct kc_error *err = NULL;
    for (size_t i = 0; i < aliases.count && !err; i++)
        err = open_stage(plugins, originals, aliases.items[i],
                         &conversion->stages[conversion->stage_count++]);
    kc_strings_destroy(&aliases);
    return err;
}

struct kc_error *kc_conversion_new(const struct kc_plugins *plugins,
                                   const struct kc_worker_config *worker,
                                   const struct kc_map *originals,
                                   struct kc_conversion **conversion)
{
    struct kc_conversion *made = kc_calloc(1, sizeof(*made));
    unsigned converters = 1u << KC_PLUGIN_CONVERTER, headers = 1u << KC_PLUGIN_HEADER_CONVERTER;
    struct kc_error *err =
        open_converter(plugins, worker, originals, "key.converter", converters, &made->key);
    if (!err)
        err =
            open_converter(plugins, worker, originals, "value.converter", converters, &made->value);
    if (!err)
        err =
            open_converter(plugins, worker, originals, "header.converter", headers, &made->header);
    if (!err)
        err = open_chain(plugins, originals, made);
    if (err) {
        kc_conversion_destroy(made);
        return err;
    }
    kc_conversion_explain(made);
    *conversion = made;
    return NULL;
}

static void close_converter(struct conversion_converter *converter)
{
    if (converter->plugin)
        converter->plugin->converter->destroy(converter->object);
}

void kc_conversion_destroy(struct kc_conversion *conversion)
{
    if (!conversion)
        return;
    close_converter(&conversion->key);
    close_converter(&conversion->value);
    close_converter(&conversion->header);
    for (size_t i = 0; i < conversion->stage_count; i++) {
        struct conversion_stage *stage = &conversion->stages[i];
        if (stage->transform_plugin)
            stage->transform_plugin->transform->destroy(stage->transform);
        if (stage->predicate_plugin)
            stage->predicate_plugin->predicate->destroy(stage->predicate);
    }
    free(conversion->stages);
    free(conversion->reason);
    free(conversion->raw_refusal);
    free(conversion->headers_reason);
    free(conversion->opens_reason);
    free(conversion);
}

enum kc_conversion_need kc_conversion_needed(const struct kc_conversion *conversion,
                                             const struct kc_batch *batch, const char **reason)
{
    (void)batch; /* today all batches are records; this is where a batch's content would decide */
    *reason = conversion->reason ? conversion->reason : "byte converters, no transforms";
    return conversion->reason ? KC_CONVERT_RECORDS : KC_CONVERT_NOTHING;
}

struct kc_error *kc_producer_record_check(const struct kc_producer_record *record)
{
    if (!record->topic)
        return kc_error_new(KC_ERR_CONNECT, "Topic cannot be null.");
    if (record->partition < KC_NO_PARTITION)
        return kc_error_new(KC_ERR_CONNECT,
                            "Invalid partition: %d. Partition number should always be "
                            "non-negative or null.",
                            record->partition);
    for (size_t i = 0; i < record->header_count; i++)
        if (!record->headers[i].key)
            return kc_error_new(KC_ERR_CONNECT, "Null header keys are not permitted");
    return NULL;
}

/* ---- nothing to convert ---- */

static bool plain(const struct kc_value *value, const void **data, size_t *len)
{
    if (value->type == KC_TYPE_BYTES) {
        *data = value->u.bytes.data;
        *len = value->u.bytes.len;
        return true;
    }
    *data = NULL;
    *len = 0;
    return value->type == KC_TYPE_NULL;
}

static bool pass_headers(const struct kc_conversion *conversion, struct kc_batch *batch,
                         const struct kc_record *record, struct kc_producer_record *wire)
{
    if (!record->converted && !conversion->header.plugin->converter->passes_bytes)
        return false;
    struct kc_producer_header *headers =
        kc_batch_alloc(batch, record->header_count * sizeof(*headers));
    for (uint32_t i = 0; i < record->header_count; i++) {
        headers[i].key = record->headers[i].key;
        if (!plain(&record->headers[i].value, &headers[i].data, &headers[i].len))
            return false;
    }
    wire->headers = headers;
    return true;
}

bool kc_conversion_pass(const struct kc_conversion *conversion, struct kc_batch *batch,
                        const struct kc_record *record, struct kc_producer_record *wire)
{
    if (!plain(&record->key, &wire->key, &wire->key_len) ||
        !plain(&record->value, &wire->value, &wire->value_len))
        return false;
    wire->topic = record->topic;
    wire->partition = record->partition;
    wire->timestamp = record->timestamp;
    wire->header_count = record->header_count;
    wire->headers = NULL;
    return record->header_count == 0 || pass_headers(conversion, batch, record, wire);
}

/* ---- the record lane: transforms ---- */

struct transform_call {
    const struct conversion_stage *stage;
    struct kc_batch *batch;
    struct kc_record *record;
    bool keep;
};

static struct kc_error *run_stage(void *opaque)
{
    struct transform_call *call = opaque;
    const struct conversion_stage *stage = call->stage;
    call->keep = true;
    if (stage->predicate_plugin &&
        stage->predicate_plugin->predicate->test(stage->predicate, call->record) == stage->negate)
        return NULL;
    return stage->transform_plugin->transform->apply(stage->transform, call->batch, call->record,
                                                     &call->keep);
}

static struct kc_error *apply_chain(struct kc_conversion *conversion,
                                    struct kc_error_policy *policy,
                                    struct kc_processing *processing, struct kc_batch *batch,
                                    struct kc_record *record, bool *keep)
{
    struct kc_error *err = NULL;
    *keep = true;
    for (size_t i = 0; i < conversion->stage_count && *keep && !err; i++) {
        struct transform_call call = {&conversion->stages[i], batch, record, true};
        err = kc_error_policy_execute(policy, processing, KC_STAGE_TRANSFORMATION,
                                      call.stage->transform_plugin->class_name, run_stage, &call);
        *keep = call.keep && !processing->error;
    }
    return err;
}

/* ---- the record lane: to bytes ---- */

/* The usual upper limit of a converter's memory: base64, escapes, a tree of small values. */
#define BYTES_PER_BYTE 8

/* Checked before a converter begins, because its many small allocations can't fail one by one. */
static struct kc_error *check_room(size_t len, const char *topic)
{
    if (kc_mem_has_room(len * BYTES_PER_BYTE))
        return NULL;
    return kc_error_memory(len * BYTES_PER_BYTE, "A value of %zu bytes of %s can't be converted",
                           len, topic ? topic : "no topic");
}

struct from_call {
    const struct conversion_converter *converter;
    struct kc_batch *batch;
    const struct kc_record *record;
    const struct kc_schema *schema;
    const struct kc_value *value;
    const void **data;
    size_t *len;
};

static struct kc_error *run_from(void *opaque)
{
    struct from_call *call = opaque;
    bool text = call->value->type == KC_TYPE_STRING || call->value->type == KC_TYPE_BYTES;
    struct kc_error *err = check_room(text ? call->value->u.bytes.len : 0, call->record->topic);
    if (err)
        return err;
    return call->converter->plugin->converter->from_connect(
        call->converter->object, call->record->topic, NULL, call->schema, call->value,
        kc_batch_arena(call->batch), call->data, call->len);
}

struct headers_call {
    const struct conversion_converter *converter;
    struct kc_batch *batch;
    const struct kc_record *record;
    struct kc_producer_header *headers;
};

static struct kc_error *run_headers(void *opaque)
{
    struct headers_call *call = opaque;
    struct kc_error *err = NULL;
    for (uint32_t i = 0; i < call->record->header_count && !err; i++) {
        const struct kc_header *header = &call->record->headers[i];
        call->headers[i].key = header->key;
        err = call->converter->plugin->converter->from_connect(
            call->converter->object, call->record->topic, header->key, header->schema,
            &header->value, kc_batch_arena(call->batch), &call->headers[i].data,
            &call->headers[i].len);
    }
    return err;
}

static struct kc_error *convert_headers(struct kc_conversion *conversion,
                                        struct kc_error_policy *policy,
                                        struct kc_processing *processing, struct kc_batch *batch,
                                        const struct kc_record *record,
                                        struct kc_producer_record *wire)
{
    wire->headers = NULL;
    wire->header_count = record->header_count;
    if (!record->header_count)
        return NULL;
    struct headers_call call = {
        &conversion->header, batch, record,
        kc_batch_alloc(batch, record->header_count * sizeof(struct kc_producer_header))};
    wire->headers = call.headers;
    return kc_error_policy_execute(policy, processing, KC_STAGE_HEADER_CONVERTER,
                                   conversion->header.plugin->class_name, run_headers, &call);
}

static struct kc_error *convert(struct kc_conversion *conversion, struct kc_error_policy *policy,
                                struct kc_processing *processing, struct kc_batch *batch,
                                const struct kc_record *record, struct kc_producer_record *wire)
{
    struct kc_error *err = convert_headers(conversion, policy, processing, batch, record, wire);
    struct from_call key = {&conversion->key, batch,      record,        record->key_schema,
                            &record->key,     &wire->key, &wire->key_len};
    if (!err)
        err = kc_error_policy_execute(policy, processing, KC_STAGE_KEY_CONVERTER,
                                      conversion->key.plugin->class_name, run_from, &key);
    struct from_call value = {&conversion->value,   batch,          record,
                              record->value_schema, &record->value, &wire->value,
                              &wire->value_len};
    if (!err)
        err = kc_error_policy_execute(policy, processing, KC_STAGE_VALUE_CONVERTER,
                                      conversion->value.plugin->class_name, run_from, &value);
    wire->topic = record->topic;
    wire->partition = record->partition;
    wire->timestamp = record->timestamp;
    return err;
}

struct kc_error *kc_conversion_to_wire(struct kc_conversion *conversion,
                                       struct kc_error_policy *policy, struct kc_batch *batch,
                                       const struct kc_record *record,
                                       struct kc_producer_record *wire, bool *keep)
{
    struct kc_processing processing = {.source = record};
    struct kc_record copy = *record;
    struct kc_error *err = apply_chain(conversion, policy, &processing, batch, &copy, keep);
    if (!err && *keep) {
        err = convert(conversion, policy, &processing, batch, &copy, wire);
        *keep = !processing.error;
    }
    kc_processing_clear(&processing);
    return err;
}

/* ---- from bytes ---- */

struct to_call {
    const struct conversion_converter *converter;
    struct kc_batch *batch;
    const char *topic;
    const void *data;
    size_t len;
    const struct kc_schema **schema;
    struct kc_value *value;
};

static struct kc_error *run_to(void *opaque)
{
    struct to_call *call = opaque;
    struct kc_error *err = check_room(call->len, call->topic);
    if (err)
        return err;
    return call->converter->plugin->converter->to_connect(call->converter->object, call->topic,
                                                          NULL, call->data, call->len, call->batch,
                                                          call->schema, call->value);
}

struct read_headers_call {
    const struct conversion_converter *converter;
    struct kc_batch *batch;
    const char *topic;
    const rd_kafka_headers_t *from;
    struct kc_header *to;
    size_t count;
};

static struct kc_error *run_read_headers(void *opaque)
{
    struct read_headers_call *call = opaque;
    struct kc_error *err = NULL;
    for (size_t i = 0; i < call->count && !err; i++) {
        const char *key;
        const void *data;
        size_t len;
        rd_kafka_header_get_all(call->from, i, &key, &data, &len);
        call->to[i].key = key;
        err = call->converter->plugin->converter->to_connect(
            call->converter->object, call->topic, key, data, len, call->batch, &call->to[i].schema,
            &call->to[i].value);
    }
    return err;
}

static struct kc_error *read_headers(struct kc_conversion *conversion,
                                     struct kc_error_policy *policy,
                                     struct kc_processing *processing, struct kc_batch *batch,
                                     struct kc_record *record)
{
    rd_kafka_headers_t *headers = NULL;
    if (rd_kafka_message_headers(processing->message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return NULL;
    size_t count = rd_kafka_header_cnt(headers);
    struct read_headers_call call = {&conversion->header,
                                     batch,
                                     record->topic,
                                     headers,
                                     kc_batch_alloc(batch, (count + 1) * sizeof(struct kc_header)),
                                     count};
    record->headers = call.to;
    record->header_count = (uint32_t)count;
    return kc_error_policy_execute(policy, processing, KC_STAGE_HEADER_CONVERTER,
                                   conversion->header.plugin->class_name, run_read_headers, &call);
}

static void place(struct kc_record *record, const rd_kafka_message_t *message)
{
    rd_kafka_timestamp_type_t type;
    int64_t timestamp = rd_kafka_message_timestamp(message, &type);
    *record = (struct kc_record){
        .topic = rd_kafka_topic_name(message->rkt),
        .partition = message->partition,
        .timestamp = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? KC_NO_TIMESTAMP : timestamp,
        .kafka_offset = message->offset,
        .original_topic = rd_kafka_topic_name(message->rkt),
        .original_partition = message->partition,
        .original_offset = message->offset,
        .timestamp_type = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1
                          : type == RD_KAFKA_TIMESTAMP_CREATE_TIME ? 0
                                                                   : 1,
    };
}

static struct kc_error *read_record(struct kc_conversion *conversion,
                                    struct kc_error_policy *policy,
                                    struct kc_processing *processing, struct kc_batch *batch,
                                    struct kc_record *record)
{
    const rd_kafka_message_t *message = processing->message;
    struct to_call key = {
        &conversion->key,    batch,       record->topic, message->key, message->key_len,
        &record->key_schema, &record->key};
    struct kc_error *err =
        kc_error_policy_execute(policy, processing, KC_STAGE_KEY_CONVERTER,
                                conversion->key.plugin->class_name, run_to, &key);
    struct to_call value = {&conversion->value, batch,        record->topic,
                            message->payload,   message->len, &record->value_schema,
                            &record->value};
    if (!err)
        err = kc_error_policy_execute(policy, processing, KC_STAGE_VALUE_CONVERTER,
                                      conversion->value.plugin->class_name, run_to, &value);
    if (!err)
        err = read_headers(conversion, policy, processing, batch, record);
    return err;
}

struct kc_error *kc_conversion_from_message(struct kc_conversion *conversion,
                                            struct kc_error_policy *policy, struct kc_batch *batch,
                                            const rd_kafka_message_t *message, bool *keep)
{
    struct kc_processing processing = {.message = message};
    struct kc_record record;
    place(&record, message);
    *keep = true;
    struct kc_error *err = read_record(conversion, policy, &processing, batch, &record);
    if (!err && !processing.error)
        err = apply_chain(conversion, policy, &processing, batch, &record, keep);
    *keep = *keep && !err && !processing.error;
    if (*keep)
        *kc_batch_add(batch) = record;
    kc_processing_clear(&processing);
    return err;
}
