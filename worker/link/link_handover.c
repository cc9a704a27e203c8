/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the state topic that a handover needs: gateways, receipts and waves, by tables. Flip
 * tables are in link_flip.c. Pure functions, any thread. */
#include "link/link_fields_priv.h"

#include <string.h>

/* ---- gateways ---- */

static const struct kc_link_field held_fields[] = {
    KC_LINK_VALUE(kc_link_held, topic, TEXT),
    KC_LINK_COUNT(kc_link_held, epoch),
};
static const struct kc_link_layout held_topic =
    KC_LINK_LAYOUT("held topic", kc_link_held, held_fields);
static const struct kc_link_field gateway_fields[] = {
    KC_LINK_VALUE(kc_link_gateway, address, TEXT),
    KC_LINK_COUNT(kc_link_gateway, epoch),
    KC_LINK_COUNT(kc_link_gateway, renewals),
    KC_LINK_COUNT(kc_link_gateway, duration_ms),
    KC_LINK_LIST(kc_link_gateway, held, held_count, held_topic),
    KC_LINK_VALUE(kc_link_gateway, writers, ARRAY),
};
static const struct kc_link_layout gateway_record =
    KC_LINK_LAYOUT("gateway", kc_link_gateway, gateway_fields);

json_t *kc_link_gateway_json(const struct kc_link_gateway *gateway)
{
    return kc_link_fields_write(&gateway_record, gateway);
}

struct kc_error *kc_link_gateway_parse(const json_t *json, struct kc_link_gateway *gateway)
{
    return kc_link_fields_read(&gateway_record, json, gateway);
}

void kc_link_gateway_clear(struct kc_link_gateway *gateway)
{
    kc_link_fields_clear(&gateway_record, gateway);
}

bool kc_link_gateway_holds(const struct kc_link_gateway *gateway, const char *topic, int64_t epoch)
{
    for (size_t i = 0; i < gateway->held_count; i++) {
        if (strcmp(gateway->held[i].topic, topic) == 0)
            return gateway->held[i].epoch >= epoch;
    }
    return false;
}

/* ---- receipts ---- */

static const struct kc_link_field receipt_partition_fields[] = {
    KC_LINK_PARTITIONS(kc_link_receipt_partition, partition),
    KC_LINK_COUNT(kc_link_receipt_partition, source_end),
    KC_LINK_COUNT(kc_link_receipt_partition, target_end),
    KC_LINK_COUNT(kc_link_receipt_partition, records),
    KC_LINK_NUMBER(kc_link_receipt_partition, checksum, UINT32, 0, UINT32_MAX),
};
static const struct kc_link_layout receipt_partition =
    KC_LINK_LAYOUT("receipt of a partition", kc_link_receipt_partition, receipt_partition_fields);
static const struct kc_link_field receipt_group_fields[] = {
    KC_LINK_VALUE(kc_link_receipt_group, group, TEXT),
    KC_LINK_PARTITIONS(kc_link_receipt_group, partition),
    KC_LINK_COUNT(kc_link_receipt_group, offset),
};
static const struct kc_link_layout receipt_group =
    KC_LINK_LAYOUT("receipt of a group", kc_link_receipt_group, receipt_group_fields);
static const struct kc_link_field receipt_fields[] = {
    KC_LINK_VALUE(kc_link_receipt, source_topic, TEXT),
    KC_LINK_NAMED(kc_link_receipt, state, kc_link_topic_state_names),
    KC_LINK_COUNT(kc_link_receipt, epoch),
    KC_LINK_COUNT(kc_link_receipt, since_ms),
    KC_LINK_COUNT(kc_link_receipt, pause_ms),
    KC_LINK_VALUE(kc_link_receipt, by, TEXT),
    KC_LINK_VALUE(kc_link_receipt, force, BOOL),
    KC_LINK_LIST(kc_link_receipt, partitions, partition_count, receipt_partition),
    KC_LINK_LIST(kc_link_receipt, groups, group_count, receipt_group),
};
static const struct kc_link_layout receipt_record =
    KC_LINK_LAYOUT("receipt", kc_link_receipt, receipt_fields);

json_t *kc_link_receipt_json(const struct kc_link_receipt *receipt)
{
    return kc_link_fields_write(&receipt_record, receipt);
}

struct kc_error *kc_link_receipt_parse(const json_t *json, struct kc_link_receipt *receipt)
{
    return kc_link_fields_read(&receipt_record, json, receipt);
}

void kc_link_receipt_clear(struct kc_link_receipt *receipt)
{
    kc_link_fields_clear(&receipt_record, receipt);
}

/* ---- waves ---- */

static const struct kc_link_field wave_batch_fields[] = {
    KC_LINK_VALUE(kc_link_wave_batch, topics, TEXTS),
    KC_LINK_VALUE(kc_link_wave_batch, groups, TEXTS),
};
static const struct kc_link_layout wave_batch =
    KC_LINK_LAYOUT("batch", kc_link_wave_batch, wave_batch_fields);
static const struct kc_link_field wave_fields[] = {
    KC_LINK_NAMED(kc_link_wave, state, kc_link_wave_state_names),
    KC_LINK_COUNT(kc_link_wave, epoch),
    KC_LINK_COUNT(kc_link_wave, since_ms),
    KC_LINK_VALUE(kc_link_wave, reason, TEXT),
    KC_LINK_VALUE(kc_link_wave, by, TEXT),
    KC_LINK_VALUE(kc_link_wave, force, BOOL),
    KC_LINK_COUNT(kc_link_wave, max_pause_ms),
    KC_LINK_NUMBER(kc_link_wave, done, INT32, 0, INT32_MAX),
    KC_LINK_LIST(kc_link_wave, batches, batch_count, wave_batch),
};
static const struct kc_link_layout wave_record = KC_LINK_LAYOUT("wave", kc_link_wave, wave_fields);

json_t *kc_link_wave_json(const struct kc_link_wave *wave)
{
    return kc_link_fields_write(&wave_record, wave);
}

struct kc_error *kc_link_wave_parse(const json_t *json, struct kc_link_wave *wave)
{
    struct kc_error *err = kc_link_fields_read(&wave_record, json, wave);

    if (err || (size_t)wave->done <= wave->batch_count)
        return err;
    err = kc_error_new(KC_ERR_SCHEMA, "wave: field done is %d, but there are %zu batches",
                       wave->done, wave->batch_count);
    kc_link_wave_clear(wave);
    return err;
}

void kc_link_wave_clear(struct kc_link_wave *wave)
{
    kc_link_fields_clear(&wave_record, wave);
}
