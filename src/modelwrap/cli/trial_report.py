"""How the findings of a trial are shown: a line each as they come, a line for all, or one JSON document."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence

from modelwrap.cli import terminal
from modelwrap.cli.trial.findings import Finding, Outcome

__all__ = ["document", "of", "shown", "summary"]

_MARKS = {Outcome.GOOD: "✓", Outcome.NOTE: "!", Outcome.PROBLEM: "✗"}
_PLAIN_MARKS = {Outcome.GOOD: "ok  ", Outcome.NOTE: "note", Outcome.PROBLEM: "FAIL"}
_SUBJECT_WIDTH = 15


def shown(about: str, findings: Iterable[Finding], *, quiet: bool) -> Iterator[Finding]:
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


def of(found: Sequence[Finding], outcome: Outcome) -> list[Finding]:
    """The findings of one outcome."""
    return [finding for finding in found if finding.outcome is outcome]


def summary(found: Sequence[Finding], seconds: float) -> str:
    """One line about all findings."""
    problems, notes = len(of(found, Outcome.PROBLEM)), len(of(found, Outcome.NOTE))
    told = [f"{len(found)} probes"]
    told.append(f"{problems} problem{'s' * (problems != 1)}" if problems else "no problem")
    if notes:
        told.append(f"{notes} note{'s' * (notes != 1)}")
    return f"{', '.join(told)}, {seconds:.1f} s"


def document(about: str, found: Sequence[Finding], is_good: bool, seconds: float) -> str:
    """All findings as JSON."""
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
