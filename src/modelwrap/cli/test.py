"""`modelwrap test`: sends a component what clients will send, by every way there is, and tells what came of it.

A folder is served for the time of the trial; a URL is taken as it is.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelwrap.cli import terminal
from modelwrap.cli.command import Command
from modelwrap.cli.ending import ending_in_order
from modelwrap.cli.exits import Exit
from modelwrap.cli.trial.contract import CONTRACT_FILE, Contract, read_contract
from modelwrap.cli.trial.findings import Outcome
from modelwrap.cli.trial_report import document, of, shown, summary
from modelwrap.cli.values import SECONDS_ABOVE_ZERO, SERVICE_TYPE, OneOf, whole
from modelwrap.contract import Role
from modelwrap.runtime.verb import Verb
from modelwrap.value import Value

if TYPE_CHECKING:
    from modelwrap.cli.trial.opening import Wishes
    from modelwrap.cli.trial.target import Target

__all__ = ["COMMAND"]

_ENDPOINTS = {verb.value.replace("_", "-"): verb for verb in Verb if verb not in {Verb.HEALTH_STATUS, Verb.METADATA}}


class _Request(Value):
    """What was asked for on the command line."""

    target: str
    model_name: str | None
    contract: str | None
    service_type: str | None
    endpoint: str | None
    parameters: str | None
    requests: int
    batch_size: int
    seed: int
    ndarray: bool
    tensor: bool
    rest: bool
    grpc: bool
    grpc_port: int | None
    timeout: float
    quick: bool
    strict: bool
    as_json: bool


def _test(request: _Request) -> int:
    from modelwrap.cli.trial.opening import open_session  # noqa: PLC0415 - loads NumPy
    from modelwrap.cli.trial.probes import findings  # noqa: PLC0415

    started = time.perf_counter()
    contract = _contract(request)  # before anything starts, so that its faults are told at once
    with ending_in_order(), ExitStack() as stack:
        target = stack.enter_context(_target(request))
        session = open_session(target, contract, _wishes(request), stack)
        found = list(shown(target.about, findings(session), quiet=request.as_json))
        if session.left_out:
            terminal.note(session.left_out)
        is_good = not of(found, Outcome.PROBLEM) and not (request.strict and of(found, Outcome.NOTE))
        if of(found, Outcome.PROBLEM) and target.log is not None:
            terminal.say(f"\nthe server's last lines:\n{target.log()}")
    seconds = time.perf_counter() - started
    terminal.result(document(target.about, found, is_good, seconds) if request.as_json else summary(found, seconds))
    return Exit.GOOD if is_good else Exit.FAILED


def _contract(request: _Request) -> Contract | None:
    """The contract that is named, or the folder's own."""
    if request.contract is not None:
        return read_contract(Path(request.contract))
    own = Path(request.target, CONTRACT_FILE)
    return read_contract(own) if own.is_file() else None


def _target(request: _Request) -> AbstractContextManager[Target]:
    from modelwrap.cli.trial.target import folder_target, url_target  # noqa: PLC0415

    role = None if request.service_type is None else Role(request.service_type)
    if request.target.startswith(("http://", "https://")):
        return nullcontext(url_target(request.target, role, request.grpc_port))
    return folder_target(Path(request.target), request.model_name, role, request.parameters)


def _wishes(request: _Request) -> Wishes:
    """An option that names one of two asks for that one alone; both, or neither, ask for both."""
    from modelwrap.cli.trial.opening import Wishes  # noqa: PLC0415

    return Wishes(
        verb=None if request.endpoint is None else _ENDPOINTS[request.endpoint],
        rest=request.rest or not request.grpc,
        grpc=request.grpc or not request.rest,
        ndarray=request.ndarray or not request.tensor,
        tensor=request.tensor or not request.ndarray,
        requests=request.requests,
        rows=request.batch_size,
        seed=request.seed,
        timeout=request.timeout,
        is_quick=request.quick,
    )


def _folder_only(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Refuses what only a folder can be told, where a URL is given."""
    if value is not None and str(ctx.params.get("target", "")).startswith(("http://", "https://")):
        raise click.UsageError(f"{param.opts[0]} is for a folder: what is served at a URL has it already", ctx)
    return value


COMMAND = Command(
    "test",
    [
        click.Argument(["target"], is_eager=True),
        click.Argument(["model_name"], required=False),
        click.Option(["--contract"], metavar="FILE",
                     help="What the inputs are.  [default: contract.json of the folder]"),
        click.Option(["--service-type"], type=SERVICE_TYPE, metavar="T",
                     help="What the component is.  [default: what the class fits; at a URL, MODEL]"),
        click.Option(["--endpoint"], type=OneOf(_ENDPOINTS), metavar="VERB",
                     help="What is asked, such as send-feedback.  [default: by service type]"),
        click.Option(["--parameters"], metavar="JSON", callback=_folder_only,
                     help="Constructor arguments, for a folder."),
        click.Option(["-n", "--requests"], type=whole(1), default=10, show_default=True, metavar="N",
                     help="Random batches by each way."),
        click.Option(["-b", "--batch-size"], type=whole(1), default=4, show_default=True, metavar="N",
                     help="Rows of each."),
        click.Option(["--seed"], type=whole(0), default=0, show_default=True, metavar="N",
                     help="Another seed makes other batches."),
        click.Option(["--ndarray"], is_flag=True, help="Send ndarray only."),
        click.Option(["-t", "--tensor"], is_flag=True, help="Send tensor only."),
        click.Option(["--rest"], is_flag=True, help="Speak REST only."),
        click.Option(["--grpc"], is_flag=True, help="Speak gRPC only."),
        click.Option(["--grpc-port"], type=whole(1, 65535), metavar="PORT",
                     help="gRPC's port at a URL.  [default: the URL's own]"),
        click.Option(["--timeout"], type=SECONDS_ABOVE_ZERO, default=30.0, show_default=True,
                     metavar="SECONDS", help="How long one answer may take."),
        click.Option(["--quick"], is_flag=True, help="Leave the large payload out."),
        click.Option(["--strict"], is_flag=True, help="Take notes for problems."),
        click.Option(["--json", "as_json"], is_flag=True, help="Print the report as JSON."),
    ],
    lambda **words: _test(_Request(**words)),
    about=(
        "Try the model folder or the running component TARGET: random batches by its contract and inputs that clients "
        "send some day, over REST and gRPC. All answers must be alike. Ends with status 1 where there are problems."
    ),
    groups={
        "What is tried": ["--contract", "--service-type", "--endpoint", "--parameters"],
        "With what": ["-n", "-b", "--seed", "--ndarray", "-t", "--rest", "--grpc", "--grpc-port"],
        "How": ["--timeout", "--quick", "--strict", "--json", "-h"],
    },
    examples=[
        "modelwrap test ./iris",
        "modelwrap test ./router EpsilonGreedy --endpoint send-feedback",
        "modelwrap test http://localhost:9000 --contract iris/contract.json --grpc-port 5000 --json",
    ],
)  # fmt: skip
