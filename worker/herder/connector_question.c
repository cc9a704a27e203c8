/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to connectors, by the REST resources of their plugins.
 *
 * A question goes request thread → tick thread, which knows the owner, → connector thread, and its
 * request ends there. A caller's wait may time out. Then the question stays with the request, and
 * is destroyed with its last reference.
 */
#include "herder/herder_priv.h"

#include <string.h>

static bool is_of(const struct kc_herder *herder, const struct kc_map *config,
                  const struct kc_plugin *plugin)
{
    const char *class_name = config ? kc_map_get(config, "connector.class") : NULL;
    return class_name && kc_plugins_find(herder->plugins, class_name, KC_CONNECTOR_KINDS) == plugin;
}

/* ---- tick thread ---- */

bool kc_herder_may_ask(struct kc_herder *herder, struct kc_request *request,
                       const struct kc_herder_args *args)
{
    const struct kc_map *config = kc_cluster_state_config(herder->config_state, args->connector);
    if (config && is_of(herder, config, args->plugin))
        return true;
    kc_request_complete(request, config ? kc_error_new(KC_ERR_NOT_FOUND, "Connector %s is no %s",
                                                       args->connector, args->plugin->class_name)
                                        : kc_connector_not_found(args->connector));
    return false;
}

static void on_answer(void *opaque, struct kc_error *err)
{
    kc_request_complete(opaque, err);
    kc_request_unref(opaque);
}

void kc_herder_pass_question(struct kc_herder *herder, struct kc_request *request,
                             struct kc_herder_args *args)
{
    kc_worker_call_connector(herder->worker, args->connector, args->question.call,
                             args->question.arg, on_answer, kc_request_ref(request));
}

/* ---- request threads ---- */

struct kc_error *kc_herder_ask(struct kc_herder *herder, const char *connector,
                               const struct kc_plugin *plugin,
                               struct kc_connector_question *question, int timeout_ms)
{
    struct kc_herder_args *args = kc_herder_args_new(connector);
    struct kc_request *request = NULL;
    args->plugin = plugin;
    args->question = *question;
    question->arg = NULL;
    struct kc_error *err =
        kc_herder_call(herder, herder->ops->requests[KC_REQUEST_ASK], args, timeout_ms, &request);
    if (!err || kc_error_code(err) != KC_ERR_TIMEOUT) {
        question->arg = args->question.arg;
        args->question.arg = NULL;
    }
    kc_request_unref(request);
    return err;
}

void kc_herder_connectors_of(struct kc_herder *herder, const struct kc_plugin *plugin,
                             struct kc_strings *names)
{
    struct kc_cluster_state *state = kc_config_store_snapshot(herder->config_store);
    const struct kc_strings *all = kc_cluster_state_connectors(state);
    for (size_t i = 0; i < all->count; i++)
        if (is_of(herder, kc_cluster_state_config(state, all->items[i]), plugin))
            kc_strings_add(names, all->items[i]);
    kc_cluster_state_unref(state);
}
