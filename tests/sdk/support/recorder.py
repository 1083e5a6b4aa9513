"""An upstream that records what reaches it and answers like Bedrock, without checking anything."""

import json
import re
import select
import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from . import eventstream

TARGET = re.compile(r"^/model/(?P<model>[^/?]*)/(?P<operation>converse|converse-stream)$")

ANSWER = {
    "output": {"message": {"role": "assistant", "content": [{"text": "recorded"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 10, "outputTokens": 7, "totalTokens": 17},
    "metrics": {"latencyMs": 1},
}


@dataclass
class Recorded:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    # Set once the caller has closed a connection on which the answer was stalled.
    left: threading.Event = field(default_factory=threading.Event)

    def header(self, name: str) -> str | None:
        """The value of a header that may appear at most once."""
        values = [value for key, value in self.headers if key.lower() == name]
        assert len(values) < 2, f"{name} was sent {len(values)} times"
        return values[0] if values else None

    @property
    def operation(self) -> str:
        return {"converse": "Converse", "converse-stream": "ConverseStream"}[self._parts["operation"]]

    @property
    def model_id(self) -> str:
        """The model id of the path, percent-decoded once."""
        return unquote(self._parts["model"])

    @property
    def _parts(self) -> re.Match[str]:
        parts = TARGET.match(self.target)
        assert parts, f"no operation of Bedrock Runtime: {self.target}"
        return parts

    def json(self) -> dict:
        return json.loads(self.body)


class Recorder:
    """The server. Set `status`, `answer` or `frames` to change what it says; `take()` hands out records."""

    def __init__(self) -> None:
        self._records: list[Recorded] = []
        self._new = threading.Condition()
        self.reset()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def reset(self) -> None:
        """Forgets all records and answers the ordinary things again."""
        with self._new:
            self._records.clear()
        self.status = 200
        self.answer: dict = ANSWER
        self.frames: list[bytes] = eventstream.answer("rec", "orded")
        self.answer_headers: dict[str, str] = {}
        # Stops a stream after so many frames, a plain answer before its first byte, and waits for the caller to leave.
        self.stall_after: int | None = None

    def take(self, seconds: float = 5) -> Recorded:
        """The oldest request that was not taken yet."""
        with self._new:
            assert self._new.wait_for(lambda: self._records, seconds), "nothing reached the upstream"
            return self._records.pop(0)

    def is_idle(self) -> bool:
        """Whether every request that arrived was taken."""
        with self._new:
            return not self._records

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _add(self, record: Recorded) -> None:
        with self._new:
            self._records.append(record)
            self._new.notify_all()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body are written apart; without this the second waits for the first to be acknowledged.
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                record = Recorded("POST", self.path, self.headers.items(), self._read_body())
                recorder._add(record)
                if self.path.endswith("/converse-stream") and recorder.status == 200:
                    self._stream(record)
                elif recorder.stall_after is not None:
                    self._wait_until_left(record)
                else:
                    self._respond(json.dumps(recorder.answer).encode())

            def do_GET(self) -> None:
                recorder._add(Recorded("GET", self.path, self.headers.items(), b""))
                self._respond(b"{}")

            def _read_body(self) -> bytes:
                if "chunked" not in (self.headers.get("transfer-encoding") or ""):
                    return self.rfile.read(int(self.headers.get("content-length") or 0))
                pieces = []
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    pieces.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(pieces)

            def _head(self, content_type: str, length: int | None) -> None:
                self.send_response(recorder.status)
                self.send_header("content-type", content_type)
                self.send_header("x-amzn-requestid", "11111111-2222-3333-4444-555555555555")
                for name, value in recorder.answer_headers.items():
                    self.send_header(name, value)
                if length is None:
                    self.send_header("transfer-encoding", "chunked")
                else:
                    self.send_header("content-length", str(length))
                self.end_headers()

            def _respond(self, body: bytes) -> None:
                self._head("application/json", len(body))
                self.wfile.write(body)

            def _chunk(self, data: bytes) -> None:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                self.wfile.flush()

            def _stream(self, record: Recorded) -> None:
                self._head("application/vnd.amazon.eventstream", None)
                for number, frame in enumerate(recorder.frames):
                    if number == recorder.stall_after:
                        self._wait_until_left(record)
                        return
                    self._chunk(frame)
                self._chunk(b"")

            def _wait_until_left(self, record: Recorded) -> None:
                until = time.monotonic() + 30
                while time.monotonic() < until:
                    readable, _, _ = select.select([self.connection], [], [], 0.1)
                    if readable and self._is_closed():
                        record.left.set()
                        break
                self.close_connection = True

            def _is_closed(self) -> bool:
                try:
                    return not self.connection.recv(1, socket.MSG_PEEK)
                except ConnectionError:
                    return True

            def log_message(self, *_: object) -> None:
                """Says nothing: the records are the log."""

        return Handler
