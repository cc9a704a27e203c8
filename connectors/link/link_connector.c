/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KafkaLinkConnector: one link between two clusters.
 *
 * The connector holds the control, by which orders are written: for REST (link_resource.c), and for
 * the watch, which follows patterns (link_watch.c). The tasks follow the orders. A task's
 * configuration says only which task it is, so that no topic that comes or goes restarts one.
 */
#include "link/link_connector_priv.h"

#include "link/link_live_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.KafkaLinkConnector");

#define SELF_MS   30000
#define KNOWN_MS  5000 /* so long a source whose id is known may take to tell it */
#define MAX_TASKS 64   /* each has clients of its own on both sides */

struct link_connector {
    struct link_control *control; /* first: link_resource looks for it here. NULL: not started */
    struct kc_connector_context *context;
    struct link_watch *watch;
};

static void *connector_create(struct kc_connector_context *context)
{
    struct link_connector *connector = kc_calloc(1, sizeof(*connector));
    connector->context = context;
    return connector;
}

/* ---- the link's own record ---- */

/* Never the same twice, so that a link that is made again under its old name writes as another. */
static char *new_identity(const struct link_control *control)
{
    uint64_t number = 0;
    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        number = (uint64_t)kc_mono_us();
    return kc_asprintf("%s/%s/%s/%016llx", control->source_cluster_id, control->target_cluster_id,
                       control->config->name, (unsigned long long)number);
}

static const char *source_servers(const struct link_control *control)
{
    return kc_map_get_or(control->config->properties, "source.cluster.bootstrap.servers", "");
}

static struct kc_error *write_self(struct link_control *control)
{
    struct link_self self = {.identity = new_identity(control),
                             .source_cluster_id = control->source_cluster_id,
                             .target_cluster_id = control->target_cluster_id,
                             .source_servers = (char *)source_servers(control),
                             .reverse_of = (char *)control->config->reverse_of,
                             .since_ms = kc_now_ms()};
    struct kc_error *err = link_self_save(control->store, &self, SELF_MS);
    free(self.identity);
    return err;
}

/* A link stays with its two clusters: its topics' offsets mean nothing elsewhere. */
static struct kc_error *check_self(const struct link_control *control, const struct link_self *self)
{
    bool source = strcmp(self->source_cluster_id, control->source_cluster_id) == 0;
    bool target = strcmp(self->target_cluster_id, control->target_cluster_id) == 0;
    if (source && target)
        return NULL;
    return kc_error_new(KC_ERR_CONFIG,
                        "Link '%s' was made with the %s cluster %s, and its bootstrap servers "
                        "now lead to cluster %s. Point it back, or create another link",
                        control->config->name, source ? "target" : "source",
                        source ? self->target_cluster_id : self->source_cluster_id,
                        source ? control->target_cluster_id : control->source_cluster_id);
}

/* Whether the text is another one than it was; it is this one then. */
static bool replace(char **text, const char *now)
{
    if (*text && strcmp(*text, now) == 0)
        return false;
    free(*text);
    *text = kc_strdup(now);
    return true;
}

/* The source was reached by the address in the settings: link_check() takes it then while the
 * source is away. The first link looks whether there is one that is the reverse of it. */
static void note_settings(struct link_control *control, struct link_self *self)
{
    bool changed = replace(&self->source_servers, source_servers(control));
    if (!replace(&self->reverse_of, control->config->reverse_of) && !changed)
        return;
    struct kc_error *err = link_self_save(control->store, self, SELF_MS);
    if (err)
        kc_warn("Link '%s' can't note its settings: %s", control->config->name, kc_error_text(err));
    kc_error_destroy(err);
}

static struct kc_error *ask_source_id(struct link_control *control, bool known)
{
    int64_t timeout_ms = kc_config_long(control->config->values, "admin.timeout.ms");
    if (known && timeout_ms > KNOWN_MS)
        kc_admin_set_timeout(control->source, KNOWN_MS);
    struct kc_error *err = kc_admin_cluster_id(control->source, &control->source_cluster_id);
    kc_admin_set_timeout(control->source, kc_timeout_ms(timeout_ms));
    return err;
}

