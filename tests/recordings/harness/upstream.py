"""An upstream that replays one recorded answer, byte for byte, and keeps what reached it."""

import socketserver
import threading
from collections.abc import Iterable

from support.recorder import Recorded

# Of the recorded headers, those that describe the recorder's own connection mean nothing here.
NOT_REPLAYED = {"content-length", "transfer-encoding", "connection", "date"}


def whole(status: int, headers: dict[str, str], body: bytes) -> bytes:
    """An HTTP answer of known length."""
    return _head(status, headers, f"content-length: {len(body)}") + body


def in_pieces(status: int, headers: dict[str, str], pieces: Iterable[bytes]) -> bytes:
    """An HTTP answer in chunks: a reader gets each piece by itself, however the network cuts the connection."""
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return _head(status, headers, "transfer-encoding: chunked") + chunks + b"0\r\n\r\n"


def pieces_of(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


def _head(status: int, headers: dict[str, str], length: str) -> bytes:
    kept = [f"{name}: {value}" for name, value in headers.items() if name.lower() not in NOT_REPLAYED]
    return "\r\n".join([f"HTTP/1.1 {status} .", *kept, length, "", ""]).encode()


class Upstream:
    """The server. Set `answer`, make one call, then `take()` what was sent."""

    def __init__(self) -> None:
        self.answer = b""
        self._taken: list[Recorded] = []
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self) -> Recorded | None:
        """What reached the upstream since the last time; None if nothing did."""
        taken, self._taken = self._taken, []
        return taken[-1] if taken else None

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[socketserver.StreamRequestHandler]:
        upstream = self

        class Handler(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True

            def handle(self) -> None:
                while line := self.rfile.readline():
                    method, target, _ = line.decode("latin-1").split(" ", 2)
                    headers = list(self._headers())
                    upstream._taken.append(Recorded(method, target, headers, self._body(dict(headers))))
                    self.wfile.write(upstream.answer)

            def _headers(self) -> Iterable[tuple[str, str]]:
                while (line := self.rfile.readline().decode("latin-1").strip()):
                    name, _, value = line.partition(":")
                    yield name.lower(), value.strip()

            def _body(self, headers: dict[str, str]) -> bytes:
                if headers.get("transfer-encoding") != "chunked":
                    return self.rfile.read(int(headers.get("content-length", 0)))
                pieces = []
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    pieces.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(pieces)

        return Handler


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_: object) -> None:
        """A gateway that leaves in the middle of an answer is judged by its own answer, not here."""
