/* SPDX-License-Identifier: Apache-2.0 */
/* A connector's background jobs, see scheduler.h: timed jobs whose time and errors are logged. */
#include "mirror/scheduler.h"

#include "connect/log.h"
#include "connect/mem.h"
#include "connect/timed_jobs.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.Scheduler");

struct kc_scheduler {
    char *label;
    int64_t timeout_ms;
    struct kc_timed_jobs *jobs;
};

struct scheduled_job {
    const struct kc_scheduler *scheduler;
    kc_scheduler_job run;
    void *arg;
    char *what;
};

static void run_job(void *arg)
{
    const struct scheduled_job *job = arg;
    int64_t start = kc_mono_ms();
    struct kc_error *err = job->run(job->arg);
    int64_t elapsed = kc_mono_ms() - start;
    if (err && !kc_scheduler_closing(job->scheduler))
        kc_log_error("%s failed: %s", job->what, kc_error_text(err));
    else if (elapsed > job->scheduler->timeout_ms)
        kc_warn("%s took too long (%lld ms)", job->what, (long long)elapsed);
    else
        kc_debug("%s took %lld ms", job->what, (long long)elapsed);
    kc_error_destroy(err);
}

static void destroy_job(void *arg)
{
    struct scheduled_job *job = arg;
    free(job->what);
    free(job);
}

struct kc_error *kc_scheduler_new(const char *label, int64_t timeout_ms,
                                  struct kc_scheduler **scheduler)
{
    struct kc_scheduler *made = kc_calloc(1, sizeof(*made));
    made->label = kc_asprintf("[%s] ", label);
    made->timeout_ms = timeout_ms;
    struct kc_error *err = kc_timed_jobs_new("mm2-scheduler", made->label, &made->jobs);
    if (err) {
        kc_scheduler_destroy(made);
        return kc_error_prefix(err, "Could not start the scheduler of %s", label);
    }
    *scheduler = made;
    return NULL;
}

static uint64_t add(struct kc_scheduler *scheduler, kc_scheduler_job run, void *arg,
                    const char *what, struct kc_timed_job timed)
{
    struct scheduled_job *job = kc_calloc(1, sizeof(*job));
    *job = (struct scheduled_job){scheduler, run, arg, kc_strdup(what)};
    timed.run = run_job;
    timed.destroy = destroy_job;
    timed.arg = job;
    return kc_timed_jobs_add(scheduler->jobs, &timed);
}

void kc_scheduler_execute(struct kc_scheduler *scheduler, kc_scheduler_job job, void *arg,
                          const char *what)
{
    uint64_t number =
        add(scheduler, job, arg, what, (struct kc_timed_job){.repeat = KC_TIMED_ONCE});
    if (!kc_timed_jobs_await(scheduler->jobs, number, kc_deadline_ms(scheduler->timeout_ms)))
        kc_log_error("%s: %s isn't done after %lld ms and continues in the background",
                     scheduler->label, what, (long long)scheduler->timeout_ms);
}

void kc_scheduler_repeat(struct kc_scheduler *scheduler, kc_scheduler_job job, void *arg,
                         int64_t delay_ms, int64_t interval_ms, const char *what)
{
    if (interval_ms >= 0)
        add(scheduler, job, arg, what,
            (struct kc_timed_job){
                .delay_ms = delay_ms, .repeat = KC_TIMED_FIXED_RATE, .interval_ms = interval_ms});
}

bool kc_scheduler_closing(const struct kc_scheduler *scheduler)
{
    return kc_timed_jobs_closing(scheduler->jobs);
}

void kc_scheduler_destroy(struct kc_scheduler *scheduler)
{
    if (!scheduler)
        return;
    kc_timed_jobs_destroy(scheduler->jobs);
    free(scheduler->label);
    free(scheduler);
}
