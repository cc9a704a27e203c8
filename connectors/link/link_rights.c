/* SPDX-License-Identifier: Apache-2.0 */
/* What a link's user may do with topics, see link_rights_priv.h. By librdkafka's own admin calls.
 */
#include "link/link_rights_priv.h"

#include <stdlib.h>

#define ASK_MS 10000

/* One call: its queue, options and answer. */
struct link_rights_call {
    rd_kafka_queue_t *queue;
    rd_kafka_AdminOptions_t *options;
    rd_kafka_event_t *event;
};

static void begin(struct link_rights_call *call, rd_kafka_t *client, rd_kafka_admin_op_t op)
{
    char why[128];
    *call = (struct link_rights_call){.queue = rd_kafka_queue_new(client),
                                      .options = rd_kafka_AdminOptions_new(client, op)};
    rd_kafka_AdminOptions_set_request_timeout(call->options, ASK_MS, why, sizeof(why));
}

static struct kc_error *await(struct link_rights_call *call, const char *what)
{
    call->event = rd_kafka_queue_poll(call->queue, ASK_MS + 1000);
    rd_kafka_resp_err_t code =
        call->event ? rd_kafka_event_error(call->event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    return code ? kc_client_error(code, "%s failed", what) : NULL;
}

static void end(struct link_rights_call *call)
{
    if (call->event)
        rd_kafka_event_destroy(call->event);
    rd_kafka_AdminOptions_destroy(call->options);
    rd_kafka_queue_destroy(call->queue);
}

static unsigned rights_of(const rd_kafka_TopicDescription_t *topic)
{
    size_t count = 0;
    unsigned rights = 0;
    const rd_kafka_AclOperation_t *operations =
        rd_kafka_TopicDescription_authorized_operations(topic, &count);
    for (size_t i = 0; operations && i < count; i++)
        if (operations[i] > 0 && operations[i] < RD_KAFKA_ACL_OPERATION__CNT)
            rights |= 1u << operations[i];
    return rights;
}

struct kc_error *link_rights_of_topics(struct kc_admin *admin, const struct kc_strings *names,
                                       unsigned *allowed)
{
    struct link_rights_call call;
    rd_kafka_t *client = kc_admin_client(admin);
    rd_kafka_TopicCollection_t *topics =
        rd_kafka_TopicCollection_of_topic_names((const char **)names->items, names->count);
    begin(&call, client, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
    rd_kafka_error_t *refused =
        rd_kafka_AdminOptions_set_include_authorized_operations(call.options, 1);
    rd_kafka_error_destroy(refused);
    rd_kafka_DescribeTopics(client, topics, call.options, call.queue);
    struct kc_error *err = await(&call, "Asking for the rights on topics");
    if (!err) {
        size_t count = 0;
        const rd_kafka_TopicDescription_t **found = rd_kafka_DescribeTopics_result_topics(
            rd_kafka_event_DescribeTopics_result(call.event), &count);
        for (size_t i = 0; i < names->count; i++)
            allowed[i] = i < count ? rights_of(found[i]) : 0;
    }
    end(&call);
    rd_kafka_TopicCollection_destroy(topics);
    return err;
}

char *link_rights_print(unsigned rights)
{
    struct kc_strings names = {0};
    for (int i = 1; i < RD_KAFKA_ACL_OPERATION__CNT; i++)
        if (rights & (1u << i))
            kc_strings_add(&names, rd_kafka_AclOperation_name((rd_kafka_AclOperation_t)i));
    char *text = kc_strings_join(&names, ", ");
    kc_strings_destroy(&names);
    return text;
}

static struct kc_error *creation_error(const struct link_rights_call *call)
{
    size_t count = 0;
    const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics(
        rd_kafka_event_CreateTopics_result(call->event), &count);
    rd_kafka_resp_err_t code =
        count ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!code || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return NULL;
    const char *why = rd_kafka_topic_result_error_string(results[0]);
    return kc_client_error(code, "%s", why ? why : "refused");
}

struct kc_error *link_rights_try_create(struct kc_admin *admin, const char *topic,
                                        int replication_factor)
{
    char why[256] = "";
    struct link_rights_call call;
    rd_kafka_t *client = kc_admin_client(admin);
    rd_kafka_NewTopic_t *wanted =
        rd_kafka_NewTopic_new(topic, 1, replication_factor, why, sizeof(why));
    if (!wanted)
        return kc_error_new(KC_ERR_CONFIG, "%s", why);
    begin(&call, client, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_validate_only(call.options, 1, why, sizeof(why));
    rd_kafka_CreateTopics(client, &wanted, 1, call.options, call.queue);
    struct kc_error *err = await(&call, "Asking whether a topic can be made");
    if (!err)
        err = creation_error(&call);
    end(&call);
    rd_kafka_NewTopic_destroy(wanted);
    return err;
}
