/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes over HTTP before a herder sees it: methods, paths, queries, headers (content types,
 * origins, credentials) and bodies.
 *
 * An input reads as a request: "METHOD URI", header lines, an empty line, the body.
 */
#include "http/http_client.h"
#include "rest/json_extent_priv.h"
#include "rest/rest_auth_priv.h"
#include "rest/rest_filter_priv.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static const struct kc_route *const tables[] = {kc_connectors_routes, kc_root_routes,
                                                kc_plugins_routes,    kc_logging_routes,
                                                kc_internal_routes,   NULL};
static struct kc_rest_filter *filter;
static struct kc_rest_auth *auth;

static void must(struct kc_error *err)
{
    if (err) {
        fprintf(stderr, "%s\n", kc_error_text(err));
        abort();
    }
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        abort();
}

/* A filter with origins and headers, and users: as a worker's file would have them. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const char *const settings[][2] = {
        {"bootstrap.servers", "b:1"},
        {"key.converter", "org.apache.kafka.connect.converters.ByteArrayConverter"},
        {"value.converter", "org.apache.kafka.connect.converters.ByteArrayConverter"},
        {"offset.storage.file.filename", "/tmp/none"},
        {"access.control.allow.origin", "http://a,http://*.b"},
        {"response.http.headers.config", "set X: 1, setDate Expires: 10"},
        {"rest.extension.classes", "BasicAuthSecurityRestExtension"},
    };
    struct kc_map *properties = kc_map_new();
    struct kc_worker_config *config = NULL;
    char *users = kc_asprintf("/tmp/fuzz-rest-%d.users", (int)getpid());
    char *jaas = kc_asprintf("/tmp/fuzz-rest-%d.jaas", (int)getpid());
    char *entry =
        kc_asprintf("KafkaConnect { PropertyFileLoginModule required file=\"%s\"; };", users);
    char *options = kc_asprintf("-Djava.security.auth.login.config=%s", jaas);
    write_file(users, "u=p\n");
    write_file(jaas, entry);
    setenv("KAFKA_OPTS", options, 1);
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        kc_map_set(properties, settings[i][0], settings[i][1]);
    must(kc_worker_config_new(KC_WORKER_STANDALONE, properties, NULL, NULL, &config));
    must(kc_rest_filter_new(config, &filter));
    must(kc_rest_auth_new(config, &auth));
    unlink(users);
    unlink(jaas);
    free(users);
    free(jaas);
    free(entry);
    free(options);
    kc_map_destroy(properties);
    kc_worker_config_destroy(config);
    return 0;
}

static void read_headers(struct kc_rest_request *request, char *lines)
{
    char *rest = NULL;
    for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *colon = strchr(line, ':');
        if (!colon)
            continue;
        *colon = '\0';
        kc_map_set(request->headers, line, colon + 1 + strspn(colon + 1, " "));
    }
}

static const char *method_of(const char *text)
{
    static const char *const methods[] = {"GET",   "HEAD",    "POST",  "PUT", "DELETE",
                                          "PATCH", "OPTIONS", "TRACE", "?"};
    size_t i = 0;
    while (i < 8 && strcmp(methods[i], text) != 0)
        i++;
    return methods[i];
}

static struct kc_rest_request *parse(char *text, size_t size)
{
    struct kc_rest_request *request = kc_calloc(1, sizeof(*request));
    char *body = strstr(text, "\n\n");
    char *headers = strchr(text, '\n');
    request->headers = kc_map_new();
    if (body) {
        *body = '\0';
        kc_str_append_n(&request->body, body + 2, size - (size_t)(body + 2 - text));
        request->body_size = request->body.len;
    }
    if (headers) {
        *headers = '\0';
        if (headers != body)
            read_headers(request, headers + 1);
    }
    char *uri = strchr(text, ' ');
    if (uri)
        *uri++ = '\0';
    request->method = method_of(text);
    kc_rest_request_set_uri(request, uri ? uri : "/");
    return request;
}

/* As rest_server.c does, but for the resource. */
static void dispatch(struct kc_rest_request *request)
{
    if (!kc_rest_auth_admit(auth, request))
        return;
    const struct kc_route *route = kc_router_find(tables, 0, request);
    if (!route) {
        if (!request->status)
            abort();
        return;
    }
    for (size_t i = 0; i < request->param_count; i++) {
        char *escaped = kc_http_escape(request->params[i]);
        char *back = kc_rest_unescape(escaped, strlen(escaped), false);
        if (!back || strcmp(back, request->params[i]) != 0)
            abort();
        free(escaped);
        free(back);
    }
    if (!kc_rest_filter_negotiate(route, request) && !request->status)
        abort();
    if (request->param_count)
        kc_rest_answer_status(request, 404, "Connector %s not found", request->params[0]);
}

static size_t taken;
static size_t most;

static void *counting_malloc(size_t size)
{
    void *ptr = malloc(size);
    taken += malloc_usable_size(ptr);
    most = taken > most ? taken : most;
    return ptr;
}

static void counting_free(void *ptr)
{
    taken -= ptr ? malloc_usable_size(ptr) : 0;
    free(ptr);
}

/* Parsing takes no more memory than was foreseen, beside jansson's first buffers. */
static void measure(const struct kc_rest_request *request)
{
    struct kc_json_extent extent;
    const char *data = request->body.data ? request->body.data : "";
    kc_json_measure(data, request->body.len, &extent);
    taken = most = 0;
    json_set_alloc_funcs(counting_malloc, counting_free);
    json_decref(json_loadb(data, request->body.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL));
    json_set_alloc_funcs(malloc, free);
    if (most > extent.bytes + 4096)
        abort();
}

static void read_body(struct kc_rest_request *request)
{
    json_t *json = NULL;
    json_t *texts = NULL;
    struct kc_map *map = NULL;
    struct kc_error *err = kc_rest_body_json(request, &json);
    struct kc_error *text_err = kc_rest_body_texts(request, &texts);
    if (!err && text_err)
        abort(); /* only numbers differ */
    if (!text_err)
        text_err = kc_rest_json_map(texts, "the body", &map);
    kc_error_destroy(err);
    kc_error_destroy(text_err);
    kc_map_destroy(map);
    json_decref(json);
    json_decref(texts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = kc_malloc(size + 1);
    memcpy(text, data, size);
    text[size] = '\0';
    struct kc_rest_request *request = parse(text, size);
    struct kc_map *headers = kc_map_new();
    dispatch(request);
    kc_rest_filter_headers(filter, request, headers);
    measure(request);
    read_body(request);
    kc_map_destroy(headers);
    kc_rest_request_destroy(request);
    free(text);
    return 0;
}
