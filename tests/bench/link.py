# SPDX-License-Identifier: Apache-2.0
"""Links: copying side by side with MirrorSource, offsets without records, promotion, many topics.

BENCH_LINK chooses among the parts.
"""

import link_copying
import link_many
import link_offsets
import options

PARTS = {"copying": link_copying, "offsets": link_offsets, "many": link_many}


def run_section(source, target):
    print("\nlinks", flush=True)
    results = {}
    for part in options.chosen("LINK", PARTS):
        results.update(PARTS[part].measure(source, target))
    return results
