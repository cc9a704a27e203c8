/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugins that are linked into the worker, in no particular order. The worker's plugin registry
 * walks the list once, at start.
 */
#include "connect/plugin.h"

const struct kc_plugin *const kc_builtin_plugins[] = {
    NULL,
};
