"""An issuer of JWTs: keys of both kinds, tokens by PyJWT, and the set of keys as issuers publish it."""

import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ISSUER = "https://issuer.example.com/"
AUDIENCE = "bedrock-gateway"


class Issuer:
    """Keys by `kid`: `rsa` for RS256, `ec` for ES256."""

    def __init__(self) -> None:
        self.keys = {
            "rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "ec": ec.generate_private_key(ec.SECP256R1()),
        }

    def jwks(self, *kids: str) -> bytes:
        """The public halves, of all keys or of these."""
        entries = []
        for kid in kids or self.keys:
            public = self.keys[kid].public_key()
            algorithm = RSAAlgorithm if isinstance(public, rsa.RSAPublicKey) else ECAlgorithm
            entries.append({**algorithm.to_jwk(public, as_dict=True), "kid": kid, "use": "sig", "alg": _alg(public)})
        return json.dumps({"keys": entries}).encode()

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Claims that the gateway accepts; `changes` replaces or (with None) removes some."""
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "user-1",
            "exp": int(time.time()) + 3600,
            "scope": "inference",
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, kid: str = "rsa", **changes: Any) -> str:
        key = self.keys[kid]
        return jwt.encode(self.claims(**changes), key, algorithm=_alg(key.public_key()), headers={"kid": kid})

    def unsigned(self, **changes: Any) -> str:
        """A token of the algorithm `none`."""
        return jwt.encode(self.claims(**changes), None, algorithm="none", headers={"kid": "rsa"})

    def by_public_key(self, **changes: Any) -> str:
        """A token of HS256 whose secret is the public key: what careless verifiers take for a signature."""
        public = self.keys["rsa"].public_key()
        pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        # PyJWT refuses to be misused so; it is told that the key is none.
        text = jwt.PyJWS(algorithms=["HS256"])
        text._algorithms["HS256"].prepare_key = lambda key: key
        return text.encode(json.dumps(self.claims(**changes)).encode(), pem, algorithm="HS256", headers={"kid": "rsa"})


def _alg(public: Any) -> str:
    return "RS256" if isinstance(public, rsa.RSAPublicKey) else "ES256"
