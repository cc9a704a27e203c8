/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for the frames that brokers send.
 *
 * A large frame reuses a former buffer if possible, because finding and clearing new pages costs
 * the kernel more than copying a fetch's bytes. Unused buffers are freed, see wire_frames_trim().
 * Any thread.
 */
#ifndef WORKER_WIRE_FRAMES_H
#define WORKER_WIRE_FRAMES_H

#include <stddef.h>
#include <stdint.h>

/* A buffer of at least size bytes; *cap: how many it has, for wire_frame_free(). */
uint8_t *wire_frame_new(size_t size, size_t *cap);
void wire_frame_free(uint8_t *frame, size_t cap); /* NULL is fine */

/* Frees buffers that weren't needed for a while. It is cheap; call it often. */
void wire_frames_trim(int64_t now_ms);
/* Bytes that are kept for the next frames. */
size_t wire_frames_kept(void);

#endif
