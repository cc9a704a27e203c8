/* SPDX-License-Identifier: Apache-2.0 */
/* Who uses a gateway: see gateway_clients_priv.h. */
#include "gateway/gateway_clients_priv.h"

#include "connect/hash.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOST_CLIENTS = 200,
    MOST_ADDRESSES = 5,
    MOST_TOPICS = 20,
    MOST_TEXT = 200, /* bytes of a name that a client gave itself */
};

struct client_entry {
    char *key;
    char *client_id; /* NULL: it has told none, as the next two */
    char *principal;
    char *software;
    struct kc_strings addresses;
    struct kc_strings writes;
    uint64_t connections;
    uint64_t routed;
    UT_hash_handle hh;
};

struct gateway_clients {
    struct client_entry *all;
    uint64_t connections;
    const char *state;
};

struct gateway_clients *gateway_clients_new(void)
{
    return kc_calloc(1, sizeof(struct gateway_clients));
}

void gateway_clients_destroy(struct gateway_clients *clients)
{
    struct client_entry *entry, *next;
    if (!clients)
        return;
    HASH_ITER (hh, clients->all, entry, next) {
        HASH_DEL(clients->all, entry);
        kc_strings_destroy(&entry->addresses);
        kc_strings_destroy(&entry->writes);
        free(entry->client_id);
        free(entry->principal);
        free(entry->software);
        free(entry->key);
        free(entry);
    }
    free(clients);
}

/* ---- gathering ---- */

static char *key_of(const struct gateway_client *client)
{
    const char *id = client->client_id ? client->client_id : "";
    const char *principal = client->principal ? client->principal : "";
    return kc_asprintf("%zu:%s%zu:%s%s", strlen(id), id, strlen(principal), principal,
                       client->software ? client->software : "");
}

static void add_bounded(struct kc_strings *list, const char *text, size_t most)
{
    if (text && list->count < most && !kc_strings_contain(list, text))
        kc_strings_add(list, text);
}

/* "10.0.0.1" of "10.0.0.1:4711": connections come and go. */
static void add_address(struct kc_strings *list, const char *address)
{
    const char *colon = address ? strrchr(address, ':') : NULL;
    if (!address)
        return;
    char *host = kc_strndup(address, colon ? (size_t)(colon - address) : strlen(address));
    add_bounded(list, host, MOST_ADDRESSES);
    free(host);
}

static struct client_entry *take_entry(struct gateway_clients *clients,
                                       const struct gateway_client *client)
{
    struct client_entry *entry = NULL;
    char *key = key_of(client);
    HASH_FIND_STR(clients->all, key, entry);
    if (entry) {
        free(key);
        return entry;
    }
    entry = kc_calloc(1, sizeof(*entry));
    entry->key = key;
    entry->client_id = kc_strdup(client->client_id);
    entry->principal = kc_strdup(client->principal);
    entry->software = kc_strdup(client->software);
    HASH_ADD_KEYPTR(hh, clients->all, entry->key, strlen(entry->key), entry);
    return entry;
}

void gateway_clients_add(struct gateway_clients *clients, const struct gateway_client *client)
{
    struct client_entry *entry = take_entry(clients, client);
    entry->connections++;
    entry->routed += client->routed;
    add_address(&entry->addresses, client->address);
    for (size_t i = 0; i < client->writes.count; i++)
        add_bounded(&entry->writes, client->writes.items[i], MOST_TOPICS);
    clients->connections++;
}

static char *text_of(const json_t *json, const char *field)
{
    return (char *)json_string_value(json_object_get(json, field));
}

void gateway_clients_add_json(struct gateway_clients *clients, const json_t *json)
{
    const json_t *topic;
    size_t i;
    struct gateway_client client = {
        .address = text_of(json, "address"),
        .client_id = text_of(json, "client_id"),
        .software = text_of(json, "software"),
        .principal = text_of(json, "principal"),
        .routed = (uint64_t)json_integer_value(json_object_get(json, "routed_records")),
    };
    json_array_foreach (json_object_get(json, "writes"), i, topic)
        kc_strings_add(&client.writes, json_string_value(topic));
    gateway_clients_add(clients, &client);
    kc_strings_destroy(&client.writes);
}

void gateway_clients_set_state(struct gateway_clients *clients, const char *state)
{
    clients->state = state;
}

/* ---- the record ---- */

/* Texts are the client's own: cut, and what isn't ASCII or is a control character replaced. */
static json_t *text_json(const char *text)
{
    if (!text)
        return json_null();
    char *copy = kc_strndup(text, MOST_TEXT);
    for (char *p = copy; *p; p++)
        *p = (char)((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e ? '?' : *p);
    json_t *json = json_string(copy);
    free(copy);
    return json;
}

static json_t *texts_json(struct kc_strings *texts)
{
    json_t *list = json_array();
    kc_strings_sort(texts);
    for (size_t i = 0; i < texts->count; i++)
        json_array_append_new(list, text_json(texts->items[i]));
    return list;
}

static json_t *entry_json(struct client_entry *entry)
{
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:I, s:I, s:o}", "client_id", text_json(entry->client_id),
        "principal", text_json(entry->principal), "software", text_json(entry->software),
        "addresses", texts_json(&entry->addresses), "connections", (json_int_t)entry->connections,
        "records_routed", (json_int_t)entry->routed, "writes", texts_json(&entry->writes));
}

static int by_routed(const struct client_entry *left, const struct client_entry *right)
{
    if (left->routed != right->routed)
        return left->routed < right->routed ? 1 : -1;
    return strcmp(left->key, right->key);
}

json_t *gateway_clients_json(struct gateway_clients *clients, int64_t epoch, int64_t now_ms)
{
    size_t left_out = 0;
    json_t *list = json_array();
    HASH_SRT(hh, clients->all, by_routed);
    for (struct client_entry *entry = clients->all; entry; entry = entry->hh.next) {
        if (json_array_size(list) < MOST_CLIENTS)
            json_array_append_new(list, entry_json(entry));
        else
            left_out++;
    }
    return json_pack("{s:I, s:I, s:s?, s:I, s:o, s:I}", "epoch", (json_int_t)epoch, "since_ms",
                     (json_int_t)now_ms, "gateway_state", clients->state, "connections",
                     (json_int_t)clients->connections, "clients", list, "omitted",
                     (json_int_t)left_out);
}
