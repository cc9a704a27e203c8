/* SPDX-License-Identifier: Apache-2.0 */
/* The names of the ways of a record batch, see raw_way.h. */
#include "metrics/raw_way.h"

const char *kc_raw_way_name(enum kc_raw_way way)
{
    static const char *const names[KC_RAW_WAYS] = {
        [KC_RAW_PASSED] = "passed",     [KC_RAW_TRANSCODED] = "transcoded",
        [KC_RAW_REPACKED] = "repacked", [KC_RAW_OPENED] = "opened",
        [KC_RAW_DROPPED] = "dropped",
    };
    return names[way];
}
