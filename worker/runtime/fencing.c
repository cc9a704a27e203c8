/* SPDX-License-Identifier: Apache-2.0 */
/* Fences the producers of a connector's former tasks (KIP-618), see worker.h. */
#include "connect/log.h"
#include "runtime/worker_priv.h"
#include "source/eos_offsets.h"
#include "wire/wire_admin.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.Worker");

enum { FENCE_MS = 90000 };

static struct kc_error *fence(struct kc_wire_admin *admin, const struct kc_worker_config *config,
                              const char *connector, int count)
{
    struct kc_wire_fence_item *items = kc_calloc((size_t)count, sizeof(*items));
    char **ids = kc_calloc((size_t)count, sizeof(*ids));
    for (int i = 0; i < count; i++)
        items[i].transactional_id = ids[i] = kc_transactional_id(config, connector, i);
    struct kc_error *err = kc_wire_fence_producers(admin, items, (size_t)count, FENCE_MS);
    for (int i = 0; i < count; i++) {
        if (!err)
            err = kc_error_prefix(items[i].error, "Fencing the producer %s", ids[i]);
        else
            kc_error_destroy(items[i].error);
        free(ids[i]);
    }
    free(ids);
    free(items);
    return err;
}

struct kc_error *kc_worker_fence_zombies(struct kc_worker *worker, const char *connector,
                                         const struct kc_map *config, int count)
{
    if (count <= 0)
        return NULL;
    kc_debug("Fencing out %d task producers for source connector %s", count, connector);
    struct kc_map *resolved = NULL;
    struct kc_wire_admin *admin = NULL;
    struct kc_error *err = kc_worker_resolve(worker, config, &resolved);
    if (!err) {
        char *id = kc_asprintf("connector-worker-adminclient-%s", connector);
        struct kc_map *properties =
            kc_task_client_properties(worker->config, "admin", resolved, id);
        err = kc_wire_admin_new(properties, id, &admin);
        kc_map_destroy(properties);
        free(id);
    }
    if (!err)
        err = fence(admin, worker->config, connector, count);
    kc_wire_admin_destroy(admin);
    kc_map_destroy(resolved);
    return err;
}
