"""A host of files on this machine, for a gateway that is allowed to fetch from it."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileHost:
    """Serves what was `put` there; `seen` keeps the path and headers of every request."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[str | None, bytes]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.host}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def put(self, path: str, content: bytes, media_type: str | None = None) -> str:
        """Where the content is now."""
        self._files[path] = (media_type, content)
        return self.url + path

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                host.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                media_type, content = host._files.get(self.path, (None, b""))
                self.send_response(200 if self.path in host._files else 404)
                if media_type:
                    self.send_header("content-type", media_type)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        return Handler
