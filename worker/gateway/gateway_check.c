/* SPDX-License-Identifier: Apache-2.0 */
/* The check of a gateway from the file to the exit status: see gateway_check.h. */
#include "gateway/gateway_check.h"

#include "config/properties.h"
#include "config/providers.h"
#include "gateway/gateway_check_priv.h"
#include "gateway/gateway_guard_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ASK_MS = 15000 };

struct check_arguments {
    const char *file;
    bool json;
};

/* ---- the command line and the file ---- */

static struct kc_error *read_arguments(int argc, char **argv, struct check_arguments *arguments)
{
    for (int i = 1; i < argc; i++) {
        bool output = strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--output") == 0;
        if (output && i + 1 < argc &&
            (strcmp(argv[i + 1], "json") == 0 || strcmp(argv[i + 1], "text") == 0)) {
            arguments->json = strcmp(argv[++i], "json") == 0;
        } else if (output) {
            return kc_error_new(KC_ERR_CONFIG, "%s needs text or json", argv[i]);
        } else if (argv[i][0] == '-' || arguments->file) {
            return kc_error_new(KC_ERR_CONFIG, "Unknown argument '%s'; known are FILE and -o",
                                argv[i]);
        } else {
            arguments->file = argv[i];
        }
    }
    return arguments->file
               ? NULL
               : kc_error_new(KC_ERR_CONFIG, "Usage: isthmus gateway check FILE [-o text|json]");
}

static struct kc_error *read_file(const char *path, struct kc_map **settings)
{
    struct kc_providers *providers = NULL;
    struct kc_map *raw = kc_map_new();
    struct kc_error *err = kc_properties_load(path, raw, NULL);
    *settings = NULL;
    if (!err)
        err = kc_providers_new(raw, &providers);
    if (!err)
        err = kc_providers_resolve(providers, raw, settings);
    kc_providers_destroy(providers);
    kc_map_destroy(raw);
    return err;
}

/* ---- clusters ---- */

static void reach(struct check_run *run, struct check_cluster *cluster, const char *name,
                  const struct kc_map *client)
{
    char *servers = kc_strdup(kc_map_get_or(client, "bootstrap.servers", "no bootstrap.servers"));
    cluster->name = name;
    struct kc_error *err = kc_wire_admin_new(client, "gateway-check", &cluster->wire);
    if (!err)
        err = kc_wire_describe_cluster(cluster->wire, ASK_MS, &cluster->info);
    if (!err)
        err = kc_admin_new(client, &cluster->admin);
    if (err) {
        check_find(run->findings, CHECK_MISSING, "UNREACHABLE", name,
                   "the cluster at %s can't be reached: %s", servers, kc_error_text(err));
        kc_error_destroy(err);
        kc_wire_admin_destroy(cluster->wire);
        cluster->wire = NULL;
    } else {
        kc_admin_set_timeout(cluster->admin, ASK_MS);
        check_find(run->findings, CHECK_OK, "REACHED", name, "cluster %s with %zu broker%s",
                   cluster->info.cluster_id ? cluster->info.cluster_id : "without an id",
                   cluster->info.broker_count, cluster->info.broker_count == 1 ? "" : "s");
    }
    free(servers);
}

static void reach_source(struct check_run *run)
{
    if (kc_map_get(run->config->source, "bootstrap.servers"))
        reach(run, &run->source, "source", run->config->source);
    else
        check_find(
            run->findings, CHECK_MISSING, "NO_SOURCE", "source",
            "source.cluster.bootstrap.servers isn't set, so writes to linked topics can't be "
            "routed");
}

static void leave(struct check_cluster *cluster)
{
    if (cluster->admin)
        kc_admin_destroy(cluster->admin);
    kc_wire_admin_destroy(cluster->wire);
    kc_wire_cluster_info_destroy(&cluster->info);
}

/* ---- a run ---- */

static void warn(struct check_run *run)
{
    struct kc_strings warnings = {0};
    gateway_guard_warnings(run->config, &warnings);
    for (size_t i = 0; i < warnings.count; i++)
        check_find(run->findings, CHECK_WARNING, "CLEAR_TEXT", "listeners", "%s",
                   warnings.items[i]);
    kc_strings_destroy(&warnings);
}

static void check_all(const struct gateway_config *config, struct check_findings *findings)
{
    struct check_run run = {.config = config, .findings = findings};
    warn(&run);
    reach(&run, &run.target, "target", config->target);
    reach_source(&run);
    check_places(&run);
    if (run.target.admin)
        check_links(&run);
    if (run.target.admin && run.source.admin)
        check_clients(&run);
    check_links_free(&run);
    leave(&run.source);
    leave(&run.target);
}

static void check_settings(const char *file, struct check_findings *findings)
{
    struct gateway_config *config = NULL;
    struct kc_map *settings = NULL;
    struct kc_error *err = read_file(file, &settings);
    if (!err)
        err = gateway_config_new(settings, &config);
    if (err)
        check_find(findings, CHECK_MISSING, "CONFIGURATION", file, "%s", kc_error_text(err));
    else
        check_all(config, findings);
    kc_error_destroy(err);
    gateway_config_destroy(config);
    kc_map_destroy(settings);
}

static void print(const struct check_findings *findings, bool as_json)
{
    char *text = NULL;
    if (as_json) {
        json_t *json = check_findings_json(findings);
        text = json_dumps(json, JSON_INDENT(2));
        json_decref(json);
        puts(text ? text : "{}");
    } else {
        text = check_findings_text(findings);
        fputs(text, stdout);
    }
    free(text);
}

int gateway_check(int argc, char **argv)
{
    struct check_arguments arguments = {0};
    struct check_findings findings;
    struct kc_error *err = read_arguments(argc, argv, &arguments);
    if (err) {
        fprintf(stderr, "isthmus: %s\n", kc_error_text(err));
        kc_error_destroy(err);
        return 1;
    }
    check_findings_init(&findings);
    check_settings(arguments.file, &findings);
    print(&findings, arguments.json);
    int status = findings.counts[CHECK_MISSING] ? 1 : 0;
    check_findings_clear(&findings);
    return fflush(stdout) == 0 ? status : 1;
}
