/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of consumer groups for librdkafka: see client_group.h.
 *
 * librdkafka has fewer assignors than Java, and the consumer protocol (KIP-848) since 2.10.
 * Unsupported settings are refused when a connector's configuration is validated, not when its task
 * starts.
 */
#include "kafka/client_group.h"

#include "connect/log.h"
#include "kafka/client_priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.clients.consumer");

enum { CONSUMER_PROTOCOL_SINCE = 0x020a00ff };

/* ---- assignors ---- */

static const char *const assignors[][2] = {
    {"RangeAssignor", "range"},
    {"RoundRobinAssignor", "roundrobin"},
    {"CooperativeStickyAssignor", "cooperative-sticky"},
    /* Also sticky, and revokes fewer partitions; works only among workers of this kind. */
    {"StickyAssignor", "cooperative-sticky"},
};

static const char *assignor_native(const char *java)
{
    const char *dot = strrchr(java, '.');
    const char *simple = dot ? dot + 1 : java;
    for (size_t i = 0; i < sizeof(assignors) / sizeof(*assignors); i++) {
        if (strcasecmp(simple, assignors[i][0]) == 0 || strcasecmp(java, assignors[i][1]) == 0)
            return assignors[i][1];
    }
    return NULL;
}

/* librdkafka takes eager strategies or the cooperative one, never both: of Java's default list
 * (range, then cooperative-sticky) the first decides. */
static struct kc_error *choose_assignors(const char *list, struct kc_strings *natives)
{
    struct kc_strings names = {0};
    struct kc_error *err = NULL;
    kc_strings_split(&names, list);
    for (size_t i = 0; i < names.count && !err; i++) {
        const char *native = assignor_native(names.items[i]);
        bool cooperative = native && strcmp(native, "cooperative-sticky") == 0;
        if (!native)
            err =
                kc_error_new(KC_ERR_CONFIG,
                             "Invalid value %s for configuration partition.assignment.strategy: "
                             "Class %s could not be found; use RangeAssignor, RoundRobinAssignor, "
                             "StickyAssignor or CooperativeStickyAssignor",
                             list, names.items[i]);
        else if (natives->count == 0 ||
                 (!cooperative && !kc_strings_contain(natives, "cooperative-sticky")))
            kc_strings_add(natives, native);
    }
    kc_strings_destroy(&names);
    return err;
}

static struct kc_error *set_assignors(rd_kafka_conf_t *conf, const char *list)
{
    static const char key[] = "partition.assignment.strategy";
    struct kc_strings natives = {0};
    struct kc_error *err = choose_assignors(list, &natives);
    if (!err && natives.count) {
        char *joined = kc_strings_join(&natives, ",");
        err = kc_conf_set(conf, key, joined, key);
        free(joined);
    }
    kc_strings_destroy(&natives);
    return err;
}

/* ---- group.protocol ---- */

static bool uses_consumer_protocol(const struct kc_map *properties)
{
    return strcasecmp(kc_map_get_or(properties, "group.protocol", ""), "consumer") == 0;
}

bool kc_group_leaves_out(const struct kc_map *properties, const char *key)
{
    return uses_consumer_protocol(properties) &&
           (strcmp(key, "session.timeout.ms") == 0 || strcmp(key, "heartbeat.interval.ms") == 0);
}

static struct kc_error *check_protocol(const char *protocol)
{
    bool consumer = strcasecmp(protocol, "consumer") == 0;
    if (!consumer && strcasecmp(protocol, "classic") != 0)
        return kc_error_new(KC_ERR_CONFIG,
                            "Invalid value %s for configuration group.protocol: String must be one "
                            "of (case insensitive): CLASSIC, CONSUMER",
                            protocol);
    if (consumer && rd_kafka_version() < CONSUMER_PROTOCOL_SINCE)
        return kc_error_new(KC_ERR_CONFIG,
                            "Invalid value %s for configuration group.protocol: librdkafka %s, "
                            "which this worker runs with, has the classic protocol alone; it takes "
                            "2.10 for the other. Leave the setting out",
                            protocol, rd_kafka_version_str());
    return NULL;
}

static struct kc_error *set_protocol(rd_kafka_conf_t *conf, const struct kc_map *properties)
{
    const char *protocol = kc_map_get_or(properties, "group.protocol", "classic");
    const char *assignor = kc_map_get(properties, "group.remote.assignor");
    struct kc_error *err = check_protocol(protocol);
    if (err || !uses_consumer_protocol(properties))
        return err;
    err = kc_conf_set(conf, "group.protocol", "consumer", "group.protocol");
    if (!err && assignor)
        err = kc_conf_set(conf, "group.remote.assignor", assignor, "group.remote.assignor");
    return err;
}

