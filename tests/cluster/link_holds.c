/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mirror groups of a link without the rest of the worker, run by test_link_groups.py:
 *
 *     link_holds KEY=VALUE...
 *
 * The arguments are the link's settings. Lines of standard input are orders:
 *
 *     topic TARGET SOURCE PARTITIONS STATE
 *     group TARGET SOURCE hold|promote|release auto|manual|force
 *     forget TARGET
 *     member GROUP TYPE PROTOCOL   (somebody joins a classic group on the source)
 *     obstacle SOURCE TARGET       (prints {"obstacle":CODE or null,"warning":...})
 *     quit
 *
 * Prints each state of a group that is written, as {"group":G,"state":{...}} on a line.
 */
#include "connect/group.h"
#include "link/link_groups_priv.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 30000, LOOK_MS = 20, STRANGERS = 8 };

/* What main() of the worker does: filters are plugins, too. */
extern const struct kc_plugin *const kc_builtin_plugins[];
void kc_plugins_set_builtin(const struct kc_plugin *const *builtin);

static struct link_store *store;
static struct link_config *config;
static struct kc_group_client *client;
static struct kc_group_member *strangers[STRANGERS];
static size_t stranger_count;

/* Ends with the error's text, if there is one. */
static void ok(struct kc_error *err)
{
    if (!err)
        return;
    fprintf(stderr, "%s\n", kc_error_text(err));
    exit(1);
}

static void put(enum kc_link_resource resource, const char *name, json_t *value)
{
    struct link_change change = {resource, name, value};
    ok(link_store_put(store, &change, 1, PATIENCE_MS));
}

/* The epoch of the next order for something. */
static int64_t next_epoch(enum kc_link_resource resource, const char *name)
{
    json_t *json = link_store_get(store, resource, name);
    int64_t epoch = json_integer_value(json_object_get(json, "epoch")) + 1;
    json_decref(json);
    return epoch;
}

static void order_topic(const char *name, char *source, int32_t partitions, const char *state)
{
    char none[] = "", by[] = "test";
    struct kc_link_topic_order order = {
        .epoch = next_epoch(KC_LINK_TOPIC_ORDER, name),
        .source_topic = source,
        .partitions = partitions,
        .start = -2,
        .by = by,
        .since_ms = kc_now_ms(),
    };
    struct kc_link_topic topic = {.epoch = order.epoch,
                                  .order_epoch = order.epoch,
                                  .since_ms = kc_now_ms(),
                                  .reason = none,
                                  .partitions = partitions,
                                  .lane = none};
    if (!kc_link_topic_state_parse(state, &topic.state))
        exit(2);
    put(KC_LINK_TOPIC, name, kc_link_topic_json(&topic));
    put(KC_LINK_TOPIC_ORDER, name, kc_link_topic_order_json(&order));
}

static void order_group(const char *name, char *source, const char *wish, const char *how)
{
    char by[] = "test";
    struct kc_link_group_order order = {.epoch = next_epoch(KC_LINK_GROUP_ORDER, name),
                                        .source_group = source,
                                        .automatic = strcmp(how, "auto") == 0,
                                        .force = strcmp(how, "force") == 0,
                                        .by = by,
                                        .since_ms = kc_now_ms()};
    if (!kc_link_group_wish_parse(wish, &order.wish))
        exit(2);
    put(KC_LINK_GROUP_ORDER, name, kc_link_group_order_json(&order));
}

/* ---- what can't be held ---- */

static struct kc_error *assign(void *opaque, struct kc_group_round *round)
{
    return NULL;
}

static void join(const char *group, const char *type, const char *protocol)
{
    const struct kc_group_protocol offered = {protocol, "", 0};
    const struct kc_group_member_settings settings = {KC_GROUP_SIZE(settings), .group = group,
                                                      .type = type, .protocols = &offered,
                                                      .protocol_count = 1};
    const struct kc_group_member_ops ops = {.size = sizeof(ops), .assign = assign};
    struct kc_map *properties =
        link_client_properties(config, LINK_SOURCE, KC_CLIENT_CONSUMER, "strangers");
    if (stranger_count == STRANGERS)
        exit(2);
    if (!client)
        ok(kc_group_client_new(properties, "strangers", &client));
    ok(kc_group_member_new(client, &settings, &ops, NULL, &strangers[stranger_count]));
    ok(kc_group_member_poll(strangers[stranger_count++], PATIENCE_MS));
    kc_map_destroy(properties);
}

