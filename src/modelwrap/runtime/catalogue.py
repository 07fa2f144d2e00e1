"""What the server says of itself and of its model under every name that the model goes by.

The one model that the class is may be asked for by several names: its own, those of the settings, and aliases that a
control plane loads. Loading one changes nothing but the list of names; nothing is ever fetched or imported. Answers are
the documents of the Open Inference Protocol, whatever wire they go over.

Source: Open Inference Protocol facts, sections 1 and 4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import modelwrap
from modelwrap.errors import InvalidRequest, NotAvailable, UnknownName
from modelwrap.runtime.payload import JSONObject, JSONValue
from modelwrap.value import Value

__all__ = ["Announce", "Asked", "Catalogue"]

_EXTENSIONS = ["binary_tensor_data", "model_repository"]
_READY = "READY"
#: More aliases than any control plane gives one server, and few enough to be listed.
_MOST_ALIASES = 1000
#: Told of the names that are loaded and of those that are unloaded.
Announce: TypeAlias = Callable[[list[str], list[str]], None]


class Asked(Value):
    """A question about the server or a model.

    Attributes:
        name: The model's name; empty where the question is about the server.
        version: The model's version; empty for any.
        only_ready: Whether only models that are ready are to be listed.
        serving: Whether the server takes requests now.
    """

    name: str = ""
    version: str = ""
    only_ready: bool = False
    serving: bool = True


class Catalogue:
    """The names of the model.

    Args:
        names: The names that it goes by, its own first; empty ones and repeated ones are left out.
        metadata: Its metadata document; may raise a `ModelwrapError`.
        declared: The inputs and outputs that documents show where the metadata has none.
        announce: Told of every name that is loaded and unloaded here, so that other workers hear of it.
    """

    def __init__(
        self,
        names: Sequence[str],
        metadata: Callable[[], JSONObject],
        *,
        declared: JSONObject | None = None,
        announce: Announce | None = None,
    ) -> None:
        self._announce = announce
        self._declared = declared or {}
        self._own = tuple(dict.fromkeys(name for name in names if name))
        self._names = set(self._own)
        self._aliases: list[str] = []
        self._metadata = metadata
        document = _or_empty(metadata)
        self._versions = _texts(document.get("versions"))
        self._outputs = tuple(str(tensor["name"]) for tensor in _tensors(document.get("outputs"), "output"))

    @property
    def name(self) -> str:
        """The model's own name."""
        return self._own[0] if self._own else ""

    @property
    def outputs(self) -> Sequence[str]:
        """The names of the model's outputs, as far as its metadata has any."""
        return self._outputs

    def admit(self, name: str, version: str) -> None:
        """See that a request is for the model.

        Raises:
            UnknownName: It is for another one, or for a version that the model does not have.
        """
        if name not in self._names:
            raise UnknownName(f"there is no model {name!r} here: the model is {' or '.join(self._own)}")
        if version and self._versions and version not in self._versions:
            raise UnknownName(f"model {name!r} has no version {version!r}: it has {', '.join(self._versions)}")

    # -- the server ------------------------------------------------------------------------------------------------

    def live(self, _asked: Asked) -> JSONObject:
        """Whether the server is there."""
        return {"live": True}

    def ready(self, asked: Asked) -> JSONObject:
        """Whether it takes requests."""
        return {"ready": asked.serving}

    def server(self, _asked: Asked) -> JSONObject:
        """What it is."""
        return {"name": "modelwrap", "version": modelwrap.__version__, "extensions": list[JSONValue](_EXTENSIONS)}

    # -- the model -------------------------------------------------------------------------------------------------

    def model_ready(self, asked: Asked) -> JSONObject:
        """Whether a model takes requests; of a version's own, as there is one model."""
        self.admit(asked.name, asked.version)
        return {"name": asked.name, "ready": asked.serving}

    def model(self, asked: Asked) -> JSONObject:
        """What a model is, what it takes and what it gives.

        Raises:
            UnknownName: There is no such model.
            ComponentFailed: The class says what can't be told.
        """
        self.admit(asked.name, asked.version)
        document = self._stated()
        return {
            "name": asked.name,
            "versions": list[JSONValue](self._versions),
            "platform": document["platform"],
            "inputs": list[JSONValue](_tensors(document["inputs"], "input")),
            "outputs": list[JSONValue](_tensors(document["outputs"], "output")),
        }

    def explain(self, asked: Asked) -> JSONObject:
        """Nothing: explaining is another component's work.

        Raises:
            UnknownName: There is no such model.
            NotAvailable: Always, where there is one.
        """
        self.admit(asked.name, asked.version)
        raise NotAvailable(
            f"model {asked.name!r} predicts and explains nothing: ask its explainer, which a platform runs beside it"
        )

    def entries(self) -> JSONObject:
        """The metadata's own entries of `inputs` and `outputs`, else those declared; none where it can't be told."""
        document = _or_empty(self._stated)
        return {key: document.get(key, []) for key in ("inputs", "outputs")}

    def models(self, _asked: Asked) -> JSONObject:
        """The names of all models."""
        return {"models": [*self._own, *self._aliases]}

    # -- the repository --------------------------------------------------------------------------------------------

    def index(self, asked: Asked) -> JSONObject:
        """Every name, with its state, under `models`."""
        state = _READY if asked.serving else "UNAVAILABLE"
        if asked.only_ready and not asked.serving:
            return {"models": []}
        version = self._versions[0] if self._versions else ""
        entries: list[JSONValue] = [
            {"name": name, "version": version, "state": state, "reason": ""} for name in (*self._own, *self._aliases)
        ]
        return {"models": entries}

    def load(self, asked: Asked) -> JSONObject:
        """Let the model answer to one more name.

        Raises:
            InvalidRequest: It has no name, or there are too many.
        """
        if not asked.name:
            raise InvalidRequest("say which model to load: its name is empty")
        if asked.name not in self._names:
            if len(self._aliases) >= _MOST_ALIASES:
                raise InvalidRequest(f"there are {_MOST_ALIASES} models loaded already: unload some")
            self.heard([asked.name], [])
            self._tell([asked.name], [])
        return {}

    def unload(self, asked: Asked) -> JSONObject:
        """Take back a name that was loaded; the model's own stay.

        Raises:
            UnknownName: There is no such name.
            InvalidRequest: It is the model's own.
        """
        if asked.name in self._own:
            raise InvalidRequest(f"{asked.name!r} is the model that this image is made of: it can't be unloaded")
        if asked.name not in self._names:
            raise UnknownName(f"there is no model {asked.name!r} here")
        self.heard([], [asked.name])
        self._tell([], [asked.name])
        return {}

    def heard(self, loaded: Sequence[str], unloaded: Sequence[str]) -> None:
        """Take in which names came and went, here or by way of another worker."""
        for name in loaded:
            if name not in self._names:
                self._names.add(name)
                self._aliases.append(name)
        for name in unloaded:
            if name in self._aliases:
                self._names.remove(name)
                self._aliases.remove(name)

    def _stated(self) -> JSONObject:
        """The metadata document; what is declared stands where it has no inputs or outputs."""
        document = self._metadata()
        filled = {key: document.get(key) or self._declared.get(key, []) for key in ("inputs", "outputs")}
        return {**document, **filled}

    def _tell(self, loaded: list[str], unloaded: list[str]) -> None:
        if self._announce is not None:
            self._announce(loaded, unloaded)


