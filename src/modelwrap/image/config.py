"""The config of an image: who runs what, where, with which environment, over which layers.

The generated Dockerfile says the same in its own words; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import cast

from modelwrap.contract import ENTRYPOINT_MODULE, ENVIRONMENT_DIR, IMAGE_USER, MODEL_DIR, Port
from modelwrap.image.image import Layer, LayerKind
from modelwrap.image.oci import JSONObject, JSONValue, Platform
from modelwrap.image.plan import OCI_PREFIX, ImagePlan

__all__ = ["PORTS", "START", "USER_ENVIRONMENT", "image_annotations", "image_config", "moment"]

PORTS = (Port.HTTP, Port.GRPC, Port.METRICS)
#: What a container starts.
START = ("python", "-P", "-u", "-m", ENTRYPOINT_MODULE)
#: Any user in group 0 may run an image; there may be no line for that user in /etc/passwd.
USER_ENVIRONMENT = {"HOME": "/tmp", "USER": "model", "LOGNAME": "model"}  # noqa: S108 - the container's own

#: What builders put in place of a PATH that a base image does not set.
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: What of a base image's config says on which machines it runs. Source: OCI image specification, config.
_MACHINE = ("os.version", "os.features")


def image_config(
    plan: ImagePlan, base: Mapping[str, JSONValue], layers: Sequence[Layer], platform: Platform, created: int
) -> JSONObject:
    """The config of a plan's image.

    Args:
        plan: What is made.
        base: The base image's config.
        layers: The base's first, as many as its config has diff IDs.
        platform: What it runs on.
        created: Seconds since 1970.
    """
    return {
        **{key: base[key] for key in _MACHINE if key in base},
        **platform.document,
        "created": moment(created),
        "config": _settings(plan, _object(base.get("config"))),
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        **_history(base, layers),
    }


def image_annotations(plan: ImagePlan, created: int, base_digest: str = "") -> dict[str, str]:
    """The annotations of a manifest or, without the digest of one base, of an index. Source: as for the labels."""
    base = {f"{OCI_PREFIX}.base.digest": base_digest} if base_digest else {}
    return {f"{OCI_PREFIX}.created": moment(created), **base, **plan.oci_labels}


def moment(seconds: int) -> str:
    """A time as configs and annotations state it. Source: RFC 3339."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _settings(plan: ImagePlan, base: JSONObject) -> JSONObject:
    """The base's own, and over them what the Dockerfile sets."""
    return {
        **base,
        "User": IMAGE_USER,
        "WorkingDir": MODEL_DIR,
        "Entrypoint": list(START),
        "Cmd": [],
        "Env": _environment(base, {**plan.environment, **USER_ENVIRONMENT}),
        "Labels": {**_object(base.get("Labels")), **plan.labels, **plan.oci_labels},
        "ExposedPorts": {**_object(base.get("ExposedPorts")), **{f"{port}/tcp": {} for port in PORTS}},
    }


def _environment(base: JSONObject, added: Mapping[str, str]) -> list[JSONValue]:
    """In the order of a builder: what the base sets keeps its place."""
    pairs = (str(pair).partition("=") for pair in cast("list[JSONValue]", base.get("Env") or []))
    values = {name: value for name, _, value in pairs}
    values["PATH"] = f"{ENVIRONMENT_DIR}/bin:{values.get('PATH') or _PATH}"
    return [f"{name}={value}" for name, value in {**values, **added}.items()]


def _history(base: Mapping[str, JSONValue], layers: Sequence[Layer]) -> JSONObject:
    """One entry for each layer that is added. It is left out where the base's does not tell of each of its layers."""
    told = cast("list[JSONObject]", base.get("history") or [])
    filled = [entry for entry in told if not entry.get("empty_layer")]
    if len(filled) != sum(layer.kind is LayerKind.BASE for layer in layers):
        return {}
    return {"history": [*told, *_entries(layers)]}


def _entries(layers: Sequence[Layer]) -> Iterator[JSONObject]:
    """In few words and without times: every edit of the code pushes all of the config again."""
    for layer in layers:
        if layer.kind is not LayerKind.BASE:
            yield {"created_by": f"modelwrap {layer.kind}: {layer.title}"}


def _object(value: JSONValue) -> JSONObject:
    return value if isinstance(value, dict) else {}
