/* SPDX-License-Identifier: Apache-2.0 */
/* ClientUtils.parseAndValidateAddresses: see bootstrap.h. Any thread but a loop's. */
#include "wire/bootstrap.h"

#include "connect/log.h"
#include "wire/settings.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.clients.ClientUtils");

static bool resolves(const char *host)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int code = getaddrinfo(host, NULL, &hints, &found);

    if (code == 0)
        freeaddrinfo(found);
    else
        kc_warn("Couldn't resolve server %s from bootstrap.servers: %s", host, gai_strerror(code));
    return code == 0;
}

/* "host:port", an address of IPv6 in brackets. */
static void append(struct kc_str *out, const struct kc_wire_address *address)
{
    bool v6 = strchr(address->host, ':') != NULL;

    kc_str_appendf(out, "%s%s%s%s:%d", out->len ? "," : "", v6 ? "[" : "", address->host,
                   v6 ? "]" : "", address->port);
}

static struct kc_error *read(const struct kc_strings *list, struct kc_str *out, bool *resolved)
{
    for (size_t i = 0; i < list->count; i++) {
        struct kc_wire_address address = {0};

        if (!list->items[i][0])
            continue;
        if (!kc_wire_address_parse(list->items[i], &address))
            return kc_error_new(KC_ERR_CONFIG, "Invalid url in bootstrap.servers: %s",
                                list->items[i]);
        append(out, &address);
        *resolved = *resolved || resolves(address.host);
        free(address.host);
    }
    return NULL;
}

struct kc_error *kc_bootstrap_check(const char *text, char **servers)
{
    struct kc_strings list = {0};
    struct kc_str out = {0};
    bool resolved = false;

    kc_strings_split(&list, text);
    struct kc_error *err = read(&list, &out, &resolved);
    kc_strings_destroy(&list);
    if (!err && !resolved)
        err =
            kc_error_new(KC_ERR_CONFIG, "No resolvable bootstrap urls given in bootstrap.servers");
    if (!err && servers)
        *servers = kc_str_take(&out);
    kc_str_destroy(&out);
    return err;
}
