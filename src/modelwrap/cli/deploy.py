"""`modelwrap deploy`: prints the manifests that run an image on a platform. It applies nothing and asks no cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from click.core import ParameterSource

from modelwrap.cli import terminal
from modelwrap.cli.command import Command
from modelwrap.cli.exits import Exit
from modelwrap.cli.values import SECONDS, SERVICE_TYPE, OneOf, whole
from modelwrap.contract import Role
from modelwrap.deploy import (
    PLATFORMS,
    Node,
    Plan,
    Platform,
    Protocol,
    Size,
    Source,
    Target,
    manifests,
    read_graph,
    read_parameter,
    read_source,
    read_variable,
    write_yaml,
)
from modelwrap.runtime.settings.options.server import DRAIN_TIMEOUT
from modelwrap.value import Value

__all__ = ["COMMAND"]

_GRAPH_FILES = (".yaml", ".yml")
_SIZE = Size()
#: What a graph file says for each of its nodes.
_OF_ONE = frozenset({"--image", "--service-type", "--parameter", "--env", "--persistence", "--artifact"})


class _Request(Value):
    """The command line as typed."""

    source: str
    platform: str
    name: str | None
    namespace: str
    image: str | None
    service_type: str | None
    parameter: tuple[str, ...]
    env: tuple[str, ...]
    persistence: bool
    state_secret: str
    artifact: str
    protocol: str | None
    grpc: bool
    replicas: int | None
    max_replicas: int | None
    cpu: str
    memory: str
    drain_timeout: float
    pull_secret: str
    no_monitor: bool

    @property
    def is_graph(self) -> bool:
        """Whether a graph file is meant."""
        return self.source.endswith(_GRAPH_FILES) and not Path(self.source).is_dir()

    @property
    def size(self) -> Size:
        """What a container gets."""
        return Size(self.cpu, self.memory)


def _run(request: _Request) -> int:
    platform = Platform(request.platform)
    target = PLATFORMS[platform]
    _refuse_idle_options(request, target)
    name, root, source = _graph(request) if request.is_graph else _single(request)
    plan = _plan(request, target, name, root, source)
    text = write_yaml(manifests(platform, plan))
    for line in (*_doubts(request.source), *_notes(plan, target)):
        terminal.note(line)
    terminal.result(text.rstrip("\n"))
    return Exit.GOOD


def _graph(request: _Request) -> tuple[str, Node, Source | None]:
    name, root = read_graph(Path(request.source), request.size)
    return request.name or name, root, None


def _single(request: _Request) -> tuple[str, Node, Source]:
    source = read_source(request.source, request.image)
    name = request.name or source.name
    node = Node(
        name=name,
        image=source.image,
        role=Role(request.service_type) if request.service_type else source.role or Role.MODEL,
        parameters=tuple(map(read_parameter, request.parameter)),
        environment=dict(map(read_variable, request.env)),
        size=request.size,
        keeps_state=request.persistence or source.keeps_state,
        artifact=request.artifact,
    )
    return name, node, source


def _plan(request: _Request, target: Target, name: str, root: Node, source: Source | None) -> Plan:
    replicas = request.replicas or target.replicas
    return Plan(
        name=name,
        root=root,
        namespace=request.namespace,
        protocol=Protocol(request.protocol) if request.protocol else None,
        grpc=request.grpc or (target.chooses_grpc and source is not None and source.grpc),
        replicas=replicas,
        max_replicas=request.max_replicas or (2 * replicas if target.scales else None),
        drain=request.drain_timeout,
        state_secret=request.state_secret,
        pull_secret=request.pull_secret,
        monitor=not request.no_monitor,
        build_folder=source.folder if source else "",
    )


def _refuse_idle_options(request: _Request, target: Target) -> None:
    """An option that would change nothing is refused: whoever gives it expects something of it."""
    context = click.get_current_context()
    typed = {
        param.opts[-1]
        for param in context.command.params
        if context.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE
    }
    for option in sorted(typed & target.idle_options):
        raise click.UsageError(f"{option} means nothing for {target.title}", context)
    for option in sorted(typed & _OF_ONE) if request.is_graph else ():
        raise click.UsageError(f"{option} is said in the graph file, for each node", context)


def _doubts(source: str) -> Iterator[str]:
    """A bare word may be a folder's name, mistyped."""
    if not Path(source).exists() and not source.endswith(_GRAPH_FILES) and not set("/:@") & set(source):
        yield f"there is no folder {source} here, so it is taken for an image"


