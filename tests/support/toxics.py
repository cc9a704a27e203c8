# SPDX-License-Identifier: Apache-2.0
"""TCP links that can be made sick: slow, frozen, swallowing, cut.

    with Toxics() as toxics:
        link = toxics.link(to=9092)         # connect to link.port instead
        link.cut()                          # resets every connection
        with link.freeze():                 # nothing moves, nothing closes; goes on afterwards
            ...

All links of a Toxics run on one thread. A condition holds while its context lasts:

    slow(latency, rate)   seconds each byte is late; bytes per second, each way and connection
    freeze(up, down)      bytes stand still, one way or both (half open); new connections, too
    swallow()             bytes vanish and nobody closes, as in a firewall that has lost its state;
                          what has lost bytes is reset afterwards
    down()                connections are reset, new ones refused
    lie(true, told)       what comes down has other bytes, of the same length
"""

import asyncio
import contextlib
import socket
import struct
import threading

from processes import free_port

CHUNK = 65536
QUEUED = 16  # chunks under way in one direction of a connection, at most
RESET = struct.pack("ii", 1, 0)


class Connection:
    """One connection through a link: two sockets, two directions."""

    def __init__(self, link, near, far):
        self.link = link
        self.writers = (near, far)
        self.spoilt = False

    def reset(self):
        for writer in self.writers:
            raw = writer.get_extra_info("socket")
            if raw is not None and raw.fileno() >= 0:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()

    async def carry(self, reader, writer, way):
        """Moves bytes from reader to writer until either ends."""
        queue = asyncio.Queue(QUEUED)
        taking = asyncio.ensure_future(self._take(reader, queue, way))
        try:
            while True:
                data, due = await queue.get()
                await self._give(writer, data, due, way)
                if not data:
                    return
        finally:
            taking.cancel()

    async def _take(self, reader, queue, way):
        """Ends with b"" for the end of the stream, None for its breaking."""
        loop = asyncio.get_running_loop()
        data = b"-"
        while data:
            await self.link.moving[way].wait()
            try:
                data = await reader.read(CHUNK)
            except OSError:
                data = None
            await queue.put((data, loop.time() + self.link.latency))

    async def _give(self, writer, data, due, way):
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0, due - loop.time()))
        await self.link.moving[way].wait()
        if self.link.swallowing:
            self.spoilt = True
        elif data is None:
            raise ConnectionResetError
        elif data:
            if way == "down":
                data = data.replace(*self.link.lies)
            self.link.carried[way] += len(data)
            writer.write(data)
            await writer.drain()
            if self.link.rate:
                await asyncio.sleep(len(data) / self.link.rate)
        else:
            writer.write_eof()


class Link:
    """A port that leads to another. Its methods may be called from any thread but the links'."""

    def __init__(self, toxics, to):
        self._toxics = toxics
        self.port = free_port()
        self.to = to
        self.latency = 0.0
        self.rate = 0.0
        self.swallowing = False
        self.lies = (b"-", b"-")
        self.accepted = 0  # connections so far
        self.carried = {"up": 0, "down": 0}  # bytes so far
        self.moving = {"up": asyncio.Event(), "down": asyncio.Event()}
        self._listener = None
        self._serving = set()
        self._connections = set()
        self._cuts = 0  # so far
        self._is_down = False
        self._call(self._open)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def connections(self):
        """How many are open now."""
        return len(self._connections)

    def cut(self):
        """Resets every connection; new ones are fine."""
        self._call(self._reset_all)

    @contextlib.contextmanager
    def slow(self, latency=0.0, rate=0.0):
        self.latency, self.rate = latency, rate
        try:
            yield self
        finally:
            self.latency, self.rate = 0.0, 0.0

    @contextlib.contextmanager
    def freeze(self, up=True, down=True):
        ways = [way for way, frozen in (("up", up), ("down", down)) if frozen]
        self._call(self._move, ways, False)
        try:
            yield self
        finally:
            self._call(self._move, ways, True)

    @contextlib.contextmanager
    def swallow(self):
        self.swallowing = True
        try:
            yield self
        finally:
            self.swallowing = False
            self._call(self._reset, lambda connection: connection.spoilt)

    @contextlib.contextmanager
    def down(self):
        self._call(self._close)
        try:
            yield self
        finally:
            self._call(self._open)

    @contextlib.contextmanager
    def lie(self, true, told):
        assert len(true) == len(told)
        self.lies = (true, told)
        try:
            yield self
        finally:
            self.lies = (b"-", b"-")

    # On the links' thread.

    def _call(self, function, *arguments):
        self._toxics.run(function(*arguments))

    async def _open(self):
        self._is_down = False
        for event in self.moving.values():
            event.set()
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        self._listener.setblocking(False)
        asyncio.get_running_loop().add_reader(self._listener, self._accept)

    # Not by asyncio's server, which loses a connection that comes as it is closed.
    def _accept(self):
        near, _ = self._listener.accept()
        near.setblocking(False)
        serving = asyncio.ensure_future(self._serve(near))
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)

    async def _close(self):
        self._is_down = True
        asyncio.get_running_loop().remove_reader(self._listener)
        self._listener.close()
        await self._reset_all()

    async def _move(self, ways, moving):
        for way in ways:
            if moving:
                self.moving[way].set()
            else:
                self.moving[way].clear()

    async def _reset_all(self):
        self._cuts += 1
        await self._reset(lambda connection: True)

    async def _reset(self, chosen):
        for connection in list(self._connections):
            if chosen(connection):
                connection.reset()

    async def _serve(self, near):
        self.accepted += 1
        cuts = self._cuts
        reader, writer = await asyncio.open_connection(sock=near, limit=CHUNK)
        try:
            far_reader, far_writer = await asyncio.open_connection(
                "127.0.0.1", self.to, limit=CHUNK
            )
        except OSError:
            Connection(self, writer, writer).reset()
            return
        connection = Connection(self, writer, far_writer)
        if self._is_down or cuts != self._cuts:  # cut before it was whole
            connection.reset()
            return
        self._connections.add(connection)
        ways = [
            asyncio.ensure_future(connection.carry(reader, far_writer, "up")),
            asyncio.ensure_future(connection.carry(far_reader, writer, "down")),
        ]
        try:
            await asyncio.gather(*ways)
            for side in connection.writers:
                side.close()
        except OSError:
            connection.reset()
        finally:
            for way in ways:
                way.cancel()
            self._connections.discard(connection)


class Toxics:
    """The links of a test, and the thread that they run on."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.links = []

    def link(self, to):
        self.links.append(Link(self, to))
        return self.links[-1]

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(120)

    def close(self):
        async def end():
            for link in self.links:
                await link._close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self.run(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()
