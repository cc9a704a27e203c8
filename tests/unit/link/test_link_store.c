/* SPDX-License-Identifier: Apache-2.0 */
/* A state topic that is deleted while links run: what had been read is written again, by one of two
 * workers, and nothing is written until then. */
#include "data/plugins.h"
#include "link/link_own_topic_priv.h"
#include "link/link_store_priv.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* ---- the topic: the functions of link_own_topic.c, which the linker leaves out then ---- */

enum { READERS = 2, RECORDS = 32 };

struct fake_topic_record {
    char *key;
    char *value;
};
/* As the target has it, with those who read it. */
static struct {
    struct fake_topic_record records[RECORDS];
    size_t count;
    struct link_own_topic *readers[READERS];
    int incarnation;
    const char *complaint; /* of a check; NULL: none */
    const char *refusal;   /* of a write */
} there;

struct link_own_topic {
    kc_log_listener listener;
    void *opaque;
    size_t read;
    int incarnation; /* that was looked at last */
};

struct link_own_topic *link_own_topic_new(const struct link_config *config,
                                          const struct link_own_topic_settings *settings)
{
    struct link_own_topic *topic = kc_calloc(1, sizeof(*topic));
    *topic = (struct link_own_topic){settings->listener, settings->opaque, 0, there.incarnation};
    there.readers[there.readers[0] ? 1 : 0] = topic;
    return topic;
}

void link_own_topic_close(struct link_own_topic *topic)
{
    there.readers[there.readers[0] == topic ? 0 : 1] = NULL;
    free(topic);
}

struct kc_error *link_own_topic_refresh(struct link_own_topic *topic, int timeout_ms,
                                        const struct kc_stop *stop)
{
    while (topic->read < there.count) {
        const struct fake_topic_record *from = &there.records[topic->read++];
        const struct kc_log_record record = {.key = from->key,
                                             .key_len = strlen(from->key),
                                             .value = from->value,
                                             .value_len = from->value ? strlen(from->value) : 0};
        topic->listener(topic->opaque, &record);
    }
    return NULL;
}

struct kc_error *link_own_topic_write(struct link_own_topic *topic,
                                      const struct kc_log_record *records, size_t count,
                                      int timeout_ms)
{
    if (there.refusal)
        return kc_error_new(KC_ERR_UNAVAILABLE, "%s", there.refusal);
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_lt(there.count, RECORDS);
        there.records[there.count++] = (struct fake_topic_record){
            kc_strdup(records[i].key), records[i].value ? kc_strdup(records[i].value) : NULL};
    }
    return link_own_topic_refresh(topic, timeout_ms, NULL);
}

struct kc_error *link_own_topic_check(struct link_own_topic *topic, struct kc_admin *admin,
                                      bool *lost)
{
    if (there.complaint)
        return kc_error_new(KC_ERR_CONFIG, "%s", there.complaint);
    *lost = topic->incarnation != there.incarnation;
    topic->incarnation = there.incarnation;
    return NULL;
}

struct kc_error *link_own_topic_reopen(struct link_own_topic *topic, const struct kc_stop *stop)
{
    topic->read = 0;
    return link_own_topic_refresh(topic, 0, NULL);
}

static void delete_topic(void)
{
    for (size_t i = 0; i < there.count; i++) {
        free(there.records[i].key);
        free(there.records[i].value);
    }
    there.count = 0;
    there.incarnation++;
}

/* ---- two workers ---- */

/* Settings of the client keep their stores apart, as two processes would. */
static struct link_store *open_store(const char *worker)
{
    struct link_config *config = NULL;
    struct link_store *store = NULL;
    struct kc_map *properties = kc_map_new();
    kc_plugins_set_builtin(kc_builtin_plugins);
    kc_map_set(properties, "name", "move");
    kc_map_set(properties, "connector.class", "KafkaLinkConnector");
    kc_map_set(properties, "source.cluster.bootstrap.servers", "a:1");
    kc_map_set(properties, "target.cluster.bootstrap.servers", worker);
    ck_assert_ptr_null(link_config_new(properties, false, &config));
    kc_map_destroy(properties);
    ck_assert_ptr_null(link_store_open(config, NULL, &store));
    link_config_destroy(config);
    return store;
}

static struct kc_error *put(struct link_store *store, enum kc_link_resource resource,
                            const char *name, json_t *value)
{
    struct link_change change = {resource, name, value};
    return link_store_put(store, &change, 1, 1000);
}

static json_t *state(int64_t epoch)
{
    const struct kc_link_topic topic = {
        .state = KC_LINK_LINKING, .epoch = epoch, .reason = (char *)"", .lane = (char *)"raw"};
    return kc_link_topic_json(&topic);
}

