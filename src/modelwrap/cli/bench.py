"""`modelwrap bench`: how many requests a model answers, by which settings, and which of them pay.

A folder is served anew for each setting; a URL is measured as it runs.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import AbstractContextManager, redirect_stderr
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelwrap.cli import terminal
from modelwrap.cli.command import Command
from modelwrap.cli.ending import ending_in_order
from modelwrap.cli.exits import Exit
from modelwrap.cli.trial.contract import CONTRACT_FILE, Contract, read_contract
from modelwrap.cli.values import SECONDS_ABOVE_ZERO, SERVICE_TYPE, OneOf, whole
from modelwrap.contract import Role
from modelwrap.runtime.settings.arguments import parse
from modelwrap.value import Value

if TYPE_CHECKING:
    from modelwrap.cli.load.advice import Figures
    from modelwrap.cli.load.experiment import Plan
    from modelwrap.cli.trial.target import Target

__all__ = ["COMMAND"]

_CLIENTS = "1,16,64"
_GENERATORS = ("wrk", "h2load", "threads")
_SCHEMES = ("http://", "https://")


class _Request(Value):
    """What was asked for on the command line."""

    target: str
    model_name: str | None
    contract: str | None
    service_type: str | None
    parameters: str | None
    batch_size: int
    clients: tuple[int, ...]
    seconds: float
    client: str | None
    also: tuple[str, ...]
    timeout: float
    as_json: bool

    @property
    def is_url(self) -> bool:
        """Whether a component is measured that runs already."""
        return self.target.startswith(_SCHEMES)

    @property
    def role(self) -> Role | None:
        """The service type, where one is given."""
        return None if self.service_type is None else Role(self.service_type)


def _bench(request: _Request) -> int:
    from modelwrap.cli.bench_report import document, report  # noqa: PLC0415 - all of this loads NumPy
    from modelwrap.cli.load.experiment import Plan  # noqa: PLC0415
    from modelwrap.cli.load.generators import choose  # noqa: PLC0415

    generator = choose(request.client)
    plan = Plan(
        contract=_contract(request),
        rows=request.batch_size,
        clients=request.clients,
        seconds=request.seconds,
        timeout=request.timeout,
        generator=generator,
        also=request.also,
        tell=lambda variant: terminal.say(f"measuring: {variant}"),
    )
    with ending_in_order():
        about, figures = _measured(request, plan)
    rows = f"{request.batch_size} row{'s' * (request.batch_size != 1)} a request"
    how = f"REST, {rows}, asked by {generator.name} on this machine, {request.seconds:g} s each"
    terminal.result(document(about, generator.name, figures) if request.as_json else report(about, how, figures))
    return Exit.GOOD


def _measured(request: _Request, plan: Plan) -> tuple[str, Figures]:
    """What was measured, and the figures."""
    from modelwrap.cli.load.experiment import compare, measure_as_it_is  # noqa: PLC0415
    from modelwrap.cli.trial.target import find_model, folder_target, url_target  # noqa: PLC0415

    if request.is_url:
        target = url_target(request.target, request.role, None)
        return target.about, measure_as_it_is(target, plan)

    find_model(Path(request.target), request.model_name, request.role)  # a folder without one is told of as that

    def serve(settings: Sequence[str]) -> AbstractContextManager[Target]:
        return folder_target(Path(request.target), request.model_name, request.role, request.parameters, settings)

    return request.target, compare(serve, plan)


def _contract(request: _Request) -> Contract | None:
    """The contract that is named, or the folder's own."""
    if request.contract is not None:
        return read_contract(Path(request.contract))
    own = Path(request.target, CONTRACT_FILE)
    return read_contract(own) if own.is_file() else None


def _read_clients(ctx: click.Context, _param: click.Parameter, text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(int(word) for word in text.split(","))
    except ValueError:
        numbers = ()
    if not numbers or min(numbers) < 1:
        raise click.UsageError(f"--clients is {text!r}: expected numbers from 1 on, such as {_CLIENTS}", ctx)
    return tuple(sorted(set(numbers)))


def _read_also(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Refuses what the server would refuse, before anything is measured."""
    _folder_only(ctx, param, value)
    for flags in value:
        said = StringIO()
        try:
            with redirect_stderr(said):
                parse(["MODEL", *shlex.split(flags)])
        except (SystemExit, ValueError) as error:
            why = said.getvalue().partition("\n")[0].partition("error: ")[2] or str(error)
            raise click.UsageError(f"--also is {flags!r}: {why}", ctx) from None
    return value


def _folder_only(ctx: click.Context, param: click.Parameter, value: object) -> object:
    """Refuses what only a folder can be told, where a URL is given."""
    if value and str(ctx.params.get("target", "")).startswith(_SCHEMES):
        raise click.UsageError(f"{param.opts[0]} is for a folder: what is served at a URL has its settings", ctx)
    return value


COMMAND = Command(
    "bench",
    [
        click.Argument(["target"], is_eager=True),
        click.Argument(["model_name"], required=False),
        click.Option(["--contract"], metavar="FILE",
                     help="What the inputs are.  [default: contract.json of the folder]"),
        click.Option(["--service-type"], type=SERVICE_TYPE, metavar="T",
                     help="What the component is.  [default: what the class fits; at a URL, MODEL]"),
        click.Option(["--parameters"], metavar="JSON", callback=_folder_only,
                     help="Constructor arguments, for a folder."),
        click.Option(["-b", "--batch-size"], type=whole(1), default=1, show_default=True, metavar="N",
                     help="Rows of a request."),
        click.Option(["--clients"], default=_CLIENTS, show_default=True, metavar="N,N", callback=_read_clients,
                     help="How many ask at once."),
        click.Option(["--seconds"], type=SECONDS_ABOVE_ZERO, default=3.0, show_default=True,
                     metavar="S", help="Length of each measurement."),
        click.Option(["--client"], type=OneOf(_GENERATORS), metavar="TOOL",
                     help="Who asks: wrk, h2load, threads.  [default: the first that is here]"),
        click.Option(["--also"], multiple=True, metavar="FLAGS", callback=_read_also,
                     help="Measure these flags of the server too; may be repeated."),
        click.Option(["--timeout"], type=SECONDS_ABOVE_ZERO, default=30.0, show_default=True,
                     metavar="SECONDS", help="How long one answer may take."),
        click.Option(["--json", "as_json"], is_flag=True, help="Print the figures as JSON."),
    ],
    lambda **words: _bench(_Request(**words)),
    about=(
        "Measure how many requests the model folder or the running component TARGET answers. A folder is served by "
        "default, with --inline, with requests joined where rows are independent, and with two workers; then the "
        "settings that pay are recommended. Client and server share this machine's cores."
    ),
    groups={
        "What is measured": ["--contract", "--service-type", "--parameters", "--also"],
        "How": ["-b", "--clients", "--seconds", "--client", "--timeout", "--json", "-h"],
    },
    examples=[
        "modelwrap bench ./iris",
        'modelwrap bench ./mnist MnistClassifier -b 8 --also "--threads 4" --also "--inline --max-batch-size 64"',
        "modelwrap bench http://localhost:9000 --contract iris/contract.json --clients 1,8 --json",
    ],
)  # fmt: skip
