/* SPDX-License-Identifier: Apache-2.0 */
/* The definitions of a worker's and of connectors' settings, from their tables. See
 * worker_config.h. Any thread. */
#include "config/config_def_priv.h"
#include "config/config_keys.h"
#include "config/worker_config.h"

#include <pthread.h>

static struct kc_config_def *worker_defs[2];
static struct kc_config_def *connector_defs[2];
static pthread_once_t defs_once = PTHREAD_ONCE_INIT;

static void add_table(struct kc_config_def *def, const struct kc_key_table *table)
{
    kc_config_def_add(def, table->keys, table->count);
}

static void make_defs(void)
{
    const struct kc_key_table *const distributed[] = {
        &kc_worker_base_keys, &kc_ssl_keys,         &kc_rest_keys,   &kc_group_keys,
        &kc_sasl_keys,        &kc_distributed_keys, &kc_isthmus_keys};
    const struct kc_key_table *const standalone[] = {
        &kc_worker_base_keys, &kc_ssl_keys, &kc_rest_keys, &kc_standalone_keys, &kc_isthmus_keys};

    for (int i = 0; i < 2; i++) {
        worker_defs[i] = kc_config_def_new(NULL, 0);
        connector_defs[i] = kc_config_def_new(NULL, 0);
        add_table(connector_defs[i], &kc_connector_keys);
    }
    for (size_t i = 0; i < sizeof(distributed) / sizeof(distributed[0]); i++)
        add_table(worker_defs[KC_WORKER_DISTRIBUTED], distributed[i]);
    for (size_t i = 0; i < sizeof(standalone) / sizeof(standalone[0]); i++)
        add_table(worker_defs[KC_WORKER_STANDALONE], standalone[i]);
    add_table(connector_defs[0], &kc_sink_keys);
    add_table(connector_defs[1], &kc_source_keys);
}

const struct kc_config_def *kc_worker_config_def(enum kc_worker_mode mode)
{
    pthread_once(&defs_once, make_defs);
    return worker_defs[mode];
}

const struct kc_config_def *kc_connector_config_def(bool source)
{
    pthread_once(&defs_once, make_defs);
    return connector_defs[source];
}
