"""The bill of materials of each image: made of its wheels, attached to its manifest wherever it goes, read back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from modelwrap.image.build_plan import BuildPlan
from modelwrap.image.cache import Cache
from modelwrap.image.documents import parse_document
from modelwrap.image.image import BytesBlob, ImageIndex
from modelwrap.image.oci import Digest, JSONObject, canonical_json
from modelwrap.image.parcel import Entry
from modelwrap.image.reference import ImageName
from modelwrap.image.referrer import document_in, make_referrer, subject_of
from modelwrap.image.registry.client import Registry
from modelwrap.image.registry.referrers import attached, read_attached
from modelwrap.image.sbom import SBOM_TYPE, Subject, bill_of_materials
from modelwrap.image.sources.layout import LayoutShelf
from modelwrap.image.sources.shelf import fetch_document
from modelwrap.image.target import PythonTarget, WheelFile

__all__ = ["bill_beside", "bill_for", "components_of", "find_bill", "referring"]

#: The kind of kept bills; changes when what is written into one does.
_BILLS = "bills-1"


def bill_for(
    plan: BuildPlan, base_digest: Digest, wheels: Sequence[WheelFile], target: PythonTarget, cache: Cache
) -> bytes:
    """The bill of one platform's image; an edit of the model's code leaves it as it was.

    Raises:
        DamagedBlob: A wheel can't be read.
    """
    reference = plan.image.reference
    subject = Subject(reference.untagged, reference.tag, plan.image.base_name, base_digest, plan.created)
    key = repr((subject, target, [wheel.digest for wheel in wheels]))
    bill = cache.recall(_BILLS, key)
    if bill is None:
        bill = bill_of_materials(subject, wheels, target)
        cache.remember(_BILLS, key, bill)
    return canonical_json(bill)


def referring(index: ImageIndex, bills: Sequence[bytes]) -> tuple[Entry, ...]:
    """The bill of each platform's image, as what refers to it."""
    pairs = zip(index.images, bills, strict=True)
    return tuple(make_referrer(image.manifest_blob.descriptor, bill, SBOM_TYPE) for image, bill in pairs)


def find_bill(registry: Registry, name: ImageName, digest: Digest) -> JSONObject | None:
    """The bill that is attached to an image, the newest where there are several, or None.

    Raises:
        ImageError: What is attached can't be read.
    """
    found = attached(registry, name.path, digest, SBOM_TYPE)
    document = json.loads(read_attached(registry, name.path, found[-1])) if found else None
    return document if isinstance(document, dict) else None


def bill_beside(shelf: LayoutShelf, digest: Digest) -> JSONObject | None:
    """The bill that a layout has beside an image, or None.

    Raises:
        ImageError: What is there can't be read.
    """
    for descriptor in shelf.referrers():
        if descriptor.artifact_type == SBOM_TYPE:
            manifest = BytesBlob(descriptor, fetch_document(shelf, descriptor))
            if subject_of(manifest, shelf.name) == digest:
                return parse_document(fetch_document(shelf, document_in(manifest, shelf.name)), shelf.name)
    return None


def components_of(bill: JSONObject) -> Iterator[tuple[str, str, str]]:
    """Name, version and licences of each component of a bill, whoever wrote it."""
    components = bill.get("components")
    for component in components if isinstance(components, list) else []:
        if isinstance(component, dict):
            licences = component.get("licenses")
            told = (_licence(each) for each in licences) if isinstance(licences, list) else ()
            yield str(component.get("name")), str(component.get("version") or ""), ", ".join(filter(None, told))


def _licence(entry: object) -> str:
    """Source: CycloneDX 1.6, licenses."""
    match entry:
        case {"expression": str() as text} | {"license": {"id": str() as text}} | {"license": {"name": str() as text}}:
            return text
    return ""
