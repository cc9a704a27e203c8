/* SPDX-License-Identifier: Apache-2.0 */
/* Java client properties as librdkafka's: the table, defaults, and what is refused. */
#include "connect/kafka.h"
#include "kafka/client_priv.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct kc_map *properties_of(const char *pairs)
{
    struct kc_map *properties = kc_map_new();
    kc_map_set(properties, "bootstrap.servers", "localhost:9092");
    char *copy = kc_strdup(pairs);
    char *rest = NULL;
    for (char *pair = strtok_r(copy, "|", &rest); pair; pair = strtok_r(NULL, "|", &rest)) {
        char *value = strchr(pair, '=');
        *value++ = '\0';
        kc_map_set(properties, pair, value);
    }
    free(copy);
    return properties;
}

/* The librdkafka value of key for these properties; owned by the caller. */
static char *native(enum kc_client_role role, const char *pairs, const char *key)
{
    struct kc_map *properties = properties_of(pairs);
    rd_kafka_conf_t *conf = NULL;
    struct kc_error *err = kc_client_conf(role, properties, &conf);
    ck_assert_msg(err == NULL, "%s: %s", pairs, err ? kc_error_text(err) : "");
    char value[4096] = "";
    size_t size = sizeof(value);
    ck_assert_int_eq(rd_kafka_conf_get(conf, key, value, &size), RD_KAFKA_CONF_OK);
    rd_kafka_conf_destroy(conf);
    kc_map_destroy(properties);
    return kc_strdup(value);
}

#define P     KC_CLIENT_PRODUCER
#define C     KC_CLIENT_CONSUMER
#define A     KC_CLIENT_ADMIN
#define SASL  "security.protocol=SASL_PLAINTEXT|"
#define PLAIN "sasl.mechanism=PLAIN|"
#define JAAS  "sasl.jaas.config=org.apache.kafka.common.security."

