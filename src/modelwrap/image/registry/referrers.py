"""What is attached to an image in a registry: a list of what is in it, a signature. The image itself does not change.

A registry that keeps lists of what refers to a manifest is asked for them. For others there is a tag with such a list,
which whoever attaches something must keep. Source: distribution specification 1.1, listing referrers.
"""

from __future__ import annotations

from collections.abc import Sequence

from modelwrap.image.documents import members_of, parse_document
from modelwrap.image.image import BytesBlob
from modelwrap.image.oci import Descriptor, Digest, MediaType, canonical_json, describe, index_document
from modelwrap.image.parcel import Entry
from modelwrap.image.reference import ImageName
from modelwrap.image.referrer import document_in
from modelwrap.image.registry.client import Registry
from modelwrap.image.registry.download import open_blob
from modelwrap.image.registry.exchanges import (
    document_of,
    find_manifest,
    list_referrers,
    pull_scope,
    write_manifest,
)
from modelwrap.image.registry.transfer import pull_manifest
from modelwrap.image.registry.upload import upload_blob
from modelwrap.image.steps import Silent
from modelwrap.value import Value

__all__ = ["Attachment", "attach_referrer", "attached", "read_attached"]


class Attachment(Value):
    """What attaching a document came to.

    Attributes:
        descriptor: Of what refers to the manifest now.
        bytes_sent: For it; 0 where it was attached already.
    """

    descriptor: Descriptor
    bytes_sent: int


def attach_referrer(registry: Registry, path: str, subject: Digest, referrer: Entry) -> Attachment:
    """Attaches what was made to refer to a manifest; it is there once, however often it is attached.

    Raises:
        RegistryError: The registry refused, or could not be reached.
    """
    descriptor = referrer.manifest.descriptor
    known = attached(registry, path, subject)
    if any(one.digest == descriptor.digest for one in known):
        return Attachment(descriptor, 0)
    sent = sum(upload_blob(registry, path, blob, Silent())[1] for blob in referrer.blobs)
    answer = registry.exchange(write_manifest(path, descriptor.digest, descriptor), referrer.manifest.content)
    if "oci-subject" not in answer.headers:
        sent += _list_by_tag(registry, path, subject, (*known, descriptor))
    return Attachment(descriptor, sent + descriptor.size)


def attached(registry: Registry, path: str, digest: Digest, artifact_type: str = "") -> tuple[Descriptor, ...]:
    """What is attached to a manifest.

    Args:
        registry: The registry.
        path: The repository.
        digest: The manifest's.
        artifact_type: Only what is of this kind; empty for all.

    Raises:
        RegistryError: The registry refused, or could not be reached.
        ImageError: Its list makes no sense.
    """
    answer = registry.exchange(list_referrers(path, digest))
    found = members_of(document_of(answer), path) if answer.status == 200 else _listed_by_tag(registry, path, digest)
    return tuple(one for one in found if artifact_type in {"", one.artifact_type})


def read_attached(registry: Registry, path: str, descriptor: Descriptor) -> bytes:
    """The document that `attach` was given.

    Raises:
        RegistryError: The registry refused, or could not be reached.
        DamagedBlob: It is not what its digest says.
        ImageError: It is no single document.
    """
    _, content = pull_manifest(registry, ImageName(registry.host, path, digest=descriptor.digest))
    with open_blob(registry, path, document_in(BytesBlob(descriptor, content), path)) as file:
        return file.read()


def _fallback_tag(digest: Digest) -> str:
    return digest.replace(":", "-", 1)


def _listed_by_tag(registry: Registry, path: str, digest: Digest) -> list[Descriptor]:
    tag = _fallback_tag(digest)
    if registry.exchange(find_manifest(path, tag, (pull_scope(path),))).status == 404:
        return []
    _, content = pull_manifest(registry, ImageName(registry.host, path, tag))
    return members_of(parse_document(content, f"{path}:{tag}"), path)


def _list_by_tag(registry: Registry, path: str, digest: Digest, listed: Sequence[Descriptor]) -> int:
    content = canonical_json(index_document(tuple(listed)))
    registry.exchange(write_manifest(path, _fallback_tag(digest), describe(MediaType.OCI_INDEX, content)), content)
    return len(content)
