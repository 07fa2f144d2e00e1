"""What refers to an image without being part of it: a document, as a manifest that names the image as its subject.

Source: OCI image specification 1.1, manifests with a subject; guidelines for artifact usage.
"""

from __future__ import annotations

from collections.abc import Mapping

from modelwrap.errors import ImageError
from modelwrap.image.documents import descriptor_of, members_of, parse_document
from modelwrap.image.image import BytesBlob
from modelwrap.image.oci import Descriptor, Digest, JSONObject, MediaType, canonical_json, describe, manifest_document
from modelwrap.image.parcel import Entry
from modelwrap.value import replace

__all__ = ["document_in", "make_referrer", "subject_of"]

_EMPTY = b"{}"


def make_referrer(
    subject: Descriptor, content: bytes, media_type: str, annotations: Mapping[str, str] | None = None
) -> Entry:
    """A document as what refers to a manifest.

    Args:
        subject: The manifest.
        content: The document.
        media_type: Its kind, and that of what refers.
        annotations: What else to say of it.
    """
    document = BytesBlob(describe(media_type, content), content)
    empty = BytesBlob(describe(MediaType.OCI_EMPTY, _EMPTY), _EMPTY)
    whole: JSONObject = {
        **manifest_document(empty.descriptor, (document.descriptor,), annotations),
        "artifactType": media_type,
        "subject": replace(subject, annotations={}, platform=None, artifact_type="").document,
    }
    manifest = canonical_json(whole)
    descriptor = replace(
        describe(MediaType.OCI_MANIFEST, manifest), artifact_type=media_type, annotations=dict(annotations or {})
    )
    return Entry(BytesBlob(descriptor, manifest), (document, empty))


def document_in(referrer: BytesBlob, name: str) -> Descriptor:
    """The document that the manifest of what refers carries.

    Args:
        referrer: That manifest.
        name: Where it was found, for messages.

    Raises:
        ImageError: It has none, or several.
    """
    layers = members_of({"manifests": parse_document(referrer.content, name).get("layers")}, name)
    if len(layers) != 1:
        raise ImageError(f"{name}: {referrer.descriptor.digest} has {len(layers)} documents where one was expected")
    return layers[0]


def subject_of(referrer: BytesBlob, name: str) -> Digest:
    """The digest of the manifest that one refers to.

    Args:
        referrer: The manifest of what refers.
        name: Where it was found, for messages.

    Raises:
        ImageError: It refers to nothing.
    """
    document = parse_document(referrer.content, name)
    if "subject" not in document:
        raise ImageError(f"{name}: {referrer.descriptor.digest} is attached to nothing: it names no subject")
    return descriptor_of(document["subject"], name).digest
