/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The error object that every fallible call of Isthmus returns.
 *
 * NULL is success. The receiver of a non-NULL error owns it: hand it up (perhaps with context
 * added), or report it and destroy it; never both. The text says what was being done, to what, why
 * it failed and what the user can do. Errors are plain values: any thread may own one, one at a
 * time.
 */
#ifndef CONNECT_ERROR_H
#define CONNECT_ERROR_H

#include "connect/contract.h"

#include <stdbool.h>
#include <stddef.h>

KC_API_BEGIN

/* The kind of failure. The REST server maps it to an HTTP status (ConnectExceptionMapper). */
enum kc_error_code {
    KC_ERR_CONNECT = 1,  /* ConnectException: any other failure, HTTP 500 */
    KC_ERR_CONFIG,       /* ConfigException: a setting is wrong, HTTP 500 unless REST says 400 */
    KC_ERR_DATA,         /* DataException: a record can't be converted or transformed */
    KC_ERR_SCHEMA,       /* SchemaException: bytes that don't follow their layout */
    KC_ERR_IO,           /* file or socket */
    KC_ERR_KAFKA,        /* KafkaException: see kc_error_kafka_code() */
    KC_ERR_TIMEOUT,      /* a deadline passed */
    KC_ERR_WAKEUP,       /* interrupted on purpose (stop) */
    KC_ERR_BAD_REQUEST,  /* HTTP 400 */
    KC_ERR_UNAUTHORIZED, /* HTTP 401 */
    KC_ERR_FORBIDDEN,    /* HTTP 403 */
    KC_ERR_NOT_FOUND,    /* NotFoundException, HTTP 404 */
    KC_ERR_CONFLICT,     /* AlreadyExistsException and Connect's 409 family */
    KC_ERR_UNAVAILABLE,  /* HTTP 503 */
    KC_ERR_WRONG_TARGET, /* NotLeader / NotAssigned: ask another worker, the leader or the owner */
    KC_ERR_REBALANCE_NEEDED, /* RebalanceNeededException */
    KC_ERR_STALE_CONFIG,     /* StaleConfigException */
    KC_ERR_TOO_MANY_TASKS,   /* TooManyTasksException */
    KC_ERR_FENCED,           /* ProducerFencedException, lost write privileges */
    KC_ERR_UNSUPPORTED,      /* the plugin, broker or library has no such operation */
    KC_ERR_MEMORY,           /* OutOfMemoryError, of this one request or record: HTTP 503 */
};

struct kc_error;

/* A new error; the caller owns it. Never returns NULL. */
struct kc_error *kc_error_new(enum kc_error_code code, const char *fmt, ...) KC_PRINTF(2, 3);

/* As kc_error_new(), for failures that another try may cure (RetriableException). */
struct kc_error *kc_error_retriable_new(enum kc_error_code code, const char *fmt, ...)
    KC_PRINTF(2, 3);

/* KC_ERR_MEMORY, retriable: the text names what needed so many bytes (connect/mem.h). */
struct kc_error *kc_error_memory(size_t bytes, const char *fmt, ...) KC_PRINTF(2, 3);

/* An error from a Kafka client: kafka_code is the protocol's or librdkafka's own (negative). */
struct kc_error *kc_error_kafka_new(int kafka_code, bool retriable, const char *fmt, ...)
    KC_PRINTF(3, 4);

/* Puts "<context>: " in front of err's text, keeping code and flags. Takes err, returns it. */
struct kc_error *kc_error_prefix(struct kc_error *err, const char *fmt, ...) KC_PRINTF(2, 3);

/* Takes both: cause becomes "Caused by" of outer in the trace. Returns outer. */
struct kc_error *kc_error_caused(struct kc_error *outer, struct kc_error *cause);

/* A deep copy, owned by the caller; NULL for NULL. */
struct kc_error *kc_error_copy(const struct kc_error *err);

/* Accessors; strings are borrowed from err. Success (NULL) isn't retriable and has Kafka code 0. */
enum kc_error_code kc_error_code(const struct kc_error *err);
const char *kc_error_text(const struct kc_error *err);
bool kc_error_retriable(const struct kc_error *err);
int kc_error_kafka_code(const struct kc_error *err); /* 0 when not from Kafka */
const struct kc_error *kc_error_cause(const struct kc_error *err);

/* The text of a FAILED status: "<Java exception class>: <text>" and a "Caused by: " line for each
 * cause, as a Java stack trace begins. malloc'ed, owned by the caller. */
char *kc_error_trace(const struct kc_error *err);

/* Destroys err and its causes; NULL is fine. */
void kc_error_destroy(struct kc_error *err);

/* Destroys *err and sets it to NULL. */
void kc_error_clear(struct kc_error **err);

KC_API_END

#endif
