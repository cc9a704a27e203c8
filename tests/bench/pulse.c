// SPDX-License-Identifier: Apache-2.0
// Measures how long records take from a topic to its mirror. Stands alone; latency.py runs it.
//
//     pulse SOURCE TARGET TOPIC REMOTE PARTITIONS RATE WARM-UP-SECONDS SECONDS
//
// One thread produces records at an even rate, each stamped with its number and the time at which
// it was due (so that a generator that falls behind shows in the figures); the main thread reads
// REMOTE from its end on and compares the stamps with its clock. Prints percentiles as JSON, those
// of the warm-up left out. With TOPIC as REMOTE it measures the broker's own latency.

#include <librdkafka/rdkafka.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RECORD_BYTES 100
#define SILENCE_MS   30000
#define BATCH        1000

struct stamp {
    int64_t number;
    int64_t due_ns;
};

struct pulse {
    rd_kafka_t *producer;
    rd_kafka_topic_t *topic;
    int partitions;
    int64_t rate;
    int64_t warm_up; // records
    int64_t total;
    double late_ms; // the most that a record was produced after it was due
};

static void die(const char *doing, const char *why)
{
    fprintf(stderr, "pulse: %s: %s\n", doing, why);
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static rd_kafka_t *make_client(rd_kafka_type_t type, const char *brokers,
                               const char *const pairs[][2])
{
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    if (rd_kafka_conf_set(conf, "bootstrap.servers", brokers, error, sizeof(error)))
        die("bootstrap.servers", error);
    for (; (*pairs)[0]; pairs++)
        if (rd_kafka_conf_set(conf, (*pairs)[0], (*pairs)[1], error, sizeof(error)))
            die((*pairs)[0], error);
    rd_kafka_t *client = rd_kafka_new(type, conf, error, sizeof(error));
    if (!client)
        die("making a client", error);
    return client;
}

/* ---- producing ---- */

static void sleep_until(int64_t due_ns)
{
    const struct timespec due = {due_ns / 1000000000, due_ns % 1000000000};

    while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &due, NULL))
        ;
}

static void produce(struct pulse *pulse, int64_t number, int64_t due_ns)
{
    char body[RECORD_BYTES] = {0};
    struct stamp stamp = {number, due_ns};

    memcpy(body, &stamp, sizeof(stamp));
    if (rd_kafka_produce(pulse->topic, (int)(number % pulse->partitions), RD_KAFKA_MSG_F_COPY, body,
                         sizeof(body), NULL, 0, NULL))
        die("producing", rd_kafka_err2str(rd_kafka_last_error()));
}

static void *produce_all(void *arg)
{
    struct pulse *pulse = arg;
    int64_t began = now_ns();

    for (int64_t number = 0; number < pulse->total; number++) {
        int64_t due = began + number * 1000000000 / pulse->rate;
        sleep_until(due);
        double late = (double)(now_ns() - due) / 1e6;
        if (late > pulse->late_ms && number >= pulse->warm_up)
            pulse->late_ms = late;
        produce(pulse, number, due);
        rd_kafka_poll(pulse->producer, 0);
    }
    if (rd_kafka_flush(pulse->producer, SILENCE_MS))
        die("producing", "not all was acknowledged");
    return NULL;
}

/* ---- consuming ---- */

static rd_kafka_t *make_consumer(const char *brokers, const char *topic, int partitions)
{
    static const char *const pairs[][2] = {{"group.id", "pulse"},
                                           {"enable.auto.commit", "false"},
                                           {"fetch.wait.max.ms", "100"},
                                           {NULL, NULL}};
    rd_kafka_t *consumer = make_client(RD_KAFKA_CONSUMER, brokers, pairs);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);

    rd_kafka_poll_set_consumer(consumer);
    for (int i = 0; i < partitions; i++) {
        int64_t low = 0, high = 0;
        rd_kafka_resp_err_t failed =
            rd_kafka_query_watermark_offsets(consumer, topic, i, &low, &high, SILENCE_MS);
        if (failed)
            die("asking for the topic's end", rd_kafka_err2str(failed));
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = high;
    }
    rd_kafka_resp_err_t failed = rd_kafka_assign(consumer, list);
    if (failed)
        die("assigning partitions", rd_kafka_err2str(failed));
    rd_kafka_topic_partition_list_destroy(list);
    return consumer;
}

