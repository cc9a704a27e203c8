/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model of a way back, visited exhaustively: people who wish this and that, promote and forget;
 * the link back, which follows wish after wish and crashes; strangers who make the topic again.
 *
 * What was told to people may be deleted, and nothing else: neither a topic that was made since,
 * nor one that clients have returned to. It calls the product's own decision (link_back_decide()).
 * Each rule is then broken on purpose once.
 */
#include "link/link_back_priv.h"
#include "link_check.h"
#include "link_explorer.h"

enum { NOBODY, LIVE, REFUSED };                 /* order */
enum { IDLE, DELETES, REFUSES, AWAITS, MAKES }; /* follower */
enum { NEVER = 255 };

struct back_state {
    uint8_t topic; /* at the old source: which one; 0: none */
    uint8_t last;  /* the last that was made */
    uint8_t data;  /* strangers' */
    uint8_t truth; /* clients have returned to it */
    uint8_t wish;  /* + 1; 0: none */
    uint8_t wish_topic;
    uint8_t order;
    uint8_t order_topic;
    uint8_t order_epoch;
    uint8_t promoting;
    uint8_t final;
    uint8_t receipt; /* of the return */
    uint8_t step;
    uint8_t step_wish; /* that it does, as it was read */
    uint8_t step_topic;
    uint8_t step_epoch; /* of the order then */
    uint8_t tried;
    uint8_t wishes; /* that may still be, as what follows */
    uint8_t crashes;
    uint8_t strangers;
    uint8_t forgets;
};

struct back_rules {
    bool id_is_ignored;
    bool receipt_is_ignored;
    bool state_is_not_asked_again;
};

static const struct back_rules *rules;

static void begin(void *arg)
{
    struct back_state *s = arg;

    memset(s, 0, sizeof(*s));
    *s = (struct back_state){
        .topic = 1, .last = 1, .wishes = 3, .crashes = 2, .strangers = 1, .forgets = 1};
}

static const char *judge(const void *arg)
{
    return NULL; /* steps say what is wrong */
}

static bool is_goal(const void *arg)
{
    const struct back_state *s = arg;

    return s->step == IDLE && (s->order == LIVE || s->truth || s->data || s->wish == 0 ||
                               s->wish == KC_LINK_BACK_END + 1 || s->tried);
}

#define STEP(label, why, ...)                                                                      \
    do {                                                                                           \
        struct back_state next = *s;                                                               \
        __VA_ARGS__;                                                                               \
        explorer_add(explorer, &next, label, why);                                                 \
    } while (0)

/* ---- people ---- */

static void follow_people(struct link_explorer *explorer, const struct back_state *s)
{
    for (uint8_t wish = 1; s->wishes && wish <= KC_LINK_BACK_END + 1; wish++)
        if (wish != s->wish)
            STEP("people wish something", NULL, {
                next.wishes--;
                next.wish = wish;
                next.wish_topic = s->topic;
                next.tried = 0;
            });
    if (s->order == LIVE && !s->promoting && !s->final)
        STEP("people order the return", NULL, next.promoting = 1, next.order_epoch++);
    if (s->order != NOBODY && s->forgets && s->step == IDLE && !s->promoting)
        STEP("people end the mirroring", NULL, {
            next.forgets--;
            next.order = NOBODY;
            next.order_topic = next.final = 0;
        });
    if (!s->topic && s->strangers)
        STEP("a stranger makes the topic", NULL, {
            next.strangers--;
            next.topic = ++next.last;
            next.data = 1;
        });
    /* The task may have decided this before it sees a refusal. */
    if (s->promoting && s->order != NOBODY && s->step != DELETES)
        STEP("the topic is promoted", NULL, {
            next.promoting = 0;
            next.final = next.truth = next.receipt = 1;
        });
}

/* ---- the link back ---- */

static struct kc_uuid id_of(uint8_t topic)
{
    return (struct kc_uuid){.bytes = {[15] = topic}};
}

static enum link_back_step decide(const struct back_state *s)
{
    const struct kc_link_back back = {.wish = (enum kc_link_back_wish)(s->wish - 1),
                                      .topic_id = id_of(s->wish_topic)};
    const struct link_mirror mirror = {
        .order = {.target_id = id_of(s->order_topic),
                  .refusal = s->order == REFUSED ? (char *)"refused" : NULL},
        .state = {.state = s->final ? KC_LINK_PROMOTED : KC_LINK_LINKING}};

    return link_back_decide(&back, s->order == NOBODY ? NULL : &mirror,
                            s->receipt && !rules->receipt_is_ignored);
}

