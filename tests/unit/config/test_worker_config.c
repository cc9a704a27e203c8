/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's settings: errors as DistributedConfig and StandaloneConfig of 4.1, and what is said of
 * keys. */
#include "config/config_golden.h"
#include "config/properties.h"
#include "config/worker_config.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static struct kc_map *distributed_settings(void)
{
    static const char text[] = "bootstrap.servers=a:9092, b:9092\n"
                               "group.id=g\n"
                               "key.converter=org.apache.kafka.connect.json.JsonConverter\n"
                               "value.converter=org.apache.kafka.connect.json.JsonConverter\n"
                               "config.storage.topic=c\n"
                               "offset.storage.topic=o\n"
                               "status.storage.topic=s\n";
    struct kc_map *map = kc_map_new();

    assert_ok(kc_properties_parse(text, strlen(text), "text", map, NULL), "settings");
    return map;
}

static struct kc_error *make(const struct kc_map *map)
{
    struct kc_worker_config *config = NULL;
    struct kc_error *err = kc_worker_config_new(KC_WORKER_DISTRIBUTED, map, NULL, NULL, &config);

    kc_worker_config_destroy(config);
    return err;
}

static void refuses(const char *key, const char *value, const char *message)
{
    struct kc_map *map = distributed_settings();

    kc_map_set(map, key, value);
    assert_error(make(map), message, key);
    kc_map_destroy(map);
}

static void accepts(const char *key, const char *value)
{
    struct kc_map *map = distributed_settings();

    kc_map_set(map, key, value);
    assert_ok(make(map), key);
    kc_map_destroy(map);
}

/* Our list of algorithms is not a JVM's. */
static bool same_error(const char *got, const char *java)
{
    const char *list = strstr(java, "the algorithm is not supported by this JVM");

    return strncmp(got, java, list ? (size_t)(list - java) : strlen(java) + 1) == 0;
}

START_TEST(finds_wrong_what_java_finds_wrong)
{
    json_t *cases = golden("worker_errors.json");
    size_t index;
    json_t *item;

    json_array_foreach (cases, index, item) {
        struct kc_map *map = golden_map(json_object_get(item, "config"));
        enum kc_worker_mode mode = json_is_true(json_object_get(item, "distributed"))
                                       ? KC_WORKER_DISTRIBUTED
                                       : KC_WORKER_STANDALONE;
        const char *want = golden_text(item, "error");
        struct kc_worker_config *config = NULL;
        struct kc_error *err = kc_worker_config_new(mode, map, NULL, NULL, &config);
        char *printed = kc_map_print(map);

        ck_assert_msg(!err == !want, "%s:\n got %s\nJava %s", printed,
                      err ? kc_error_text(err) : "nothing", want ? want : "nothing");
        ck_assert_msg(!want || same_error(kc_error_text(err), want), "%s:\n got %s\nJava %s",
                      printed, kc_error_text(err), want);
        kc_error_destroy(err);
        kc_worker_config_destroy(config);
        kc_map_destroy(map);
        free(printed);
    }
    json_decref(cases);
}
END_TEST

START_TEST(checks_what_java_checks_on_its_way_up)
{
    refuses("bootstrap.servers", "", "No resolvable bootstrap urls given in bootstrap.servers");
    refuses("bootstrap.servers", "a:9092,b", "Invalid url in bootstrap.servers: b");
    accepts("bootstrap.servers", "[::1]:9092,a:1");
    refuses("listeners", "http://a",
            "Invalid value http://a for configuration listeners: Listener doesn't have the right "
            "format (protocol://hostname:port).");
    refuses("admin.listeners", "ftp://a:1",
            "Invalid value ftp://a:1 for configuration admin.listeners: Listener protocol must be "
            "either \"http\" or \"https\".");
    accepts("listeners", "HTTP://:0,https://[::1]:8443");
    refuses("rest.advertised.listener", "tls",
            "Invalid value tls for configuration rest.advertised.listener: Listener protocol must "
            "be either \"http\" or \"https\".");
    refuses("heartbeat.interval.ms", "10000",
            "Invalid value 10000 for configuration heartbeat.interval.ms: Heartbeat must be set "
            "lower than the session timeout");
    refuses("connector.client.config.override.policy", "Some",
            "Invalid value Some for configuration connector.client.config.override.policy: This "
            "worker has the policies All, None, Principal and Allowlist, also under their Java "
            "class names");
    refuses("log.level", "LOUD",
            "Invalid value LOUD for configuration log.level: Levels are TRACE, DEBUG, INFO, WARN, "
            "ERROR, FATAL, OFF; write LEVEL for the root logger and logger=LEVEL for others");
    accepts("log.level", "warn, org.apache.kafka.connect.runtime=DEBUG");
}
END_TEST

