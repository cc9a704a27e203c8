/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies one topic by link_copy alone, with a state file in place of the state topic and a lease
 * that always holds. Run by test_link_copying.py:
 *
 *     link_copying SOURCE TARGET TOPIC FILE [KEY=VALUE]...
 *
 * keys: seconds (how long at most), partitions, compacted, start, finish, force, repair, id, former
 * (another lease that there was, as 0/2), ask (up to which offset of partition 0 the offset index
 * is asked, at the end), and settings of the connector. Prints a line for each change of the state.
 * Exits 0 when the topic is finished (finish=1) or the time is over, 3 when it has diverged or
 * failed.
 */
#include "connect/plugin.h"
#include "link/link_copy_priv.h"
#include "link/link_index_priv.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ID ((INT64_C(1) << 62) + (INT64_C(9) << 42))

/* The filters that a link's settings name by default; a worker has them from main. */
extern const struct kc_plugin kc_default_topic_filter, kc_default_group_filter,
    kc_default_config_property_filter;
void kc_plugins_set_builtin(const struct kc_plugin *const *builtin);
static const struct kc_plugin *const filters[] = {
    &kc_default_topic_filter, &kc_default_group_filter, &kc_default_config_property_filter, NULL};

static volatile sig_atomic_t ended;

static void on_term(int signal)
{
    (void)signal;
    ended = 1;
}

static void ok(struct kc_error *err)
{
    if (!err)
        return;
    fprintf(stderr, "%s\n", kc_error_text(err));
    exit(1);
}

/* ---- a lease that holds for ten seconds from any moment on ---- */

int64_t link_lease_until(const struct link_lease *lease)
{
    (void)lease;
    return kc_mono_ms() + 10000;
}

bool link_lease_holds(const struct link_lease *lease)
{
    return link_lease_until(lease) > kc_mono_ms();
}

static const char *former; /* the lease of a task of another number; NULL: there was none */

void link_lease_former(const struct link_lease *lease, struct kc_strings *names)
{
    (void)lease;
    if (former)
        kc_strings_add(names, former);
}

/* ---- the state ---- */

static void save(const char *file, const struct link_copy_status *status)
{
    char *fresh = kc_asprintf("%s.new", file);
    json_t *list = json_array();
    for (size_t i = 0; i < status->count; i++)
        json_array_append_new(list, kc_link_partition_json(&status->partitions[i].saved));
    if (json_dump_file(list, fresh, 0) || rename(fresh, file)) {
        perror(file);
        exit(1);
    }
    json_decref(list);
    free(fresh);
}

static const char *const names[] = {
    [LINK_COPY_LOOKING] = "LOOKING",   [LINK_COPY_ALIGNING] = "ALIGNING",
    [LINK_COPY_COPYING] = "COPYING",   [LINK_COPY_PAUSED] = "PAUSED",
    [LINK_COPY_FINISHED] = "FINISHED", [LINK_COPY_AWAY] = "AWAY",
    [LINK_COPY_DIVERGED] = "DIVERGED", [LINK_COPY_FAILED] = "FAILED",
};

/* Returns whether something has changed. */
static bool print(const struct link_copy_status *status, char **last)
{
    char *line = kc_asprintf("%s %s", names[status->state], status->reason);
    bool changed = !*last || strcmp(line, *last) != 0;
    if (changed) {
        int64_t end = 0, fillers = 0, bytes = 0;
        for (size_t i = 0; i < status->count; i++) {
            end += status->partitions[i].target_end;
            fillers += status->partitions[i].fillers;
            bytes += status->partitions[i].copied_bytes;
        }
        printf("%lld %s (end %lld, fillers %lld, bytes %lld, lag %lld)\n", (long long)kc_mono_ms(),
               line, (long long)end, (long long)fillers, (long long)bytes, (long long)status->lag);
        fflush(stdout);
    }
    free(*last);
    *last = line;
    return changed;
}