static void begin_step(struct back_state *next, uint8_t step)
{
    next->step = step;
    next->step_wish = next->wish;
    next->step_topic = next->wish_topic;
    next->step_epoch = next->order_epoch;
}

static void take_up(struct link_explorer *explorer, const struct back_state *s)
{
    switch (decide(s)) {
    case LINK_BACK_NOTHING:
        STEP("there is nothing to do", NULL, next.tried = 1);
        break;
    case LINK_BACK_FORGET:
        if (!s->promoting)
            STEP("the mirroring ends", NULL, next.order = NOBODY, next.order_topic = 0,
                 next.tried = 1);
        break;
    case LINK_BACK_MAKE:
        STEP("it begins to make", NULL, begin_step(&next, MAKES));
        break;
    case LINK_BACK_DELETE:
        STEP("it is about to delete", NULL, begin_step(&next, DELETES));
        break;
    case LINK_BACK_UNMAKE:
        STEP("it is about to refuse", NULL, begin_step(&next, REFUSES));
        break;
    }
}

static void refuse(struct link_explorer *explorer, const struct back_state *s)
{
    bool same = s->order == NOBODY || s->step_epoch == s->order_epoch;

    if (!same) {
        STEP("somebody else has ordered", NULL, next.step = IDLE);
        return;
    }
    STEP("the order is refused", NULL, next.order = REFUSED, next.order_epoch++,
         next.step = AWAITS);
}

/* The task has followed: from now on it does nothing with the topic. */
static void await(struct link_explorer *explorer, const struct back_state *s)
{
    if (s->final && !rules->state_is_not_asked_again) {
        STEP("it was promoted meanwhile", NULL, next.step = IDLE, next.tried = 1);
        return;
    }
    STEP("the copying has ended", NULL, next.promoting = 0, next.step = DELETES);
}

static void delete_topic(struct link_explorer *explorer, const struct back_state *s)
{
    bool told = s->topic == s->step_topic;

    if (!s->topic || (!told && !rules->id_is_ignored)) {
        STEP("another topic is there, or none", NULL, next.step = MAKES);
        return;
    }
    STEP("the topic is deleted",
         s->truth ? "what clients have returned to is deleted"
         : !told  ? "a topic is deleted that people weren't told of"
                  : NULL,
         next.topic = 0, next.data = 0, next.step = MAKES);
}

static void make(struct link_explorer *explorer, const struct back_state *s)
{
    bool mirror = s->step_wish == KC_LINK_BACK_MIRROR + 1;
    bool fits = mirror ? s->topic && s->topic == s->step_topic && !s->data : !s->data;

    STEP("the mirror topic is made, or can't be", NULL, {
        if (!s->topic && !mirror)
            next.topic = ++next.last;
        next.order = fits ? LIVE : REFUSED;
        next.order_topic = next.topic;
        next.order_epoch++;
        next.promoting = 0;
        next.step = IDLE;
        next.tried = s->wish == s->step_wish && s->wish_topic == s->step_topic;
    });
}

static void follow(struct link_explorer *explorer, const void *state)
{
    const struct back_state *s = state;
    static void (*const steps[])(struct link_explorer *, const struct back_state *) = {
        [DELETES] = delete_topic, [REFUSES] = refuse, [AWAITS] = await, [MAKES] = make};

    if (s->last > 4 || s->order_epoch > 8)
        return;
    follow_people(explorer, s);
    if (s->step != IDLE)
        steps[s->step](explorer, s);
    else if (s->wish && !s->tried)
        take_up(explorer, s);
    if (s->crashes)
        STEP("the worker crashes", NULL, next.crashes--, next.step = IDLE, next.tried = 0);
}

static const struct link_model model = {
    .size = sizeof(struct back_state),
    .begin = begin,
    .follow = follow,
    .judge = judge,
    .is_goal = is_goal,
};

static void finds(const char *name, const struct back_rules *chosen, const char *what)
{
    rules = chosen;
    assert_finds(name, &model, chosen, 3000000, what);
}

START_TEST(only_what_was_told_is_deleted)
{
    static const struct back_rules all = {0};

    rules = &all;
    assert_holds("a way back", &model, &all, 3000000);
}
END_TEST

START_TEST(each_rule_is_needed)
{
    finds("the id isn't looked at", &(struct back_rules){.id_is_ignored = true},
          "a topic is deleted that people weren't told of");
    finds("the receipt isn't looked at", &(struct back_rules){.receipt_is_ignored = true},
          "what clients have returned to is deleted");
    finds("the state isn't asked again", &(struct back_rules){.state_is_not_asked_again = true},
          "what clients have returned to is deleted");
}
END_TEST

RUN_TESTS("link_model_back", 300, only_what_was_told_is_deleted, each_rule_is_needed)
