# SPDX-License-Identifier: Apache-2.0
"""Troubles for migrations: gateways, workers and brokers are killed, restarted and frozen while
other things go on. One trouble at a time, begun at some moment and ended by itself.

    troubles = Troubles(gateways, workers, source, target, LEASE_MS)
    under_way = troubles.begin(random.Random(1), OF_OURS, print)
    under_way.result()      # when it is over; raises what failed
    troubles.begin(random.Random(1), OF_BROKERS, print, moment=event)   # once the event is set
    with troubles.peace:
        ...                 # there is none meanwhile

Processes are started again on one thread that lives as long as Python does: the kernel kills a
process when the thread that has started it ends.
"""

import concurrent.futures
import contextlib
import threading
import time

from confluent_kafka import KafkaException

from processes import wait_for

WRITES_GATHER_SECONDS = 0.3
MOMENT_SECONDS = 20  # a moment that hasn't come by then is waited for no longer

_thread = concurrent.futures.ThreadPoolExecutor(1, "troubles")


class Troubles:
    """brokers_hit: when a broker was killed or frozen, by the clock of time.monotonic()."""

    def __init__(self, gateways, workers, source, target, lease_ms):
        self.gateways, self.workers = gateways, workers
        self.source, self.target = source, target
        self.lease_ms = lease_ms
        self.brokers_hit = []
        self.writes_under_way = threading.Event()  # set by those that a promotion begins beside
        self.peace = threading.Lock()

    def begin(self, chance, kinds, tell, moment=None):
        """A trouble that is drawn now, and begins a bit later, when the one before is over; or when
        the moment, an event, has come. tell() gets its kind and what it does then."""
        kind = chance.choice(kinds)
        what, act = kind(self, chance)
        after = chance.uniform(0, 1)

        def run():
            if moment:
                moment.wait(MOMENT_SECONDS)
            else:
                time.sleep(after)
            with self.peace:
                tell(kind.__name__.replace("_", " "), what)
                act()

        return _thread.submit(run)


def kill_one(troubles, chance, victim):
    away = chance.uniform(0, 2)

    def act():
        victim.kill()
        time.sleep(away)
        victim.start()

    return f"{victim.name} for {away:.1f} s", act


def kill_all(victims):
    def act():
        for victim in victims:
            victim.kill()
        for victim in victims:
            victim.start(wait=False)
        for victim in victims:
            victim.wait_ready()

    return ", ".join(victim.name for victim in victims), act


def freeze_one(troubles, chance, victim):
    """For longer or shorter than a lease."""
    long = chance.uniform(0.5, 2.5 * troubles.lease_ms / 1000)

    def act():
        victim.process.pause()
        time.sleep(long)
        victim.process.resume()

    return f"{victim.name} for {long:.1f} s", act


def gateway_killed(troubles, chance):
    return kill_one(troubles, chance, chance.choice(troubles.gateways))


def gateways_killed(troubles, chance):
    return kill_all(troubles.gateways)


def gateway_frozen(troubles, chance):
    return freeze_one(troubles, chance, chance.choice(troubles.gateways))


@contextlib.contextmanager
def frozen(victims):
    for victim in victims:
        victim.process.pause()
    try:
        yield
    finally:
        for victim in victims:
            victim.process.resume()


def answers_lost(troubles, chance):
    """Gateways are frozen, for longer than their leases, while writes are under way that the source
    takes then. What is promoted meanwhile has flipped when they tell their clients to try again:
    those writes are repeated at the target."""
    long = chance.uniform(1.5, 2.5) * troubles.lease_ms / 1000

    def act():
        with contextlib.ExitStack() as stack:
            with frozen(troubles.source.brokers):
                time.sleep(WRITES_GATHER_SECONDS)
                stack.enter_context(frozen(troubles.gateways))
            troubles.writes_under_way.set()
            time.sleep(long)

    return f"for {long:.1f} s", act


def writes_held_up(troubles, chance):
    """The source is frozen with writes under way, which it takes in the midst of a promotion that
    begins meanwhile."""
    long = chance.uniform(0.5, 1.5)

    def act():
        with frozen(troubles.source.brokers):
            time.sleep(WRITES_GATHER_SECONDS)
            troubles.writes_under_way.set()
            time.sleep(long)

    return f"for {long:.1f} s", act


def worker_killed(troubles, chance):
    return kill_one(troubles, chance, chance.choice(troubles.workers))


def workers_killed(troubles, chance):
    return kill_all(troubles.workers)


def worker_frozen(troubles, chance):
    return freeze_one(troubles, chance, chance.choice(troubles.workers))


def hit_broker(troubles, chance, cluster, how):
    """The cluster is whole again when that is over."""
    what, hit = how(troubles, chance, chance.choice(cluster.brokers))

    def act():
        troubles.brokers_hit.append(time.monotonic())
        hit()
        troubles.brokers_hit.append(time.monotonic())
        wait_whole(cluster)

    return what, act


def source_broker_killed(troubles, chance):
    return hit_broker(troubles, chance, troubles.source, kill_one)


def target_broker_killed(troubles, chance):
    return hit_broker(troubles, chance, troubles.target, kill_one)


def source_broker_frozen(troubles, chance):
    return hit_broker(troubles, chance, troubles.source, freeze_one)


def target_broker_frozen(troubles, chance):
    return hit_broker(troubles, chance, troubles.target, freeze_one)


def wait_whole(cluster):
    """Waits until each partition of the cluster has all of its replicas in sync."""

    def whole():
        try:
            found = cluster.admin.list_topics(timeout=10).topics.values()
        except KafkaException:
            return False
        partitions = [each for topic in found for each in topic.partitions.values()]
        return all(p.leader > 0 and set(p.isrs) == set(p.replicas) for p in partitions)

    wait_for(whole, 60, f"all replicas of {cluster.name} to be in sync", interval=0.2)


OF_OURS = [
    gateway_killed,
    gateway_killed,
    gateways_killed,
    gateway_frozen,
    worker_killed,
    workers_killed,
    worker_frozen,
]
OF_FLIPS = [answers_lost, writes_held_up]
OF_BROKERS = [
    source_broker_killed,
    source_broker_killed,
    target_broker_killed,
    target_broker_killed,
    source_broker_frozen,
    target_broker_frozen,
]
