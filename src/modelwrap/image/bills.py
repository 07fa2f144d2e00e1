"""The bill of materials of each image that is pushed: made of its wheels, attached to its manifest, read back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from modelwrap.image.build_plan import BuildPlan
from modelwrap.image.cache import Cache
from modelwrap.image.image import ImageIndex
from modelwrap.image.oci import Digest, JSONObject, canonical_json
from modelwrap.image.reference import ImageName
from modelwrap.image.registry.client import Registry
from modelwrap.image.registry.referrers import attach, attached, read_attached
from modelwrap.image.sbom import SBOM_TYPE, Subject, bill_of_materials
from modelwrap.image.target import PythonTarget, WheelFile

__all__ = ["attach_bills", "bill_for", "components_of", "find_bill"]

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


def attach_bills(registry: Registry, name: ImageName, index: ImageIndex, bills: Sequence[bytes]) -> None:
    """Attaches to each platform's image its bill; one that is there already is left alone.

    Raises:
        RegistryError: The registry refused, or could not be reached.
    """
    for image, bill in zip(index.images, bills, strict=True):
        attach(registry, name.path, image.manifest_blob.descriptor, bill, SBOM_TYPE)


def find_bill(registry: Registry, name: ImageName, digest: Digest) -> JSONObject | None:
    """The bill that is attached to an image, the newest where there are several, or None.

    Raises:
        ImageError: What is attached can't be read.
    """
    found = attached(registry, name.path, digest, SBOM_TYPE)
    document = json.loads(read_attached(registry, name.path, found[-1])) if found else None
    return document if isinstance(document, dict) else None


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