static const struct {
    enum kc_client_role role;
    const char *pairs;
    const char *key;
    const char *value;
} cases[] = {
    /* defaults */
    {C, "", "isolation.level", "read_uncommitted"},
    {A, "", "isolation.level", "read_uncommitted"},
    {C, "", "allow.auto.create.topics", "true"},
    {A, "", "allow.auto.create.topics", "false"},
    {C, "", "check.crcs", "true"},
    {C, "", "enable.auto.commit", "false"},
    {C, "group.id=g", "enable.auto.commit", "true"},
    {C, "group.id=g", "group.id", "g"},
    {C, "", "queued.max.messages.kbytes", "8192"},
    {C, "", "auto.offset.reset", "largest"},
    {P, "", "partitioner", "murmur2_random"},
    {P, "", "enable.idempotence", "true"},
    {P, "acks=1", "enable.idempotence", "false"},
    {P, "retries=0", "enable.idempotence", "false"},
    {P, "max.in.flight.requests.per.connection=6", "enable.idempotence", "false"},
    {P, "enable.idempotence=FALSE", "enable.idempotence", "false"},
    {P, "", "queue.buffering.max.ms", "5"},
    {P, "", "batch.size", "1000000"},
    {P, "", "queue.buffering.max.kbytes", "32768"},
    {P, "", "message.max.bytes", "1048576"},
    /* names and ranges */
    {P, "acks=all", "acks", "-1"},
    {P, "acks=0", "acks", "0"},
    {P, "linger.ms=100", "queue.buffering.max.ms", "100"},
    {P, "batch.size=0", "batch.size", "1"},
    {P, "buffer.memory=1048577", "queue.buffering.max.kbytes", "1025"},
    {P, "compression.type=zstd|compression.zstd.level=22", "compression.level", "12"},
    {P, "compression.type=zstd|compression.gzip.level=9", "compression.level", "-1"},
    {P, "compression.type=LZ4", "compression.codec", "lz4"},
    {P, "delivery.timeout.ms=2147483647", "delivery.timeout.ms", "2147483647"},
    {P, "max.request.size=5000000", "message.max.bytes", "5000000"},
    {P, "transactional.id=t|transaction.timeout.ms=30000|enable.idempotence=true",
     "delivery.timeout.ms", "30000"},
    {P, "partitioner.class=org.apache.kafka.clients.producer.RoundRobinPartitioner", "partitioner",
     "random"},
    {P, "partitioner.ignore.keys=true", "partitioner", "random"},
    {C, "auto.offset.reset=earliest", "auto.offset.reset", "smallest"},
    {C, "auto.offset.reset=NONE", "auto.offset.reset", "error"},
    {C, "isolation.level=read_committed", "isolation.level", "read_committed"},
    {C, "fetch.max.wait.ms=40000", "socket.timeout.ms", "41000"},
    {C, "fetch.max.bytes=200000000", "receive.message.max.bytes", "200001024"},
    {C, "max.partition.fetch.bytes=20000000", "fetch.max.bytes", "20000000"},
    {C, "max.poll.interval.ms=2147483647", "max.poll.interval.ms", "86400000"},
    {C,
     "partition.assignment.strategy=org.apache.kafka.clients.consumer.RangeAssignor, "
     "org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
     "partition.assignment.strategy", "range"},
    {C, "partition.assignment.strategy=org.apache.kafka.clients.consumer.StickyAssignor",
     "partition.assignment.strategy", "cooperative-sticky"},
    {C, "max.poll.interval.ms=8000", "max.poll.interval.ms", "45000"},
    {C, "auto.offset.reset=by_duration:PT1H", "auto.offset.reset", "smallest"},
    {C, "partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
     "partition.assignment.strategy", "cooperative-sticky"},
    {A, "request.timeout.ms=2000000000", "socket.timeout.ms", "300000"},
    {A, "connections.max.idle.ms=-1", "connections.max.idle.ms", "0"},
    {A, "receive.buffer.bytes=-1", "socket.receive.buffer.bytes", "0"},
    {A, "metadata.max.age.ms= 60000 ", "topic.metadata.refresh.interval.ms", "60000"},
    {A, "client.id=me|no.such.key=1|key.serializer=X", "client.id", "me"},
    /* security */
    {A, SASL PLAIN JAAS "plain.PlainLoginModule required username=\"u\" password='p;=\\'x';",
     "sasl.password", "p;='x"},
    {A,
     "security.protocol=sasl_plaintext|sasl.mechanism=SCRAM-SHA-512|" JAAS
     "scram.ScramLoginModule REQUIRED username=u password=p;",
     "sasl.username", "u"},
    {A, SASL "sasl.mechanism=GSSAPI|sasl.kerberos.service.name=kafka",
     "sasl.kerberos.min.time.before.relogin", "0"},
    {A,
     SASL "sasl.mechanism=OAUTHBEARER|" JAAS
          "oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"me\";",
     "enable.sasl.oauthbearer.unsecure.jwt", "true"},
    {A,
     SASL "sasl.mechanism=OAUTHBEARER|sasl.oauthbearer.token.endpoint.url=http://localhost/t|" JAAS
          "oauthbearer.OAuthBearerLoginModule required clientId=a clientSecret=b;",
     "enable_sasl_queue", "true"},
    {A, "security.protocol=SSL|ssl.endpoint.identification.algorithm=",
     "ssl.endpoint.identification.algorithm", "none"},
    {A,
     SASL "sasl.mechanism=AWS_MSK_IAM|sasl.jaas.config=software.amazon.msk.auth.iam."
          "IAMLoginModule required;",
     "sasl.mechanisms", "OAUTHBEARER"},
    {A, "bootstrap.servers=http://localhost:9092", "bootstrap.servers", "localhost:9092"},
    {A, "bootstrap.servers=no-such-host.invalid:1,SSL://[::1]:9093", "bootstrap.servers",
     "no-such-host.invalid:1,[::1]:9093"},
    {A, "security.protocol=SSL", "ssl.endpoint.identification.algorithm", "https"},
    {A,
     "security.protocol=SSL|ssl.cipher.suites=TLS_AES_256_GCM_SHA384,"
     "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
     "ssl.cipher.suites", "ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"},
    {A, "security.protocol=SSL", "ssl.cipher.suites", "DEFAULT:@SECLEVEL=0"},
};

