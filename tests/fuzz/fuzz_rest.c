/* SPDX-License-Identifier: Apache-2.0 */
/* What comes over HTTP before a herder sees it: paths, query escapes, JSON bodies. */
#include "rest/router.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct kc_route *const tables[] = {kc_connectors_routes, kc_root_routes,
                                                kc_plugins_routes,    kc_logging_routes,
                                                kc_internal_routes,   NULL};

static void route(char *text)
{
    struct kc_rest_request *request = kc_calloc(1, sizeof(*request));
    request->method = "GET";
    request->path = text;
    request->headers = kc_map_new();
    kc_router_find(tables, 0, request);
    kc_rest_request_destroy(request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kc_rest_request body = {0};
    json_t *json = NULL;
    struct kc_map *map = NULL;
    route(kc_strndup((const char *)data, size));
    free(kc_rest_unescape((const char *)data, size, true));
    kc_str_append_n(&body.body, data, size);
    struct kc_error *err = kc_rest_body_json(&body, &json);
    if (!err)
        err = kc_rest_json_map(json, "the body", &map);
    kc_error_destroy(err);
    kc_map_destroy(map);
    json_decref(json);
    kc_str_destroy(&body.body);
    return 0;
}
