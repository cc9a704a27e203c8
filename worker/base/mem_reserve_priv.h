/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reserve of memory for allocations that must not fail.
 *
 * Outside data may ask for more memory than there is, and is refused (kc_try_malloc() and its kin).
 * At that moment all other code must still get its small pieces, above all for the error message.
 * Until the reserve is whole again, no large piece is given out. Its pages are untouched, so it
 * costs address space, no memory. Any thread.
 */
#ifndef WORKER_BASE_MEM_RESERVE_PRIV_H
#define WORKER_BASE_MEM_RESERVE_PRIV_H

#include <stdbool.h>
#include <stddef.h>

bool kc_mem_reserve_hold(void);    /* makes it whole; false: there is no room for it */
void kc_mem_reserve_release(void); /* gives it up */

#endif
