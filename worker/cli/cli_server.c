/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a worker: see cli_server_priv.h. */
#include "cli/cli_server_priv.h"

#include "config/properties.h"
#include "connect/java_json.h"
#include "connect/thread.h"
#include "http/http_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum {
    DEFAULT_TIMEOUT_S = 90,
    MOST_TIMEOUT_S = 24 * 3600,
    AGAIN_MS = 300, /* between requests that meet a rebalance */
};
#define DEFAULT_URL "http://localhost:8083"
#define MAX_REPLY   ((size_t)256 << 20) /* ten thousand mirrors with their partitions */

/* ---- settings ---- */

static struct kc_error *read_timeout(struct cli *cli)
{
    const char *text = cli_value(cli, CLI_TIMEOUT);
    char *end = NULL;
    errno = 0;
    long seconds = text ? strtol(text, &end, 10) : DEFAULT_TIMEOUT_S;
    if (text && (errno || end == text || *end || seconds < 1 || seconds > MOST_TIMEOUT_S))
        return kc_error_new(KC_ERR_BAD_REQUEST, "--timeout %s: a number of seconds from 1 to %d",
                            text, MOST_TIMEOUT_S);
    cli->timeout_ms = (int)seconds * 1000;
    return NULL;
}

static struct kc_error *check_keys(const char *file, const struct kc_map *given,
                                   const struct kc_map *lines)
{
    static const char *const known[] = {"url", "user", "password"};
    kc_map_foreach (given, entry) {
        bool fine = strncmp(entry->key, "ssl.", 4) == 0;
        for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
            fine = fine || strcmp(entry->key, known[i]) == 0;
        if (!fine)
            return kc_error_new(KC_ERR_BAD_REQUEST,
                                "%s:%s: '%s' isn't known here; known are url, user, password and "
                                "ssl.*",
                                file, kc_map_get_or(lines, entry->key, "?"), entry->key);
    }
    return NULL;
}

static struct kc_error *read_command_config(const struct cli *cli, struct kc_map *given)
{
    const char *file = cli_value(cli, CLI_COMMAND_CONFIG);
    if (!file)
        return NULL;
    struct kc_map *lines = kc_map_new();
    struct kc_error *err = kc_properties_load(file, given, lines);
    if (!err)
        err = check_keys(file, given, lines);
    kc_map_destroy(lines);
    return err;
}

static const char *first_of(const char *a, const char *b, const char *c)
{
    return a ? a : b ? b : c;
}

/* Without a slash at the end, and with a scheme. */
static char *whole_url(const char *text)
{
    size_t len = strlen(text);
    while (len && text[len - 1] == '/')
        len--;
    return kc_asprintf("%s%.*s", strstr(text, "://") ? "" : "http://", (int)len, text);
}

static void take_tls(struct cli *cli, const struct kc_map *given)
{
    const char *trusted = cli_value(cli, CLI_CACERT), *own = cli_value(cli, CLI_CERT);
    cli->ssl = kc_map_subset(given, "ssl.", false);
    if (trusted) {
        kc_map_set(cli->ssl, "ssl.truststore.type", "PEM");
        kc_map_set(cli->ssl, "ssl.truststore.location", trusted);
    }
    if (own) {
        kc_map_set(cli->ssl, "ssl.keystore.type", "PEM");
        kc_map_set(cli->ssl, "ssl.keystore.location", own);
    }
}

/* NULL: there is no terminal. The caller's. */
static char *ask_password(const char *user)
{
    FILE *terminal = fopen("/dev/tty", "r+");
    struct termios before, silent;
    char line[1024];
    if (!terminal)
        return NULL;
    if (tcgetattr(fileno(terminal), &before) != 0) {
        fclose(terminal);
        return NULL;
    }
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    fprintf(terminal, "Password of %s: ", user);
    fflush(terminal);
    tcsetattr(fileno(terminal), TCSAFLUSH, &silent);
    char *got = fgets(line, sizeof(line), terminal);
    tcsetattr(fileno(terminal), TCSAFLUSH, &before);
    fprintf(terminal, "\n");
    fclose(terminal);
    return got ? kc_strndup(line, strcspn(line, "\r\n")) : NULL;
}

/* user is NAME or NAME:PASSWORD. */
static struct kc_error *take_login(struct cli *cli, const char *user, const char *password)
{
    if (!user)
        return NULL;
    const char *colon = strchr(user, ':');
    cli->user = kc_strndup(user, colon ? (size_t)(colon - user) : strlen(user));
    cli->password = colon ? kc_strdup(colon + 1) : kc_strdup(password);
    if (!cli->password)
        cli->password = ask_password(cli->user);
    if (!cli->password)
        return kc_error_new(KC_ERR_BAD_REQUEST,
                            "there is no password of %s: set ISTHMUS_PASSWORD, or write "
                            "password=... into the file of --command-config",
                            cli->user);
    return NULL;
}

struct kc_error *cli_server_take(struct cli *cli)
{
    struct kc_map *given = kc_map_new();
    struct kc_error *err = read_timeout(cli);
    if (!err)
        err = read_command_config(cli, given);
    if (!err) {
        const char *url =
            first_of(cli_value(cli, CLI_URL), kc_map_get(given, "url"), getenv("ISTHMUS_URL"));
        cli->url = whole_url(url && *url ? url : DEFAULT_URL);
        take_tls(cli, given);
        err = take_login(
            cli,
            first_of(cli_value(cli, CLI_USER), kc_map_get(given, "user"), getenv("ISTHMUS_USER")),
            first_of(kc_map_get(given, "password"), getenv("ISTHMUS_PASSWORD"), NULL));
    }
    kc_map_destroy(given);
    return err;
}

