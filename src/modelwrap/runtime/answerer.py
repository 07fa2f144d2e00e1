"""The pipes that every door leads into: decode, do, encode, the whole server in a few lines.

Here bytes meet verbs, and no verb is written twice for two wires. No HTTP status, header or socket is known here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from modelwrap.contract import Role
from modelwrap.errors import ModelwrapError
from modelwrap.runtime.catalogue import Catalogue
from modelwrap.runtime.codecs import Codec, Mixed
from modelwrap.runtime.mailbox import Call, Mailbox
from modelwrap.runtime.message import Message
from modelwrap.runtime.message import Request as Received
from modelwrap.runtime.payload import JSONObject, Raw, Tensors, UserValue
from modelwrap.runtime.service import Request, Service
from modelwrap.runtime.verb import Verb
from modelwrap.value import Record

__all__ = ["Answer", "Answerer", "Pipe", "answer_of"]


class Answer(Record):
    """What goes back to the caller.

    Attributes:
        body: The encoded message, or the encoded error.
        error: The error that the body tells of, or None.
        status: The status code that a raw reply to predict carries; a REST transport makes it the HTTP status.
        json_size: How many bytes of the body are JSON, where bytes of tensors follow them; else None.
    """

    __slots__ = ("body", "error", "json_size", "status")

    def __init__(
        self,
        body: bytes,
        error: ModelwrapError | None = None,
        status: int | None = None,
        json_size: int | None = None,
    ) -> None:
        self.body = body
        self.error = error
        self.status = status
        self.json_size = json_size


#: Answers one verb over one wire, within so many seconds if there is a limit: with the bytes of a usual answer, with an
#: `Answer` where there is more to say, or with the call whose outcome `answer_of` encodes. What goes wrong is raised,
#: as a `ModelwrapError` if it is no defect of our own.
Pipe: TypeAlias = Callable[[Received, float | None], bytes | Answer | Call[Message]]


class Answerer:
    """Decode, do, encode: the pipes that every protocol's door leads into.

    Args:
        service: The verbs.
        mailbox: Where verbs wait for the model's thread.
        metadata: The model's metadata document; may raise a `ModelwrapError`.
        catalogue: The names that the model goes by.
        joining: Whether predictions that wait together may be joined.
        passthrough: Whether predict's raw method takes a REST body as its bytes, whatever they are.
    """

    def __init__(
        self,
        service: Service,
        mailbox: Mailbox,
        *,
        metadata: Callable[[], JSONObject],
        catalogue: Catalogue | None = None,
        joining: bool = False,
        passthrough: bool = False,
    ) -> None:
        self._service = service
        self._mailbox = mailbox
        self._metadata = metadata
        self._catalogue = (
            Catalogue([type(service.component.user_object).__name__], metadata) if catalogue is None else catalogue
        )
        self._joining = joining
        self._passthrough = passthrough

    @property
    def role(self) -> Role:
        """What the component is."""
        return self._service.role

    @property
    def catalogue(self) -> Catalogue:
        """The names that the model goes by."""
        return self._catalogue

    def pipe(self, codec: Codec, verb: Verb, *, on_grpc: bool = False) -> Pipe:
        """What answers a verb over a wire. Whatever is known beforehand is decided here, once.

        Args:
            codec: The wire's codec.
            verb: What is asked.
            on_grpc: Whether raw methods take protobuf messages.
        """
        component = self._service.component
        if verb is Verb.METADATA:
            return lambda _received, _left: codec.encode_metadata(self._metadata())
        if verb is Verb.HEALTH_STATUS and not component.has(verb):
            return lambda _received, _left: answer_of(codec, self._service.health_status())
        if codec.SELDON_MESSAGES and component.has_raw(verb, on_grpc=on_grpc):
            return self._raw_pipe(codec, verb, on_grpc)
        joining = self._joining and verb is Verb.PREDICT
        if self._mailbox.inline and not joining:
            return self._direct_pipe(codec, verb)
        return self._waiting_pipe(codec, verb, joining=joining)

    def _direct_pipe(self, codec: Codec, verb: Verb) -> Pipe:
        """Where there is neither the model's thread to wait for nor others to be joined with, but perhaps a sweep."""
        decode, do, encode = self._decoder(codec, verb), self._service.doer(verb), codec.encode_message
        admit, submit, sweeps = self._mailbox.admit_at_once, self._mailbox.submit, self._mailbox.sweeps
        run = self._mailbox.context.run

        def answer(received: Received, left: float | None) -> bytes | Answer | Call[Message]:
            request = decode(received)
            if sweeps.is_new_turn and not sweeps.is_crowd:
                admit()
                message = sweeps.first(run, do, request)
            elif sweeps.are_worthwhile:
                return submit(partial(do, request), timeout=left)
            else:
                admit()
                message = run(do, request)
            body = encode(message)
            return _mixed(body) if isinstance(body, Mixed) else body

        return answer

    def _waiting_pipe(self, codec: Codec, verb: Verb, *, joining: bool) -> Pipe:
        """By way of the mailbox."""
        decode, do, submit = self._decoder(codec, verb), self._service.doer(verb), self._mailbox.submit

        def answer(received: Received, left: float | None) -> Call[Message]:
            request = decode(received)
            return submit(partial(do, request), item=request if joining else None, timeout=left)

        return answer

    def _raw_pipe(self, codec: Codec, verb: Verb, on_grpc: bool) -> Pipe:
        """Raw methods take the message whole; only where they all decline is it decoded, for the plain one."""
        decode, do = self._decoder(codec, verb), self._service.doer(verb)
        untouched = self._passthrough and verb is Verb.PREDICT and not on_grpc

        def work(received: Received, whole: UserValue) -> Message:
            answer = self._service.do_raw(verb, whole, on_grpc=on_grpc)
            if answer is None:
                return do(decode(received))
            return _as_bytes(answer) if untouched else answer

        def answer(received: Received, left: float | None) -> bytes | Answer | Call[Message]:
            whole = received.body if untouched else _whole(codec, verb, received)
            if not self._mailbox.inline:
                return self._mailbox.submit(partial(work, received, whole), timeout=left)
            self._mailbox.admit_at_once()
            return answer_of(codec, self._mailbox.context.run(work, received, whole))

        return answer

    def _decoder(self, codec: Codec, verb: Verb) -> Callable[[Received], Any]:
        """What makes a verb's request of received bytes."""
        decode = _decoder_of(codec, verb)
        if codec.SELDON_MESSAGES:
            return decode

        def admitted(received: Received) -> Request:
            request: Request = decode(received)
            self._admit(request, received)
            return request

        return admitted

    def _admit(self, request: Request, received: Received) -> None:
        """See that a request is for the model that is here, and tell it the names of the model's outputs."""
        payload = request.payload if isinstance(request, Message) else None
        if isinstance(payload, Tensors):
            wanted = payload.wanted
            self._catalogue.admit(wanted.model, wanted.version)
            wanted.declared = self._catalogue.outputs
        else:
            self._catalogue.admit(received.model, received.version)


