"""A token server for a real registry: it knows one user, and signs what the registry believes.

Its key is made by openssl for the length of a test; the registry is given the certificate.
"""

from __future__ import annotations

import base64
import json
import subprocess
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from loopback import LoopbackHandler, LoopbackServer
from registry_server import PASSWORD, USER

__all__ = ["IDENTITY_TOKEN", "TokenServer"]

SERVICE = "registry.example"
ISSUER = "tests"
IDENTITY_TOKEN = "an-identity-token"


class TokenServer(LoopbackServer):
    """A server on loopback for the length of a block.

    Attributes:
        asked: What was asked for: who, and the scopes.
        life: Seconds that a token is good for.
        allowed: What anybody, without a password, may do.
        readable: Repositories whose reading is denied to everybody.
    """

    def __init__(self, folder: Path, *, life: int = 300) -> None:
        self.asked: list[tuple[str, list[str]]] = []
        self.life = life
        self.anonymous = ["pull"]
        self.hidden: set[str] = set()
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=tests"]
        words += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
        subprocess.run(words, check=True, capture_output=True)
        server = self

        class Handler(_Handler):
            tokens = server

        super().__init__(Handler)

    @property
    def auth(self) -> dict[str, Any]:
        """The `auth` section of the registry's configuration."""
        return {
            "token": {
                "realm": f"http://{self.address}/token",
                "service": SERVICE,
                "issuer": ISSUER,
                "rootcertbundle": str(self._folder / "certificate.pem"),
            }
        }

    def token(self, user: str, scopes: list[str]) -> str:
        """What the registry takes as leave to do what of the scopes the user may do."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": user,
            "aud": SERVICE,
            "iat": now,
            "nbf": now - 10,
            "exp": now + self.life,
            "jti": uuid.uuid4().hex,
            "access": [access for scope in scopes if (access := self._access(user, scope))["actions"]],
        }
        certificate = (self._folder / "certificate.pem").read_text()
        chain = ["".join(certificate.splitlines()[1:-1])]
        head = {"typ": "JWT", "alg": "RS256", "x5c": chain}
        signed = f"{_encoded(json.dumps(head).encode())}.{_encoded(json.dumps(claims).encode())}"
        done = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", str(self._folder / "key.pem")],
            input=signed.encode(),
            capture_output=True,
            check=True,
        )
        return f"{signed}.{_encoded(done.stdout)}"

    def _access(self, user: str, scope: str) -> dict[str, Any]:
        kind, name, actions = scope.split(":")
        wanted = actions.split(",")
        allowed = [] if name in self.hidden else wanted if user else [a for a in wanted if a in self.anonymous]
        return {"type": kind, "name": name, "actions": allowed}


class _Handler(LoopbackHandler):
    tokens: TokenServer

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        header = self.headers.get("Authorization", "")
        wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        self._answer(query.get("scope", []), USER if header == wanted else "", refused=header not in {"", wanted})

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        is_known = form.get("refresh_token") == [IDENTITY_TOKEN] and form.get("grant_type") == ["refresh_token"]
        self._answer(form.get("scope", [""])[0].split(), USER, refused=not is_known)

    def _answer(self, scopes: list[str], user: str, *, refused: bool) -> None:
        self.tokens.asked.append((user, scopes))
        document: dict[str, Any] = {"errors": [{"code": "UNAUTHORIZED", "message": "who are you?"}]}
        if not refused:
            document = {"token": self.tokens.token(user, scopes), "expires_in": self.tokens.life}
        body = json.dumps(document).encode()
        self.send_response_only(401 if refused else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
