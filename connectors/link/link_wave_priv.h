/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waves: topics and groups that move together, batch after batch.
 *
 * A wave is a record of the state topic, which the connector writes: so it goes on where it was,
 * whichever worker runs the connector. In a batch the groups are promoted first, as soon as their
 * members have come over; then the topics, as soon as their source is quiet. What passes by itself
 * is waited for, and the wave's reason says so. What doesn't stops the wave.
 */
#ifndef CONNECTORS_LINK_LINK_WAVE_PRIV_H
#define CONNECTORS_LINK_LINK_WAVE_PRIV_H

#include "connect/resource.h"
#include "link/link_control_priv.h"

/* ---- link_wave.c ---- */

/* KC_ERR_NOT_FOUND, KC_ERR_DATA. */
struct kc_error *link_wave_load(struct link_control *control, const char *name,
                                struct kc_link_wave *wave) KC_MUST_CHECK;
struct kc_error *link_wave_save(struct link_control *control, const char *name,
                                const struct kc_link_wave *wave) KC_MUST_CHECK;
/* Starts a wave, or stops one that runs. KC_ERR_CONFLICT: it is done, or is so already. */
struct kc_error *link_wave_move(struct link_control *control, const char *name,
                                enum kc_link_wave_state state,
                                const struct link_request *request) KC_MUST_CHECK;
/* One step of every wave that runs: orders what can be ordered. By the watch, every second or so.
 * An error may pass. */
struct kc_error *link_waves_step(struct link_control *control) KC_MUST_CHECK;

/* ---- link_wave_resource.c: /links/{link}/waves ---- */

void link_get_waves(void *connector, struct kc_resource_request *request);
void link_get_wave(void *connector, struct kc_resource_request *request);
void link_post_waves(void *connector, struct kc_resource_request *request);
void link_post_waves_start(void *connector, struct kc_resource_request *request);
void link_post_waves_stop(void *connector, struct kc_resource_request *request);
void link_delete_wave(void *connector, struct kc_resource_request *request);

/* A wave as a manifest has it; *name is the caller's. KC_ERR_BAD_REQUEST names the field. */
struct kc_error *link_wave_parse(const json_t *body, char **name, struct kc_link_wave *wave,
                                 bool *dry_run) KC_MUST_CHECK;

#endif
