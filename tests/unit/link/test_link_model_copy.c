/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model of two writers that copy one partition and don't know of each other, visited
 * exhaustively.
 *
 * The partition checks sequences as a broker does (ProducerAppendInfo), and may forget the link's
 * id. Writers have up to two batches on their way, which arrive in order, late, or not at all; they
 * crash, freeze and are refused. A record must only ever lie at its own place: so the sequence is
 * enough as long as the id is known, and the lease as soon as it isn't. Each rule is then broken on
 * purpose once.
 */
#include "link/link_check.h"
#include "link/link_explorer.h"

enum {
    NONE = 255,
    NEVER = 255,
    WRITERS = 2,
    RECORDS = 3,
    LEASE = 2, /* ticks */
    WAIT = 3,
};

enum phase { WRITER_WAITS, WRITER_LOOKS, WRITER_COPIES };

struct writer {
    uint8_t phase;
    uint8_t lease;
    uint8_t left;
    uint8_t next;    /* record to send */
    uint8_t alone;   /* the partition doesn't know the id: one batch at a time */
    uint8_t wire[2]; /* records on their way, the older one first; NONE */
    uint8_t age[2];  /* ticks since they were sent */
};

struct copy_state {
    uint8_t length; /* of the log: 0, 1, 2, ... */
    uint8_t known;  /* the id */
    uint8_t sequence;
    uint8_t holder; /* epoch of the lease's record */
    uint8_t holder_age;
    uint8_t crashes; /* that may still happen, as what follows */
    uint8_t steals;
    uint8_t forgets;
    uint8_t refusals;
    struct writer writers[WRITERS];
};

struct copy_rules {
    int crashes;
    int steals; /* of a lease whose holder lives */
    int forgets;
    int refusals;
    int user_timeout; /* ticks after which the kernel gives a batch up; 0: 1; NEVER */
    bool lease_is_not_awaited;
    bool lease_is_not_kept; /* by its holder */
    bool many_begin;
};

static const struct copy_rules *rules;

static void begin(void *arg)
{
    struct copy_state *s = arg;

    memset(s, 0, sizeof(*s));
    s->crashes = (uint8_t)rules->crashes;
    s->steals = (uint8_t)rules->steals;
    s->forgets = (uint8_t)rules->forgets;
    s->refusals = (uint8_t)rules->refusals;
    s->holder_age = WAIT;
    for (int i = 0; i < WRITERS; i++)
        s->writers[i].wire[0] = s->writers[i].wire[1] = NONE;
}

static const char *judge(const void *arg)
{
    return NULL; /* steps say what is wrong */
}

static bool is_goal(const void *arg)
{
    return ((const struct copy_state *)arg)->length == RECORDS;
}

#define STEP(label, ...)                                                                           \
    do {                                                                                           \
        struct copy_state next = *s;                                                               \
        __VA_ARGS__;                                                                               \
        explorer_add(explorer, &next, label, NULL);                                                \
    } while (0)

static void drop_wire(struct writer *writer)
{
    writer->wire[0] = writer->wire[1] = NONE;
    writer->age[0] = writer->age[1] = 0;
}

/* What was on its way is lost; the writer looks anew. */
static void break_connection(struct writer *writer)
{
    drop_wire(writer);
    if (writer->phase == WRITER_WAITS)
        return;
    writer->phase = WRITER_LOOKS;
    writer->next = writer->alone = 0;
}

static void pass_time(struct link_explorer *explorer, const struct copy_state *s)
{
    int user_timeout = rules->user_timeout ? rules->user_timeout : 1;

    STEP("a tick passes", {
        next.holder_age += s->holder_age < WAIT;
        for (int i = 0; i < WRITERS; i++) {
            struct writer *writer = &next.writers[i];
            writer->left -= writer->left > 0;
            for (int k = 0; k < 2 && user_timeout != NEVER; k++)
                writer->age[k] += writer->wire[k] != NONE;
            if (writer->age[0] > user_timeout)
                break_connection(writer);
        }
    });
}

/* ---- writers ---- */

static bool holder_lives(const struct copy_state *s)
{
    for (int i = 0; i < WRITERS; i++)
        if (s->writers[i].phase != WRITER_WAITS && s->writers[i].lease == s->holder)
            return true;
    return false;
}

static void take_lease(struct link_explorer *explorer, const struct copy_state *s, int w)
{
    bool steals = holder_lives(s);

    if ((steals && !s->steals) ||
        (s->holder_age < WAIT && !(steals && rules->lease_is_not_awaited)))
        return;
    if (s->writers[w].wire[0] != NONE)
        return; /* of its life before: it has one connection here */
    STEP("a writer takes the lease", {
        next.steals -= steals;
        next.holder++;
        next.holder_age = 0;
        next.writers[w].lease = next.holder;
        next.writers[w].left = LEASE;
        next.writers[w].phase = WRITER_LOOKS;
    });
}

static void leave_off(struct writer *writer)
{
    writer->phase = WRITER_WAITS;
    writer->lease = writer->left = writer->next = writer->alone = 0;
}

/* Sequence and end are of one moment, as DescribeProducers gives them. */
static void look(struct copy_state *next, int w)
{
    struct writer *writer = &next->writers[w];

    drop_wire(writer);
    writer->next = next->known ? next->sequence : next->length;
    writer->alone = !next->known;
    writer->phase = WRITER_COPIES;
}

