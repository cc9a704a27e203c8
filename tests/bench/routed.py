# SPDX-License-Identifier: Apache-2.0
"""How long a record takes that a gateway routes to the source, at 1,000 a second: from its producer to
a consumer of the source. Beside it a producer that is connected to the source. A link mirrors the
topic meanwhile, with both.
"""

import options
from gateways import routing_gateway
from latency import TOPIC
from latency import measure as pulse
from link_runs import running_link
from loads import summary


def measure(source, target):
    seconds = options.size("RELAY_SECONDS", 10, 4)
    source.create_topic(TOPIC, options.PARTITIONS)
    rounds = {"direct": [], "isthmus": []}
    with running_link(source, target, "bench-routed", [TOPIC], topics=TOPIC) as run:
        run.link.wait_copied(TOPIC)
        with routing_gateway("bench-routed", run.link, source, target) as gateway:
            for number in range(1 + options.size("RELAY_ROUNDS", 5, 1)):
                for name, producers in (("direct", source), ("isthmus", gateway)):
                    found = pulse(producers, source, TOPIC, 1000, seconds)
                    if number:
                        rounds[name].append(found)
    source.delete_topic(TOPIC)
    return {name: summary(found, most="generator_late_ms") for name, found in rounds.items()}
