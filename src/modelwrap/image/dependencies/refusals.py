"""What uv complains of, told to the user: which line it is about, what is wrong with it, and what to write instead.

uv explains a whole chain of reasons. The reason that the user can act on is looked for in a table; uv's own words
follow, for whoever wants the chain.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from modelwrap.errors import RequirementsError
from modelwrap.image.dependencies.declared import Declared
from modelwrap.image.dependencies.passwords import WHERE_PASSWORDS_ARE, without_password
from modelwrap.image.requirement_forms import normalized
from modelwrap.image.runtime_files import package_name
from modelwrap.image.target import PythonTarget
from modelwrap.value import Value, field

__all__ = ["WAYS_OUT", "Question", "asks_who_is_there", "explain", "refuse_building"]

#: What can be done about a package that has no wheel.
WAYS_OUT = (
    "let a wheel be made of it here, which runs its own build code: --build-wheels",
    "or build with Docker, where pip makes it: modelwrap wrap, then ./build_image.sh",
)

#: Where a requirement comes from that is in no file of the user.
_RUNTIME = "modelwrap's runtime"


class Question(Value):
    """What uv was asked.

    Attributes:
        runtime: What the runtime needs.
        declared: What the model needs.
        target: For which Python and system.
        newest: Gives the newest version of a package that has a wheel for the target, or nothing.
        is_offline: Whether only what is on this machine was asked.
    """

    runtime: tuple[str, ...] = ()
    declared: Declared = field(default_factory=Declared)
    target: PythonTarget = field(default_factory=lambda: PythonTarget("3.11.0", "/usr/local/bin/python3.11"))
    newest: Callable[[str], str] = field(default=lambda _: "")
    is_offline: bool = False

    @property
    def system(self) -> str:
        """The target in words: `Python 3.11 on linux/amd64`."""
        return f"Python {self.target.minor} on {self.target.platform}"


def asks_who_is_there(complaint: str) -> bool:
    """Whether uv says of an index that it asks who is there."""
    return re.search(r"\b40[13] (?:Unauthorized|Forbidden)|authentication credentials", complaint) is not None


def refuse_building(declared: Declared) -> None:
    """Refuses lines that only building can serve, all at once.

    Raises:
        RequirementsError: There are such lines.
    """
    lines = dict.fromkeys((*declared.built, *declared.from_source))
    if lines:
        raise RequirementsError(
            "\n".join(
                (*map(str, lines), *_indented(("this must be built, and an image is made of wheels only", *WAYS_OUT)))
            )
        )


def explain(complaint: str, question: Question) -> str:
    """The message of an error, for what uv wrote."""
    said = _plain(complaint)
    for pattern, answer in _ANSWERS:
        if match := re.search(pattern, said):
            lines = [*answer(match, question)]
            break
    else:
        lines = [*_conflict(said, question)]
    return "\n".join((*lines, *_indented(("uv says: " + said,))))


def _plain(complaint: str) -> str:
    """Uv's words on one line, without the marks that draw its tree and without passwords."""
    lines = (
        re.sub(r"^\s*(?:error:|cause:|hint:|warning:|[\N{MULTIPLICATION SIGN}╰├│▶─]+)+\s*", " ", line)
        for line in complaint.splitlines()
    )
    words = re.sub(r"\s+", " ", " ".join(lines)).strip()
    shown = re.sub(r"[a-z]+://\S+", lambda match: without_password(match[0]), words)
    return re.sub(r"^No solution found when resolving dependencies:? ", "", shown)


