"""Names of images: `registry:port/path/name:tag`, checked before a builder would refuse them.

The grammar is that of the distribution project, which Docker, Podman, Buildah and every registry share.
"""

from __future__ import annotations

import re

from modelwrap.errors import ProjectError
from modelwrap.value import Value

__all__ = [
    "DEFAULT_REGISTRY",
    "ImageName",
    "Reference",
    "check_base_image",
    "default_image_name",
    "make_reference",
    "names_registry",
    "parse_reference",
]

#: Where a name without a registry lives.
DEFAULT_REGISTRY = "docker.io"

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE = re.compile(
    rf"(?:(?P<domain>{_DOMAIN})/)?(?P<path>{_PATH})(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?"
)
#: Where the default registry keeps the names without an account, and what it was called before.
_OFFICIAL = "library"
_OLD_DEFAULT_REGISTRIES = (f"index.{DEFAULT_REGISTRY}",)
_DEFAULT_TAG = "latest"
_NAME_LIMIT = 255


class Reference(Value):
    """The name of an image to be made: `str()` gives it whole, as builders take it.

    Attributes:
        repository: The guide's DOCKER_REPO: a registry, an account, or both; empty where a build was given none.
        name: The image's name in it.
        tag: Its version.
    """

    repository: str
    name: str
    tag: str

    def __str__(self) -> str:
        return f"{self.untagged}:{self.tag}"

    @property
    def untagged(self) -> str:
        """The name without its version."""
        return f"{self.repository}/{self.name}" if self.repository else self.name

    @property
    def has_registry(self) -> bool:
        """Whether its repository begins with a registry; if not, it lives in `docker.io`."""
        return _is_domain(self.repository.partition("/")[0])


class ImageName(Value):
    """The whole name of an image that a registry has or will have.

    Attributes:
        registry: Its host, and its port where one is given.
        path: The repository in it.
        tag: Empty where only the digest is known.
        digest: Empty where only the tag is known.
    """

    registry: str
    path: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.repository}{tag}{digest}"

    @property
    def repository(self) -> str:
        """Registry and path."""
        return f"{self.registry}/{self.path}"

    @property
    def short(self) -> str:
        """The name as container engines show it: without the default registry, which nobody need have typed."""
        return str(self).removeprefix(f"{DEFAULT_REGISTRY}/").removeprefix(f"{_OFFICIAL}/")

    @property
    def has_account(self) -> bool:
        """Whether anybody but the default registry's owner can push it."""
        return self.registry != DEFAULT_REGISTRY or not self.path.startswith(f"{_OFFICIAL}/")

    @property
    def pointer(self) -> str:
        """What the registry is asked for: the digest, which can't move, before the tag."""
        return self.digest or self.tag


def make_reference(repository: str, name: str, tag: str) -> Reference:
    """Checks the three parts of an image's name and puts them together.

    Raises:
        ProjectError: A builder or registry would refuse it; the message says which part, and what would do.
    """
    _check_repository(repository)
    _check_name(name)
    if not re.fullmatch(_TAG, tag):
        raise ProjectError(_tag_message(tag))
    if len(f"{repository}/{name}") > _NAME_LIMIT:
        raise ProjectError(f"the image name {repository}/{name} is longer than {_NAME_LIMIT} characters")
    return Reference(repository, name, tag)


def parse_reference(text: str) -> ImageName:
    """Reads an image's name as people type it: `python:3.12-slim`, `registry.example:5000/team/x:1@sha256:…`.

    A name without a registry lives in the default one, and one without an account under `library/`; without tag and
    digest the tag is `latest`.

    Raises:
        ProjectError: It is no name of an image.
    """
    found = _REFERENCE.fullmatch(text)
    domain = (found and found["domain"]) or ""
    if found is None or (domain and not _is_domain(domain) and domain != domain.lower()):
        raise ProjectError(_name_message(text))
    path = found["path"]
    if domain and not _is_domain(domain):
        domain, path = "", f"{domain}/{path}"
    if len(path) > _NAME_LIMIT:
        raise ProjectError(f"the image name {path} is longer than {_NAME_LIMIT} characters")
    registry = DEFAULT_REGISTRY if domain in _OLD_DEFAULT_REGISTRIES else domain or DEFAULT_REGISTRY
    if registry == DEFAULT_REGISTRY and "/" not in path:
        path = f"{_OFFICIAL}/{path}"
    tag, digest = found["tag"] or "", found["digest"] or ""
    return ImageName(registry, path, tag or ("" if digest else _DEFAULT_TAG), digest)


