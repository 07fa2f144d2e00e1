"""What an image is made of, as a software bill of materials: each package with its hash, licence and needs.

It is exact, since it is made of the very wheels that were installed, and it is the same for the same image. It names no
index: where a package was fetched from is nobody's business who has the image.

Source: CycloneDX 1.6, JSON; package URL specification, pypi.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.message import Message
from email.parser import Parser

from modelwrap import __version__
from modelwrap.image.dependencies.selection import environment_of
from modelwrap.image.oci import Digest, JSONObject, JSONValue, canonical_json, digest_of
from modelwrap.image.requirement_forms import normalized
from modelwrap.image.target import PythonTarget, WheelFile
from modelwrap.image.wheels.wheel import Wheel
from modelwrap.value import Value

__all__ = ["SBOM_TYPE", "Subject", "bill_of_materials"]

#: The media type of the document. Source: CycloneDX, registered media types.
SBOM_TYPE = "application/vnd.cyclonedx+json"

#: Licences by the classifier that names them, where there is one identifier for it. Source: PyPI classifiers, SPDX.
_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}
#: Classifiers that say of which family a licence is, and not which one it is.
_FAMILIES = {"BSD License"}
_PREFIX = "License :: "
#: A longer text in the field for a licence's name is the licence itself.
_LONGEST_NAME = 100


class Subject(Value):
    """The image that a bill is about.

    Attributes:
        name: The image's, without its tag.
        version: Its tag.
        base: Its base image, as the user named it.
        base_digest: The digest of that.
        created: When the image says that it was made, in seconds since 1970.
    """

    name: str
    version: str
    base: str
    base_digest: Digest = ""
    created: int = 0


def bill_of_materials(subject: Subject, wheels: Sequence[WheelFile], target: PythonTarget) -> JSONObject:
    """The bill of one platform's image.

    Args:
        subject: The image.
        wheels: What is installed in it.
        target: Its Python.

    Raises:
        DamagedBlob: A wheel can't be read.
    """
    abouts = {wheel.name: _metadata(wheel) for wheel in wheels}
    references = {normalized(wheel.name): _reference(wheel) for wheel in wheels}
    components = [_component(wheel, abouts[wheel.name]) for wheel in sorted(wheels, key=lambda wheel: wheel.name)]
    whole: JSONObject = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": _about_image(subject, target),
        "components": [_base(subject), *components],
        "dependencies": [*_dependencies(wheels, abouts, references, target)],
    }
    # Its number comes from its content, so that the same bill has the same one.
    number = uuid.uuid5(uuid.NAMESPACE_URL, digest_of(canonical_json(whole)))
    return {**whole, "serialNumber": f"urn:uuid:{number}"}


def _metadata(wheel: WheelFile) -> Message:
    with Wheel(wheel.path, f"{wheel.name} {wheel.version}") as opened:
        return Parser().parsestr(opened.read(f"{opened.info}/METADATA").decode("utf-8", "replace"), headersonly=True)


def _reference(wheel: WheelFile) -> str:
    return f"pkg:pypi/{normalized(wheel.name)}@{wheel.version.replace('+', '%2B').replace('!', '%21')}"


def _about_image(subject: Subject, target: PythonTarget) -> JSONObject:
    return {
        "timestamp": datetime.fromtimestamp(subject.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "tools": {"components": [{"type": "application", "name": "modelwrap", "version": __version__}]},
        "component": {
            "type": "container",
            "bom-ref": "image",
            "name": subject.name,
            "version": subject.version,
            "properties": [
                {"name": "modelwrap:platform", "value": str(target.platform)},
                {"name": "modelwrap:python", "value": target.version},
            ],
        },
    }


def _base(subject: Subject) -> JSONObject:
    algorithm, _, value = subject.base_digest.partition(":")
    hashes: JSONObject = {"hashes": [{"alg": "SHA-256", "content": value}]} if algorithm == "sha256" else {}
    return {"type": "container", "bom-ref": "base", "name": subject.base, **hashes}


def _component(wheel: WheelFile, about: Message) -> JSONObject:
    licences: list[JSONValue] = [*_licences(about)]
    return {
        "type": "library",
        "bom-ref": _reference(wheel),
        "name": normalized(wheel.name),
        "version": wheel.version,
        "purl": _reference(wheel),
        "hashes": [{"alg": "SHA-256", "content": wheel.digest.removeprefix("sha256:")}],
        **({"licenses": licences} if licences else {}),
        **({"description": summary} if (summary := _field(about, "Summary")) else {}),
    }


def _field(about: Message, name: str) -> str:
    value = " ".join(str(about.get(name, "")).split())
    return "" if value.upper() == "UNKNOWN" else value


def _licences(about: Message) -> Iterator[JSONObject]:
    """What a package says of its licence: the expression, else its classifiers, else the name it gives."""
    if expression := _field(about, "License-Expression"):
        yield {"expression": expression}
        return
    classified = [str(line).rpartition(" :: ")[2] for line in about.get_all("Classifier", []) if _is_licence(str(line))]
    name = _field(about, "License")
    if name and len(name) <= _LONGEST_NAME and (not classified or set(classified) <= _FAMILIES):
        yield {"license": {"name": name}}
        return
    for licence in dict.fromkeys(classified):
        known = _CLASSIFIERS.get(licence)
        yield {"license": {"id": known} if known else {"name": licence}}


def _is_licence(classifier: str) -> bool:
    return classifier.startswith(_PREFIX) and classifier != "License :: OSI Approved"


def _dependencies(
    wheels: Sequence[WheelFile], abouts: dict[str, Message], references: dict[str, str], target: PythonTarget
) -> Iterator[JSONObject]:
    yield {"ref": "image", "dependsOn": ["base", *sorted(references.values())]}
    environment = environment_of(target)
    for wheel in sorted(wheels, key=lambda wheel: wheel.name):
        needs = {references[name] for name in _needs(abouts[wheel.name], environment) if name in references}
        yield {"ref": _reference(wheel), "dependsOn": [*sorted(needs)]}


def _needs(about: Message, environment: dict[str, str]) -> Iterator[str]:
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - 8 ms; bills are kept

    for line in about.get_all("Requires-Dist", []):
        try:
            requirement = Requirement(str(line))
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate(environment):
            yield normalized(requirement.name)