def _notes(plan: Plan, target: Target) -> Iterator[str]:
    for node in plan.nodes:
        if not Source(node.image).is_versioned:
            yield f"{node.image} has no version, so that two nodes may run two images\ngive it a tag or a digest"
    if any(node.keeps_state for node in plan.nodes):
        yield target.state_note.format(plan=plan)


_OPTIONS = [
    click.Option(
        ["--for", "platform"],
        type=OneOf(Platform),
        metavar="PLATFORM",
        required=True,
        help="seldon (Core 1), seldon2 (Core 2), kserve, kubernetes or compose.",
    ),
    click.Option(["--name"], metavar="NAME", help="The deployment's name.  [default: the image's, or the file's]"),
    click.Option(["--namespace"], metavar="NS", default="", help="Its namespace.  [default: where it is applied]"),
    click.Option(["--image"], metavar="IMAGE", help="The image of a folder that does not tell it."),
    click.Option(
        ["--service-type"],
        type=SERVICE_TYPE,
        metavar="T",
        help="What it is in a graph.  [default: as wrapped]",
    ),
    click.Option(
        ["--parameter"],
        metavar="NAME=VALUE",
        multiple=True,
        help="Argument of the class; or NAME:TYPE=VALUE.",
    ),
    click.Option(["--env"], metavar="NAME=VALUE", multiple=True, help="Environment variable, such as a setting."),
    click.Option(["-p", "--persistence"], is_flag=True, help="State is kept in Redis.  [default: as wrapped]"),
    click.Option(
        ["--state-secret"], metavar="NAME", default="", help="Secret with `url` and `key`.  [default: NAME-state]"
    ),
    click.Option(["--artifact"], metavar="URI", default="", help="The artifact that Core 2 insists on."),
    click.Option(
        ["--protocol"],
        type=OneOf(Protocol),
        metavar="P",
        help="seldon or v2 (seldon), v1 or v2 (kserve).",
    ),
    click.Option(["--grpc"], is_flag=True, help="The platform calls over gRPC (seldon, kserve)."),
    click.Option(["--replicas"], type=whole(1), metavar="N", help="How many run at least.  [default: 2]"),
    click.Option(
        ["--max-replicas"],
        type=whole(1),
        metavar="N",
        help="How many may run.  [default: twice as many]",
    ),
    click.Option(["--cpu"], metavar="N", default=_SIZE.cpu, show_default=True, help="Processors set aside for each."),
    click.Option(
        ["--memory"],
        metavar="SIZE",
        default=_SIZE.memory,
        show_default=True,
        help="Memory of each; beyond it, it is killed.",
    ),
    click.Option(
        ["--drain-timeout"],
        type=SECONDS,
        metavar="SECONDS",
        default=DRAIN_TIMEOUT.default,
        show_default=True,
        help="How long requests in progress may take at the end.",
    ),
    click.Option(["--pull-secret"], metavar="NAME", default="", help="Secret that images are pulled with."),
    click.Option(["--no-monitor"], is_flag=True, help="No ServiceMonitor: the cluster has no such kind."),
]

COMMAND = Command(
    "deploy",
    [click.Argument(["source"]), *_OPTIONS],
    lambda **words: _run(_Request(**words)),
    about=(
        "Print the YAML that runs SOURCE on a platform, and apply nothing. SOURCE is an image, a folder that modelwrap "
        "wrote, a model folder, or a graph file (.yaml) of several components."
    ),
    groups={
        "What runs": ["--for", "--name", "--namespace", "--image", "--service-type", "--parameter", "--env"],
        "How it is called": ["--protocol", "--grpc"],
        "How much of it": ["--replicas", "--max-replicas", "--cpu", "--memory", "--drain-timeout"],
        "What it needs": ["-p", "--state-secret", "--artifact", "--pull-secret", "--no-monitor", "-h"],
    },
    examples=[
        "modelwrap deploy registry.example/iris:0.1 --for kubernetes | kubectl apply -f -",
        "modelwrap deploy iris --for seldon --replicas 3 --memory 2Gi",
        "modelwrap deploy graph.yaml --for seldon --grpc",
        "modelwrap deploy registry.example/iris:0.1 --for kserve --protocol v1",
    ],
)