// Takes the stamps of a batch; how many records it held.
static int64_t take(rd_kafka_message_t **batch, ssize_t count, const struct pulse *pulse,
                    double *found)
{
    int64_t now = now_ns(), records = 0;

    for (ssize_t i = 0; i < count; i++) {
        struct stamp stamp;
        if (!batch[i]->err && batch[i]->len == RECORD_BYTES) {
            memcpy(&stamp, batch[i]->payload, sizeof(stamp));
            if (stamp.number >= pulse->warm_up && stamp.number < pulse->total)
                found[stamp.number - pulse->warm_up] = (double)(now - stamp.due_ns) / 1e6;
            records++;
        }
        rd_kafka_message_destroy(batch[i]);
    }
    return records;
}

static void consume_all(rd_kafka_t *consumer, const struct pulse *pulse, double *found)
{
    rd_kafka_message_t *batch[BATCH];
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer);
    int64_t heard_ns = now_ns();

    for (int64_t taken = 0; taken < pulse->total;) {
        // One by one, or a batch would wait to be full.
        ssize_t count = rd_kafka_consume_batch_queue(queue, 100, batch, 1);
        if (count > 0) {
            taken += take(batch, count, pulse, found);
            while ((count = rd_kafka_consume_batch_queue(queue, 0, batch, BATCH)) > 0)
                taken += take(batch, count, pulse, found);
            heard_ns = now_ns();
        }
        if (now_ns() - heard_ns > SILENCE_MS * INT64_C(1000000))
            die("consuming", "not all records came");
    }
    rd_kafka_queue_destroy(queue);
}

/* ---- the figures ---- */

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

static void print_figures(const struct pulse *pulse, double *found)
{
    size_t count = (size_t)(pulse->total - pulse->warm_up);

    qsort(found, count, sizeof(*found), compare);
    printf("{\"p50_ms\": %.2f, \"p99_ms\": %.2f, \"max_ms\": %.2f, \"generator_late_ms\": %.2f}\n",
           found[count / 2], found[count * 99 / 100], found[count - 1], pulse->late_ms);
}

int main(int argc, char **argv)
{
    // Five requests at a time, as Java's producer has it: a busy broker gets fewer and larger ones.
    static const char *const pairs[][2] = {{"linger.ms", "0"},
                                           {"acks", "1"},
                                           {"max.in.flight.requests.per.connection", "5"},
                                           {NULL, NULL}};

    if (argc != 9) {
        fprintf(stderr,
                "usage: pulse SOURCE TARGET TOPIC REMOTE PARTITIONS RATE WARM-UP SECONDS\n");
        return 2;
    }
    struct pulse pulse = {.partitions = atoi(argv[5]), .rate = atoll(argv[6])};
    pulse.warm_up = pulse.rate * atoll(argv[7]);
    pulse.total = pulse.warm_up + pulse.rate * atoll(argv[8]);
    if (pulse.partitions <= 0 || pulse.rate <= 0 || pulse.total <= pulse.warm_up)
        die("reading the arguments", "numbers above 0 are needed");
    double *found = calloc((size_t)(pulse.total - pulse.warm_up), sizeof(*found));
    rd_kafka_t *consumer = make_consumer(argv[2], argv[4], pulse.partitions);
    pulse.producer = make_client(RD_KAFKA_PRODUCER, argv[1], pairs);
    pulse.topic = rd_kafka_topic_new(pulse.producer, argv[3], NULL);

    pthread_t thread;
    if (!found || !pulse.topic || pthread_create(&thread, NULL, produce_all, &pulse))
        die("starting", "out of resources");
    consume_all(consumer, &pulse, found);
    pthread_join(thread, NULL);
    print_figures(&pulse, found);

    free(found);
    rd_kafka_topic_destroy(pulse.topic);
    rd_kafka_destroy(pulse.producer);
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    return 0;
}
