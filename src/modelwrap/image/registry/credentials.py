"""Who one is at a registry: what `docker login`, `podman login` and credential helpers have left.

A password is asked for when a registry has asked who we are, and not before: helper programs may be slow, or ask the
user. Nothing here is ever shown or written. Source: docker's config.json, containers-auth.json(5), the credential
helpers' protocol.
"""

from __future__ import annotations

import base64
import binascii
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from modelwrap.errors import RegistryError
from modelwrap.image.oci import JSONObject
from modelwrap.image.reference import DEFAULT_REGISTRY
from modelwrap.image.registry.auth import Credentials
from modelwrap.image.registry.settings import Surroundings

__all__ = ["find_credentials"]

#: A helper may have to ask the user, or a cloud's own server; seconds.
_HELPER_LIMIT = 60.0
_NOT_FOUND = ("credentials not found", "no credentials", "not found in native keychain")
#: The name of a user that stands for a token in the place of the password.
_TOKEN_USER = "<token>"  # noqa: S105 - no password


def find_credentials(registry: str, repository: str, surroundings: Surroundings) -> Credentials | None:
    """What the first place that knows a registry has for it; None when no place knows it.

    Args:
        registry: Host and port.
        repository: The path in it: some tools log in to a part of a registry.
        surroundings: Where to look.

    Raises:
        RegistryError: A place can't be read, or a helper program failed.
    """
    for document, source in _documents(surroundings):
        if (found := _from_document(document, _keys(registry, repository), source)) is not None:
            return found
    return None


def _documents(surroundings: Surroundings) -> Iterator[tuple[JSONObject, str]]:
    if surroundings.inline_auth:
        yield _parse(surroundings.inline_auth, "DOCKER_AUTH_CONFIG"), "DOCKER_AUTH_CONFIG"
    for path in surroundings.auth_files:
        try:
            text = path.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise RegistryError(f"the credentials in {_shown(path)} can't be read: {error}") from error
        yield _parse(text, _shown(path)), _shown(path)


def _parse(text: str, source: str) -> JSONObject:
    try:
        document = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise RegistryError(f"the credentials in {source} are no JSON: {error}\nlog in again, or repair it") from error
    if not isinstance(document, dict):
        raise RegistryError(f"the credentials in {source} are no JSON object\nlog in again, or repair it")
    return document


def _shown(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _keys(registry: str, repository: str) -> list[str]:
    """The names that a registry may be filed under, the narrowest first."""
    parts = repository.split("/")
    narrower = [f"{registry}/{'/'.join(parts[:length])}" for length in range(len(parts), 0, -1)]
    spellings = [registry, f"https://{registry}", f"http://{registry}", f"https://{registry}/v1/", f"{registry}/v2/"]
    old = f"index.{DEFAULT_REGISTRY}"
    return [*narrower, *([f"https://{old}/v1/", old] if registry == DEFAULT_REGISTRY else []), *spellings]


def _from_document(document: JSONObject, keys: Sequence[str], source: str) -> Credentials | None:
    """A helper that is named for a registry goes before the store of all registries, that before the file itself."""
    helpers, store, auths = document.get("credHelpers"), document.get("credsStore"), document.get("auths")
    known = helpers if isinstance(helpers, dict) else {}
    # A store files a registry under its plain name, and the default one under its old address.
    plain = next(key for key in keys if key.endswith("/v1/") or "/" not in key)
    asked = [(known[key], key) for key in keys if key in known] + [(store, plain)]
    for helper, key in asked:
        if isinstance(helper, str) and helper and (found := _from_helper(helper, key, source)) is not None:
            return found
    entries = auths if isinstance(auths, dict) else {}
    for key in keys:
        entry = entries.get(key)
        if isinstance(entry, dict) and (found := _from_entry(entry, source)) is not None:
            return found
    return None


def _from_entry(entry: Mapping[str, object], source: str) -> Credentials | None:
    identity = entry.get("identitytoken")
    auth, username, password = entry.get("auth"), entry.get("username"), entry.get("password")
    if isinstance(auth, str) and auth:
        try:
            # Podman and Docker both end the text in zero bytes now and then.
            username, colon, password = base64.b64decode(auth).decode().rstrip("\0").partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise RegistryError(f"the credentials in {source} are damaged: {error}\nlog in again") from error
        if not colon:
            raise RegistryError(f"the credentials in {source} are damaged: no colon\nlog in again")
    token = identity if isinstance(identity, str) else ""
    if isinstance(username, str) and isinstance(password, str) and (username or token):
        return Credentials(username, password, source, token)
    return Credentials("", "", source, token) if token else None


def _from_helper(helper: str, key: str, source: str) -> Credentials | None:
    program = f"docker-credential-{helper}"
    try:
        done = subprocess.run(
            [program, "get"], input=key, capture_output=True, text=True, timeout=_HELPER_LIMIT, check=False
        )
    except FileNotFoundError as error:
        raise RegistryError(f"{source} names the credential helper {program}, which is not on PATH") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RegistryError(f"the credential helper {program} failed: {error}") from error
    said = (done.stdout or done.stderr).strip()
    if done.returncode:
        if any(phrase in said.lower() for phrase in _NOT_FOUND):
            return None
        raise RegistryError(f"the credential helper {program} failed for {key}: {said}\n{source} names it")
    return _from_answer(done.stdout, program, source)


def _from_answer(text: str, program: str, source: str) -> Credentials | None:
    try:
        document = json.loads(text)
        username, secret = document["Username"], document["Secret"]
    except (ValueError, KeyError, TypeError) as error:
        raise RegistryError(f"the credential helper {program} answered what is no credential") from error
    place = f"{program}, named in {source}"
    if username == _TOKEN_USER:
        return Credentials("", "", place, str(secret))
    return Credentials(str(username), str(secret), place) if username or secret else None
