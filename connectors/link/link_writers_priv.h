/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who writes several topics as one: transactional ids, and applications of Kafka Streams. Such
 * topics move together, or a transaction would have a part on each cluster. Asks the source; any
 * thread.
 */
#ifndef CONNECTORS_LINK_LINK_WRITERS_PRIV_H
#define CONNECTORS_LINK_LINK_WRITERS_PRIV_H

#include "link/link_control_priv.h"
#include "link/link_mirror_priv.h"

struct link_writer {
    char *name; /* the transactional id; of an application its application.id */
    bool streams;
    struct kc_strings topics; /* source topics, each once, sorted */
};
/* Zero-initialise it. */
struct link_writers {
    struct link_writer *items;
    size_t count;
    char *unknown; /* why transactional ids aren't known, as before Kafka 2.8; NULL: they are */
};

/* Writers of the mirrors' source topics that have two of them at least, or a Streams application.
 */
struct kc_error *link_writers_load(struct link_control *control, const struct link_mirror *mirrors,
                                   size_t count, struct link_writers *writers) KC_MUST_CHECK;
void link_writers_clear(struct link_writers *writers);
/* Adds a topic to the writer of that name. */
void link_writers_add(struct link_writers *writers, const char *name, bool streams,
                      const char *topic);
/* Takes away writers of a single topic, and sorts the topics of the others. */
void link_writers_settle(struct link_writers *writers);

/* Whether a Streams application's topic: "<id>-...-changelog" or "-repartition". */
bool link_is_streams_topic(const char *topic, const char *application);

/* Blocks a wave whose batches part the topics of a writer. */
struct kc_error *link_writers_check(struct link_control *control, const struct kc_link_wave *wave,
                                    struct link_outcome *outcome) KC_MUST_CHECK;
/* The same, of known writers. */
void link_writers_block(const struct link_config *config, const struct link_writers *writers,
                        const struct kc_link_wave *wave, struct link_outcome *outcome);

#endif
