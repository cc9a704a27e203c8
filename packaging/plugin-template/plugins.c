/* SPDX-License-Identifier: Apache-2.0 */
/* What this shared object offers. */
#include <connect/plugin.h>

extern const struct kc_plugin counter_source;

KC_PLUGINS(&counter_source);
