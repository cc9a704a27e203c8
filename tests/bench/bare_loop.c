// SPDX-License-Identifier: Apache-2.0
// The reference of `make bench`: what librdkafka alone takes to consume a topic and to produce it
// again, record by record, with nothing in between. Stands alone; tests/bench/bench.py runs it.
//
//     bare_loop SOURCE-BROKERS TARGET-BROKERS TOPIC REMOTE-TOPIC PARTITIONS RECORDS CODEC
//
// It ends with status 0 once RECORDS have been acknowledged by the target, in one thread.

#include <librdkafka/rdkafka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define BATCH 1000

static int64_t acknowledged;

static void die(const char *doing, const char *why)
{
    fprintf(stderr, "bare_loop: %s: %s\n", doing, why);
    exit(1);
}

static void on_delivery(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque)
{
    if (message->err)
        die("producing", rd_kafka_err2str(message->err));
    acknowledged++;
}

static rd_kafka_conf_t *make_conf(const char *brokers, const char *const pairs[][2])
{
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    if (rd_kafka_conf_set(conf, "bootstrap.servers", brokers, error, sizeof(error)))
        die("bootstrap.servers", error);
    for (; (*pairs)[0]; pairs++)
        if (rd_kafka_conf_set(conf, (*pairs)[0], (*pairs)[1], error, sizeof(error)))
            die((*pairs)[0], error);
    return conf;
}

static rd_kafka_t *make_consumer(const char *brokers, const char *topic, int partitions)
{
    static const char *const pairs[][2] = {{"group.id", "bare-loop"},
                                           {"enable.auto.commit", "false"},
                                           {"auto.offset.reset", "earliest"},
                                           {NULL, NULL}};
    char error[256];
    rd_kafka_t *consumer =
        rd_kafka_new(RD_KAFKA_CONSUMER, make_conf(brokers, pairs), error, sizeof(error));

    if (!consumer)
        die("making the consumer", error);
    rd_kafka_poll_set_consumer(consumer);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    for (int i = 0; i < partitions; i++)
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_resp_err_t failed = rd_kafka_assign(consumer, list);
    if (failed)
        die("assigning partitions", rd_kafka_err2str(failed));
    rd_kafka_topic_partition_list_destroy(list);
    return consumer;
}

static rd_kafka_t *make_producer(const char *brokers, const char *codec)
{
    const char *const pairs[][2] = {{"enable.idempotence", "true"},
                                    {"linger.ms", "5"},
                                    {"compression.type", codec},
                                    {"queue.buffering.max.messages", "500000"},
                                    {NULL, NULL}};
    char error[256];
    rd_kafka_conf_t *conf = make_conf(brokers, pairs);

    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof(error));
    if (!producer)
        die("making the producer", error);
    return producer;
}

static void pass_on(rd_kafka_t *producer, const char *remote, const rd_kafka_message_t *message)
{
    int64_t timestamp = rd_kafka_message_timestamp(message, NULL);
    rd_kafka_resp_err_t failed;

    do {
        failed = rd_kafka_producev(
            producer, RD_KAFKA_V_TOPIC(remote), RD_KAFKA_V_PARTITION(message->partition),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_TIMESTAMP(timestamp),
            RD_KAFKA_V_KEY(message->key, message->key_len),
            RD_KAFKA_V_VALUE(message->payload, message->len), RD_KAFKA_V_END);
        if (failed == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            rd_kafka_poll(producer, 10);
    } while (failed == RD_KAFKA_RESP_ERR__QUEUE_FULL);
    if (failed)
        die("producing", rd_kafka_err2str(failed));
}

static void copy(rd_kafka_t *consumer, rd_kafka_t *producer, const char *remote, int64_t records)
{
    rd_kafka_message_t *batch[BATCH];
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer);

    for (int64_t passed = 0; passed < records;) {
        ssize_t count = rd_kafka_consume_batch_queue(queue, 100, batch, BATCH);
        for (ssize_t i = 0; i < count; i++) {
            if (!batch[i]->err) {
                pass_on(producer, remote, batch[i]);
                passed++;
            }
            rd_kafka_message_destroy(batch[i]);
        }
        rd_kafka_poll(producer, 0);
    }
    while (acknowledged < records)
        rd_kafka_poll(producer, 100);
    rd_kafka_queue_destroy(queue);
}

int main(int argc, char **argv)
{
    if (argc != 8) {
        fprintf(stderr, "usage: bare_loop SOURCE TARGET TOPIC REMOTE PARTITIONS RECORDS CODEC\n");
        return 2;
    }
    rd_kafka_t *consumer = make_consumer(argv[1], argv[3], (int)strtol(argv[5], NULL, 10));
    rd_kafka_t *producer = make_producer(argv[2], argv[7]);

    copy(consumer, producer, argv[4], strtoll(argv[6], NULL, 10));
    printf("%" PRId64 " records\n", acknowledged);
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    rd_kafka_destroy(producer);
    return 0;
}
