/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Kafka client on one event loop: connections, versions, security, metadata, requests.
 *
 * Created from a map of Java client keys (bootstrap.servers, security.protocol, ssl.*, sasl.*,
 * ...); unknown keys are ignored, defaults are Java's. The client runs a thread of its own;
 * callbacks run on it and must not block. Functions marked "loop thread" may be called only from
 * callbacks; all others from any thread.
 *
 * A request (wire_request.h) belongs to the client from kc_wire_send() until its callback has run.
 */
#ifndef WORKER_WIRE_WIRE_CLIENT_H
#define WORKER_WIRE_WIRE_CLIENT_H

#include "connect/map.h"
#include "wire/wire_request.h"

struct kc_wire_client;

/* Parses settings (KC_ERR_CONFIG names the key) and starts the loop. Connects only when asked for
 * something. name is for the log and the thread. settings is copied. */
struct kc_error *kc_wire_client_new(const struct kc_map *settings, const char *name,
                                    struct kc_wire_client **client) KC_MUST_CHECK;

/* Fails outstanding requests with KC_ERR_WAKEUP, closes every connection and ends the thread. Not
 * on the loop thread. */
void kc_wire_client_destroy(struct kc_wire_client *client);

/* Notes that the calling thread's connector or task uses the client, too: see access.h. */
void kc_wire_client_join(struct kc_wire_client *client);
/* The cluster's feature level transaction.version (KIP-890); 0: none. Loop thread. */
int kc_wire_transaction_version(const struct kc_wire_client *client);

/* Takes request. Any thread; from the loop thread the callback never runs before this returns. */
void kc_wire_send(struct kc_wire_client *client, struct kc_wire_request *request, kc_wire_done done,
                  void *arg);

/* Sends and waits; retries failures on the way (connections, unknown leaders and coordinators)
 * until deadline_ms (kc_mono_ms() units). Takes request; *reply has no error, unref it. Not on the
 * loop thread. The caller checks the codes inside the response. */
struct kc_error *kc_wire_call(struct kc_wire_client *client, struct kc_wire_request *request,
                              int64_t deadline_ms, struct kc_wire_reply **reply) KC_MUST_CHECK;

/* Runs fn(arg) on the loop thread, in order of posting; false when the client is stopping (then it
 * never runs). */
bool kc_wire_post(struct kc_wire_client *client, void (*fn)(void *arg), void *arg);
bool kc_wire_on_loop(const struct kc_wire_client *client);

/* A one-shot timer. Loop thread. */
struct kc_wire_timer;
struct kc_wire_timer *kc_wire_timer_new(struct kc_wire_client *client, void (*fn)(void *arg),
                                        void *arg);
void kc_wire_timer_start(struct kc_wire_timer *timer, int64_t delay_ms); /* again: moves it */
void kc_wire_timer_destroy(struct kc_wire_timer *timer);

/* A one-shot timer of microseconds; each setting costs a system call. Without a free descriptor it
 * is only as exact as a timer of milliseconds. Loop thread. */
struct kc_wire_alarm;
struct kc_wire_alarm *kc_wire_alarm_new(struct kc_wire_client *client, void (*fn)(void *arg),
                                        void *arg);
void kc_wire_alarm_set(struct kc_wire_alarm *alarm, int64_t at_us); /* kc_mono_us(); again: moves */
void kc_wire_alarm_destroy(struct kc_wire_alarm *alarm);

/* A partition's metadata. */
struct kc_wire_leader {
    int32_t broker_id;       /* -1: there is none now */
    int32_t leader_epoch;    /* -1: the broker doesn't say */
    struct kc_uuid topic_id; /* zero before Kafka 2.8 */
};

/* Loop thread: the cached leader; false when nothing is known about the partition. */
bool kc_wire_leader(struct kc_wire_client *client, const char *topic, int32_t partition,
                    struct kc_wire_leader *leader);
/* Loop thread. The reason why the cluster will never show a topic, if it was asked at since_ms
 * (kc_mono_ms()) or later: TOPIC_AUTHORIZATION_FAILED (no DESCRIBE) or INVALID_TOPIC_EXCEPTION;
 * otherwise KC_KAFKA_NONE. */
int kc_wire_topic_refusal(struct kc_wire_client *client, const char *topic, int64_t since_ms);
/* Loop thread: keep this topic in the metadata, counted; released by untrack. */
void kc_wire_track(struct kc_wire_client *client, const char *topic);
void kc_wire_untrack(struct kc_wire_client *client, const char *topic);
/* Loop thread: refresh soon (at most every retry.backoff.ms). */
void kc_wire_refresh(struct kc_wire_client *client);
/* Loop thread: a response named another leader (KIP-951). True: it was unknown, so the request may
 * go there at once. */
bool kc_wire_hint_leader(struct kc_wire_client *client, const char *topic, int32_t partition,
                         int32_t broker_id, int32_t leader_epoch);
/* Loop thread: the address of a broker that an answer has named. host may be NULL. */
void kc_wire_hint_broker(struct kc_wire_client *client, int32_t broker_id, const char *host,
                         int32_t port, const char *rack);
/* Any thread: the coordinator isn't one any more; later requests look it up again. */
void kc_wire_forget_coordinator(struct kc_wire_client *client, enum kc_wire_target_kind kind,
                                const char *key);
/* Loop thread: called after each change of the metadata; one listener per arg. */
void kc_wire_listen(struct kc_wire_client *client, void (*changed)(void *arg), void *arg);
void kc_wire_unlisten(struct kc_wire_client *client, void *arg);

/* The retry back-off of a given attempt (0, 1, ...): retry.backoff.ms doubling up to
 * retry.backoff.max.ms, with 20 % jitter. Any thread. */
int64_t kc_wire_backoff_ms(const struct kc_wire_client *client, int attempt);
/* client.rack, "" when unset. */
const char *kc_wire_rack(const struct kc_wire_client *client);

#endif
