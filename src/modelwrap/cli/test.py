"""`modelwrap test`: sends a component what clients will send, by every way there is, and tells what came of it.

A folder is served for the time of the trial; a URL is taken as it is.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelwrap.cli import terminal
from modelwrap.cli.command import Command
from modelwrap.cli.exits import Exit
from modelwrap.cli.trial.contract import read_contract
from modelwrap.cli.trial.findings import Finding, Outcome
from modelwrap.contract import Role
from modelwrap.runtime.verb import Verb

if TYPE_CHECKING:
    from modelwrap.cli.trial.opening import Wishes
    from modelwrap.cli.trial.target import Target

__all__ = ["COMMAND"]

_ENDPOINTS = {verb.value.replace("_", "-"): verb for verb in Verb if verb not in {Verb.HEALTH_STATUS, Verb.METADATA}}
_MARKS = {Outcome.GOOD: "✓", Outcome.NOTE: "!", Outcome.PROBLEM: "✗"}
_PLAIN_MARKS = {Outcome.GOOD: "ok  ", Outcome.NOTE: "note", Outcome.PROBLEM: "FAIL"}
_SUBJECT_WIDTH = 15


@dataclass(frozen=True, slots=True)
class _Request:
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
    contract = None if request.contract is None else read_contract(Path(request.contract))
    with ExitStack() as stack:
        target = stack.enter_context(_target(request))
        session = open_session(target, contract, _wishes(request), stack)
        found = list(_shown(target.about, findings(session), quiet=request.as_json))
        if session.left_out:
            terminal.note(session.left_out)
        is_good = not _of(found, Outcome.PROBLEM) and not (request.strict and _of(found, Outcome.NOTE))
        if _of(found, Outcome.PROBLEM) and target.log is not None:
            terminal.say(f"\nthe server's last lines:\n{target.log()}")
    seconds = time.perf_counter() - started
    terminal.result(_document(target.about, found, is_good, seconds) if request.as_json else _summary(found, seconds))
    return Exit.GOOD if is_good else Exit.FAILED


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


# -- what is shown -----------------------------------------------------------------------------------------------------


def _shown(about: str, findings: Iterable[Finding], *, quiet: bool) -> Iterator[Finding]:
    """Passes findings on, and prints each as it comes."""
    if not quiet:
        terminal.result(about)
    for finding in findings:
        if not quiet:
            terminal.result(_line(finding))
        yield finding


def _line(finding: Finding) -> str:
    mark = (_MARKS if _can_show_marks() else _PLAIN_MARKS)[finding.outcome]
    line = f"{mark} {finding.subject:{_SUBJECT_WIDTH}} {_time(finding.seconds):>7}  {finding.text}"
    indent = " " * (len(mark) + _SUBJECT_WIDTH + 11)
    return f"{line}\n{indent}{finding.advice}" if finding.advice else line


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def _can_show_marks() -> bool:
    try:
        "".join(_MARKS.values()).encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _of(found: Sequence[Finding], outcome: Outcome) -> list[Finding]:
    return [finding for finding in found if finding.outcome is outcome]


def _summary(found: Sequence[Finding], seconds: float) -> str:
    problems, notes = len(_of(found, Outcome.PROBLEM)), len(_of(found, Outcome.NOTE))
    told = [f"{len(found)} probes"]
    told.append(f"{problems} problem{'s' * (problems != 1)}" if problems else "no problem")
    if notes:
        told.append(f"{notes} note{'s' * (notes != 1)}")
    return f"{', '.join(told)}, {seconds:.1f} s"


def _document(about: str, found: Sequence[Finding], is_good: bool, seconds: float) -> str:
    probes = [
        {
            "subject": finding.subject,
            "outcome": finding.outcome.value,
            "text": finding.text,
            "advice": finding.advice,
            "seconds": round(finding.seconds, 3),
        }
        for finding in found
    ]
    return json.dumps({"target": about, "good": is_good, "seconds": round(seconds, 3), "probes": probes}, indent=2)


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
        click.Option(["--service-type"], type=click.Choice([*Role]), metavar="T",
                     help="What the component is.  [default: what the class fits; at a URL, MODEL]"),
        click.Option(["--endpoint"], type=click.Choice([*_ENDPOINTS]), metavar="VERB",
                     help="What is asked, such as send-feedback.  [default: by service type]"),
        click.Option(["--parameters"], metavar="JSON", callback=_folder_only,
                     help="Constructor arguments, for a folder."),
        click.Option(["-n", "--requests"], type=click.IntRange(1), default=10, show_default=True, metavar="N",
                     help="Random batches by each way."),
        click.Option(["-b", "--batch-size"], type=click.IntRange(1), default=4, show_default=True, metavar="N",
                     help="Rows of each."),
        click.Option(["--seed"], type=click.IntRange(0), default=0, show_default=True, metavar="N",
                     help="Another seed makes other batches."),
        click.Option(["--ndarray"], is_flag=True, help="Send ndarray only."),
        click.Option(["-t", "--tensor"], is_flag=True, help="Send tensor only."),
        click.Option(["--rest"], is_flag=True, help="Speak REST only."),
        click.Option(["--grpc"], is_flag=True, help="Speak gRPC only."),
        click.Option(["--grpc-port"], type=click.IntRange(1, 65535), metavar="PORT",
                     help="gRPC's port at a URL.  [default: the URL's own]"),
        click.Option(["--timeout"], type=click.FloatRange(0, min_open=True), default=30.0, show_default=True,
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
