"""Attaching a document to an image in a registry."""

from __future__ import annotations

from collections.abc import Mapping

from modelwrap.image.oci import Descriptor
from modelwrap.image.referrer import make_referrer
from modelwrap.image.registry.client import Registry
from modelwrap.image.registry.referrers import Attachment, attach_referrer


def attach(
    registry: Registry,
    path: str,
    subject: Descriptor,
    content: bytes,
    media_type: str,
    annotations: Mapping[str, str] | None = None,
) -> Attachment:
    """Makes a document refer to a manifest of a repository, and attaches it there."""
    return attach_referrer(registry, path, subject.digest, make_referrer(subject, content, media_type, annotations))
