/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of Java client settings and their names in librdkafka.
 *
 * Used by client_conf.c alone. Constant data and pure functions.
 */
#ifndef WORKER_KAFKA_NATIVE_KEYS_PRIV_H
#define WORKER_KAFKA_NATIVE_KEYS_PRIV_H

#include "connect/kafka.h"

#define KC_FOR_PRODUCER (1u << KC_CLIENT_PRODUCER)
#define KC_FOR_CONSUMER (1u << KC_CLIENT_CONSUMER)
#define KC_FOR_ADMIN    (1u << KC_CLIENT_ADMIN)
#define KC_FOR_ALL      (KC_FOR_PRODUCER | KC_FOR_CONSUMER | KC_FOR_ADMIN)

/* How a value gets over. */
enum kc_key_kind {
    KC_KEY_TEXT,    /* as it is */
    KC_KEY_BOOL,    /* true or false, any case */
    KC_KEY_INT,     /* a whole number, at least min in Java, cut to librdkafka's range */
    KC_KEY_KIB,     /* bytes in Java, KiB in librdkafka */
    KC_KEY_CHOICE,  /* one of choices: "Java=librdkafka" */
    KC_KEY_SPECIAL, /* client_conf.c, client_sasl.c or client_ssl.c look at it themselves */
    KC_KEY_NONE,    /* Java knows it; it has no meaning here */
};

struct kc_client_key {
    const char *java;
    const char *native; /* NULL for SPECIAL and NONE */
    unsigned roles;
    enum kc_key_kind kind;
    int64_t java_min; /* smaller values are errors, as in Java */
    int64_t min;      /* librdkafka's range, into which a value is cut silently */
    int64_t max;
    const char *fallback; /* set when the property is absent; NULL: librdkafka's default is right */
    const char *const *choices; /* KC_KEY_CHOICE; NULL-terminated */
};

/* NULL when no Java client knows the key. */
const struct kc_client_key *kc_client_key_find(const char *java);

/* The whole table, for defaults. */
size_t kc_client_keys(const struct kc_client_key **keys);

/* Translates one value: *native is owned by the caller. KC_ERR_CONFIG names key, value and the
 * allowed values. */
struct kc_error *kc_client_key_translate(const struct kc_client_key *key, const char *value,
                                         char **native) KC_MUST_CHECK;

#endif
