/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Kafka protocol's messages as C structs, and the one encoder and one decoder for all of them.
 *
 * messages_*.h declares the structs; tables beside them say which version has which field. All code
 * that speaks the protocol uses kc_wire_encode() and kc_wire_decode(): the client, the fetcher, the
 * appender. Pure functions, any thread. Input is untrusted: nothing is read outside the frame, and
 * no more is allocated than the frame's remaining bytes can justify.
 */
#ifndef WORKER_WIRE_CODEC_H
#define WORKER_WIRE_CODEC_H

#include "connect/mem.h"
#include "connect/uuid.h"

/* A string. len < 0 is null; what the decoder makes is also terminated by a zero. */
struct kc_wire_str {
    const char *data;
    int32_t len;
};

/* Bytes or records. len < 0 is null. Decoded ones point into the frame. */
struct kc_wire_bytes {
    const uint8_t *data;
    int32_t len;
};

/* A list; count < 0 is null. */
#define KC_WIRE_LIST(type)                                                                         \
    struct {                                                                                       \
        type *items;                                                                               \
        int32_t count;                                                                             \
    }

/* The description of one struct; every `struct kc_x` of messages_*.h has a `kc_x_type`. */
struct kc_wire_type;

enum kc_wire_direction { KC_WIRE_REQUEST, KC_WIRE_RESPONSE };

/* The output of the encoder: bytes, and references to large byte fields in between, which aren't
 * copied and must outlive it. Zero-initialise. refs_min > 0: byte fields of at least so many bytes
 * are referenced. */
struct kc_wire_out {
    struct kc_str bytes;
    struct kc_wire_ref {
        size_t at; /* position in bytes that the referenced data precedes */
        const uint8_t *data;
        size_t len;
    } * refs;
    size_t ref_count;
    size_t ref_cap;
    size_t ref_bytes; /* sum of the refs' len */
    size_t refs_min;
};

void kc_wire_out_destroy(struct kc_wire_out *out); /* empties */
/* The whole size, references included. */
size_t kc_wire_out_size(const struct kc_wire_out *out);

/* Appends message, a struct of the API's request or response type. KC_ERR_UNSUPPORTED when a field
 * that must not be lost is set and the version has no place for it. */
struct kc_error *kc_wire_encode(int api, enum kc_wire_direction direction, int version,
                                const void *message, struct kc_wire_out *out) KC_MUST_CHECK;

/* Decodes one message into a struct allocated in arena. Byte fields borrow from data. Unknown
 * tagged fields are skipped, bytes behind the message ignored. KC_ERR_SCHEMA names the field. */
struct kc_error *kc_wire_decode(int api, enum kc_wire_direction direction, int version,
                                const uint8_t *data, size_t len, struct kc_arena *arena,
                                void **message) KC_MUST_CHECK;

/* The same for a type outside the APIs. For tests; the embedded Connect and consumer protocols have
 * their own readers. */
struct kc_error *kc_wire_encode_type(const struct kc_wire_type *type, int version, bool flexible,
                                     const void *message, struct kc_wire_out *out) KC_MUST_CHECK;
struct kc_error *kc_wire_decode_type(const struct kc_wire_type *type, int version, bool flexible,
                                     const uint8_t *data, size_t len, struct kc_arena *arena,
                                     void *message) KC_MUST_CHECK;

/* A new message with every field at its default. */
void *kc_wire_new(struct kc_arena *arena, const struct kc_wire_type *type);
/* count structs with defaults, in a row. */
void *kc_wire_new_array(struct kc_arena *arena, const struct kc_wire_type *type, int32_t count);

/* Gives list room for n structs `struct name`, all at their defaults. */
#define KC_WIRE_LIST_NEW(arena, list, name, n)                                                     \
    ((list)->items = (struct name *)kc_wire_new_array((arena), &name##_type, (n)),                 \
     (list)->count = (n))

/* Room for n plain elements, zeroed. */
#define KC_WIRE_LIST_NEW_OF(arena, list, n)                                                        \
    ((list)->items = kc_wire_zeroed((arena), sizeof(*(list)->items) * (size_t)((n) ? (n) : 1)),    \
     (list)->count = (n))
void *kc_wire_zeroed(struct kc_arena *arena, size_t size);

/* Borrowed strings: text may be NULL for null. */
struct kc_wire_str kc_wire_str(const char *text);
struct kc_wire_str kc_wire_str_copy(struct kc_arena *arena, const char *text);
struct kc_wire_bytes kc_wire_bytes(const void *data, size_t len);
bool kc_wire_str_is(struct kc_wire_str str, const char *text);

/* Headers. A request's and a response's version follow from the API's. */
struct kc_wire_request_header {
    int16_t api;
    int16_t version;
    int32_t correlation;
    struct kc_wire_str client_id;
};
void kc_wire_write_request_header(struct kc_wire_out *out,
                                  const struct kc_wire_request_header *header);
void kc_wire_write_response_header(struct kc_wire_out *out, int api, int version,
                                   int32_t correlation);

/* Read a header; *used is how many bytes it took. The client id borrows from data, unterminated.
 * KC_ERR_UNSUPPORTED for an unknown api: the header's first fields are set nevertheless. */
struct kc_error *kc_wire_read_request_header(const uint8_t *data, size_t len,
                                             struct kc_wire_request_header *header,
                                             size_t *used) KC_MUST_CHECK;
struct kc_error *kc_wire_read_response_header(int api, int version, const uint8_t *data, size_t len,
                                              int32_t *correlation, size_t *used) KC_MUST_CHECK;

#endif
