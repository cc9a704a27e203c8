/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the state topic that say how a promoted topic goes back, by tables. Pure functions, any
 * thread. */
#include "link/link_fields_priv.h"

static const char *const wishes[] = {"mirror", "restore", "end"};
static const struct kc_link_names wish_names = {wishes, sizeof(wishes) / sizeof(wishes[0])};

static const struct kc_link_field partition_fields[] = {
    KC_LINK_PARTITIONS(kc_link_back_partition, partition),
    KC_LINK_COUNT(kc_link_back_partition, offset),
};
static const struct kc_link_layout partition_row =
    KC_LINK_LAYOUT("way back of a partition", kc_link_back_partition, partition_fields);
static const struct kc_link_field back_fields[] = {
    KC_LINK_COUNT(kc_link_back, epoch),
    KC_LINK_NAMED(kc_link_back, wish, wish_names),
    KC_LINK_VALUE(kc_link_back, topic_id, UUID),
    KC_LINK_VALUE(kc_link_back, force, BOOL),
    KC_LINK_VALUE(kc_link_back, by, TEXT),
    KC_LINK_COUNT(kc_link_back, since_ms),
    KC_LINK_LIST(kc_link_back, partitions, partition_count, partition_row),
    KC_LINK_VALUE(kc_link_back, given_up, ARRAY),
};
static const struct kc_link_layout back_record =
    KC_LINK_LAYOUT("way back", kc_link_back, back_fields);

const char *kc_link_back_wish_name(enum kc_link_back_wish wish)
{
    return kc_link_names_get(&wish_names, wish);
}

json_t *kc_link_back_json(const struct kc_link_back *back)
{
    return kc_link_fields_write(&back_record, back);
}

struct kc_error *kc_link_back_parse(const json_t *json, struct kc_link_back *back)
{
    return kc_link_fields_read(&back_record, json, back);
}

void kc_link_back_clear(struct kc_link_back *back)
{
    kc_link_fields_clear(&back_record, back);
}
