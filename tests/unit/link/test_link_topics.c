/* SPDX-License-Identifier: Apache-2.0 */
/* A task's look at its topics, with a store that fails: what was written all the same counts. */
#include "link/link_fake_store.h"

#include "link/link_metrics_priv.h"
#include "link/link_work_priv.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- a copying that only notes, and a lease that holds: in place of link_copy.c, link_lease.c and
 * link_metrics.c ---- */

static struct {
    int added;
    int removed;
    int cuts;
} copying;

void link_copy_add(struct link_copy *copy, const char *topic,
                   const struct kc_link_topic_order *order, const struct kc_link_topic *state)
{
    copying.added++;
}

void link_copy_remove(struct link_copy *copy, const char *topic)
{
    copying.removed++;
}

void link_copy_forget(struct link_copy *copy, const char *topic)
{
}

void link_copy_pause(struct link_copy *copy, const char *topic, bool paused)
{
}

void link_copy_grow(struct link_copy *copy, const char *topic, int32_t partitions)
{
}

void link_copy_finish(struct link_copy *copy, const char *topic, bool force)
{
}

void link_copy_wake(struct link_copy *copy)
{
}

void link_copy_saved(struct link_copy *copy, const char *topic)
{
}

void link_copy_status(struct link_copy *copy, const char *topic, struct link_copy_status *status)
{
    *status = (struct link_copy_status){.state = LINK_COPY_COPYING, .reason = kc_strdup("")};
}

void link_copy_status_clear(struct link_copy_status *status)
{
    free(status->reason);
    *status = (struct link_copy_status){0};
}

bool link_lease_holds(const struct link_lease *lease)
{
    return true;
}

int64_t link_lease_epoch(const struct link_lease *lease)
{
    return 1;
}

struct link_metrics *link_metrics_new(struct kc_source_context *context, const char *link,
                                      const char *topic)
{
    return NULL;
}

void link_metrics_destroy(struct link_metrics *metrics)
{
}

void link_metrics_note(struct link_metrics *metrics, enum kc_link_topic_state state,
                       const struct link_copy_status *status)
{
}

/* The state is written by the broker, whose answer is lost: that of a promotion ends the copying.
 */
void link_cut_over(const struct link_work *work, struct link_cut *cuts, size_t count)
{
    copying.cuts++;
    for (size_t i = 0; i < count; i++) {
        fake_set(work->store, KC_LINK_TOPIC, cuts[i].topic, kc_link_topic_json(cuts[i].state));
        cuts[i].ended = true;
        cuts[i].error = kc_error_retriable_new(KC_ERR_TIMEOUT, "no answer");
    }
}

/* ---- a task with topics ---- */

struct topics_bed {
    struct link_store store;
    struct link_config config;
    struct link_topics *topics;
};

static void order(struct topics_bed *bed, const char *topic, enum kc_link_wish wish)
{
    const struct kc_link_topic_order order = {.epoch = 7,
                                              .source_topic = (char *)topic,
                                              .partitions = 2,
                                              .start = -2,
                                              .wish = wish,
                                              .by = (char *)"ann"};
    fake_set(&bed->store, KC_LINK_TOPIC_ORDER, topic, kc_link_topic_order_json(&order));
}

/* It was linked before. */
static void is_linked(struct topics_bed *bed, const char *topic)
{
    const struct kc_link_topic state = {.state = KC_LINK_LINKING,
                                        .epoch = 3,
                                        .order_epoch = 6,
                                        .lease_epoch = 1,
                                        .reason = (char *)"",
                                        .partitions = 2,
                                        .lane = (char *)"raw"};
    fake_set(&bed->store, KC_LINK_TOPIC, topic, kc_link_topic_json(&state));
}

static void begin(struct topics_bed *bed, enum kc_link_wish wish)
{
    memset(&copying, 0, sizeof(copying));
    *bed = (struct topics_bed){.config = {.name = "moving", .task = 0, .tasks = 1}};
    order(bed, "orders", wish);
    const struct link_work work = {.config = &bed->config, .store = &bed->store};
    bed->topics = link_topics_new(&work);
}

