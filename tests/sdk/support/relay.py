"""Stands between gateway and emulator, passes everything on and keeps what was said, so that a test can tell who
asked for what. Names of hosts stay as they are, so that signatures hold."""

import http.client
import re
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import botocore.session
from botocore.parsers import create_parser

from .recorder import TARGET, Recorded

# Said of one connection only.
OF_THE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length"}
STS = botocore.session.get_session().get_service_model("sts")


@dataclass
class Exchange:
    """A request and its answer."""

    request: Recorded
    status: int
    answer: bytes

    @property
    def operation(self) -> str:
        if self.request.header("content-type") == "application/x-www-form-urlencoded":
            return self.form["Action"]
        if target := self.request.header("x-amz-target"):
            return target.partition(".")[2]
        if TARGET.match(self.request.target):
            return self.request.operation
        return "GetInferenceProfile" if self.request.target.startswith("/inference-profiles/") else "?"

    @property
    def form(self) -> dict[str, str]:
        """The form of a request to STS; a name that comes twice is no form of its."""
        pairs = parse_qsl(self.request.body.decode(), keep_blank_values=True, strict_parsing=True)
        assert len(dict(pairs)) == len(pairs), pairs
        return dict(pairs)

    @property
    def access_key_id(self) -> str | None:
        """Whose signature the request has; None for a bearer key."""
        found = re.match(r"AWS4-HMAC-SHA256 Credential=([^/]+)/", self.request.header("authorization") or "")
        return found and found[1]

    @property
    def bearer(self) -> str | None:
        return (self.request.header("authorization") or "").partition("Bearer ")[2] or None

    def parsed(self) -> dict:
        """The answer of STS, as botocore reads it."""
        response = {"status_code": self.status, "headers": {}, "body": self.answer}
        shape = STS.operation_model(self.operation).output_shape
        return create_parser("query").parse(response, shape)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # Bursts of a hundred callers are part of the tests.
    request_queue_size = 256


class Relay:
    """The server. `since(mark)` hands out what passed; `who(exchange)` names the caller of a request."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream).netloc
        self._exchanges: list[Exchange] = []
        self._lock = threading.Lock()
        self._server = Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def mark(self) -> int:
        """Here and now, for `since`."""
        with self._lock:
            return len(self._exchanges)

    def since(self, mark: int, *operations: str) -> list[Exchange]:
        """What passed since then, in order; all of it, or these operations only."""
        with self._lock:
            passed = self._exchanges[mark:]
        return [exchange for exchange in passed if not operations or exchange.operation in operations]

    def assumed(self) -> dict[str, str]:
        """The ARNs of all sessions that STS opened, by their access key ids."""
        taken = [exchange.parsed() for exchange in self.since(0, "AssumeRole") if exchange.status == 200]
        return {answer["Credentials"]["AccessKeyId"]: answer["AssumedRoleUser"]["Arn"] for answer in taken}

    def who(self, exchange: Exchange) -> str | None:
        """The session as which a request came, by its ARN; else its access key id or bearer key."""
        return self.assumed().get(exchange.access_key_id or "", exchange.access_key_id or exchange.bearer)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        relay = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                connection = http.client.HTTPConnection(relay._upstream, timeout=60)
                try:
                    connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                    for name, value in self.headers.items():
                        if name.lower() not in OF_THE_CONNECTION - {"content-length"}:
                            connection.putheader(name, value)
                    connection.endheaders(body)
                    response = connection.getresponse()
                    answer = response.read()
                finally:
                    connection.close()
                request = Recorded(self.command, self.path, self.headers.items(), body)
                # Before the answer leaves: whoever has it finds the exchange.
                with relay._lock:
                    relay._exchanges.append(Exchange(request, response.status, answer))
                self.send_response_only(response.status)
                for name, value in response.getheaders():
                    if name.lower() not in OF_THE_CONNECTION:
                        self.send_header(name, value)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = _pass_on

            def log_message(self, *_: object) -> None:
                """Says nothing: the exchanges are the log."""

        return Handler
