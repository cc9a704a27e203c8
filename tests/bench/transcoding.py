# SPDX-License-Identifier: Apache-2.0
"""The producer's compression.type is another than the batches': lz4 becomes zstd."""

import options
from loads import Load, fill, run_contender

TOPIC = "bench-transcoding"
SETTINGS = {"producer.override.compression.type": "zstd"}


def run_section(source, target):
    count = options.size("TRANSCODED_RECORDS", 5_000_000, 500_000)
    load = Load("100b-lz4-to-zstd", count, 100, "lz4")
    print(f"\n{load.name}: {count:,} records", flush=True)
    fill(source, TOPIC, load)
    found = {}
    for contender in options.contenders("isthmus-default", "java"):
        found[contender] = run_contender(contender, source, target, TOPIC, load, **SETTINGS)
        print(f"  {contender}: {found[contender]}", flush=True)
    source.delete_topic(TOPIC)
    return {load.name: found}
