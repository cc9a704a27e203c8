/* SPDX-License-Identifier: Apache-2.0 */
/* See watch_pace_priv.h. */
#include "mirror/watch_pace_priv.h"

/* Looks at a large cluster must not take more than this part of the time. */
#define SHARE 50

bool kc_watch_pace_due(const struct kc_watch_pace *pace, int64_t now_ms)
{
    return now_ms >= pace->next_ms;
}

/* One slow look, because of a slow broker, says nothing about the cluster's size. */
void kc_watch_pace_looked(struct kc_watch_pace *pace, int64_t start_ms, int64_t now_ms)
{
    int64_t took = now_ms - start_ms;
    int64_t usual = took < pace->took_ms ? took : pace->took_ms;
    pace->took_ms = took;
    pace->next_ms = now_ms + usual * SHARE;
}
