/* SPDX-License-Identifier: Apache-2.0 */
/* JSON of groups' offsets, see group_answer_priv.h. */
#include "mirror_checkpoint/group_answer_priv.h"

#include "connect/text.h"

#include <stdlib.h>
#include <string.h>

char *kc_group_answer_text(const char *data, size_t len)
{
    struct kc_arena *arena = kc_arena_new(4 * len + 1);
    size_t text_len = 0;
    const char *text = data ? kc_utf8_text(arena, data, len, &text_len) : "";
    char *copy = kc_strndup(text, text_len);
    kc_arena_destroy(arena);
    return copy;
}

json_t *kc_group_answer_string(const char *data, size_t len)
{
    char *text = kc_group_answer_text(data, len);
    json_t *string = json_string(text);
    free(text);
    return string;
}

static json_t *string_of(const char *text)
{
    return kc_group_answer_string(text, text ? strlen(text) : 0);
}

/* The group's next offset on the target. */
static json_t *place_of(const struct kc_checkpoint *checkpoint)
{
    return json_pack("{s:o, s:i, s:I}", "topic", string_of(checkpoint->topic), "partition",
                     (int)checkpoint->partition, "offset", (json_int_t)checkpoint->downstream);
}

json_t *kc_group_answer_checkpoint(const struct kc_checkpoint *checkpoint)
{
    json_t *answer = place_of(checkpoint);
    json_object_set_new(answer, "upstream", json_integer((json_int_t)checkpoint->upstream));
    json_object_set_new(answer, "metadata", string_of(checkpoint->metadata));
    return answer;
}

json_t *kc_group_answer_by_checkpoint(const struct kc_checkpoint *checkpoint)
{
    return json_pack("{s:n, s:i, s:I, s:o, s:s, s:b, s:o, s:o}", "topic", "partition",
                     (int)checkpoint->partition, "offset", (json_int_t)checkpoint->upstream,
                     "translated", place_of(checkpoint), "by", "checkpoint", "exact", 0, "metadata",
                     string_of(checkpoint->metadata), "checkpoint",
                     kc_group_answer_checkpoint(checkpoint));
}
