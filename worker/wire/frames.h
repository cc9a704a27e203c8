/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for the frames that brokers send.
 *
 * A large frame takes a buffer that served before, where there is one: its pages are there already,
 * and the kernel neither has to find nor to clear new ones, which for a fetch costs more than
 * copying the bytes. What isn't needed goes back by itself, see wire_frames_trim(). Any thread.
 */
#ifndef WORKER_WIRE_FRAMES_H
#define WORKER_WIRE_FRAMES_H

#include <stddef.h>
#include <stdint.h>

/* A buffer of at least size bytes; *cap: how many it has, for wire_frame_free(). */
uint8_t *wire_frame_new(size_t size, size_t *cap);
void wire_frame_free(uint8_t *frame, size_t cap); /* NULL is fine */

/* Gives buffers back that nobody has needed for a while; cheap, to be called often. */
void wire_frames_trim(int64_t now_ms);
/* Bytes that are kept for the next frames. */
size_t wire_frames_kept(void);

#endif
