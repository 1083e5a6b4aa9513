"""TLS to AWS: of the client that calls Bedrock and of the SDK's own, which calls STS."""

import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from support.conversations import MODEL, user
from support.curl import curl
from support.identity import direct_headers

KEYS = {
    "rsa": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
}
ROLE = {"x-portkey-aws-role-arn": "arn:aws:iam::123456789012:role/by-tls"}


def issue(folder: Path, kind: str) -> tuple[Path, Path]:
    """A certificate authority, and a chain with its key for `localhost`."""
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("authority", "localhost")]
    keys = [KEYS[kind](), KEYS[kind]()]

    def certificate(of: int, extensions: list[x509.ExtensionType]) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(names[of])
            .issuer_name(names[0])
            .public_key(keys[of].public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(keys[0], hashes.SHA256())

    authority = certificate(0, [x509.BasicConstraints(ca=True, path_length=0)])
    server = certificate(
        1,
        [x509.BasicConstraints(ca=False, path_length=None), x509.SubjectAlternativeName([x509.DNSName("localhost")])],
    )
    pem = serialization.Encoding.PEM
    private = keys[1].private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    paths = folder / f"{kind}-authority.pem", folder / f"{kind}-server.pem"
    paths[0].write_bytes(authority.public_bytes(pem))
    paths[1].write_bytes(server.public_bytes(pem) + private)
    return paths


class TlsRelay:
    """Takes TLS off what it passes on, and keeps the versions of the connections."""

    def __init__(self, upstream: str, chain: Path, version: ssl.TLSVersion) -> None:
        self._upstream = urlsplit(upstream)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(chain)
        self._context.minimum_version = self._context.maximum_version = version
        self.versions: list[str | None] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://localhost:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with self._context.wrap_socket(connection, server_side=True) as client:
                self.versions.append(client.version())
                self._pass_on(client)
        except OSError:
            # A client that does not trust the certificate leaves during the handshake.
            connection.close()

    def _pass_on(self, client: ssl.SSLSocket) -> None:
        with socket.create_connection((self._upstream.hostname, self._upstream.port)) as server:
            back = threading.Thread(target=copy, args=[server, client], daemon=True)
            back.start()
            copy(client, server)
            back.join()


def copy(source: socket.socket, sink: socket.socket) -> None:
    """Until `source` ends, and tells `sink` so."""
    try:
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@pytest.fixture
def relay(emulator, tmp_path) -> Iterator[Callable[[str, ssl.TLSVersion], tuple[TlsRelay, Path]]]:
    relays = []

    def start(kind: str, version: ssl.TLSVersion) -> tuple[TlsRelay, Path]:
        authority, chain = issue(tmp_path, kind)
        relays.append(TlsRelay(emulator.emulator, chain, version))
        return relays[-1], authority

    yield start
    for relay in relays:
        relay.close()


@pytest.fixture
def ask(launch) -> Callable:
    def start_and_ask(relay: TlsRelay, name: str, trusted: Path, *headers: dict[str, str]):
        program = launch(
            name,
            "serve",
            "--listen",
            "127.0.0.1:0",
            waits_for={"gateway"},
            extra={"AWS_ENDPOINT_URL": relay.url, "SSL_CERT_FILE": str(trusted)},
        )
        body = {"model": MODEL, "messages": [user("hi")]}
        url = f"{program.gateway}/chat/completions"
        return [curl(url, headers={**direct_headers(), **more}, body=body) for more in headers]

    return start_and_ask


@pytest.mark.parametrize(
    ("kind", "version"),
    [(kind, version) for kind in KEYS for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)],
)
def test_bedrock_and_sts_are_reached(relay, ask, kind, version):
    server, authority = relay(kind, version)
    answers = ask(server, f"serve-tls-{kind}-{version.name}", authority, {}, ROLE)
    assert [answer.status for answer in answers] == [200, 200], [answer.body for answer in answers]
    # Two clients, one connection each at least.
    assert len(server.versions) >= 2
    assert set(server.versions) == {version.name.replace("_", ".")}


def test_a_certificate_of_an_unknown_authority_is_refused(relay, ask, tmp_path):
    server, _ = relay("p256", ssl.TLSVersion.TLSv1_3)
    other, _ = issue(tmp_path, "rsa")
    answers = ask(server, "serve-tls-untrusted", other, {}, ROLE)
    assert all(answer.status >= 500 for answer in answers), [answer.body for answer in answers]
    assert server.versions == []
