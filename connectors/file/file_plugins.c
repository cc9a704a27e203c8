/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the shared object offers when this folder is built by itself, outside the worker: with the
 * installed headers alone and the Makefile of the plugin template.
 */
#include "connect/plugin.h"

extern const struct kc_plugin kc_file_source;
extern const struct kc_plugin kc_file_sink;

KC_PLUGINS(&kc_file_source, &kc_file_sink);