START_TEST(test_translation)
{
    char *value = native(cases[_i].role, cases[_i].pairs, cases[_i].key);
    ck_assert_msg(strcmp(value, cases[_i].value) == 0, "%s: %s is %s, not %s", cases[_i].pairs,
                  cases[_i].key, value, cases[_i].value);
    free(value);
}
END_TEST

/* Each must name what is in `said` and keep `secret` to itself. */
static const struct {
    enum kc_client_role role;
    const char *pairs;
    const char *said[3];
} refused[] = {
    {P, "acks=2", {"acks", "2", "all"}},
    {P, "linger.ms=soon", {"linger.ms", "soon", "number"}},
    {P, "linger.ms=-1", {"linger.ms", "-1", "at least 0"}},
    {P, "compression.type=rar", {"compression.type", "rar", "zstd"}},
    {P, "partitioner.class=com.acme.Mine", {"partitioner.class", "com.acme.Mine", "RoundRobin"}},
    {P, "enable.idempotence=yes", {"enable.idempotence", "yes", "true or false"}},
    {C, "auto.offset.reset=by_duration:1H", {"auto.offset.reset", "by_duration", "earliest"}},
    {C, "isolation.level=x", {"isolation.level", "x", "read_committed"}},
    {C,
     "partition.assignment.strategy=com.acme.A",
     {"partition.assignment.strategy", "com.acme.A"}},
    {A, "security.protocol=TLS", {"security.protocol", "TLS", "SASL_SSL"}},
    {A, "bootstrap.servers=", {"bootstrap.servers"}},
    {P,
     "bootstrap.servers=nobrokerrunningatthisaddress",
     {"Invalid url in bootstrap.servers: nobrokerrunningatthisaddress"}},
    {P,
     "bootstrap.servers=no-such-host.invalid:9092",
     {"No resolvable bootstrap urls given in bootstrap.servers"}},
    {A,
     SASL PLAIN JAAS "plain.PlainLoginModule required username=u;",
     {"sasl.jaas.config", "password"}},
    {A,
     SASL PLAIN JAAS "plain.PlainLoginModule required username=u password=s3cret",
     {"sasl.jaas.config", ";"}},
    {A,
     SASL PLAIN JAAS "plain.PlainLoginModule username=u password=s3cret;",
     {"sasl.jaas.config", "flag"}},
    {A, SASL PLAIN "sasl.jaas.config=com.acme.Login required password=s3cret;", {"com.acme.Login"}},
    {A, SASL PLAIN, {"sasl.jaas.config", "PLAIN"}},
    {A,
     SASL "sasl.mechanism=NONSENSE|" JAAS "plain.PlainLoginModule required username=u password=p;",
     {"Invalid value NONSENSE for configuration sasl.mechanism"}},
    {A,
     SASL "sasl.mechanism=OAUTHBEARER|sasl.oauthbearer.token.endpoint.url=file:///etc/shadow|" JAAS
          "oauthbearer.OAuthBearerLoginModule required;",
     {"file:///etc/shadow", "sasl.oauthbearer.token.endpoint.url", "restrictions"}},
    {A,
     "security.protocol=SSL|ssl.truststore.location=/no/such/file|ssl.truststore.password=s3cret",
     {"/no/such/file"}},
    {A,
     "security.protocol=SSL|ssl.endpoint.identification.algorithm=dns",
     {"ssl.endpoint.identification.algorithm", "dns", "https"}},
};

