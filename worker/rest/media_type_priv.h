/* SPDX-License-Identifier: Apache-2.0 */
/* Content-Type and Accept, as Jersey reads them. Pure, any thread. */
#ifndef WORKER_REST_MEDIA_TYPE_PRIV_H
#define WORKER_REST_MEDIA_TYPE_PRIV_H

enum kc_media {
    KC_MEDIA_MALFORMED, /* 400 */
    KC_MEDIA_OTHER,     /* a media type, but another */
    KC_MEDIA_JSON,
};

/* A Content-Type: "application/json; charset=utf-8". */
enum kc_media kc_media_content_type(const char *header);

/* Whether JSON is among what an Accept header takes. */
enum kc_media kc_media_accept(const char *header);

#endif