static void end(struct topics_bed *bed)
{
    link_topics_destroy(bed->topics);
    fake_clear(&bed->store);
}

/* Looks until nothing changes any more, over the seconds that a failed write takes. */
static void look(struct topics_bed *bed)
{
    int64_t until = kc_mono_ms() + 3000;
    while (kc_mono_ms() < until) {
        link_topics_step(bed->topics);
        usleep(20000);
    }
}

static enum kc_link_topic_state state_of(struct topics_bed *bed, const char *topic)
{
    struct kc_link_topic state = {0};
    json_t *json = link_store_get(&bed->store, KC_LINK_TOPIC, topic);
    ck_assert_ptr_null(kc_link_topic_parse(json, &state));
    json_decref(json);
    enum kc_link_topic_state found = state.state;
    kc_link_topic_clear(&state);
    return found;
}

/* A failover whose end was written, but not acknowledged: nobody copies to that topic any more. */
START_TEST(what_was_written_without_an_answer_counts)
{
    struct topics_bed bed;
    begin(&bed, KC_LINK_WISH_FAILOVER);
    is_linked(&bed, "orders");
    look(&bed);
    ck_assert_int_eq(copying.cuts, 1);
    ck_assert_int_eq(state_of(&bed, "orders"), KC_LINK_FAILED_OVER);
    ck_assert_int_eq(copying.added, 0);
    end(&bed);
}
END_TEST

/* Nothing was written: it is tried again, and nothing is done before it is. */
START_TEST(what_was_not_written_is_written_later)
{
    struct topics_bed bed;
    begin(&bed, KC_LINK_WISH_LINK);
    bed.store.fails = kc_error_retriable_new(KC_ERR_TIMEOUT, "no answer");
    link_topics_step(bed.topics);
    ck_assert_int_eq(copying.added, 0);
    ck_assert_int_eq(bed.store.puts, 0);
    look(&bed);
    ck_assert_int_eq(copying.added, 1);
    ck_assert_int_gt(bed.store.puts, 0);
    end(&bed);
}
END_TEST

/* Nothing that it writes would be kept. */
START_TEST(it_rests_while_the_state_is_lost)
{
    struct topics_bed bed;
    begin(&bed, KC_LINK_WISH_LINK);
    bed.store.trouble = "it was deleted";
    link_topics_step(bed.topics);
    ck_assert_int_eq(bed.store.puts, 0);
    ck_assert_int_eq(copying.added, 0);
    bed.store.trouble = NULL;
    link_topics_step(bed.topics);
    ck_assert_int_gt(bed.store.puts, 0);
    end(&bed);
}
END_TEST

/* Topics that are promoted together begin together: an application waits for the last one. */
START_TEST(promotions_that_were_ordered_together_begin_together)
{
    struct topics_bed bed;
    const char *const names[] = {"orders", "payments", "refunds"};
    int64_t until = kc_mono_ms() + 30000;
    begin(&bed, KC_LINK_WISH_PROMOTE);
    for (size_t i = 0; i < 3; i++) {
        order(&bed, names[i], KC_LINK_WISH_PROMOTE);
        is_linked(&bed, names[i]);
    }
    do
        link_topics_step(bed.topics);
    while (state_of(&bed, "orders") == KC_LINK_LINKING && kc_mono_ms() < until &&
           usleep(10000) == 0);
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(state_of(&bed, names[i]), KC_LINK_PROMOTING);
    end(&bed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link_topics");
    TCase *cases = tcase_create("all");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, what_was_written_without_an_answer_counts);
    tcase_add_test(cases, what_was_not_written_is_written_later);
    tcase_add_test(cases, it_rests_while_the_state_is_lost);
    tcase_add_test(cases, promotions_that_were_ordered_together_begin_together);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
