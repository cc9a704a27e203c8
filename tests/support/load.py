# SPDX-License-Identifier: Apache-2.0
"""A live load: numbered records into every partition, each partition in a codec of its own.

    with Load(cluster, topic) as load:
        load.wait(1000)     # more records than now
        ...                 # whatever happens, it goes on
    records.assert_mirrored(...)

The producers are idempotent and wait long, so the source has every record once and in order,
whatever befalls its brokers; what the mirror makes of it is compared by records.assert_mirrored.
"""

import threading
import time

from confluent_kafka import Producer

import records
from processes import wait_for

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")


class Load:
    """Produces until it is closed; raises there if a record could not be delivered."""

    def __init__(self, cluster, topic, rate=600, size=200, **config):
        self._cluster = cluster
        self._topic = topic
        # Not more often: requests cost the brokers more than records do (a cluster of three has
        # 95 % of a processor to do at 0.02, 35 % at 0.1, and a mirror's fetches come on top).
        self._pause = 0.25
        self._burst = max(1, int(rate * self._pause))
        self._size = size
        self._config = config
        self._stop = threading.Event()
        self._failed = []
        self._thread = threading.Thread(target=self._run)
        self.acknowledged = 0

    def _producer(self, codec):
        return Producer(
            self._cluster.client_config(
                **{
                    "compression.type": codec,
                    "linger.ms": 5,
                    "enable.idempotence": True,
                    "message.timeout.ms": 300000,
                    "socket.timeout.ms": 5000,
                    "reconnect.backoff.max.ms": 500,
                    "topic.metadata.refresh.fast.interval.ms": 100,
                    "log_level": 2,
                    **self._config,
                }
            )
        )

    def _run(self):
        count = len(self._cluster.admin.list_topics(timeout=60).topics[self._topic].partitions)
        producers = [self._producer(CODECS[p % len(CODECS)]) for p in range(count)]
        number, start = 0, int(time.time() * 1000)
        try:
            while not self._stop.wait(self._pause):
                for number in range(number, number + self._burst):
                    partition = number % count
                    self._send(producers[partition], number, start, partition)
                number += 1
                for producer in producers:
                    producer.poll(0)
            for producer in producers:
                left = producer.flush(120)
                if left:
                    self._failed.append(f"{left} records unsent")
        except Exception as failure:  # told by close(), on the test's thread
            self._failed.append(failure)

    def _send(self, producer, number, start, partition):
        what = records.shape(number, self._size)
        records.send(producer, self._topic, what, start + number, partition, self._delivered)

    def _delivered(self, error, message):
        if error:
            self._failed.append(error)
        else:
            self.acknowledged += 1

    def wait(self, more=500, timeout=90):
        """Waits until so many more records are in the source than now."""
        wanted = self.acknowledged + more
        wait_for(
            lambda: self._failed or self.acknowledged >= wanted,
            timeout,
            f"{more} more records in {self._topic}",
        )

    def close(self):
        self._stop.set()
        self._thread.join(180)
        assert not self._thread.is_alive(), f"the load on {self._topic} doesn't end"
        assert not self._failed, f"the load on {self._topic} failed: {self._failed[:3]}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, failure, trace):
        if kind:
            self._stop.set()
            self._thread.join(180)
        else:
            self.close()
