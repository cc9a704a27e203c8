/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugins of the shared object that this folder makes when it is built outside the worker, with
 * only the installed headers and the plugin template's Makefile.
 */
#include "connect/plugin.h"

extern const struct kc_plugin kc_file_source;
extern const struct kc_plugin kc_file_sink;

KC_PLUGINS(&kc_file_source, &kc_file_sink);
