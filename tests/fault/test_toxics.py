# SPDX-License-Identifier: Apache-2.0
"""The links do what the other fault tests believe that they do."""

import contextlib
import socket
import threading
import time

import pytest

from toxics import Toxics


@pytest.fixture
def link():
    """A link to a server that echoes."""
    server = socket.create_server(("127.0.0.1", 0))

    def echo(connection):
        with connection, contextlib.suppress(ConnectionResetError):
            while data := connection.recv(4096):
                connection.sendall(data)

    def serve():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=echo, args=[connection], daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    with Toxics() as toxics:
        yield toxics.link(to=server.getsockname()[1])
    server.shutdown(socket.SHUT_RDWR)
    server.close()


def connect(link, timeout=10):
    return socket.create_connection(("127.0.0.1", link.port), timeout)


def says_nothing(connection):
    connection.settimeout(0.2)
    with pytest.raises(TimeoutError):
        connection.recv(10)
    connection.settimeout(10)


def test_carries(link):
    with connect(link) as client:
        client.sendall(b"hello")
        assert client.recv(10) == b"hello"
        client.shutdown(socket.SHUT_WR)
        assert client.recv(10) == b"", "the end goes through, too"
    assert link.carried == {"up": 5, "down": 5}
    assert link.accepted == 1


def test_cut_resets(link):
    with connect(link) as client:
        client.sendall(b"hello")
        assert client.recv(10) == b"hello"
        link.cut()
        with pytest.raises(ConnectionResetError):
            client.recv(10)


@pytest.mark.parametrize("ways", [{}, {"up": False}, {"down": False}])
def test_freeze_holds_and_goes_on(link, ways):
    with connect(link) as client:
        with link.freeze(**ways):
            client.sendall(b"hello")
            says_nothing(client)
        assert client.recv(10) == b"hello"


def test_swallow_loses_and_resets(link):
    with connect(link) as client:
        with link.swallow():
            client.sendall(b"hello")
            says_nothing(client)
        with pytest.raises(ConnectionResetError):
            client.recv(10)


def test_down_refuses(link):
    with connect(link) as client, link.down():
        with pytest.raises(ConnectionResetError):
            client.recv(10)
        with pytest.raises(ConnectionRefusedError):
            connect(link)
    with connect(link) as client:
        client.sendall(b"hello")
        assert client.recv(10) == b"hello"


def test_slow_is_late(link):
    with connect(link) as client, link.slow(latency=0.1):
        start = time.monotonic()
        client.sendall(b"hello")
        assert client.recv(10) == b"hello"
        assert time.monotonic() - start >= 0.2
