/* SPDX-License-Identifier: Apache-2.0 */
/* Producer settings as people publish them leave a task on the raw lane. */
#include "source/raw_rules_priv.h"

#include "wire/wire_client.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Each a producer's, apart by blanks; with the codec that its batches get, -1: their own. */
static const struct {
    const char *settings;
    int codec;
} published[] = {
    {"enable.idempotence=true acks=all", -1},
    {"acks=1 retries=0 linger.ms=1 batch.size=16384", -1},
    {"acks=0 max.in.flight.requests.per.connection=1", -1},
    {"batch.size=524288 buffer.memory=524288000 max.request.size=26214400 "
     "receive.buffer.bytes=33554432 send.buffer.bytes=33554432 compression.type=gzip",
     KC_CODEC_GZIP},
    {"acks=all retries=10 delivery.timeout.ms=120000 compression.type=snappy "
     "max.request.size=67108864",
     KC_CODEC_SNAPPY},
    {"compression.type=zstd compression.zstd.level=-5", KC_CODEC_ZSTD},
    {"compression.type=lz4 compression.zstd.level=7", KC_CODEC_LZ4},
    {"compression.type=none", KC_CODEC_NONE},
    {"security.protocol=PLAINTEXT sasl.mechanism=", -1},
    {"client.id=mm2-quota interceptor.classes=com.acme.Missing metric.reporters=", -1},
    {"partitioner.class=org.apache.kafka.clients.producer.RoundRobinPartitioner", -1},
    {"partitioner.class=org.apache.kafka.clients.producer.internals.DefaultPartitioner "
     "partitioner.ignore.keys=true",
     -1},
    {"key.serializer=org.apache.kafka.common.serialization.ByteArraySerializer "
     "request.timeout.ms=60000 retry.backoff.ms=1000 metadata.max.age.ms=180000 "
     "connections.max.idle.ms=240000 metadata.max.idle.ms=180000 max.block.ms=9223372036854775807",
     -1},
};

static struct kc_map *properties_of(const char *settings)
{
    struct kc_map *map = kc_map_new();
    char *copy = kc_strdup(settings), *rest = copy, *word;
    kc_map_set(map, "bootstrap.servers", "127.0.0.1:1");
    while ((word = strsep(&rest, " "))) {
        char *value = strchr(word, '=');
        ck_assert_ptr_nonnull(value);
        *value = '\0';
        kc_map_set(map, word, value + 1);
    }
    free(copy);
    return map;
}

START_TEST(published_settings_keep_the_lane)
{
    struct kc_map *producer = properties_of(published[_i].settings);
    struct kc_raw_rules rules = {0};
    const char *why = kc_raw_rules_set_codec(&rules, producer);
    ck_assert_msg(!why, "%s", why ? why : "");
    ck_assert_int_eq(rules.codec_reason ? (int)rules.compression.codec : -1, published[_i].codec);
    kc_raw_rules_finish(&rules, producer);
    struct kc_wire_client *client = NULL;
    struct kc_error *err = kc_wire_client_new(producer, "test", &client);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    kc_wire_client_destroy(client);
    kc_raw_rules_clear(&rules);
    kc_map_destroy(producer);
}
END_TEST

static const char *route_to(void *opaque, const char *topic, char **routed)
{
    *routed = kc_strdup(opaque);
    return NULL;
}

static const struct {
    const char *name;
    bool passes;
} routed[] = {{"orders.v-2_x", true}, {"", false}, {"a b/c", false}, {"..", false}, {"ä", false}};

/* A batch for it would wait for ever, and nothing would say why. */
START_TEST(a_name_that_no_topic_can_have_opens_the_batch)
{
    struct kc_raw_rules rules = {.route = route_to, .opaque = (void *)routed[_i].name};
    const struct kc_raw_route *route = kc_raw_rules_route(&rules, "orders");
    ck_assert_ptr_nonnull(route);
    ck_assert_int_eq(route->topic != NULL, routed[_i].passes);
    ck_assert_int_eq(route->opens == NULL, routed[_i].passes);
    kc_raw_rules_clear(&rules);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("raw_rules");
    TCase *tcase = tcase_create("settings");
    tcase_add_loop_test(tcase, published_settings_keep_the_lane, 0,
                        (int)(sizeof(published) / sizeof(published[0])));
    tcase_add_loop_test(tcase, a_name_that_no_topic_can_have_opens_the_batch, 0,
                        (int)(sizeof(routed) / sizeof(routed[0])));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