void cli_server_clear(struct cli *cli)
{
    free(cli->url);
    free(cli->user);
    free(cli->password);
    kc_map_destroy(cli->ssl);
    cli->url = cli->user = cli->password = NULL;
    cli->ssl = NULL;
}

/* ---- requests ---- */

char *cli_path(const char *pattern, ...)
{
    struct kc_str path = {0};
    va_list args;
    va_start(args, pattern);
    for (const char *at = pattern; *at; at++) {
        if (at[0] != '{' || at[1] != '}') {
            kc_str_append_char(&path, *at);
            continue;
        }
        char *escaped = kc_http_escape(va_arg(args, const char *));
        kc_str_append(&path, escaped);
        free(escaped);
        at++;
    }
    va_end(args);
    return kc_str_take(&path);
}

static struct kc_error *no_answer(const struct cli *cli, struct kc_error *err)
{
    return kc_error_prefix(err, "no worker answers at %s (another one: --url URL, or ISTHMUS_URL)",
                           cli->url);
}

static struct kc_error *not_json(const struct cli *cli, long status, const char *path,
                                 struct kc_error *err)
{
    kc_error_destroy(err);
    if (status >= 400) /* the refusal counts, whatever page comes with it */
        return NULL;
    return kc_error_new(KC_ERR_CONNECT,
                        "what answers at %s%s with HTTP %ld isn't JSON: is this the address of a "
                        "worker? Another one: --url URL, or ISTHMUS_URL",
                        cli->url, path, status);
}

static struct kc_error *ask_once(struct cli *cli, const char *method, const char *path,
                                 const char *body, long *status, json_t **reply)
{
    struct kc_http_reply answer = {0};
    char *url = kc_asprintf("%s%s", cli->url, path);
    const struct kc_http_request request = {.method = method,
                                            .url = url,
                                            .body = body,
                                            .max_reply = MAX_REPLY,
                                            .timeout_ms = cli->timeout_ms,
                                            .user = cli->user,
                                            .password = cli->password};
    struct kc_error *err = kc_http_ask(cli->ssl, &request, &answer);
    *status = answer.status;
    *reply = NULL;
    if (err) {
        err = kc_error_code(err) == KC_ERR_CONFIG ? err : no_answer(cli, err);
    } else if (answer.body.len) {
        err = kc_json_parse(answer.body.data, answer.body.len, reply);
        if (err)
            err = not_json(cli, *status, path, err);
    }
    kc_http_reply_clear(&answer);
    free(url);
    return err;
}

/* A rebalance is under way, or a leader isn't known yet: Connect says 409, for a GET 500. A link is
 * being started, or others compare. */
static bool is_momentary(long status, const json_t *reply)
{
    static const char *const words[] = {"rebalance is expected", "momentarily",
                                        "conflicting operation", "isn't started yet",
                                        "comparisons are under way"};
    const char *message = json_string_value(json_object_get(reply, "message"));
    if ((status != 409 && status != 500 && status != 503) || !message)
        return false;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (strstr(message, words[i]))
            return true;
    return false;
}

struct kc_error *cli_ask(struct cli *cli, const char *method, const char *path, const json_t *body,
                         long *status, json_t **reply)
{
    int64_t until = kc_mono_ms() + cli->timeout_ms;
    char *text = body ? json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    struct kc_error *err;
    for (;;) {
        err = ask_once(cli, method, path, text, status, reply);
        if (err || !is_momentary(*status, *reply) || kc_mono_ms() + AGAIN_MS > until)
            break;
        json_decref(*reply);
        usleep(AGAIN_MS * 1000);
    }
    free(text);
    return err;
}

struct kc_error *cli_refusal(const struct cli *cli, long status, const json_t *reply)
{
    const char *message = json_string_value(json_object_get(reply, "message"));
    enum kc_error_code code = status == 404   ? KC_ERR_NOT_FOUND
                              : status == 409 ? KC_ERR_CONFLICT
                                              : KC_ERR_CONNECT;
    const char *remedy = "";
    if (status == 401)
        remedy = ". Log in: --user NAME, or ISTHMUS_USER and ISTHMUS_PASSWORD";
    else if (status == 404 && !message)
        remedy = ". Is this the address of a worker? Another one: --url URL, or ISTHMUS_URL";
    bool passes = status == 409 || status == 500 || status == 503;
    const char *text = message ? message : "the worker refuses";
    return passes
               ? kc_error_retriable_new(code, "%s (%s, HTTP %ld)%s", text, cli->url, status, remedy)
               : kc_error_new(code, "%s (%s, HTTP %ld)%s", text, cli->url, status, remedy);
}

struct kc_error *cli_do(struct cli *cli, const char *method, char *path, const json_t *body,
                        json_t **reply)
{
    long status = 0;
    json_t *answer = NULL;
    struct kc_error *err = cli_ask(cli, method, path, body, &status, &answer);
    if (!err && status >= 400)
        err = cli_refusal(cli, status, answer);
    free(path);
    if (reply && !err)
        *reply = json_incref(answer);
    json_decref(answer);
    return err;
}
