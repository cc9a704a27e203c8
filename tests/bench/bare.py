# SPDX-License-Identifier: Apache-2.0
"""A relay that only moves bytes (bare_relay.c), and a broker's listener that leads through it.

What it costs its clients is what this machine's loopback takes for one hop more. Brokers tell their
clients the relay's address, so that nothing needs to be rewritten.
"""

import contextlib
import socket

import options
from processes import Process, free_port, wait_for

PORT, BEHIND = free_port(), free_port()
BOOTSTRAP = f"127.0.0.1:{PORT}"
# Of the one broker that is behind it.
LISTENER = {
    "listeners": lambda broker: (
        f"PLAINTEXT://{broker.address},BARE://127.0.0.1:{BEHIND},"
        f"CONTROLLER://127.0.0.1:{broker.controller_port}"
    ),
    "advertised.listeners": lambda broker: f"PLAINTEXT://{broker.address},BARE://{BOOTSTRAP}",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,BARE:PLAINTEXT",
}


class Bare:
    """What a measurement wants of a cluster."""

    bootstrap = BOOTSTRAP


def listens():
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", PORT)) == 0


@contextlib.contextmanager
def running():
    process = Process("bare-relay", [str(options.BARE_RELAY), str(PORT), str(BEHIND)])
    try:
        wait_for(listens, 10, "the bare relay to listen")
        yield Bare()
    finally:
        process.kill()
