/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the state topic: orders, states and leases, by tables. Pure functions, any thread. */
#include "link/link_fields_priv.h"

static const char *const offset_modes[] = {"preserve", "translate"};
static const char *const gap_modes[] = {"auto", "markers", "translate"};
static const struct kc_link_names offsets_names = {offset_modes, 2};
static const struct kc_link_names gaps_names = {gap_modes, 3};

static const struct kc_link_field topic_order_fields[] = {
    KC_LINK_COUNT(kc_link_topic_order, epoch),
    KC_LINK_VALUE(kc_link_topic_order, source_topic, TEXT),
    KC_LINK_VALUE(kc_link_topic_order, source_id, UUID),
    KC_LINK_VALUE(kc_link_topic_order, target_id, UUID),
    KC_LINK_PARTITIONS(kc_link_topic_order, partitions),
    KC_LINK_NAMED(kc_link_topic_order, offsets, offsets_names),
    KC_LINK_NAMED(kc_link_topic_order, gaps, gaps_names),
    KC_LINK_NUMBER(kc_link_topic_order, start, INT64, -2, INT64_MAX),
    KC_LINK_VALUE(kc_link_topic_order, compacted, BOOL),
    KC_LINK_NAMED(kc_link_topic_order, wish, kc_link_wish_names),
    KC_LINK_VALUE(kc_link_topic_order, force, BOOL),
    KC_LINK_COUNT(kc_link_topic_order, max_pause_ms),
    KC_LINK_VALUE(kc_link_topic_order, by, TEXT),
    KC_LINK_COUNT(kc_link_topic_order, since_ms),
    KC_LINK_VALUE(kc_link_topic_order, refusal, OPTION),
    KC_LINK_VALUE(kc_link_topic_order, settings, MAP),
};
static const struct kc_link_field topic_fields[] = {
    KC_LINK_NAMED(kc_link_topic, state, kc_link_topic_state_names),
    KC_LINK_COUNT(kc_link_topic, epoch),
    KC_LINK_COUNT(kc_link_topic, order_epoch),
    KC_LINK_COUNT(kc_link_topic, lease_epoch),
    KC_LINK_COUNT(kc_link_topic, since_ms),
    KC_LINK_VALUE(kc_link_topic, reason, TEXT),
    KC_LINK_NAMED(kc_link_topic, offsets, offsets_names),
    KC_LINK_PARTITIONS(kc_link_topic, partitions),
    KC_LINK_COUNT(kc_link_topic, fillers),
    KC_LINK_VALUE(kc_link_topic, lane, TEXT),
    KC_LINK_VALUE(kc_link_topic, partition_states, ARRAY),
};
static const struct kc_link_field partition_fields[] = {
    KC_LINK_PARTITIONS(kc_link_partition, partition),
    KC_LINK_NUMBER(kc_link_partition, first_offset, INT64, -1, INT64_MAX),
    KC_LINK_COUNT(kc_link_partition, base_sequence),
    KC_LINK_COUNT(kc_link_partition, markers),
    KC_LINK_NUMBER(kc_link_partition, leader_epoch, INT32, -1, INT32_MAX),
    KC_LINK_NUMBER(kc_link_partition, checked, INT64, -1, INT64_MAX),
};
static const struct kc_link_field group_order_fields[] = {
    KC_LINK_COUNT(kc_link_group_order, epoch),
    KC_LINK_VALUE(kc_link_group_order, source_group, TEXT),
    KC_LINK_NAMED(kc_link_group_order, wish, kc_link_group_wish_names),
    KC_LINK_VALUE(kc_link_group_order, automatic, BOOL),
    KC_LINK_VALUE(kc_link_group_order, force, BOOL),
    KC_LINK_VALUE(kc_link_group_order, by, TEXT),
    KC_LINK_COUNT(kc_link_group_order, since_ms),
};
static const struct kc_link_field group_fields[] = {
    KC_LINK_NAMED(kc_link_group, state, kc_link_group_state_names),
    KC_LINK_COUNT(kc_link_group, epoch),
    KC_LINK_COUNT(kc_link_group, order_epoch),
    KC_LINK_COUNT(kc_link_group, lease_epoch),
    KC_LINK_COUNT(kc_link_group, since_ms),
    KC_LINK_VALUE(kc_link_group, reason, TEXT),
    KC_LINK_VALUE(kc_link_group, consumer, BOOL),
    KC_LINK_VALUE(kc_link_group, instance_id, OPTION),
    KC_LINK_VALUE(kc_link_group, members, OBJECT),
    KC_LINK_VALUE(kc_link_group, session_before, OPTION),
};
static const struct kc_link_field lease_fields[] = {
    KC_LINK_VALUE(kc_link_lease, holder, TEXT),
    KC_LINK_COUNT(kc_link_lease, epoch),
    KC_LINK_COUNT(kc_link_lease, renewals),
    KC_LINK_COUNT(kc_link_lease, duration_ms),
};

