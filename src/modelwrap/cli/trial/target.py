"""What is tried: a component at an address, or one that is served from its folder for the time of the trial."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from modelwrap.cli.trial.rest_client import RestAddress
from modelwrap.cli.trial.served import served
from modelwrap.contract import Role
from modelwrap.errors import ProjectError
from modelwrap.project import ClassSource, choose_model_name, open_folder, read_class
from modelwrap.project.classes import find_class
from modelwrap.project.roles import fitting_roles
from modelwrap.value import Value

__all__ = ["Target", "find_model", "folder_target", "url_target"]

#: Paths of a gateway, beside which it has no others that are a component's. Source: component API section 5.1.
_GATEWAY_PATHS = ("/api/v0.1/predictions", "/api/v1.0/predictions", "/api/v0.1/feedback", "/api/v1.0/feedback")
_ADDRESS = re.compile(r"[\w.-]+:\d+(/.*)?")
_PORTS = {"http": 80, "https": 443}


class Target(Value):
    """A component and how to reach it.

    Attributes:
        rest: Where it speaks REST.
        grpc: Where it speaks gRPC: host and port.
        grpc_is_certain: Whether it does; else the port is a guess.
        endpoint: The one REST path of a gateway; empty for none.
        role: Its service type.
        about: What it is, in one line.
        folder: Its folder; None where it is not known.
        log: What the server wrote last, where it was started here.
    """

    rest: RestAddress
    grpc: str
    grpc_is_certain: bool
    endpoint: str
    role: Role
    about: str
    folder: Path | None = None
    log: Callable[[], str] | None = None


def url_target(url: str, role: Role | None, grpc_port: int | None) -> Target:
    """The component at a URL.

    Args:
        url: Its address, or the whole URL of a gateway's predictions.
        role: Its service type; MODEL where nothing is said.
        grpc_port: The port of gRPC, where it is another than that of REST.

    Raises:
        ProjectError: It is no URL with a host.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except ValueError as error:
        raise ProjectError(f"{url} is no URL: {error}") from error
    if not parts.hostname:
        raise ProjectError(f"{url} has no host\nit looks like http://localhost:9000")
    path = parts.path.rstrip("/")
    endpoint = next((known for known in _GATEWAY_PATHS if path.endswith(known)), "")
    address = RestAddress(parts.hostname, port, path.removesuffix(endpoint), parts.scheme == "https")
    grpc = RestAddress(parts.hostname, grpc_port or port)
    where = str(grpc).removeprefix("http://")
    return Target(address, where, grpc_port is not None, endpoint, role or Role.MODEL, f"{address}{endpoint}")


def find_model(path: Path, name: str | None, role: Role | None) -> tuple[Path, str, Role]:
    """The real path of a model folder, the class in it, and its service type, where they are not given.

    Raises:
        ProjectError: There is no such folder, or it holds no such class.
    """
    if _ADDRESS.fullmatch(str(path)) and not path.exists():
        raise ProjectError(f"there is no folder {path}\ndid you mean http://{path}?")
    root = open_folder(path)
    name = name or choose_model_name(root)
    role = role or _fitting(find_class(root, name))
    read_class(root, name, role)
    return root, name, role


@contextmanager
def folder_target(
    path: Path, name: str | None, role: Role | None, parameters: str | None, settings: Sequence[str] = ()
) -> Iterator[Target]:
    """A model folder, served for the length of a block.

    Args:
        path: The folder.
        name: The class; the folder's one model where nothing is said.
        role: Its service type; what the class fits where nothing is said.
        parameters: The constructor's arguments, as the operator gives them.
        settings: Further flags of the runtime.

    Raises:
        ProjectError: The folder holds no such class.
        LoadFailed: It can't be served.
    """
    root, name, role = find_model(path, name, role)
    flags = [f"--service-type={role}", *([f"--parameters={parameters}"] if parameters else []), *settings]
    with served(root, name, flags) as server:
        about = f"{name} ({role}), loaded in {server.load_seconds:.1f} s"
        address = RestAddress(server.host, server.http)
        grpc = f"{server.host}:{server.grpc}"
        yield Target(address, grpc, True, "", role, about, root, server.log)


def _fitting(model: ClassSource) -> Role:
    """The role that a class was written for: MODEL if it may be one, else what its methods say."""
    roles = fitting_roles(model.methods)
    if not roles or Role.MODEL in roles:
        return Role.MODEL
    if roles[0] is Role.TRANSFORMER and "transform_input" not in model.methods:
        return Role.OUTPUT_TRANSFORMER
    return roles[0]
