/* SPDX-License-Identifier: Apache-2.0 */
/* Java's ConfigurationUtils.validateUrl() and validateFile(): see oauth_allowed.h. Any thread. */
#include "security/oauth_allowed.h"

#include "base/file_read.h"
#include "config/java_options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPTION "The OAuth configuration option %s "

static const char allowed_urls[] = "org.apache.kafka.sasl.oauthbearer.allowed.urls";
static const char allowed_files[] = "org.apache.kafka.sasl.oauthbearer.allowed.files";

static struct kc_error *check_allowed(const char *what, const char *property, const char *key,
                                      const char *value)
{
    char *list = kc_java_property(property);
    struct kc_strings allowed = {0};

    kc_strings_split(&allowed, list ? list : "");
    bool found = kc_strings_contain(&allowed, value);
    kc_strings_destroy(&allowed);
    free(list);
    if (found)
        return NULL;
    return kc_error_new(KC_ERR_CONFIG,
                        "Invalid value %s for configuration %s: The %s cannot be accessed due to "
                        "restrictions. Update the system property '%s' to allow the %s to be "
                        "accessed.",
                        value, key, what, property, what);
}

/* The value without white space around it; KC_ERR_CONFIG when nothing is left. */
static struct kc_error *trimmed(const struct kc_map *settings, const char *key, char **value)
{
    static const char blanks[] = " \t\r\n\f\v";
    const char *text = kc_map_get_or(settings, key, "");

    text += strspn(text, blanks);
    size_t len = strlen(text);
    while (len && strchr(blanks, text[len - 1]))
        len--;
    if (!len)
        return kc_error_new(KC_ERR_CONFIG, OPTION "value is required", key);
    *value = kc_strndup(text, len);
    return NULL;
}

static struct kc_error *check_scheme(const char *key, const char *url)
{
    static const char *const schemes[] = {"http", "https", "file"};
    size_t len = strcspn(url, ":/?#");

    if (!len || url[len] != ':')
        return kc_error_new(KC_ERR_CONFIG,
                            OPTION "contains a URL (%s) that is malformed: no protocol: %s", key,
                            url, url);
    for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
        if (strlen(schemes[i]) == len && strncasecmp(url, schemes[i], len) == 0)
            return NULL;
    }
    return kc_error_new(KC_ERR_CONFIG,
                        OPTION "contains a URL (%s) that contains an invalid protocol (%.*s); only "
                               "\"http\", \"https\", and \"file\" protocol are supported",
                        key, url, (int)len, url);
}

struct kc_error *wire_oauth_url(const struct kc_map *settings, const char *key, char **url)
{
    struct kc_error *err = trimmed(settings, key, url);

    if (!err)
        err = check_scheme(key, *url);
    if (!err)
        err = check_allowed("URL", allowed_urls, key, *url);
    return err;
}

static struct kc_error *check_file(const char *key, const char *path)
{
    struct stat state;

    if (stat(path, &state) != 0)
        return kc_error_new(KC_ERR_CONFIG, OPTION "contains a file (%s) that doesn't exist", key,
                            path);
    if (access(path, R_OK) != 0)
        return kc_error_new(KC_ERR_CONFIG,
                            OPTION "contains a file (%s) that doesn't have read permission", key,
                            path);
    if (S_ISDIR(state.st_mode))
        return kc_error_new(KC_ERR_CONFIG, OPTION "references a directory (%s), not a file", key,
                            path);
    return NULL;
}

/* The list is checked first, so that the error doesn't tell which files exist. */
struct kc_error *wire_oauth_file(const struct kc_map *settings, const char *key, char **path)
{
    char *given = NULL;
    struct kc_error *err = trimmed(settings, key, &given);

    if (err)
        return err;
    if (given && given[0] != '/') {
        char *here = getcwd(NULL, 0);

        *path = kc_asprintf("%s/%s", here ? here : "", given);
        free(here);
    } else {
        *path = kc_strdup(given);
    }
    free(given);
    err = check_allowed("file", allowed_files, key, *path);
    return err ? err : check_file(key, *path);
}

/* Opening must not wait, because a FIFO without a writer would block the login for ever. */
static struct kc_error *open_regular(const char *path, int *fd)
{
    struct stat state;

    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0)
        return kc_error_retriable_new(KC_ERR_IO, "can't read the file %s: %m", path);
    if (fstat(*fd, &state) == 0 && S_ISREG(state.st_mode))
        return NULL;
    close(*fd);
    return kc_error_new(KC_ERR_CONFIG, "%s is not a regular file", path);
}

struct kc_error *wire_oauth_read_file(const char *path, size_t max, struct kc_str *text)
{
    int fd;
    struct kc_error *err = open_regular(path, &fd);

    if (err)
        return err;
    int code = kc_fd_append(text, fd, max);
    close(fd);
    if (code == EFBIG)
        return kc_error_new(KC_ERR_DATA, "the file %s has more than %zu bytes", path, max);
    if (code)
        return kc_error_retriable_new(KC_ERR_IO, "reading the file %s: %s", path, strerror(code));
    while (text->len && strchr(" \t\r\n", text->data[text->len - 1]))
        text->data[--text->len] = '\0';
    return NULL;
}

bool wire_oauth_is_file(const char *url)
{
    return strncasecmp(url, "file:", 5) == 0;
}
