/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A descriptor out of a shared object, held against the contract before anything of it is used.
 *
 * Findings are for the plugin's author. Each is the end of a sentence that begins with the plugin's
 * name: "has no source_task.poll". Any thread.
 */
#ifndef WORKER_DATA_PLUGIN_CHECK_PRIV_H
#define WORKER_DATA_PLUGIN_CHECK_PRIV_H

#include "connect/plugin.h"

/* Whether a shared object's kc_plugins is a list of plugins, and ends where the object says it
 * does. NULL if so; otherwise the end of a sentence that begins with the list, owned by the caller.
 */
char *kc_plugin_check_list(const struct kc_plugin *const *list);

/* Whether plugin can be read at all: its API version and size. Looks at nothing else. NULL if it
 * can; otherwise the reason, owned by the caller. */
char *kc_plugin_check_version(const struct kc_plugin *plugin);

/* A copy of a readable plugin in the sizes of this version. Members that its older minor version
 * didn't have are zero, also in the tables of functions. Owned by the caller, one piece of memory.
 */
struct kc_plugin *kc_plugin_copy(const struct kc_plugin *theirs);

/* Whether a copied plugin has all that its kind needs. NULL if it has; otherwise the fault, owned
 * by the caller. */
char *kc_plugin_check(const struct kc_plugin *plugin);

#endif