/* ---- sessions ---- */

/* Java accepts any max.poll.interval.ms; librdkafka wants it no shorter than the session. Then the
 * longer of the two decides when a hanging member is removed. */
static struct kc_error *set_poll_interval(rd_kafka_conf_t *conf)
{
    int64_t interval = kc_conf_number(conf, "max.poll.interval.ms");
    int64_t session = kc_conf_number(conf, "session.timeout.ms");
    char text[24];
    if (interval >= session)
        return NULL;
    kc_info("max.poll.interval.ms=%lld is shorter than session.timeout.ms=%lld, which holds",
            (long long)interval, (long long)session);
    snprintf(text, sizeof(text), "%lld", (long long)session);
    return kc_conf_set(conf, "max.poll.interval.ms", text, "max.poll.interval.ms");
}

struct kc_error *kc_conf_group(rd_kafka_conf_t *conf, const struct kc_map *properties)
{
    const char *strategy = kc_map_get(properties, "partition.assignment.strategy");
    struct kc_error *err = set_protocol(conf, properties);
    if (!err && strategy && !uses_consumer_protocol(properties))
        err = set_assignors(conf, strategy);
    return err ? err : set_poll_interval(conf);
}

/* ---- auto.offset.reset ---- */

/* One number of a duration with its letter, times scale; moves on behind it. False: none there. */
static bool take_part(const char **at, char letter, double scale, double *ms)
{
    char *end = NULL;
    if (!isdigit((unsigned char)**at))
        return false;
    double number = strtod(*at, &end);
    bool whole = !memchr(*at, '.', (size_t)(end - *at));
    if (toupper((unsigned char)*end) != letter || (!whole && letter != 'S'))
        return false;
    *ms += number * scale;
    *at = end + 1;
    return true;
}

/* java.time.Duration.parse, of those that aren't negative: PnDTnHnMn.nS. */
static bool parse_duration(const char *text, int64_t *ms)
{
    static const struct {
        char letter;
        double scale;
    } times[] = {{'H', 3600000}, {'M', 60000}, {'S', 1000}};
    double total = 0;
    if (toupper((unsigned char)*text) != 'P' || strpbrk(text, "xXeEiInN"))
        return false;
    const char *at = text + 1;
    bool any = take_part(&at, 'D', 86400000, &total);
    if (toupper((unsigned char)*at) == 'T') {
        bool timed = false;
        at++;
        for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
            timed = take_part(&at, times[i].letter, times[i].scale, &total) || timed;
        any = timed;
    }
    *ms = total < 9e15 ? (int64_t)total : (int64_t)9e15;
    return any && !*at;
}

bool kc_reset_by_duration(const char *reset, int64_t *ms)
{
    static const char prefix[] = "by_duration:";
    return strncasecmp(reset, prefix, sizeof(prefix) - 1) == 0 &&
           parse_duration(reset + sizeof(prefix) - 1, ms);
}

static struct kc_error *check_reset(const char *reset)
{
    static const char *const known[] = {"earliest", "latest", "none"};
    int64_t ms;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcasecmp(reset, known[i]) == 0)
            return NULL;
    if (kc_reset_by_duration(reset, &ms))
        return NULL;
    return kc_error_new(KC_ERR_CONFIG,
                        "Invalid value %s for configuration auto.offset.reset: The value must be "
                        "either 'earliest', 'latest', 'none' or of the format "
                        "'by_duration:<PnDTnHnMn.nS>'",
                        reset);
}

static struct kc_error *check_assignors(const char *list)
{
    struct kc_strings natives = {0};
    struct kc_error *err = choose_assignors(list, &natives);
    kc_strings_destroy(&natives);
    return err;
}

struct kc_error *kc_consumer_check_setting(const char *key, const char *value)
{
    static const struct {
        const char *key;
        struct kc_error *(*check)(const char *value);
    } checks[] = {
        {"auto.offset.reset", check_reset},
        {"group.protocol", check_protocol},
        {"partition.assignment.strategy", check_assignors},
    };
    char *trimmed = kc_trimmed(value);
    struct kc_error *err = NULL;
    for (size_t i = 0; trimmed && i < sizeof(checks) / sizeof(checks[0]); i++)
        if (strcmp(checks[i].key, key) == 0)
            err = checks[i].check(trimmed);
    free(trimmed);
    return err;
}
