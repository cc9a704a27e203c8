/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugins that this worker can run: those linked in and those on plugin.path.
 *
 * Made once at start, immutable afterwards: any thread may look up.
 */
#ifndef WORKER_DATA_PLUGINS_H
#define WORKER_DATA_PLUGINS_H

#include "connect/plugin.h"

struct kc_plugins;

/* The plugins that are linked into this program, NULL-terminated: connectors/builtin.c. main hands
 * them over before there are other threads, so that nothing here refers to a connector. */
extern const struct kc_plugin *const kc_builtin_plugins[];
void kc_plugins_set_builtin(const struct kc_plugin *const *builtin);

/* builtin: NULL-terminated. plugin_path: CSV of directories and shared objects, may be NULL; an
 * object that can't be loaded or used is left out and logged with its file and the reason. (Jars
 * are counted, and one line explains that they aren't loaded.) */
struct kc_plugins *kc_plugins_new(const struct kc_plugin *const *builtin, const char *plugin_path);
/* The plugins of a worker with these settings, including those that were handed over. The
 * FileStream connectors read and write any file of the worker's user: they exist only if
 * KC_FILE_PLUGINS is true or plugin.path has Apache's connect-file-*.jar, as in Apache's
 * distribution since 3.2. */
#define KC_FILE_PLUGINS "isthmus.plugins.file.enabled"
struct kc_plugins *kc_plugins_of_worker(const struct kc_map *settings);
/* Whether name would find a FileStream connector, were they enabled. */
bool kc_plugins_hides(const struct kc_plugins *plugins, const char *name);
void kc_plugins_destroy(struct kc_plugins *plugins);

/* By full class name, simple name or alias (PluginUtils); NULL when unknown or ambiguous.
 * kind_mask: 1u << kind of those that are wanted. */
const struct kc_plugin *kc_plugins_find(const struct kc_plugins *plugins, const char *name,
                                        unsigned kind_mask);
#define KC_CONNECTOR_KINDS ((1u << KC_PLUGIN_SINK) | (1u << KC_PLUGIN_SOURCE))
/* The plugins that Java's /connector-plugins lists: not policies and filters. */
#define KC_LISTED_KINDS ((1u << KC_PLUGIN_REPLICATION_POLICY) - 1)

/* NULL if the plugin's version fits wanted (NULL or "latest": any); else Java's message
 * (DelegatingClassLoader, KIP-891). There is one version of each plugin. */
struct kc_error *kc_plugins_check_version(const struct kc_plugins *plugins,
                                          const struct kc_plugin *plugin,
                                          const char *wanted) KC_MUST_CHECK;

/* In the order that REST lists them: sinks, sources, then the others, each by class name. */
size_t kc_plugins_count(const struct kc_plugins *plugins);
const struct kc_plugin *kc_plugins_at(const struct kc_plugins *plugins, size_t index);
const char *kc_plugin_kind_name(enum kc_plugin_kind kind); /* "source", "header_converter", ... */

#endif