def _indented(lines: tuple[str, ...]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def _places(name: str, question: Question) -> Iterator[str]:
    """Where a package is asked for: the lines of the user, and the runtime's own."""
    lines = question.declared.named.get(normalized(name), ())
    yield from map(str, lines)
    for requirement in question.runtime:
        if normalized(package_name(requirement)) == normalized(name):
            yield f"{_RUNTIME}: {requirement}"


def _asked_by(match: re.Match[str], question: Question) -> Iterator[str]:
    """The lines that ask for a package; for one that nobody names, those of the packages that the reason names."""
    own = [*_places(match["name"], question)]
    yield from own or _all_places(match.string, question)


def _all_places(said: str, question: Question) -> Iterator[str]:
    """Every line that asks for a package that uv speaks of, in the order of the files; the runtime's last."""
    names = set(map(normalized, re.findall(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", said)))
    lines = {line for name in names for line in question.declared.named.get(name, ())}
    yield from map(str, sorted(lines, key=lambda line: (line.file, line.number)))
    yield from (f"{_RUNTIME}: {line}" for line in question.runtime if normalized(package_name(line)) in names)


def _title(match: re.Match[str]) -> str:
    versions = match["versions"] or ""
    return f"{match['name']} {versions.removeprefix('==')}".strip()


def _instead(match: re.Match[str], question: Question) -> Iterator[str]:
    """The newest version that would do; of what nobody names, another version would not help."""
    is_named = normalized(match["name"]) in question.declared.named
    if is_named and (newest := question.newest(match["name"])):
        name = match["name"]
        yield f"the newest with a wheel for {question.system} is {newest}: write {name}=={newest}, or no version"


def _without_wheel(match: re.Match[str], question: Question) -> Iterator[str]:
    yield from _asked_by(match, question)
    yield from _indented((f"{_title(match)} has no wheel, only source", *_instead(match, question), *WAYS_OUT))


def _for_other_python(match: re.Match[str], question: Question) -> Iterator[str]:
    yield from _asked_by(match, question)
    made = sorted(set(re.findall(r"`(cp[0-9]+)[a-z]*`", match.string)) - {question.target.tag}, key=_tag_order)
    pythons = f", only for Python {', '.join(map(_python_of, made))}" if made else ""
    yield from _indented(
        (
            f"{_title(match)} has no wheel for Python {question.target.minor}{pythons}",
            *_instead(match, question),
            *((f"or take a base image with Python {_python_of(made[-1])}",) if _is_served(made) else ()),
        )
    )


def _tag_order(tag: str) -> tuple[int, int]:
    return int(tag[2]), int(tag[3:] or 0)


def _python_of(tag: str) -> str:
    return f"{tag[2]}.{tag[3:]}"


def _is_served(made: list[str]) -> bool:
    return bool(made) and _tag_order(made[-1]) >= (3, 11)


def _for_other_system(match: re.Match[str], question: Question) -> Iterator[str]:
    target = question.target
    libc = f"{target.libc} {'.'.join(map(str, target.libc_version))}"
    yield from _asked_by(match, question)
    yield from _indented(
        (
            f"{_title(match)} has no wheel for {target.platform} with {libc}",
            *_instead(match, question),
            "or take a base image with a newer system, one of Debian's for one of Alpine's, or another --platform",
        )
    )


def _needs_other_python(match: re.Match[str], question: Question) -> Iterator[str]:
    yield from _asked_by(match, question)
    yield from _indented(
        (
            f"{_title(match)} needs Python {match['python']}, and the base image brings {question.target.version}",
            *_instead(match, question),
            "or take a base image with such a Python",
        )
    )


def _no_such_version(match: re.Match[str], question: Question) -> Iterator[str]:
    yield from _asked_by(match, question)
    yield from _indented((f"there is no {_title(match)}, or not any more", *_instead(match, question)))


def _not_found(match: re.Match[str], question: Question) -> Iterator[str]:
    yield from _asked_by(match, question)
    if asks_who_is_there(match.string):
        yield "  an index does not take the user and password it was sent, or was sent none"
        yield f"  {WHERE_PASSWORDS_ARE}"
    elif question.is_offline:
        yield f"  {match['name']} is not on this machine: run once without --offline, or give its wheel with --wheels"
    else:
        yield f"  no index has a package {match['name']}: check the name, or name the index that has it in --index-url"


def _unreachable(match: re.Match[str], _question: Question) -> Iterator[str]:
    yield "an index of packages can't be reached"
    if "certificate" in match.string.lower():
        yield "  its certificate is not trusted: name the file of your authority in SSL_CERT_FILE or pip's cert"
    else:
        yield "  check the network and HTTPS_PROXY; --offline takes what is on this machine"


_NAME = r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)"
#: A version, a range, or several of them; and perhaps a marker.
_VERSIONS = r"(?:\{[^}]*\})?(?P<versions>(?:[<>=!~]=?=?[^\s]+)?)"
_PYTHON = r"(?P<python>[<>=!~][^\s;]*[^\s;.,])"

Answer = Callable[[re.Match[str], Question], Iterator[str]]

#: In the order in which they are tried: what is most certain comes first.
_ANSWERS: tuple[tuple[str, Answer], ...] = (
    (rf"{_NAME}{_VERSIONS} has no usable wheels", _without_wheel),
    (
        rf"{_NAME}{_VERSIONS} has no wheels? with a matching Python (?:ABI|version|implementation) tag",
        _for_other_python,
    ),
    (rf"{_NAME}{_VERSIONS} has no wheels? with a matching platform tag", _for_other_system),
    (rf"{_NAME}{_VERSIONS} requires Python {_PYTHON}", _needs_other_python),
    (rf"{_NAME}{_VERSIONS} depends on Python{_PYTHON}", _needs_other_python),
    (rf"there (?:is no version|are no versions) of {_NAME}{_VERSIONS}", _no_such_version),
    (rf"{_NAME}{_VERSIONS} was not found in", _not_found),
    (
        r"(?i)failed to fetch|error sending request|invalid peer certificate|dns error|timed out|connection refused",
        _unreachable,
    ),
)


def _conflict(said: str, question: Question) -> Iterator[str]:
    yield "the requirements can't be met together"
    yield from _indented(tuple(_all_places(said, question)))
