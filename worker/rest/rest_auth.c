/* SPDX-License-Identifier: Apache-2.0 */
/* Basic authentication: see rest_auth_priv.h. */
#include "rest/rest_auth_priv.h"

#include "base/file_read.h"
#include "config/java_options.h"
#include "config/properties.h"
#include "connect/log.h"
#include "security/jaas.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.rest.basic.auth.extension.JaasBasicAuthFilter");

#define MAX_JAAS_BYTES        65536
#define MAX_CREDENTIALS_BYTES 8192

struct kc_rest_auth {
    struct kc_map *users; /* name to password; empty: everybody is admitted */
};

/* ---- settings ---- */

static struct kc_error *read_text(const char *path, struct kc_str *text)
{
    int code = kc_file_append(text, path, MAX_JAAS_BYTES);
    return code ? kc_error_new(KC_ERR_CONFIG, "Can't read the JAAS file %s: %s", path,
                               strerror(code))
                : NULL;
}

static struct kc_error *load_users(const struct kc_jaas *jaas, struct kc_map *users)
{
    const char *file = kc_map_get(jaas->options, "file");
    if (!kc_jaas_is(jaas, "PropertyFileLoginModule"))
        return kc_error_new(KC_ERR_CONFIG,
                            "The JAAS entry KafkaConnect names the login module %s; only "
                            "PropertyFileLoginModule is built in",
                            jaas->module);
    if (!file || file[strspn(file, " \t")] == '\0')
        return kc_error_new(KC_ERR_CONFIG, "Property Credentials file must be specified");
    struct kc_error *err = kc_properties_load(file, users, NULL);
    if (err)
        return kc_error_prefix(err, "Error loading Property Credentials file");
    if (kc_map_size(users) == 0)
        kc_warn("Credential properties file '%s' is empty; all requests will be permitted", file);
    return NULL;
}

static struct kc_error *load_login(struct kc_map *users)
{
    struct kc_jaas jaas = {0};
    struct kc_str text = {0};
    char *path = kc_java_property("java.security.auth.login.config");
    if (!path)
        return kc_error_new(
            KC_ERR_CONFIG,
            "rest.extension.classes asks for basic authentication, but KAFKA_OPTS has "
            "no -Djava.security.auth.login.config=FILE");
    struct kc_error *err = read_text(path, &text);
    if (!err) {
        err = kc_jaas_entry(text.data, "KafkaConnect", &jaas);
        err = err ? kc_error_prefix(err, "The JAAS file %s can't be used", path) : NULL;
    }
    if (!err)
        err = load_users(&jaas, users);
    kc_jaas_clear(&jaas);
    kc_str_destroy(&text);
    free(path);
    return err;
}

struct kc_error *kc_rest_auth_new(const struct kc_worker_config *config, struct kc_rest_auth **auth)
{
    static const char extension[] = "BasicAuthSecurityRestExtension";
    const struct kc_strings *classes = kc_config_list(config->values, "rest.extension.classes");
    *auth = NULL;
    for (size_t i = 0; i < classes->count; i++) {
        const char *dot = strrchr(classes->items[i], '.');
        if (strcmp(dot ? dot + 1 : classes->items[i], extension) != 0)
            return kc_error_new(
                KC_ERR_CONFIG,
                "rest.extension.classes: %s is a Java class that can't be loaded here; "
                "remove it, or keep this worker on Java. Built in is %s",
                classes->items[i], extension);
    }
    if (classes->count == 0)
        return NULL;
    struct kc_map *users = kc_map_new();
    struct kc_error *err = load_login(users);
    if (err) {
        kc_map_destroy(users);
        return err;
    }
    *auth = kc_calloc(1, sizeof(**auth));
    (*auth)->users = users;
    return NULL;
}

void kc_rest_auth_destroy(struct kc_rest_auth *auth)
{
    if (!auth)
        return;
    kc_map_destroy(auth->users);
    free(auth);
}

/* ---- requests ---- */

/* Decodes "Basic <base64>" into "name:password"; false when it is something else. */
static bool decode(const char *header, char credentials[MAX_CREDENTIALS_BYTES])
{
    unsigned char decoded[MAX_CREDENTIALS_BYTES + 4];
    if (!header || strncasecmp(header, "Basic ", 6) != 0)
        return false;
    const char *base64 = header + 6;
    size_t len = strlen(base64);
    if (len == 0 || len % 4 != 0 || len / 4 * 3 >= MAX_CREDENTIALS_BYTES)
        return false;
    int size = EVP_DecodeBlock(decoded, (const unsigned char *)base64, (int)len);
    if (size < 0)
        return false;
    size -= base64[len - 1] == '=' ? 1 : 0;
    size -= base64[len - 2] == '=' ? 1 : 0;
    memcpy(credentials, decoded, (size_t)size);
    credentials[size] = '\0';
    return strlen(credentials) == (size_t)size;
}

static bool known(const struct kc_map *users, const char *header)
{
    char credentials[MAX_CREDENTIALS_BYTES];
    if (kc_map_size(users) == 0)
        return true;
    if (!decode(header, credentials))
        return false;
    char *colon = strchr(credentials, ':');
    if (!colon || colon == credentials)
        return false;
    *colon = '\0';
    const char *password = kc_map_get(users, credentials);
    size_t len = strlen(colon + 1);
    return password && strlen(password) == len && CRYPTO_memcmp(password, colon + 1, len) == 0;
}

/* POST /connectors/{}/tasks and PUT /connectors/{}/fence, and nothing else. */
static bool is_internal(const struct kc_rest_request *request)
{
    const char *at = request->path;
    at += *at == '/';
    if (strncmp(at, "connectors/", 11) != 0)
        return false;
    at += 11;
    size_t name = strcspn(at, "/");
    const char *tail = at + name;
    bool post = strcmp(request->method, "POST") == 0;
    bool put = strcmp(request->method, "PUT") == 0;
    return name > 0 && ((post && (strcmp(tail, "/tasks") == 0 || strcmp(tail, "/tasks/") == 0)) ||
                        (put && (strcmp(tail, "/fence") == 0 || strcmp(tail, "/fence/") == 0)));
}

bool kc_rest_auth_admit(const struct kc_rest_auth *auth, struct kc_rest_request *request)
{
    if (!auth || is_internal(request) ||
        known(auth->users, kc_map_get(request->headers, "authorization")))
        return true;
    kc_debug("Request failed authentication");
    kc_rest_answer_text(request, 401, "text/plain", kc_strdup("User cannot access the resource."));
    return false;
}
