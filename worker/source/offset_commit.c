/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's offset committer: see offset_commit.h. */
#include "source/offset_commit.h"

#include "connect/mem.h"
#include "connect/timed_jobs.h"

#include <stdlib.h>

struct kc_offset_committer {
    int64_t interval_ms;
    struct kc_timed_jobs *jobs;
};

struct kc_error *kc_offset_committer_new(int64_t interval_ms,
                                         struct kc_offset_committer **committer)
{
    struct kc_offset_committer *made = kc_calloc(1, sizeof(*made));
    made->interval_ms = interval_ms > 0 ? interval_ms : 1;
    struct kc_error *err = kc_timed_jobs_new("offset-commit", NULL, &made->jobs);
    if (err) {
        free(made);
        return err;
    }
    *committer = made;
    return NULL;
}

void kc_offset_committer_add(struct kc_offset_committer *committer, void (*commit)(void *opaque),
                             void *opaque)
{
    struct kc_timed_job job = {
        .run = commit,
        .arg = opaque,
        .delay_ms = committer->interval_ms,
        .repeat = KC_TIMED_FIXED_DELAY,
        .interval_ms = committer->interval_ms,
    };
    kc_timed_jobs_add(committer->jobs, &job);
}

void kc_offset_committer_remove(struct kc_offset_committer *committer, void *opaque)
{
    kc_timed_jobs_remove(committer->jobs, opaque);
}

void kc_offset_committer_destroy(struct kc_offset_committer *committer)
{
    if (!committer)
        return;
    kc_timed_jobs_destroy(committer->jobs);
    free(committer);
}
