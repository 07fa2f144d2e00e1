"""Manifests, indexes and configs that somebody else has written, read with no more trust than they deserve."""

from __future__ import annotations

import json

from modelwrap.errors import ImageError
from modelwrap.image.oci import Descriptor, JSONObject, MediaType, Platform

__all__ = ["INDEX_KINDS", "blobs_of", "descriptor_of", "members_of", "parse_document", "platform_of"]

INDEX_KINDS = frozenset({MediaType.OCI_INDEX.value, MediaType.DOCKER_LIST.value})


def parse_document(content: bytes, name: str) -> JSONObject:
    """A manifest, index or config.

    Raises:
        ImageError: It is no JSON object.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ImageError(f"{name} is no image: a document of it is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise ImageError(f"{name} is no image: a document of it is no JSON object")
    return document


def descriptor_of(value: object, name: str) -> Descriptor:
    """A descriptor in a document.

    Raises:
        ImageError: It is none.
    """
    match value:
        case {"mediaType": str() as kind, "digest": str() as digest, "size": int() as size, **others} if _is_digest(
            digest
        ):
            notes, platform = others.get("annotations"), others.get("platform")
            return Descriptor(
                kind,
                digest,
                size,
                {key: str(text) for key, text in notes.items()} if isinstance(notes, dict) else {},
                platform_of(platform) if platform else None,
                str(others.get("artifactType") or ""),
            )
    raise ImageError(f"{name} is no image: a manifest or index of it has no descriptor where one must be")


def _is_digest(text: str) -> bool:
    """Only SHA-256 is in use; anything else could be the path of a file."""
    algorithm, _, value = text.partition(":")
    return algorithm == "sha256" and len(value) == 64 and all(letter in "0123456789abcdef" for letter in value)


def platform_of(value: object) -> Platform:
    """The platform in a config or in a descriptor; what it does not say is empty."""
    if not isinstance(value, dict):
        return Platform("", "")
    os, architecture, variant = (str(value.get(key) or "") for key in ("os", "architecture", "variant"))
    return Platform(os, architecture, variant)


def members_of(index: JSONObject, name: str) -> list[Descriptor]:
    """The descriptors of an index.

    Raises:
        ImageError: One of them is none.
    """
    members = index.get("manifests")
    return [descriptor_of(member, name) for member in members] if isinstance(members, list) else []


def blobs_of(manifest: JSONObject, name: str) -> list[Descriptor]:
    """The descriptors of a manifest's config and layers; none of a document of another kind.

    Raises:
        ImageError: One of them is none.
    """
    config, layers = manifest.get("config"), manifest.get("layers")
    if not isinstance(layers, list):
        return []
    return [descriptor_of(blob, name) for blob in (config, *layers)]
