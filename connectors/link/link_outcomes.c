/* SPDX-License-Identifier: Apache-2.0 */
/* What became of the names in a request: see link_control_priv.h. Any thread, one at a time. */
#include "link/link_control_priv.h"

#include <stdlib.h>

static void clear_outcome(struct link_outcome *outcome)
{
    for (size_t i = 0; i < outcome->blocker_count; i++) {
        free(outcome->blockers[i].code);
        free(outcome->blockers[i].message);
    }
    free(outcome->blockers);
    json_decref(outcome->given_up);
    free(outcome->message);
    free(outcome->name);
}

void link_outcomes_clear(struct link_outcomes *outcomes)
{
    for (size_t i = 0; i < outcomes->count; i++)
        clear_outcome(&outcomes->items[i]);
    free(outcomes->items);
    *outcomes = (struct link_outcomes){0};
}

struct link_outcome *link_outcomes_add(struct link_outcomes *outcomes, const char *name)
{
    size_t count = outcomes->count;
    if ((count & (count - 1)) == 0) /* a power of two: full */
        outcomes->items =
            kc_realloc(outcomes->items, (count ? 2 * count : 1) * sizeof(*outcomes->items));
    struct link_outcome *outcome = &outcomes->items[outcomes->count++];
    *outcome = (struct link_outcome){.name = kc_strdup(name), .predicted_ms = -1};
    return outcome;
}

void link_outcome_block(struct link_outcome *outcome, const char *code, bool warning,
                        const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *message = kc_vasprintf(fmt, args);
    va_end(args);
    outcome->blockers =
        kc_realloc(outcome->blockers, (outcome->blocker_count + 1) * sizeof(*outcome->blockers));
    outcome->blockers[outcome->blocker_count++] =
        (struct link_blocker){kc_strdup(code), message, warning};
}

bool link_outcome_blocked(const struct link_outcome *outcome)
{
    for (size_t i = 0; i < outcome->blocker_count; i++)
        if (!outcome->blockers[i].warning)
            return true;
    return false;
}

void link_outcome_refuse(struct link_outcome *outcome, int status, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *message = kc_vasprintf(fmt, args);
    va_end(args);
    free(outcome->message);
    outcome->message = message;
    outcome->status = status;
}

bool link_outcome_settle(struct link_outcome *outcome, const struct link_request *request)
{
    if (outcome->status)
        return false;
    for (size_t i = 0; i < outcome->blocker_count; i++) {
        const struct link_blocker *blocker = &outcome->blockers[i];
        if (blocker->warning)
            continue;
        link_outcome_refuse(outcome, 409, "%s", blocker->message);
        return false;
    }
    outcome->status = request->dry_run ? 200 : 202;
    return !request->dry_run;
}