static const struct kc_link_layout topic_order =
    KC_LINK_LAYOUT("topic order", kc_link_topic_order, topic_order_fields);
static const struct kc_link_layout topic_state =
    KC_LINK_LAYOUT("topic state", kc_link_topic, topic_fields);
static const struct kc_link_layout partition_state =
    KC_LINK_LAYOUT("partition state", kc_link_partition, partition_fields);
static const struct kc_link_layout group_order =
    KC_LINK_LAYOUT("group order", kc_link_group_order, group_order_fields);
static const struct kc_link_layout group_state =
    KC_LINK_LAYOUT("group state", kc_link_group, group_fields);
static const struct kc_link_layout lease_record =
    KC_LINK_LAYOUT("lease", kc_link_lease, lease_fields);

json_t *kc_link_topic_order_json(const struct kc_link_topic_order *order)
{
    return kc_link_fields_write(&topic_order, order);
}

struct kc_error *kc_link_topic_order_parse(const json_t *json, struct kc_link_topic_order *order)
{
    return kc_link_fields_read(&topic_order, json, order);
}

void kc_link_topic_order_clear(struct kc_link_topic_order *order)
{
    kc_link_fields_clear(&topic_order, order);
}

enum kc_link_offsets kc_link_offsets_at_first(const struct kc_link_topic_order *order)
{
    return order->gaps == KC_LINK_GAPS_TRANSLATE ? KC_LINK_PRESERVE : order->offsets;
}

json_t *kc_link_topic_json(const struct kc_link_topic *topic)
{
    return kc_link_fields_write(&topic_state, topic);
}

struct kc_error *kc_link_topic_parse(const json_t *json, struct kc_link_topic *topic)
{
    return kc_link_fields_read(&topic_state, json, topic);
}

void kc_link_topic_clear(struct kc_link_topic *topic)
{
    kc_link_fields_clear(&topic_state, topic);
}

json_t *kc_link_partition_json(const struct kc_link_partition *partition)
{
    return kc_link_fields_write(&partition_state, partition);
}

struct kc_error *kc_link_partition_parse(const json_t *json, struct kc_link_partition *partition)
{
    return kc_link_fields_read(&partition_state, json, partition);
}

json_t *kc_link_group_order_json(const struct kc_link_group_order *order)
{
    return kc_link_fields_write(&group_order, order);
}

struct kc_error *kc_link_group_order_parse(const json_t *json, struct kc_link_group_order *order)
{
    return kc_link_fields_read(&group_order, json, order);
}

void kc_link_group_order_clear(struct kc_link_group_order *order)
{
    kc_link_fields_clear(&group_order, order);
}

json_t *kc_link_group_json(const struct kc_link_group *group)
{
    return kc_link_fields_write(&group_state, group);
}

struct kc_error *kc_link_group_parse(const json_t *json, struct kc_link_group *group)
{
    return kc_link_fields_read(&group_state, json, group);
}

void kc_link_group_clear(struct kc_link_group *group)
{
    kc_link_fields_clear(&group_state, group);
}

json_t *kc_link_lease_json(const struct kc_link_lease *lease)
{
    return kc_link_fields_write(&lease_record, lease);
}

struct kc_error *kc_link_lease_parse(const json_t *json, struct kc_link_lease *lease)
{
    return kc_link_fields_read(&lease_record, json, lease);
}

void kc_link_lease_clear(struct kc_link_lease *lease)
{
    kc_link_fields_clear(&lease_record, lease);
}
