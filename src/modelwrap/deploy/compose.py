"""Docker Compose: the image on one machine, confined as in a cluster, and a Redis beside it where it keeps state.

Source: Compose specification, services.
"""

from __future__ import annotations

from collections.abc import Iterator

from modelwrap.contract import IMAGE_USER, Env, Port
from modelwrap.deploy import pod
from modelwrap.deploy.documents import Document, Value, present
from modelwrap.deploy.names import bytes_of
from modelwrap.deploy.plan import Plan
from modelwrap.runtime.settings.options.state import STATE_KEY, STATE_STORE

__all__ = ["write"]

#: An image of the runtime has Python and need not have curl.
_ASK = f"import urllib.request as ask; ask.urlopen('http://127.0.0.1:{Port.METRICS}/ready', timeout=3)"


def write(plan: Plan) -> Iterator[Document]:
    """The one file."""
    services: dict[str, Value] = {plan.name: _service(plan)}
    if plan.root.keeps_state:
        services["redis"] = _redis()
    yield present({"services": services, "volumes": {"state": {}} if plan.root.keeps_state else None})


def _service(plan: Plan) -> Document:
    node = plan.root
    settings = {**pod.identity(plan, node), **pod.drain_settings(plan), **_state(plan), **node.environment}
    return present(
        {
            "image": node.image,
            "build": {"context": plan.build_folder} if plan.build_folder else None,
            "environment": {name: _literal(value) for name, value in settings.items()},
            "ports": [f"127.0.0.1:{port}:{port}" for port in (Port.HTTP, Port.GRPC, Port.METRICS)],
            "healthcheck": {
                "test": ["CMD", "python", "-P", "-c", _ASK],
                "interval": "10s",
                "timeout": "5s",
                "start_period": "5m",
                "retries": 3,
            },
            "depends_on": {"redis": {"condition": "service_healthy"}} if node.keeps_state else None,
            "user": IMAGE_USER,
            "read_only": True,
            "tmpfs": ["/tmp"],  # noqa: S108 - a path in the container
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges:true"],
            "mem_limit": f"{bytes_of(node.size.memory)}b",
            "stop_grace_period": f"{plan.grace(0)}s",
            "restart": "unless-stopped",
        }
    )


def _state(plan: Plan) -> Document:
    if not plan.root.keeps_state:
        return {}
    key = STATE_KEY.variables[0].name
    return {
        Env.PERSISTENCE: "1",
        STATE_STORE.variables[0].name: "redis://redis:6379/0",
        # Compose fills it in from the environment or .env, and stops with these words where it is missing.
        key: _Filled(f"${{{key}:?a long random text that state is signed with}}"),
    }


class _Filled(str):
    """A value with a place that Compose fills in."""

    __slots__ = ()


def _literal(value: Value) -> Value:
    """Compose takes a dollar for a place to fill in, unless it is doubled."""
    return value if isinstance(value, _Filled) else str(value).replace("$", "$$")


def _redis() -> Document:
    return {
        "image": "redis:7-alpine",
        "command": ["redis-server", "--appendonly", "yes"],
        "volumes": ["state:/data"],
        "healthcheck": {"test": ["CMD", "redis-cli", "ping"], "interval": "2s", "timeout": "2s", "retries": 30},
        "restart": "unless-stopped",
    }
