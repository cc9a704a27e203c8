/* SPDX-License-Identifier: Apache-2.0 */
/* See mem_reserve_priv.h. Uses mapped pages, because malloc may keep freed memory for one
 * thread. */
#include "base/mem_reserve_priv.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>

#define RESERVE ((size_t)8 << 20)

static _Atomic(void *) reserve;

bool kc_mem_reserve_hold(void)
{
    void *none = NULL;
    if (atomic_load(&reserve))
        return true;
    void *made = mmap(NULL, RESERVE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (made == MAP_FAILED)
        return false;
    if (!atomic_compare_exchange_strong(&reserve, &none, made))
        munmap(made, RESERVE);
    return true;
}

void kc_mem_reserve_release(void)
{
    void *held = atomic_exchange(&reserve, NULL);
    if (held)
        munmap(held, RESERVE);
}
