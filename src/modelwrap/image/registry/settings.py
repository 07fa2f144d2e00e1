"""What the environment says about registries: where credentials and certificates lie, and which proxies to take."""

from __future__ import annotations

import os
from pathlib import Path

from modelwrap.value import Value

__all__ = ["Surroundings", "proxy_for", "read_surroundings"]


class Surroundings(Value):
    """Where the tools that people log in with leave what they know.

    Attributes:
        inline_auth: The text of `DOCKER_AUTH_CONFIG`; empty for none.
        auth_files: Files of credentials, the first that knows a registry wins.
        certificate_folders: Folders with one folder for each registry, as Docker and Podman have them.
    """

    inline_auth: str = ""
    auth_files: tuple[Path, ...] = ()
    certificate_folders: tuple[Path, ...] = ()


def read_surroundings() -> Surroundings:
    """Reads the environment. Source: docker's config.json(5), containers-auth.json(5), containers-certs.d(5)."""
    env = os.environ
    home = Path.home()
    config = Path(env.get("XDG_CONFIG_HOME") or home / ".config") / "containers"
    docker = Path(env.get("DOCKER_CONFIG") or home / ".docker") / "config.json"
    run = env.get("XDG_RUNTIME_DIR")
    files = [
        *([Path(env["REGISTRY_AUTH_FILE"])] if env.get("REGISTRY_AUTH_FILE") else []),
        *([docker] if env.get("DOCKER_CONFIG") else []),
        *([Path(run) / "containers/auth.json"] if run else [Path(f"/run/containers/{os.getuid()}/auth.json")]),
        config / "auth.json",
        docker,
    ]
    folders = (config / "certs.d", Path("/etc/containers/certs.d"), Path("/etc/docker/certs.d"))
    return Surroundings(env.get("DOCKER_AUTH_CONFIG", ""), tuple(dict.fromkeys(files)), folders)


def proxy_for(scheme: str, host: str) -> str | None:
    """The proxy that the environment names for a host; None to go there straight.

    Args:
        scheme: `http` or `https`.
        host: With its port where one is given.
    """
    import urllib.request  # noqa: PLC0415 - registries on this machine, which no proxy leads to, come without

    if urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(scheme)
