# SPDX-License-Identifier: Apache-2.0
"""A member of a Connect group made by hand, byte by byte: for groups with strange members.

    with Member(cluster, group) as member:
        member.join({"sessioned": metadata(2, url, offset)})
        assignment = member.sync()

One connection to the first broker, which must be the group's coordinator. Versions of requests are
the last before tagged fields, so that there is little to write.
"""

import socket
import struct

NONE, MEMBER_ID_REQUIRED, REBALANCE_IN_PROGRESS = 0, 79, 27
DESCRIBE_GROUPS, JOIN, HEARTBEAT, LEAVE, SYNC = 15, 11, 12, 13, 14


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, format):
        values = struct.unpack_from(">" + format, self.data, self.at)
        self.at += struct.calcsize(">" + format)
        return values[0]

    def bytes(self, format):
        length = self.take(format)
        if length < 0:
            return None
        self.at += length
        return self.data[self.at - length : self.at]

    def text(self):
        found = self.bytes("h")
        return None if found is None else found.decode()

    def blob(self):
        return self.bytes("i")


def text(value):
    if value is None:
        return struct.pack(">h", -1)
    return struct.pack(">h", len(value.encode())) + value.encode()


def blob(value):
    return struct.pack(">i", len(value)) + value


def metadata(version, url, offset):
    """What a worker that runs nothing says of itself."""
    return struct.pack(">h", version) + text(url) + struct.pack(">qi", offset, -1)


class Member:
    def __init__(self, cluster, group, protocol_type="connect"):
        host, port = cluster.brokers[0].address.split(":")
        self.group, self.protocol_type = group, protocol_type
        self.id, self.generation, self.leader = "", -1, None
        self._socket = socket.create_connection((host, int(port)), timeout=60)
        self._number = 0

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        try:
            self.leave()
        finally:
            self._socket.close()

    def _receive(self, count):
        data = b""
        while len(data) < count:
            part = self._socket.recv(count - len(data))
            assert part, "the broker has closed the connection"
            data += part
        return data

    def call(self, api, version, body):
        self._number += 1
        head = struct.pack(">hhi", api, version, self._number) + text("by-hand")
        self._socket.sendall(blob(head + body))
        answer = self._receive(struct.unpack(">i", self._receive(4))[0])
        assert struct.unpack_from(">i", answer)[0] == self._number
        return Reader(answer[4:])

    def join(self, protocols, session_ms=10000, rebalance_ms=20000):
        """Waits for the group. protocols: {name: metadata}. Returns the error code."""
        body = text(self.group) + struct.pack(">ii", session_ms, rebalance_ms) + text(self.id)
        body += text(None) + text(self.protocol_type) + struct.pack(">i", len(protocols))
        for name, about in protocols.items():
            body += text(name) + blob(about)
        answer = self.call(JOIN, 5, body)
        answer.take("i")
        error, self.generation = answer.take("h"), answer.take("i")
        answer.text()
        self.leader, self.id = answer.text(), answer.text()
        return self.join(protocols, session_ms, rebalance_ms) if error == MEMBER_ID_REQUIRED else error

    def sync(self):
        """(error code, assignment bytes) of a follower."""
        body = text(self.group) + struct.pack(">i", self.generation) + text(self.id)
        answer = self.call(SYNC, 3, body + text(None) + struct.pack(">i", 0))
        answer.take("i")
        return answer.take("h"), answer.blob()

    def heartbeat(self):
        body = text(self.group) + struct.pack(">i", self.generation) + text(self.id) + text(None)
        answer = self.call(HEARTBEAT, 3, body)
        answer.take("i")
        return answer.take("h")

    def leave(self):
        if self.id:
            body = text(self.group) + struct.pack(">i", 1) + text(self.id) + text(None)
            self.call(LEAVE, 3, body)
            self.id = ""

    def described(self):
        """(state, protocol, {member id: its metadata}) of the group."""
        answer = self.call(DESCRIBE_GROUPS, 4, struct.pack(">i", 1) + text(self.group) + b"\0")
        answer.take("i"), answer.take("i"), answer.take("h"), answer.text()
        state, _, protocol = answer.text(), answer.text(), answer.text()
        members = {}
        for _ in range(answer.take("i")):
            member = answer.text()
            answer.text(), answer.text(), answer.text()
            members[member], _ = answer.blob(), answer.blob()
        return state, protocol, members


def config_offset(about):
    """The config offset in a worker's metadata."""
    reader = Reader(about)
    reader.take("h"), reader.text()
    return reader.take("q")