static void send(struct link_explorer *explorer, const struct copy_state *s, int w)
{
    const struct writer *writer = &s->writers[w];
    bool one_at_a_time = writer->alone && !rules->many_begin;

    if (writer->next >= RECORDS || writer->wire[1] != NONE ||
        (one_at_a_time && writer->wire[0] != NONE))
        return;
    STEP("a writer sends a batch", {
        next.writers[w].wire[writer->wire[0] == NONE ? 0 : 1] = writer->next;
        next.writers[w].next++;
    });
}

static void follow_writer(struct link_explorer *explorer, const struct copy_state *s, int w)
{
    const struct writer *writer = &s->writers[w];

    if (writer->phase == WRITER_WAITS) {
        take_lease(explorer, s, w);
        return;
    }
    if (s->crashes)
        STEP("a writer crashes", next.crashes--, leave_off(&next.writers[w]));
    if (s->holder == writer->lease && (writer->left < LEASE || s->holder_age > 0))
        STEP("a writer renews the lease", next.writers[w].left = LEASE, next.holder_age = 0);
    if (s->holder != writer->lease)
        STEP("a writer sees that it was overtaken", leave_off(&next.writers[w]));
    if (writer->left == 0 && !rules->lease_is_not_kept)
        return;
    if (writer->phase == WRITER_LOOKS)
        STEP("a writer looks", look(&next, w));
    else
        send(explorer, s, w);
}

/* ---- the partition ---- */

/* The older batch has gone. What comes behind one that failed is still on its way. */
static void take_off(struct writer *writer, bool failed)
{
    writer->wire[0] = writer->wire[1];
    writer->wire[1] = NONE;
    writer->age[0] = writer->age[1];
    writer->age[1] = 0;
    if (!failed || writer->phase == WRITER_WAITS)
        return;
    writer->phase = WRITER_LOOKS;
    writer->next = writer->alone = 0;
}

static void append(struct link_explorer *explorer, const struct copy_state *s, int w)
{
    struct copy_state next = *s;
    uint8_t record = s->writers[w].wire[0];
    bool fits = !s->known || record == s->sequence;
    bool is_double = s->known && record < s->sequence;

    take_off(&next.writers[w], !fits && !is_double);
    if (fits) {
        next.known = 1;
        next.sequence = record + 1;
        next.length++;
        next.writers[w].alone = 0;
    }
    explorer_add(explorer, &next, fits ? "a batch is appended" : "a batch is refused, or a double",
                 fits && record != s->length ? "a record lies in a wrong place" : NULL);
}

static void follow_wire(struct link_explorer *explorer, const struct copy_state *s, int w)
{
    if (s->writers[w].wire[0] == NONE)
        return;
    append(explorer, s, w);
    if (s->refusals)
        STEP("a batch is refused for a while", {
            next.refusals--;
            take_off(&next.writers[w], true);
        });
    STEP("a connection breaks", break_connection(&next.writers[w]));
}

static void follow(struct link_explorer *explorer, const void *state)
{
    const struct copy_state *s = state;

    pass_time(explorer, s);
    if (s->forgets && s->known)
        STEP("the partition forgets the id", next.forgets--, next.known = 0, next.sequence = 0);
    for (int w = 0; w < WRITERS; w++) {
        follow_writer(explorer, s, w);
        follow_wire(explorer, s, w);
    }
}

static const struct link_model model = {
    .size = sizeof(struct copy_state),
    .begin = begin,
    .follow = follow,
    .judge = judge,
    .is_goal = is_goal,
};

/* ---- tests ---- */

static void holds(const char *name, const struct copy_rules *chosen)
{
    rules = chosen;
    assert_holds(name, &model, chosen, 3000000);
}

static void finds(const char *name, const struct copy_rules *chosen)
{
    rules = chosen;
    assert_finds(name, &model, chosen, 3000000, "a record lies in a wrong place");
}

START_TEST(the_sequence_is_enough_while_the_id_is_known)
{
    holds("two writers without leases", &(struct copy_rules){.steals = 2,
                                                             .crashes = 1,
                                                             .refusals = 1,
                                                             .user_timeout = NEVER,
                                                             .lease_is_not_awaited = true,
                                                             .lease_is_not_kept = true});
}
END_TEST

START_TEST(the_lease_is_enough_when_it_is_forgotten)
{
    holds("two writers, an id that is forgotten",
          &(struct copy_rules){.steals = 2, .crashes = 1, .forgets = 2});
}
END_TEST

START_TEST(each_rule_is_needed)
{
    finds("many_begin", &(struct copy_rules){.many_begin = true, .refusals = 1});
    finds("lease_is_not_awaited",
          &(struct copy_rules){.lease_is_not_awaited = true, .steals = 1, .forgets = 1});
    finds("lease_is_not_kept",
          &(struct copy_rules){.lease_is_not_kept = true, .steals = 1, .forgets = 1});
    finds("the kernel sends for too long",
          &(struct copy_rules){.user_timeout = LEASE, .steals = 1, .forgets = 1});
}
END_TEST

/* Known, and said in docs/LINKING-INTERNALS.md: the offset of the answer shows it. */
START_TEST(a_refusal_in_the_moment_of_forgetting_is_a_limit)
{
    finds("a refusal and a forgotten id", &(struct copy_rules){.refusals = 1, .forgets = 1});
}
END_TEST

RUN_TESTS("link_model_copy", 600, the_sequence_is_enough_while_the_id_is_known,
          the_lease_is_enough_when_it_is_forgotten, each_rule_is_needed,
          a_refusal_in_the_moment_of_forgetting_is_a_limit)
