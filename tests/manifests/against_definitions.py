"""Holds the manifests, and the tables they are tested by, against the definitions of the kinds themselves.

    python -m manifests.against_definitions FOLDER     (in tests/; `make manifests CRDS=FOLDER`)

The folder holds CustomResourceDefinitions as YAML, as their projects publish them, at any depth; lines of Helm
templates are passed over. They are not kept here: they are megabytes of other projects' text.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from manifests.cases import CASES, documents, printed, write_graphs
from manifests.forms import ANY, NUMBER_OR_TEXT, Form, lacking, problems
from manifests.kinds import KINDS

_TYPES: Mapping[str, type] = {"string": str, "integer": int, "number": float, "boolean": bool}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def main(folder: Path) -> int:
    """Compares, prints what differs, and returns the exit status."""
    defined = dict(_definitions(folder))
    found = [*_of_tables(defined), *_of_manifests(defined)]
    count = len(found)
    compared = sorted(kind for _, kind in KINDS.keys() & defined.keys())
    missing = sorted(kind for _, kind in KINDS.keys() - defined.keys())
    found.append(
        f"compared {', '.join(compared)}; no definition of {', '.join(missing) or 'none'}; {count} differences"
    )
    sys.stdout.write("".join(f"{line}\n" for line in found))
    return 1 if count or not compared else 0


def _of_tables(defined: Mapping[tuple[str, str], Form]) -> Iterator[str]:
    for name, form in KINDS.items():
        if name in defined:
            yield from (f"the table of {name[1]}: {each}" for each in lacking(form["spec!"], defined[name], name[1]))


def _of_manifests(defined: Mapping[tuple[str, str], Form]) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as place:
        folder = write_graphs(Path(place))
        for case, words in CASES.items():
            for document in documents(printed(words, folder)):
                form = defined.get((document.get("apiVersion", ""), document.get("kind", "")))
                if form is not None:
                    wrong = list(problems(document["spec"], form, _no_judge, document["kind"]))
                    sys.stdout.write(f"{'differs' if wrong else 'holds'}: {case}: {document['kind']}\n")
                    yield from (f"{case}: {each}" for each in wrong)


def _no_judge(_value: object, place: str) -> Iterator[str]:
    yield f"{place} was left to a judge of pods"


def _definitions(folder: Path) -> Iterator[tuple[tuple[str, str], Form]]:
    """The form of each kind's spec. Of several definitions of a kind the most outspoken counts: some stop half-way."""
    found: dict[tuple[str, str], Form] = {}
    for path in sorted(folder.rglob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        if "kind: CustomResourceDefinition" in text:
            for name, form in _of_text(text):
                found[name] = max(found.get(name, {}), form, key=lambda each: len(repr(each)))
    yield from found.items()


def _of_text(text: str) -> Iterator[tuple[tuple[str, str], Form]]:
    plain = "\n".join(line for line in text.splitlines() if "{{" not in line)
    for document in yaml.load_all(plain, _LOADER):
        if isinstance(document, Mapping) and document.get("kind") == "CustomResourceDefinition":
            spec = document["spec"]
            for version in spec["versions"]:
                properties = version["schema"]["openAPIV3Schema"].get("properties", {})
                name = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
                yield name, _form(properties.get("spec", {}))


def _form(schema: Mapping[str, Any]) -> Form:
    """A schema in the small notation."""
    if schema.get("x-kubernetes-int-or-string"):
        return NUMBER_OR_TEXT
    if "enum" in schema:
        return frozenset(schema["enum"])
    if "items" in schema:
        return [_form(schema["items"])]
    if "properties" in schema:
        required = set(schema.get("required", ()))
        return {f"{name}{'!' * (name in required)}": _form(each) for name, each in schema["properties"].items()}
    if isinstance(schema.get("additionalProperties"), Mapping):
        return {ANY: _form(schema["additionalProperties"])}
    return _TYPES.get(schema.get("type", ""), object)


if __name__ == "__main__":
    if len(sys.argv) != 2 or re.match("-", sys.argv[1]):
        sys.exit((__doc__ or "").strip())
    sys.exit(main(Path(sys.argv[1])))