/* True: it is over. */
static bool look(struct link_copy *copy, const char *topic, const char *file, char **last,
                 int *code)
{
    struct link_copy_status status = {0};
    link_copy_status(copy, topic, &status);
    bool changed = print(&status, last);
    if (status.must_save || changed) { /* as a task does */
        save(file, &status);
        link_copy_saved(copy, topic);
    }
    bool broken = status.state == LINK_COPY_FAILED || status.state == LINK_COPY_DIVERGED;
    bool over = broken || status.state == LINK_COPY_FINISHED;
    if (broken)
        *code = 3;
    link_copy_status_clear(&status);
    return over;
}

/* Where records of partition 0 are, for each offset of the source. */
static void ask(const struct link_config *config, const char *topic, int64_t end)
{
    struct link_index *index = link_index_new(config, "ask");
    ok(link_index_refresh(index, NULL));
    const struct link_index_place place = {.topic = topic};
    printf("targets");
    for (int64_t offset = 0; offset < end; offset++)
        printf(" %lld", (long long)link_index_target(index, &place, offset));
    printf("\n");
    link_index_close(index);
}

static int copy_topic(const struct link_config *config, const char *topic, const char *file,
                      const struct kc_map *options)
{
    int64_t until =
        kc_mono_ms() + 1000 * strtoll(kc_map_get_or(options, "seconds", "60"), NULL, 10);
    struct kc_link_topic_order order = {
        .source_topic = (char *)kc_map_get_or(options, "source", topic),
        .partitions = (int32_t)strtol(kc_map_get_or(options, "partitions", "1"), NULL, 10),
        .compacted = kc_map_has(options, "compacted"),
        .gaps = config->gaps,
        .offsets = config->offsets,
        .wish = kc_map_has(options, "repair") ? KC_LINK_WISH_REPAIR : KC_LINK_WISH_LINK,
        .start = strtoll(kc_map_get_or(options, "start", "-2"), NULL, 10)};
    struct kc_link_topic state = {.epoch = kc_now_ms(),
                                  .partition_states = json_load_file(file, 0, NULL)};
    struct link_copy *copy = NULL;
    char *last = NULL;
    int code = 0;
    ok(link_copy_open(config, NULL, ID + strtoll(kc_map_get_or(options, "id", "0"), NULL, 10),
                      &copy));
    link_copy_add(copy, topic, &order, &state);
    json_decref(state.partition_states);
    if (kc_map_has(options, "finish"))
        link_copy_finish(copy, topic, kc_map_has(options, "force"));
    while (!ended && kc_mono_ms() < until && !look(copy, topic, file, &last, &code))
        ok(link_copy_run(copy, kc_mono_ms() + 20));
    if (kc_mono_ms() >= until && kc_map_has(options, "finish"))
        code = 4;
    json_t *flips = link_copy_flip_table(copy, topic);
    char *text = json_dumps(flips, JSON_COMPACT);
    printf("flips %s\n", text);
    free(text);
    json_decref(flips);
    link_copy_close(copy);
    free(last);
    return code;
}

int main(int argc, char **argv)
{
    struct kc_map *properties = kc_map_new(), *options = kc_map_new();
    struct link_config *config = NULL;
    if (argc < 5)
        return 2;
    signal(SIGTERM, on_term);
    kc_plugins_set_builtin(filters);
    kc_map_set(properties, "name", "copying");
    kc_map_set(properties, "connector.class", "KafkaLinkConnector");
    kc_map_set(properties, "source.cluster.bootstrap.servers", argv[1]);
    kc_map_set(properties, "target.cluster.bootstrap.servers", argv[2]);
    kc_map_set(properties, "task.index", "0");
    kc_map_set(properties, "task.count", "1");
    for (int i = 5; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (!value)
            return 2;
        *value++ = '\0';
        kc_map_set(strchr(argv[i], '.') ? properties : options, argv[i], value);
    }
    former = kc_map_get(options, "former");
    ok(link_config_new(properties, true, &config));
    int code = copy_topic(config, argv[3], argv[4], options);
    if (kc_map_has(options, "ask"))
        ask(config, argv[3], strtoll(kc_map_get(options, "ask"), NULL, 10));
    link_config_destroy(config);
    kc_map_destroy(properties);
    kc_map_destroy(options);
    return code;
}