/* The source may be away when a link starts again; its id is known then. */
static struct kc_error *learn_clusters(struct link_control *control)
{
    struct link_self self = {0};
    bool known = link_self_load(control->store, &self), reached;
    struct kc_error *err = kc_admin_cluster_id(control->target, &control->target_cluster_id);
    if (!err)
        err = ask_source_id(control, known);
    reached = !err;
    if (err && known && control->target_cluster_id) {
        kc_warn("Link '%s': the source cluster can't be reached now: %s", control->config->name,
                kc_error_text(err));
        kc_error_clear(&err);
        control->source_cluster_id = kc_strdup(self.source_cluster_id);
    }
    if (!err && strcmp(control->source_cluster_id, control->target_cluster_id) == 0)
        err = kc_error_new(KC_ERR_CONFIG,
                           "Link '%s': source.cluster.bootstrap.servers and "
                           "target.cluster.bootstrap.servers lead to the same cluster, %s",
                           control->config->name, control->source_cluster_id);
    if (!err)
        err = known ? check_self(control, &self) : write_self(control);
    if (!err && known && reached)
        note_settings(control, &self);
    link_self_clear(&self);
    return err;
}

/* ---- start and stop ---- */

static void control_destroy(struct link_control *control)
{
    if (!control)
        return;
    link_live_destroy(control->live);
    if (control->source)
        kc_admin_destroy(control->source);
    if (control->target)
        kc_admin_destroy(control->target);
    link_store_close(control->store);
    free(control->source_cluster_id);
    free(control->target_cluster_id);
    link_config_destroy(control->config);
    pthread_mutex_destroy(&control->ordering);
    pthread_mutex_destroy(&control->guarding);
    free(control);
}

static struct kc_error *control_new(struct kc_connector_context *context,
                                    const struct kc_map *properties, struct link_control **control)
{
    struct link_control *made = kc_calloc(1, sizeof(*made));
    made->context = context;
    pthread_mutex_init(&made->ordering, NULL);
    pthread_mutex_init(&made->guarding, NULL);
    struct kc_error *err = link_config_new(properties, false, &made->config);
    if (!err)
        err = link_admin_new(made->config, LINK_SOURCE, "control", &made->source);
    if (!err)
        err = link_admin_new(made->config, LINK_TARGET, "control", &made->target);
    if (!err)
        err = link_store_open(made->config, NULL, &made->store);
    if (!err)
        err = learn_clusters(made);
    if (!err)
        err = link_live_new(made->config, &made->live);
    if (err) {
        control_destroy(made);
        return err;
    }
    *control = made;
    return NULL;
}

static struct kc_error *connector_start(void *arg, const struct kc_map *properties)
{
    struct link_connector *connector = arg;
    struct link_control *control = NULL;
    struct kc_error *err = control_new(connector->context, properties, &control);
    if (!err)
        err = link_watch_start(control, &connector->watch);
    if (err) {
        control_destroy(control);
        return err;
    }
    connector->control = control;
    kc_info("Link '%s' from cluster %s to cluster %s is ready.", control->config->name,
            control->source_cluster_id, control->target_cluster_id);
    return NULL;
}

static void connector_stop(void *arg)
{
    struct link_connector *connector = arg;
    link_watch_stop(connector->watch);
    connector->watch = NULL;
    control_destroy(connector->control);
    connector->control = NULL;
}

static void connector_destroy(void *arg)
{
    connector_stop(arg);
    free(arg);
}

/* ---- tasks ---- */

/* As many as are allowed, whatever there is to do: topics are dealt by their names. */
static struct kc_error *connector_task_configs(void *arg, int max_tasks, struct kc_maps *configs)
{
    struct link_connector *connector = arg;
    int tasks = max_tasks < MAX_TASKS ? max_tasks : MAX_TASKS;
    for (int i = 0; i < tasks; i++) {
        struct kc_map *config = kc_map_copy(connector->control->config->properties);
        kc_map_setf(config, "task.index", "%d", i);
        kc_map_setf(config, "task.count", "%d", tasks);
        kc_maps_take(configs, config);
    }
    return NULL;
}

/* ---- descriptor ---- */

static struct kc_error *connector_alter_offsets(const struct kc_map *config, const json_t *offsets,
                                                bool *handled)
{
    return kc_error_new(KC_ERR_BAD_REQUEST,
                        "A link has no offsets to alter: its position is the end of the target's "
                        "log. link.start says where new mirror topics begin");
}

static const struct kc_connector_ops connector_ops = {
    .create = connector_create,
    .start = connector_start,
    .stop = connector_stop,
    .destroy = connector_destroy,
    .task_configs = connector_task_configs,
    .validate = link_check,
    .alter_offsets = connector_alter_offsets,
};

const struct kc_plugin link_plugin = {
    KC_PLUGIN_HEAD,
    .kind = KC_PLUGIN_SOURCE,
    .class_name = "org.isthmus.connect.link.KafkaLinkConnector",
    .task_class = "org.isthmus.connect.link.KafkaLinkTask",
    .version = KC_VERSION,
    .config_keys = link_config_keys,
    .config_key_count = LINK_CONFIG_KEYS,
    .connector = &connector_ops,
    .source_task = &link_task_ops,
    .resource = &link_resource,
};
