"""What an orchestrator relies on beside the numbers: metadata that comes back, refusals in order, health."""

from __future__ import annotations

from collections.abc import Iterator

from modelwrap.cli.trial.findings import Finding
from modelwrap.cli.trial.questions import Wire
from modelwrap.cli.trial.replies import Reply
from modelwrap.cli.trial.session import Session, good, problem
from modelwrap.cli.trial.ways import carries
from modelwrap.runtime.message import Meta
from modelwrap.runtime.payload import JSONValue
from modelwrap.runtime.verb import Verb
from modelwrap.value import replace

__all__ = ["broken_messages", "echoed", "healthy", "unknown_path"]

_PUID = "a-request-of-modelwrap-test"
_TAGS: dict[str, JSONValue] = {"trial": [1.0, "two"]}
#: Verbs whose answers carry the tags of what they answer. Source: component API section 8.
_CARRY_TAGS = {Verb.PREDICT, Verb.TRANSFORM_INPUT, Verb.TRANSFORM_OUTPUT, Verb.AGGREGATE}


def echoed(session: Session) -> Iterator[Finding]:
    """The request's id and tags come back."""
    rows = session.batches.batch(1)
    question = replace(session.question(rows), meta=Meta(puid=_PUID, tags=_TAGS, given={}))
    asked = [way for way in session.ways if carries(way, rows)]
    lost = {way.wire: what for way in asked if (what := _lost(session, way.ask(question)))}
    what = "puid and tags" if session.verb in _CARRY_TAGS else "puid"
    if lost:
        wire, trouble = next(iter(lost.items()))
        advice = "a raw method's answer is sent as it is: copy the request's meta into it"
        yield problem("metadata", f"{wire.value}: {trouble}", advice)
    else:
        yield good("metadata", f"{what} of the request come{'s' * (what == 'puid')} back")


def _lost(session: Session, reply: Reply) -> str:
    if reply.message is None:
        return f"a message with meta is answered {reply.told()}"
    if reply.message.meta.puid != _PUID:
        return "the request's puid does not come back"
    carried = {key: reply.message.meta.tags.get(key) for key in _TAGS}
    return "a tag of the request does not come back" if session.verb in _CARRY_TAGS and carried != _TAGS else ""


def broken_messages(session: Session) -> Iterator[Finding]:
    """Bytes that are no message are the client's fault, and told as such."""
    for way in session.one_of_each_wire():
        if way.wire is Wire.REST:
            yield _refused("bad JSON", way.send(session.verb, b'{"data": {"ndarray": [[1,'), "400")
        else:
            yield _refused("bad protobuf", way.send(session.verb, b"\xff\xff"), "INVALID_ARGUMENT")


def unknown_path(session: Session) -> Iterator[Finding]:
    """A path that nobody serves is not found."""
    if session.doors.rest is not None and not session.doors.endpoint:
        yield _refused("unknown path", session.doors.rest.post("/no/such/path", b"{}"), "404")


def _refused(subject: str, reply: Reply, status: str) -> Finding:
    if reply.status == status:
        return good(subject, f"refused with {status}")
    seen = "is answered as if it were good" if reply.is_answer else f"is answered {reply.told()}"
    return problem(subject, f"it {seen}", f"expected: {status}; what does not come from modelwrap may differ")


def healthy(session: Session) -> Iterator[Finding]:
    """After all that, it is well."""
    if session.doors.rest is None or session.doors.endpoint:
        return
    reply = session.doors.rest.get("/health/status")
    if not reply.is_answer:
        yield problem("health", f"/health/status is answered {reply.told()}", "see health_status() of the class")
        return
    if session.doors.rest.document("/metadata") is None:
        yield problem("health", "/metadata is not answered", "see init_metadata() of the class, or MODEL_METADATA")
        return
    yield good("health", "well after all that")