/* Somebody else does. */
static void others_write(const char *name, int64_t epoch)
{
    json_t *json = state(epoch);
    there.records[there.count++] = (struct fake_topic_record){
        kc_link_key_format("move", KC_LINK_TOPIC, name), json_dumps(json, JSON_COMPACT)};
    json_decref(json);
}

static int64_t epoch_of(struct link_store *store, const char *name)
{
    json_t *json = link_store_get(store, KC_LINK_TOPIC, name);
    int64_t epoch = json ? json_integer_value(json_object_get(json, "epoch")) : -1;
    json_decref(json);
    return epoch;
}

/* Both have read: the link itself, and the topics a and b; c is gone. */
static void fill(struct link_store *store)
{
    ck_assert_ptr_null(put(store, KC_LINK_SELF, "", json_pack("{s:s}", "identity", "S/T/move/1")));
    ck_assert_ptr_null(put(store, KC_LINK_TOPIC, "a", state(3)));
    ck_assert_ptr_null(put(store, KC_LINK_TOPIC, "b", state(5)));
    ck_assert_ptr_null(put(store, KC_LINK_TOPIC, "c", state(1)));
    ck_assert_ptr_null(put(store, KC_LINK_TOPIC, "c", NULL));
}

static bool says(struct link_store *store, const char *words)
{
    char *trouble = link_store_trouble(store);
    bool found = trouble && strstr(trouble, words);
    free(trouble);
    return found;
}

START_TEST(what_was_deleted_is_written_again)
{
    struct link_store *ours = open_store("b:1"), *theirs = open_store("b:2");
    fill(ours);
    ck_assert_ptr_null(link_store_read_to_end(theirs, 0));
    ck_assert(link_store_is_kept(ours) && link_store_is_kept(theirs));
    delete_topic();

    /* The one that doesn't write it again waits, and refuses what wouldn't be kept. */
    link_store_look(theirs, NULL, false, NULL);
    ck_assert(says(theirs, "was deleted") && says(theirs, "the link's connector writes it again"));
    struct kc_error *err = put(theirs, KC_LINK_TOPIC, "a", state(4));
    ck_assert_int_eq(kc_error_code(err), KC_ERR_UNAVAILABLE);
    ck_assert(kc_error_retriable(err) && strstr(kc_error_text(err), "was deleted"));
    kc_error_destroy(err);
    ck_assert_uint_eq(there.count, 0);
    ck_assert_int_eq(epoch_of(theirs, "a"), 3);

    /* Somebody who hadn't noticed has moved b on meanwhile: that isn't hidden. */
    others_write("b", 6);
    link_store_look(ours, NULL, true, NULL);
    ck_assert(link_store_is_kept(ours));
    ck_assert_uint_eq(there.count, 3);
    ck_assert_ptr_nonnull(strstr(there.records[1].key, "\"a\""));
    ck_assert_ptr_nonnull(strstr(there.records[2].key, "\"self\"")); /* the last one */
    ck_assert_int_eq(epoch_of(ours, "b"), 6);
    ck_assert_int_eq(epoch_of(ours, "c"), -1);
    ck_assert_ptr_null(put(ours, KC_LINK_TOPIC, "a", state(4)));

    link_store_look(theirs, NULL, false, NULL);
    ck_assert(link_store_is_kept(theirs));
    ck_assert_int_eq(epoch_of(theirs, "a"), 4);
    ck_assert_int_eq(epoch_of(theirs, "b"), 6);
    link_store_close(theirs);

    /* Who begins now knows the same. */
    theirs = open_store("b:2");
    ck_assert_int_eq(epoch_of(theirs, "a"), 4);
    ck_assert_int_eq(epoch_of(theirs, "b"), 6);
    link_store_close(theirs);
    link_store_close(ours);
    delete_topic();
}
END_TEST

START_TEST(what_cannot_be_written_again_is_said_until_it_can)
{
    struct link_store *ours = open_store("b:1");
    fill(ours);
    there.complaint = "Topic isthmus-link-state isn't compacted";
    link_store_look(ours, NULL, true, NULL);
    ck_assert(says(ours, "isn't compacted"));
    there.complaint = NULL;
    there.refusal = "it is full";
    delete_topic();
    others_write("a", 4);
    link_store_look(ours, NULL, true, NULL);
    ck_assert(says(ours, "was deleted") && says(ours, "That can't be done yet: it is full"));
    delete_topic(); /* what was read between the two isn't there, either */
    there.refusal = NULL;
    link_store_look(ours, NULL, true, NULL);
    ck_assert(link_store_is_kept(ours));
    ck_assert_uint_eq(there.count, 3);
    ck_assert_int_eq(epoch_of(ours, "a"), 4);
    link_store_close(ours);
    delete_topic();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link_store");
    TCase *cases = tcase_create("all");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, what_was_deleted_is_written_again);
    tcase_add_test(cases, what_cannot_be_written_again_is_said_until_it_can);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
