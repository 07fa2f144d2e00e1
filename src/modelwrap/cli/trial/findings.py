"""What a trial finds out: one finding a question, with what to do about it."""

from __future__ import annotations

from enum import Enum

from modelwrap.value import Value

__all__ = ["Finding", "Outcome"]


class Outcome(Enum):
    """How it stands with one question."""

    GOOD = "good"
    #: Nothing is wrong, but somebody should know.
    NOTE = "note"
    PROBLEM = "problem"


class Finding(Value):
    """The answer to one question.

    Attributes:
        subject: What was asked, in a few words.
        outcome: How it stands.
        text: What was seen, in one line.
        advice: What to do; empty where nothing is to be done.
        seconds: How long it took to find out.
    """

    subject: str
    outcome: Outcome
    text: str
    advice: str = ""
    seconds: float = 0.0
