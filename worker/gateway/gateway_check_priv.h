/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a check of a gateway: what was found, and who finds it. One thread.
 */
#ifndef WORKER_GATEWAY_GATEWAY_CHECK_PRIV_H
#define WORKER_GATEWAY_GATEWAY_CHECK_PRIV_H

#include "connect/kafka.h"
#include "connect/link.h"
#include "gateway/gateway_config.h"
#include "wire/wire_admin.h"

/* ---- gateway_findings.c: what was found ---- */

enum check_level {
    CHECK_OK,
    CHECK_NOTE,    /* to know */
    CHECK_WARNING, /* may be wrong, or surprise */
    CHECK_MISSING, /* clients would fail */
};

struct check_findings {
    json_t *list; /* {level, code, about, message} */
    size_t counts[CHECK_MISSING + 1];
};
void check_findings_init(struct check_findings *findings);
void check_findings_clear(struct check_findings *findings);
/* code: "MISSING_RIGHT", for scripts; about: what it is about: "target", "User:alice", ... */
void check_find(struct check_findings *findings, enum check_level level, const char *code,
                const char *about, const char *fmt, ...) KC_PRINTF(5, 6);
/* All of it as text, one line each, in the order in which it was found; the caller's. Control
 * characters are replaced. */
char *check_findings_text(const struct check_findings *findings);
/* {"ok":, "missing":, "warnings":, "findings":[...]}; a new reference. */
json_t *check_findings_json(const struct check_findings *findings);

/* ---- a run ---- */

/* A cluster that is asked. NULL members: it can't be reached. */
struct check_cluster {
    const char *name; /* "target", "source" */
    struct kc_admin *admin;
    struct kc_wire_admin *wire;
    struct kc_wire_cluster_info info;
};

/* A topic of a link that isn't promoted yet. Names are borrowed from the links. */
struct check_topic {
    const char *link;
    const char *source;
    const char *target;
};

struct check_run {
    const struct gateway_config *config;
    struct check_findings *findings;
    struct check_cluster source;
    struct check_cluster target;
    struct check_links *links; /* NULL: not known */
    struct check_topic *topics;
    size_t topic_count;
};

/* gateway_check_places.c: listeners, ports and names of this machine. Brokers are the target's, if
 * they are known. */
void check_places(struct check_run *run);

/* gateway_check_links.c: the links in the target's state topic. */
void check_links(struct check_run *run);
void check_links_free(struct check_run *run);

/* gateway_check_clients.c: who writes, and what is missing for it. */
void check_clients(struct check_run *run);

#endif