def _or_empty(metadata: Callable[[], JSONObject]) -> JSONObject:
    try:
        return metadata()
    except Exception:  # noqa: BLE001 - told to whoever asks for it; requests are answered all the same
        return {}


def _texts(values: JSONValue) -> tuple[str, ...]:
    return tuple(str(value) for value in values if value) if isinstance(values, list) else ()


#: What Seldon's other payloads are as tensors: the content types that carry them.
_PLAIN = ("strData", "binData", "jsonData")


def _tensors(entries: JSONValue, kind: str) -> list[JSONObject]:
    """Tensors of the protocol, from entries that may be written in Seldon's way. Source: component API section 14."""
    if not isinstance(entries, list):
        return []
    return [_tensor(entry, f"{kind}-{number}") for number, entry in enumerate(entries) if isinstance(entry, dict)]


def _tensor(entry: JSONObject, name: str) -> JSONObject:
    name = str(entry.get("name", name))
    if "messagetype" not in entry:
        return {"name": name, "datatype": entry["datatype"], "shape": entry["shape"]}
    if entry["messagetype"] in _PLAIN:
        return {"name": name, "datatype": "BYTES", "shape": [1]}
    schema = entry.get("schema")
    schema = schema if isinstance(schema, dict) else {}
    names, shape = schema.get("names"), schema.get("shape")
    if not shape:
        shape = [-1, len(names)] if isinstance(names, list) and names else [-1]
    return {"name": name, "datatype": entry.get("datatype", "FP64"), "shape": shape}