def names_registry(text: str) -> bool:
    """Whether an image's name, as it is typed, begins with a registry; if not, `docker.io` is meant."""
    domain, slash, _ = text.partition("/")
    return bool(slash) and _is_domain(domain)


def default_image_name(model_name: str) -> str:
    """The image name of a model that was given none: the model name in lower case. Source: wrapper page section 2."""
    return model_name.lower()


def check_base_image(image: str) -> str:
    """Returns the name of a base image if a builder would take it.

    Raises:
        ProjectError: It would not, or it is an image of Python 2.
    """
    if re.match(r"(?:docker\.io/)?(?:library/)?python:2(?:[.-]|$)", image):
        raise ProjectError(
            f"the base image {image} brings Python 2, which neither modelwrap nor today's packages run on"
        )
    domain, slash, _ = image.partition("/")
    is_known = _REFERENCE.fullmatch(image) and (not slash or _is_domain(domain) or domain == domain.lower())
    if not is_known:
        raise ProjectError(f"{image!r} can't be the name of a base image\nit looks like python:3.12-slim")
    return image


def _is_domain(component: str) -> bool:
    looks_like_one = "." in component or ":" in component or component == "localhost"
    return looks_like_one and re.fullmatch(_DOMAIN, component) is not None


def _name_message(text: str) -> str:
    trimmed = re.sub(r"^[a-z]+://", "", text).strip("/ ")
    name, colon, tag = trimmed.rpartition(":")
    lowered = f"{_lower_path(name)}:{tag}" if colon and "/" not in tag else _lower_path(trimmed)
    advice = "it looks like registry.example:5000/team/iris:0.1"
    if lowered != text and _REFERENCE.fullmatch(lowered):
        advice = f"write {lowered}: without a scheme, and lower case before the tag"
    return f"{text!r} can't be the name of an image\n{advice}"


def _check_repository(repository: str) -> None:
    domain, slash, path = repository.partition("/")
    path = path if _is_domain(domain) else repository
    if not re.fullmatch(_PATH, path) and (slash or not _is_domain(domain)):
        raise ProjectError(_repository_message(repository))


def _repository_message(repository: str) -> str:
    trimmed = re.sub(r"^[a-z]+://", "", repository).strip("/ ")
    lines = [f"{repository!r} can't be an image repository"]
    if trimmed != repository and trimmed:
        lines.append(f"write it without scheme and outer slashes: {trimmed}")
    elif repository != repository.lower():
        lines.append(f"its path must be in lower case: {_lower_path(repository)}")
    else:
        lines.append("it is an account (seldonio), a registry (registry.example:5000), or registry/path")
    return "\n".join(lines)


def _lower_path(repository: str) -> str:
    domain, slash, path = repository.partition("/")
    return f"{domain}{slash}{path.lower()}" if slash and ("." in domain or ":" in domain) else repository.lower()


def _check_name(name: str) -> None:
    if re.fullmatch(_PATH, name):
        return
    advice = "lower-case letters and digits, with single . _ or - between them"
    if suggestion := _like(name):
        advice += f"; for example --image-name {suggestion}"
    raise ProjectError(f"{name!r} can't be an image name\n{advice}")


def _like(name: str) -> str:
    """The nearest name that a registry takes, or nothing."""
    parts = (re.sub(r"[^a-z0-9]+", "-", part).strip("-") for part in name.lower().split("/"))
    return "/".join(part for part in parts if part)


def _tag_message(tag: str) -> str:
    suggestion = re.sub(r"[^A-Za-z0-9_.-]+", "-", tag).lstrip(".-")[:128]
    advice = "letters, digits, and . _ - after the first character, at most 128"
    return f"{tag!r} can't be an image version\n{advice}" + (f"; for example {suggestion}" if suggestion else "")