def _whole(codec: Codec, verb: Verb, received: Received) -> UserValue:
    if verb is Verb.SEND_FEEDBACK:
        return codec.decode_feedback(received)
    return None if verb is Verb.HEALTH_STATUS else codec.decode_whole(received)


def _as_bytes(answer: Message) -> Message:
    """An answer that is sent as it was returned, text too, which otherwise is a JSON string."""
    reply = answer.payload.value if isinstance(answer.payload, Raw) else None
    return Message(Raw(reply.encode()), status=answer.status) if isinstance(reply, str) else answer


def _decoder_of(codec: Codec, verb: Verb) -> Callable[[Received], Any]:
    if verb is Verb.AGGREGATE:
        return codec.decode_messages
    if verb is Verb.SEND_FEEDBACK:
        return codec.decode_feedback
    return (lambda _: None) if verb is Verb.HEALTH_STATUS else codec.decode_message


def answer_of(codec: Codec, message: Message) -> bytes | Answer:
    """The answer that carries a message: its bytes, where there is no more to say.

    Raises:
        ComponentFailed: The codec's format can't carry it.
    """
    body, status = codec.encode_message(message), message.status
    if isinstance(body, Mixed):
        return _mixed(body)
    return body if status is None else Answer(body, None, status.code)


def _mixed(body: Mixed) -> Answer:
    return Answer(body.body, None, None, body.json_size)
