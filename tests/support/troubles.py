# SPDX-License-Identifier: Apache-2.0
"""Troubles for migrations: gateways, workers and brokers are killed, restarted and frozen, and
connections are held up and cut, while other things go on. One trouble at a time, begun at some
moment and ended by itself.

    troubles = Troubles(gateways, workers, source, target, LEASE_MS)
    under_way = troubles.begin(random.Random(1), OF_OURS, print)
    under_way.result()      # when it is over; raises what failed
    troubles.begin(random.Random(1), OF_BROKERS, print, moment=event)   # once the event is set
    with troubles.peace:
        ...                 # there is none meanwhile

The source is a FaultCluster, and only gateways go through its links.

Processes are started again on one thread that lives as long as Python does: the kernel kills a
process when the thread that has started it ends.
"""

import concurrent.futures
import contextlib
import math
import threading
import time

from confluent_kafka import KafkaException

from processes import wait_for

WRITES_GATHER_SECONDS = 0.3
FLIP_SECONDS = 3  # within which a promotion begins to flip, where nothing else delays it
MOMENT_SECONDS = 20  # a moment that hasn't come by then is waited for no longer

_thread = concurrent.futures.ThreadPoolExecutor(1, "troubles")


class Troubles:
    """brokers_hit: spans [from, until] by the clock of time.monotonic(): brokers are killed or
    frozen, and their cluster isn't whole again."""

    def __init__(self, gateways, workers, source, target, lease_ms):
        self.gateways, self.workers = gateways, workers
        self.source, self.target = source, target
        self.lease_ms = lease_ms
        self.brokers_hit = []
        self.writes_under_way = threading.Event()  # set by those that a promotion begins beside
        self.flip = threading.Event()  # set by who sees that it flips
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


@contextlib.contextmanager
def hit(troubles, cluster):
    """One broker alone has no replicas that could lack something."""
    span = [time.monotonic(), math.inf]
    if len(cluster.brokers) > 1:
        troubles.brokers_hit.append(span)
    yield
    span[1] = time.monotonic()


@contextlib.contextmanager
def held_up(cluster, way):
    """What gateways send to the cluster ("up"), or what it answers ("down"), stays on its way.
    Others reach the cluster."""
    with contextlib.ExitStack() as stack:
        for link in cluster.links.values():
            stack.enter_context(link.freeze(up=way == "up", down=way == "down"))
        time.sleep(WRITES_GATHER_SECONDS)
        yield


def writes_held_up(troubles, chance):
    """Writes stay on their way to the source. A promotion begins meanwhile, and must wait for them,
    because the link itself reaches the source: it would have flipped before they are there.
    Gateways renew their leases meanwhile."""
    long = chance.uniform(0.5, 1) * troubles.lease_ms / 1000

    def act():
        with held_up(troubles.source, "up"):
            troubles.flip.clear()
            troubles.writes_under_way.set()
            troubles.flip.wait(FLIP_SECONDS)
            time.sleep(long)

    return f"for {long:.1f} s from a flip on", act


def connections_cut(troubles, chance, way):
    """Those of the gateways to the source."""

    def act():
        with held_up(troubles.source, way):
            for link in troubles.source.links.values():
                link.cut()

    return f"with what is on its way {way}", act


def requests_cut_off(troubles, chance):
    """The source never gets them: nothing of them may be acknowledged."""
    return connections_cut(troubles, chance, "up")


def answers_cut_off(troubles, chance):
    """The source has done what it was asked for, and is asked again."""
    return connections_cut(troubles, chance, "down")


def worker_killed(troubles, chance):
    return kill_one(troubles, chance, chance.choice(troubles.workers))


def workers_killed(troubles, chance):
    return kill_all(troubles.workers)


def worker_frozen(troubles, chance):
    return freeze_one(troubles, chance, chance.choice(troubles.workers))


def hit_broker(troubles, chance, cluster, how):
    """The cluster is whole again when that is over."""
    what, do = how(troubles, chance, chance.choice(cluster.brokers))

    def act():
        with hit(troubles, cluster):
            do()
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
    requests_cut_off,
    answers_cut_off,
]
OF_FLIPS = [answers_lost, writes_held_up, writes_held_up]
OF_BROKERS = [
    source_broker_killed,
    source_broker_killed,
    target_broker_killed,
    target_broker_killed,
    source_broker_frozen,
    target_broker_frozen,
]
