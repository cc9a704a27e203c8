/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logins and key stores: JAAS lines, the JAAS file, credentials and header of basic
 * authentication, PEM and PKCS#12. The first byte picks the reader.
 */
#include "rest/rest_auth_priv.h"
#include "security/jaas.h"
#include "security/tls_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file in memory whose content is replaced for each input. */
struct memory_file {
    int fd;
    char path[32];
};

static void put(struct memory_file *file, const void *data, size_t len)
{
    if (!file->path[0]) {
        file->fd = memfd_create("fuzz", 0);
        snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d", file->fd);
    }
    if (ftruncate(file->fd, 0) != 0 || pwrite(file->fd, data, len, 0) != (ssize_t)len)
        abort();
}

static void jaas_line(const char *text, size_t len)
{
    struct kc_jaas jaas = {0};
    struct kc_error *err = kc_jaas_parse(text, &jaas);
    if (!err)
        kc_jaas_is(&jaas, "PlainLoginModule");
    kc_error_destroy(err);
    kc_jaas_clear(&jaas);
    kc_error_destroy(kc_jaas_entry_for(text, "KafkaClient", "ScramLoginModule", &jaas));
    kc_jaas_clear(&jaas);
    (void)len;
}

static void admit(const char *jaas_path, const char *header)
{
    char options[96];
    struct kc_map *settings = kc_map_new();
    struct kc_worker_config *config = NULL;
    struct kc_rest_auth *auth = NULL;
    struct kc_rest_request request = {.method = "GET", .path = "/", .headers = kc_map_new()};
    snprintf(options, sizeof(options), "-Djava.security.auth.login.config=%s", jaas_path);
    setenv("KAFKA_OPTS", options, 1);
    kc_map_set(settings, "bootstrap.servers", "localhost:1");
    kc_map_set(settings, "key.converter", "org.apache.kafka.connect.json.JsonConverter");
    kc_map_set(settings, "value.converter", "org.apache.kafka.connect.json.JsonConverter");
    kc_map_set(settings, "offset.storage.file.filename", "/dev/null");
    kc_map_set(settings, "rest.extension.classes", "BasicAuthSecurityRestExtension");
    if (kc_worker_config_new(KC_WORKER_STANDALONE, settings, NULL, NULL, &config))
        abort();
    struct kc_error *err = kc_rest_auth_new(config, &auth);
    kc_map_set(request.headers, "authorization", header);
    if (!err)
        kc_rest_auth_admit(auth, &request);
    free(request.answer);
    kc_error_destroy(err);
    kc_rest_auth_destroy(auth);
    kc_worker_config_destroy(config);
    kc_map_destroy(settings);
    kc_map_destroy(request.headers);
}

/* The text is the JAAS file, the credentials' file and the header in turn. */
static void basic(const char *text, size_t len)
{
    static struct memory_file jaas, users;
    char good[160];
    put(&jaas, text, len);
    admit(jaas.path, "Basic dTpw");
    put(&users, text, len);
    snprintf(good, sizeof(good),
             "KafkaConnect { org.apache.kafka.connect.rest.basic.auth.extension."
             "PropertyFileLoginModule required file=\"%s\"; };",
             users.path);
    put(&jaas, good, strlen(good));
    admit(jaas.path, text);
    put(&users, "u=p\n", 4);
    admit(jaas.path, text);
}

static void stores(const char *type, const char *text, size_t len)
{
    static struct memory_file file;
    struct kc_map *settings = kc_map_new();
    struct kc_keystore store = {0};
    bool present;
    put(&file, text, len);
    for (int own = 0; own < 2; own++) {
        const char *kind = own ? "ssl.keystore" : "ssl.truststore";
        char key[64];
        snprintf(key, sizeof(key), "%s.location", kind);
        kc_map_set(settings, key, file.path);
        snprintf(key, sizeof(key), "%s.type", kind);
        kc_map_set(settings, key, type);
        snprintf(key, sizeof(key), "%s.password", kind);
        kc_map_set(settings, key, "secret1");
        kc_error_destroy(own ? wire_tls_load_key(settings, &store, &present)
                             : wire_tls_load_trust(settings, &store, &present));
        kc_keystore_destroy(&store);
    }
    kc_map_destroy(settings);
}

static void pem(const char *text, size_t len)
{
    stores("PEM", text, len);
}

static void pkcs12(const char *text, size_t len)
{
    stores("PKCS12", text, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(const char *, size_t) = {jaas_line, basic, pem, pkcs12};
    if (size < 1)
        return 0;
    char *text = kc_malloc(size);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    readers[data[0] % 4](text, size - 1);
    free(text);
    return 0;
}
