/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A piece of memory that is kept for what must not fail.
 *
 * What comes from outside may ask for more than there is, and is refused (kc_try_malloc() and its
 * kin). At that moment everything else must still find room for its small pieces, above all the
 * error that says so. Until the reserve is whole again nothing large is given out. Untouched pages:
 * it costs address space, no memory. Any thread.
 */
#ifndef WORKER_BASE_MEM_RESERVE_PRIV_H
#define WORKER_BASE_MEM_RESERVE_PRIV_H

#include <stdbool.h>
#include <stddef.h>

bool kc_mem_reserve_hold(void);    /* makes it whole; false: there is no room for it */
void kc_mem_reserve_release(void); /* gives it up */

#endif
