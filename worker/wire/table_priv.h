/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
/*
 * The notation in which messages_*.c declares the protocol's structs, for the codec alone.
 *
 *     #define T struct kc_x
 *     static const struct kc_wire_field kc_x_fields[] = {
 *         FIELD(name, from, to, ...),
 *         LIST(name, kc_y, from, to, ...),
 *     };
 *     #undef T
 *     TYPE(kc_x);
 *
 *     FIELD(name, from, to, ...)                   a scalar, string, bytes or uuid; the member says
 *     LIST(name, kc_y, from, to, ...)              a list of struct kc_y
 *     LIST_OF(name, KC_WIRE_I32, from, to, ...)    a list of scalars or strings
 *     STRUCT(name, kc_y, from, to, ...)            a struct in place
 *     POINTER(name, kc_y, from, to, ...)           a struct that may be null
 *
 *     from, to                      the versions that have the field; LAST: and all later ones
 *     .nullable = SINCE(version)    it may be null from that version on
 *     .tag = TAG(number)            it is a tagged field
 *     .def = value                  its default; -1: null, for strings, bytes, lists and pointers
 *     .ignorable = true             its value may be dropped for a version without the field
 *
 * Constant data.
 */
/* clang-format on */
#ifndef WORKER_WIRE_TABLE_PRIV_H
#define WORKER_WIRE_TABLE_PRIV_H

#include "wire/codec.h"

enum kc_wire_kind {
    KC_WIRE_BOOL,
    KC_WIRE_I8,
    KC_WIRE_I16,
    KC_WIRE_I32,
    KC_WIRE_I64,
    KC_WIRE_UUID,
    KC_WIRE_STR,
    KC_WIRE_BYTES,
    KC_WIRE_ARRAY,
    KC_WIRE_STRUCT,
    KC_WIRE_POINTER,
};

struct kc_wire_field {
    const char *name;
    size_t offset;
    enum kc_wire_kind kind;
    int from;
    int to;
    enum kc_wire_kind element; /* of a list */
    const struct kc_wire_type *type;
    int nullable; /* 1 + first version that may be null; 0: never */
    int tag;      /* 1 + tag number; 0: not tagged */
    int64_t def;
    bool ignorable;
};

struct kc_wire_type {
    const char *name;
    size_t size;
    const struct kc_wire_field *fields;
    size_t count;
};

/* How every KC_WIRE_LIST lies in memory. */
struct kc_wire_any_list {
    void *items;
    int32_t count;
};

/* clang-format off */
#define LAST        INT16_MAX
#define SINCE(v)    ((v) + 1)
#define TAG(number) ((number) + 1)

#define KIND_OF(member)                          \
    _Generic(((T *)0)->member,                   \
        bool:                 KC_WIRE_BOOL,      \
        int8_t:               KC_WIRE_I8,        \
        int16_t:              KC_WIRE_I16,       \
        int32_t:              KC_WIRE_I32,       \
        int64_t:              KC_WIRE_I64,       \
        struct kc_uuid:       KC_WIRE_UUID,      \
        struct kc_wire_str:   KC_WIRE_STR,       \
        struct kc_wire_bytes: KC_WIRE_BYTES)

/* The member's offset; doesn't compile unless `pointer` is one to struct_name. */
#define OFFSET_OF(member, pointer, struct_name) \
    (offsetof(T, member) + 0 * sizeof((pointer) == (struct struct_name *)0))

#define FIELD(member, since, until, ...)             \
    {                                                \
        .name   = #member,                           \
        .offset = offsetof(T, member),               \
        .kind   = KIND_OF(member),                   \
        .from   = (since),                           \
        .to     = (until),                           \
        ##__VA_ARGS__                                \
    }

#define LIST(member, struct_name, since, until, ...)                           \
    {                                                                          \
        .name    = #member,                                                    \
        .offset  = OFFSET_OF(member, ((T *)0)->member.items, struct_name),     \
        .kind    = KC_WIRE_ARRAY,                                              \
        .element = KC_WIRE_STRUCT,                                             \
        .type    = &struct_name##_type,                                        \
        .from    = (since),                                                    \
        .to      = (until),                                                    \
        ##__VA_ARGS__                                                          \
    }

#define LIST_OF(member, element_kind, since, until, ...) \
    {                                                    \
        .name    = #member,                              \
        .offset  = offsetof(T, member),                  \
        .kind    = KC_WIRE_ARRAY,                        \
        .element = (element_kind),                       \
        .from    = (since),                              \
        .to      = (until),                              \
        ##__VA_ARGS__                                    \
    }

#define STRUCT(member, struct_name, since, until, ...)                         \
    {                                                                          \
        .name   = #member,                                                     \
        .offset = OFFSET_OF(member, &((T *)0)->member, struct_name),           \
        .kind   = KC_WIRE_STRUCT,                                              \
        .type   = &struct_name##_type,                                         \
        .from   = (since),                                                     \
        .to     = (until),                                                     \
        ##__VA_ARGS__                                                          \
    }

#define POINTER(member, struct_name, since, until, ...)                        \
    {                                                                          \
        .name   = #member,                                                     \
        .offset = OFFSET_OF(member, ((T *)0)->member, struct_name),            \
        .kind   = KC_WIRE_POINTER,                                             \
        .type   = &struct_name##_type,                                         \
        .from   = (since),                                                     \
        .to     = (until),                                                     \
        ##__VA_ARGS__                                                          \
    }

#define TYPE(struct_name)                                                      \
    const struct kc_wire_type struct_name##_type = {                           \
        #struct_name,                                                          \
        sizeof(struct struct_name),                                            \
        struct_name##_fields,                                                  \
        sizeof(struct_name##_fields) / sizeof(*struct_name##_fields),          \
    }
/* clang-format on */

/* The size of a list's element in memory. */
size_t kc_wire_element_size(const struct kc_wire_field *field);
/* Whether version has the field. */
static inline bool kc_wire_field_in(const struct kc_wire_field *field, int version)
{
    return version >= field->from && version <= field->to;
}
void kc_wire_set_default(const struct kc_wire_field *field, void *member);
bool kc_wire_is_default(const struct kc_wire_field *field, const void *member);
void kc_wire_set_defaults(const struct kc_wire_type *type, void *object);
bool kc_wire_all_default(const struct kc_wire_type *type, const void *object);

#endif