START_TEST(takes_a_fixed_backoff_when_only_that_is_set)
{
    struct kc_map *map = distributed_settings();
    struct kc_worker_config *config = NULL;

    kc_map_set(map, "reconnect.backoff.ms", "777");
    assert_ok(kc_worker_config_new(KC_WORKER_DISTRIBUTED, map, NULL, NULL, &config), "config");
    ck_assert_int_eq(kc_config_long(config->values, "reconnect.backoff.max.ms"), 777);
    ck_assert(kc_map_equal(config->originals, map));
    kc_worker_config_destroy(config);
    kc_map_destroy(map);
}
END_TEST

START_TEST(resolves_variables)
{
    struct kc_map *map = distributed_settings();
    struct kc_worker_config *config = NULL;

    setenv("KC_TEST_GROUP", "from-env", 1);
    kc_map_set(map, "config.providers", "env");
    kc_map_set(map, "config.providers.env.class",
               "org.apache.kafka.common.config.provider.EnvVarConfigProvider");
    kc_map_set(map, "group.id", "${env:KC_TEST_GROUP}");
    kc_map_set(map, "producer.acks", "${env:KC_TEST_GROUP}");
    assert_ok(kc_worker_config_new(KC_WORKER_DISTRIBUTED, map, NULL, NULL, &config), "config");
    ck_assert_str_eq(kc_config_string(config->values, "group.id"), "from-env");
    ck_assert_str_eq(kc_map_get(config->originals, "producer.acks"), "from-env");
    kc_worker_config_destroy(config);
    kc_map_set(map, "config.providers.env.class", "com.example.Vault");
    struct kc_error *err = make(map);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
    kc_error_destroy(err);
    kc_map_destroy(map);
}
END_TEST

/* What a worker with this file logs at INFO and above, owned by the caller. */
static char *logged(enum kc_worker_mode mode, const char *text, struct kc_error **err)
{
    char path[] = "/tmp/kc_worker_logXXXXXX";
    int fd = mkstemp(path);
    struct kc_map *map = kc_map_new();
    struct kc_map *lines = kc_map_new();
    struct kc_worker_config *config = NULL;
    struct kc_str log = {0};

    assert_ok(kc_properties_parse(text, strlen(text), "w.properties", map, lines), text);
    kc_logging_init(KC_LOG_TEXT, fd);
    kc_logging_set_level("root", KC_LOG_INFO, NULL);
    *err = kc_worker_config_new(mode, map, "w.properties", lines, &config);
    assert_ok(kc_file_read(path, KC_PROPERTIES_MAX_FILE, &log), path);
    kc_worker_config_destroy(config);
    kc_map_destroy(map);
    kc_map_destroy(lines);
    close(fd);
    unlink(path);
    return kc_str_take(&log);
}

static const char standalone_text[] = "key.converter=x.K\nvalue.converter=x.V\n"
                                      "offset.storage.file.filename=/tmp/o\n";

static void says(const char *line, const char *level, const char *message)
{
    char *text = kc_asprintf("%s%s\n", standalone_text, line);
    struct kc_error *err = NULL;
    char *log = logged(KC_WORKER_STANDALONE, text, &err);

    assert_ok(err, line);
    ck_assert_msg(strstr(log, message) != NULL, "%s: log is\n%s", line, log);
    ck_assert_msg(strstr(log, level) != NULL, "%s: log is\n%s", line, log);
    free(log);
    free(text);
}

static void is_silent_about(const char *line)
{
    char *text = kc_asprintf("%s%s\n", standalone_text, line);
    struct kc_error *err = NULL;
    char *log = logged(KC_WORKER_STANDALONE, text, &err);

    assert_ok(err, line);
    ck_assert_msg(strstr(log, "w.properties:4") == NULL, "%s: log is\n%s", line, log);
    free(log);
    free(text);
}