START_TEST(test_refused)
{
    struct kc_map *properties = properties_of(refused[_i].pairs);
    rd_kafka_conf_t *conf = NULL;
    struct kc_error *err = kc_client_conf(refused[_i].role, properties, &conf);
    ck_assert_msg(err != NULL, "%s", refused[_i].pairs);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
    for (int i = 0; i < 3 && refused[_i].said[i]; i++)
        ck_assert_msg(strstr(kc_error_text(err), refused[_i].said[i]) != NULL, "%s lacks %s",
                      kc_error_text(err), refused[_i].said[i]);
    ck_assert_ptr_null(strstr(kc_error_text(err), "s3cret"));
    kc_error_destroy(err);
    kc_map_destroy(properties);
}
END_TEST

/* Every set of settings must also make a client: librdkafka checks some against each other. */
START_TEST(test_clients_can_be_made)
{
    static const enum kc_client_role roles[] = {P, C, A};
    rd_kafka_t *client = NULL;
    struct kc_map *properties = properties_of("delivery.timeout.ms=2147483647|fetch.max.bytes=1|"
                                              "max.poll.interval.ms=2147483647");
    struct kc_error *err = kc_client_open(roles[_i], properties, &client);
    ck_assert_msg(err == NULL, "%s", err ? kc_error_text(err) : "");
    rd_kafka_destroy(client);
    kc_map_destroy(properties);
}
END_TEST

/* What librdkafka finds only as it makes the client is an error like any other: the program, which
 * has other clients, goes on. */
START_TEST(test_a_client_that_cant_be_made)
{
    rd_kafka_conf_t *conf = NULL;
    rd_kafka_t *client = NULL;
    struct kc_map *properties = properties_of("client.id=mine");
    struct kc_error *err = kc_client_conf(C, properties, &conf);
    ck_assert_ptr_null(err);
    ck_assert_ptr_null(kc_conf_set(conf, "security.protocol", "sasl_plaintext", "x"));
    ck_assert_ptr_null(kc_conf_set(conf, "sasl.mechanisms", "NONSENSE", "x"));
    err = kc_client_new(C, conf, &client);
    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
    ck_assert_msg(strstr(kc_error_text(err), "NONSENSE"), "%s", kc_error_text(err));
    kc_error_destroy(err);
    kc_map_destroy(properties);
}
END_TEST

START_TEST(test_errors)
{
    struct kc_error *err = kc_client_error(RD_KAFKA_RESP_ERR__TIMED_OUT, "Doing %s", "this");
    ck_assert(kc_error_retriable(err));
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "Doing this"));
    kc_error_destroy(err);
    err = kc_client_error(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "x");
    ck_assert(!kc_error_retriable(err));
    ck_assert_int_eq(kc_error_kafka_code(err), RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    kc_error_destroy(err);
}
END_TEST

/* Names in configurations are anybody's: what is kept of them has an end. */
START_TEST(test_names_without_number)
{
    ck_assert(kc_client_first_time("name-0"));
    ck_assert(!kc_client_first_time("name-0"));
    for (int i = 1; i < 100000; i++) {
        char name[32];
        snprintf(name, sizeof(name), "name-%d", i);
        ck_assert(kc_client_first_time(name));
        ck_assert(!kc_client_first_time(name));
    }
    ck_assert(kc_client_first_time("name-0"));
}
END_TEST

int main(void)
{
    setenv("KAFKA_OPTS", "-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=http://localhost/t", 1);
    setenv("AWS_REGION", "eu-west-1", 1);
    Suite *suite = suite_create("client_conf");
    TCase *tcase = tcase_create("all");
    tcase_add_loop_test(tcase, test_translation, 0, sizeof(cases) / sizeof(*cases));
    tcase_add_loop_test(tcase, test_refused, 0, sizeof(refused) / sizeof(*refused));
    tcase_add_loop_test(tcase, test_clients_can_be_made, 0, 3);
    tcase_add_test(tcase, test_a_client_that_cant_be_made);
    tcase_add_test(tcase, test_errors);
    tcase_add_test(tcase, test_names_without_number);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
