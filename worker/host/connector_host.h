/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host of one connector object: Connect's WorkerConnector.
 *
 * Every function of the connector is called on a thread of the host's, one at a time; an idle
 * connector has no thread. Requests wait in the host and are served in turn; of several target
 * states the latest wins. A cancelled host reports nothing any more, and exists until it has ended.
 */
#ifndef WORKER_HOST_CONNECTOR_HOST_H
#define WORKER_HOST_CONNECTOR_HOST_H

#include "connect/plugin.h"
#include "host/worker_listener.h"
#include "metrics/series.h"

struct kc_connector_host;

struct kc_connector_settings {
    const char *name; /* copied */
    const struct kc_plugin *plugin;
    const struct kc_map *config; /* variables resolved; copied */
    const struct kc_worker_listener *listener;
    void *opaque;
};

struct kc_connector_host *kc_connector_host_new(const struct kc_connector_settings *settings);
/* Only when the host has ended (kc_connector_host_await()) or never ran. NULL is fine. */
void kc_connector_host_destroy(struct kc_connector_host *host);

/* Any thread. */
void kc_connector_host_run(struct kc_connector_host *host);
/* done: as kc_worker_start_connector(); on the connector's thread; on the caller's if the request
 * can't be served or no thread can be started for it. */
void kc_connector_host_set_target(struct kc_connector_host *host, enum kc_target_state target,
                                  kc_worker_done done, void *opaque);
/* config: the connector's, raw variables resolved; copied. */
void kc_connector_host_task_configs(struct kc_connector_host *host, const struct kc_map *config,
                                    kc_worker_task_configs_done done, void *opaque);
/* Calls call(connector object, arg) on the connector's thread while the connector is started, then
 * done. KC_ERR_CONFLICT: it isn't; KC_ERR_UNAVAILABLE: it is shutting down. */
typedef void (*kc_connector_call)(void *connector, void *arg);
void kc_connector_host_call(struct kc_connector_host *host, kc_connector_call call, void *arg,
                            kc_worker_done done, void *opaque);
void kc_connector_host_stop(struct kc_connector_host *host); /* doesn't wait */
bool kc_connector_host_await(struct kc_connector_host *host, int64_t deadline_ms);
/* Reports UNASSIGNED in the connector's place and leaves its thread to itself. */
void kc_connector_host_cancel(struct kc_connector_host *host);

const char *kc_connector_host_name(const struct kc_connector_host *host);
const struct kc_plugin *kc_connector_host_plugin(const struct kc_connector_host *host);
enum kc_state kc_connector_host_state(struct kc_connector_host *host);
/* The connector's own metrics; they live as long as the host. */
struct kc_series_list *kc_connector_host_series(struct kc_connector_host *host);
/* The last text of kc_connector_explain(); NULL: none. Owned by the caller. */
char *kc_connector_host_note(struct kc_connector_host *host);

#endif