static void print_obstacle(const char *source_group, const char *target_group)
{
    struct kc_admin *source = NULL, *target = NULL;
    struct kc_strings sources = {0}, targets = {0};
    struct link_obstacle obstacle;
    kc_strings_add(&sources, source_group);
    kc_strings_add(&targets, target_group);
    ok(link_admin_new(config, LINK_SOURCE, "test", &source));
    ok(link_admin_new(config, LINK_TARGET, "test", &target));
    ok(link_group_obstacle(source, target, &sources, &targets, &obstacle));
    json_t *line = json_pack("{s:s?, s:b}", "obstacle", obstacle.code, "warning", obstacle.warning);
    char *text = json_dumps(line, JSON_COMPACT);
    puts(text);
    free(text);
    json_decref(line);
    link_obstacles_clear(&obstacle, 1);
    kc_admin_destroy(source);
    kc_admin_destroy(target);
    kc_strings_destroy(&sources);
    kc_strings_destroy(&targets);
}

/* False: to end. */
static bool obey(char *line)
{
    char *words[5] = {0}, *rest = line, *word;
    size_t count = 0;
    while (count < 5 && (word = strsep(&rest, " \n")))
        if (*word)
            words[count++] = word;
    if (count == 0 || strcmp(words[0], "quit") == 0)
        return false;
    if (strcmp(words[0], "topic") == 0 && count == 5)
        order_topic(words[1], words[2], atoi(words[3]), words[4]);
    else if (strcmp(words[0], "group") == 0 && count == 5)
        order_group(words[1], words[2], words[3], words[4]);
    else if (strcmp(words[0], "member") == 0 && count == 4)
        join(words[1], words[2], words[3]);
    else if (strcmp(words[0], "obstacle") == 0 && count == 3)
        print_obstacle(words[1], words[2]);
    else if (strcmp(words[0], "forget") == 0 && count == 2)
        put(KC_LINK_GROUP_ORDER, words[1], NULL);
    else
        exit(2);
    return true;
}

static void print_states(uint64_t *seen)
{
    struct kc_strings names = {0};
    uint64_t version = link_store_version(store);
    if (version == *seen)
        return;
    link_store_changed(store, *seen, KC_LINK_GROUP, &names);
    *seen = version;
    for (size_t i = 0; i < names.count; i++) {
        json_t *state = link_store_get(store, KC_LINK_GROUP, names.items[i]);
        json_t *line =
            json_pack("{s:s, s:o}", "group", names.items[i], "state", state ? state : json_null());
        char *text = json_dumps(line, JSON_COMPACT);
        puts(text);
        free(text);
        json_decref(line);
    }
    fflush(stdout);
    kc_strings_destroy(&names);
}

static void work(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    uint64_t seen = 0;
    char line[1024];
    for (;;) {
        print_states(&seen);
        if (poll(&input, 1, LOOK_MS) > 0 && (!fgets(line, sizeof(line), stdin) || !obey(line)))
            return;
    }
}

int main(int argc, char **argv)
{
    struct kc_map *properties = kc_map_new();
    struct link_lease *lease = NULL;
    struct link_groups *groups = NULL;
    struct kc_stop *stop = kc_stop_new();
    for (int i = 1; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (!equals)
            return 2;
        *equals = '\0';
        kc_map_set(properties, argv[i], equals + 1);
    }
    kc_plugins_set_builtin(kc_builtin_plugins);
    setvbuf(stdin, NULL, _IONBF, 0); /* poll() sees what stdio hasn't taken */
    ok(link_config_new(properties, true, &config));
    ok(link_store_open(config, stop, &store));
    ok(link_lease_take(store, config, stop, &lease));
    ok(link_groups_open(config, store, lease, &groups));
    puts("{\"ready\":true}");
    work();
    for (size_t i = 0; i < stranger_count; i++) {
        kc_group_member_leave(strangers[i], "the end");
        kc_group_member_destroy(strangers[i]);
    }
    kc_group_client_destroy(client);
    link_groups_close(groups);
    link_lease_release(lease);
    link_store_close(store);
    link_config_destroy(config);
    kc_map_destroy(properties);
    kc_stop_destroy(stop);
    return 0;
}