START_TEST(names_unknown_keys_with_file_and_line)
{
    says("bootstrap.server=a:1", "WARN",
         "w.properties:4: unknown configuration 'bootstrap.server'");
    says("producer.ackz=all", "WARN", "w.properties:4: unknown configuration 'producer.ackz'");
    says("rest.port=1", "WARN", "'rest.port' was removed from Kafka Connect in 3.0");
    says("internal.key.converter.schemas.enable=1", "WARN",
         "was removed from Kafka Connect in 3.0");
    says("plugin.discovery=service_load", "INFO", "w.properties:4: 'plugin.discovery' is accepted");
    says("consumer.interceptor.classes=x", "INFO", "it has a meaning in a JVM only");
    says("group.id=g", "INFO", "StandaloneConfig values");
    says("config.storage.topic=g", "INFO", "it has no meaning in standalone mode");
    says("offset.storage.min.insync.replicas=2", "INFO", "it has no meaning in standalone mode");
}
END_TEST

START_TEST(knows_what_clients_and_plugins_know)
{
    static const char *const lines[] = {
        "producer.acks=all",
        "consumer.max.poll.records=1",
        "admin.retries=3",
        "sasl.jaas.config=x",
        "max.poll.interval.ms=1",
        "key.converter.foo=1",
        "header.converter.bar=1",
        "config.providers.x.class=y",
        "listeners.https.ssl.protocol=x",
        "admin.listeners.https.a=b",
        "plugin.path=/x",
        "rest.extension.classes=x",
        "log.format=json",
        "producer.ssl.key.password=x",
        "gateway.listeners=x",
        "consumer.group.instance.id=a",
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        is_silent_about(lines[i]);
}
END_TEST

START_TEST(names_file_and_line_of_an_error)
{
    struct kc_error *err = NULL;

    free(logged(KC_WORKER_STANDALONE,
                "key.converter=x\nvalue.converter=y\noffset.storage.file."
                "filename=z\n\noffset.flush.timeout.ms=soon\n",
                &err));
    assert_error(
        err,
        "w.properties:5: Invalid value soon for configuration offset.flush.timeout.ms: Not "
        "a number of type LONG",
        "line 5");
    free(logged(KC_WORKER_STANDALONE, "key.converter=x\nvalue.converter=y\n", &err));
    assert_error(err,
                 "w.properties: Missing required configuration \"offset.storage.file.filename\" "
                 "which has no default value.",
                 "missing");
    free(logged(KC_WORKER_STANDALONE,
                "key.converter=x\nlisteners=nonsense\nvalue.converter=y\n"
                "offset.storage.file.filename=z",
                &err));
    assert_error(err,
                 "w.properties:2: Invalid value nonsense for configuration listeners: Listener "
                 "doesn't have the right format (protocol://hostname:port).",
                 "listener");
}
END_TEST

START_TEST(logs_no_secrets)
{
    struct kc_error *err = NULL;
    char *text = kc_asprintf("%sssl.key.password=hunter2\nproducer.sasl.jaas.config=hunter2\n"
                             "key.converter.basic.auth.user.info=hunter2\nlog.format=text\n",
                             standalone_text);
    char *log = logged(KC_WORKER_STANDALONE, text, &err);

    assert_ok(err, text);
    ck_assert_ptr_nonnull(strstr(log, "ssl.key.password = [hidden]"));
    ck_assert_ptr_nonnull(strstr(log, "log.format = text"));
    ck_assert_ptr_null(strstr(log, "hunter2"));
    free(log);
    free(text);
}
END_TEST

/* Every sample worker file is accepted without a word of warning. */
START_TEST(samples_are_in_order)
{
    static const struct {
        const char *path;
        enum kc_worker_mode mode;
    } samples[] = {
        {"config/connect-distributed.properties", KC_WORKER_DISTRIBUTED},
        {"config/connect-standalone.properties", KC_WORKER_STANDALONE},
    };

    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        struct kc_str text = {0};
        struct kc_error *err = NULL;
        char *log;

        assert_ok(kc_file_read(samples[i].path, KC_PROPERTIES_MAX_FILE, &text), samples[i].path);
        log = logged(samples[i].mode, text.data, &err);
        assert_ok(err, samples[i].path);
        ck_assert_msg(strstr(log, "WARN") == NULL, "%s: %s", samples[i].path, log);
        ck_assert_msg(strstr(log, "is accepted") == NULL, "%s: %s", samples[i].path, log);
        free(log);
        kc_str_destroy(&text);
    }
}
END_TEST

RUN_TESTS("worker_config", finds_wrong_what_java_finds_wrong, checks_what_java_checks_on_its_way_up,
          takes_a_fixed_backoff_when_only_that_is_set, resolves_variables,
          names_unknown_keys_with_file_and_line, knows_what_clients_and_plugins_know,
          names_file_and_line_of_an_error, logs_no_secrets, samples_are_in_order)
