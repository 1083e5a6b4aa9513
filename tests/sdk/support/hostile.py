"""Traffic that means harm, by raw sockets: bodies that cost much for their bytes, and broken HTTP."""

import random
import socket
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from support.identity import direct_headers

PATH = "/v1/chat/completions"


def _repeated(size: int, head: str, item: str, tail: str) -> bytes:
    return (head + ",".join([item] * (size // (len(item) + 1))) + tail).encode()


def bodies() -> list[bytes]:
    """Bodies of 1 to 30 MB, small values by the hundred thousand among them."""
    user = '{"model":"emulator.echo","messages":[{"role":"user","content":['
    tools = '{"model":"emulator.echo","messages":[{"role":"user","content":"a"}],"tools":['
    large = 8_000_000
    return [
        _repeated(1_000_000, user, "{}", "]}]}"),
        _repeated(30_000_000, user, "{}", "]}]}"),
        _repeated(large, user, '{"type":"text"}', "]}]}"),
        _repeated(large, user, '{"type":"text","text":"a"}', "]}]}"),
        _repeated(large, user, '{"type":"json","json":0}', "]}]}"),
        _repeated(large, '{"messages":[', '{"role":"user"}', "]}"),
        _repeated(large, '{"x":[', "0", "]}"),
        _repeated(large, '{"additional_model_request_fields":{"a":[', "0", "]}}"),
        _repeated(large, '{"stop":[', '"a"', "]}"),
        _repeated(large, tools, '{"type":"function","function":{"name":"f","parameters":{}}}', "]}"),
        b"[" * large,
        b'{"x":' * (large // 5),
        b'{"messages":"' + "\u200b".encode() * (large // 3) + b'"}',
        b'{"messages":[{"role":"user","content":"' + b"a" * 30_000_000 + b'"}]}',
        b"\xff" * large,
    ]


class Attacker:
    """One hostile client. Each attack ends by itself within seconds."""

    def __init__(self, gateway: str, seed: int, pool: list[bytes]) -> None:
        parts = urlsplit(gateway)
        self.address = (parts.hostname, parts.port)
        self.random = random.Random(seed)
        self.pool = pool
        self.attacks: list[Callable[[], None]] = [
            self.whole_body,
            self.whole_body,
            self.half_body,
            self.long_head,
            self.broken_http,
            self.many_connections,
            self.no_reader,
        ]

    def attack(self) -> None:
        try:
            self.random.choice(self.attacks)()
        except OSError:
            pass  # The gateway may cut an attacker off at any time.

    def _head(self, length: int | None = None) -> bytes:
        headers = {"host": "localhost", "content-type": "application/json", **direct_headers()}
        headers |= {"content-length": str(length)} if length is not None else {"transfer-encoding": "chunked"}
        lines = [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([f"POST {PATH} HTTP/1.1", *lines, "", ""]).encode()

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(self.address, timeout=10)
        connection.settimeout(10)
        return connection

    def whole_body(self) -> None:
        body = self.random.choice(self.pool)
        with self._connect() as connection:
            connection.sendall(self._head(len(body)) + body)
            connection.recv(4096)

    def half_body(self) -> None:
        body = self.random.choice(self.pool)
        with self._connect() as connection:
            if self.random.random() < 0.5:
                connection.sendall(self._head(len(body)) + body[: len(body) // 2])
            else:
                piece = body[: len(body) // 2]
                connection.sendall(self._head() + f"{len(piece):x}\r\n".encode() + piece)
            time.sleep(self.random.random() * 3)

    def long_head(self) -> None:
        with self._connect() as connection:
            connection.sendall(f"POST {PATH} HTTP/1.1\r\nhost: localhost\r\nx-a: ".encode() + b"a" * 250_000)
            time.sleep(self.random.random() * 3)

    def broken_http(self) -> None:
        with self._connect() as connection:
            connection.sendall(
                self.random.choice(
                    [
                        b"\x16\x03\x01\x02\x00" + bytes(500),
                        b"GET / HTTP/1.1\r\n\r\n",
                        b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
                        b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n5\r\n",
                        b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n",
                        b"GET / HTTP/9.9\r\n" * 100,
                        self.random.randbytes(2000),
                    ]
                )
            )
            connection.recv(4096)

    def many_connections(self) -> None:
        connections = [self._connect() for _ in range(50)]
        time.sleep(self.random.random() * 2)
        for connection in connections:
            connection.close()

    def no_reader(self) -> None:
        body = b'{"model":"emulator.echo","stream":true,"messages":[{"role":"user","content":"' + b"a b " * 50_000 + b'"}]}'
        with self._connect() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(self._head(len(body)) + body)
            time.sleep(self.random.random() * 3)
