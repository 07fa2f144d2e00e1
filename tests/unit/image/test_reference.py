"""Names of images that builders and registries take, and words for those they refuse."""

from __future__ import annotations

import pytest

from modelwrap.errors import ProjectError
from modelwrap.image.reference import (
    DEFAULT_REGISTRY,
    ImageName,
    check_base_image,
    default_image_name,
    make_reference,
    names_registry,
    parse_reference,
)


@pytest.mark.parametrize(
    ("repository", "name", "tag", "expected"),
    [
        ("seldonio", "mnist", "0.1", "seldonio/mnist:0.1"),
        ("registry.example:5000", "mnist", "0.1", "registry.example:5000/mnist:0.1"),
        ("registry.example/team/x", "mnist", "0.1", "registry.example/team/x/mnist:0.1"),
        ("localhost/team", "mnist", "0.1", "localhost/team/mnist:0.1"),
        ("127.0.0.1:5000/team", "mnist", "latest", "127.0.0.1:5000/team/mnist:latest"),
        ("[::1]:5000", "mnist", "latest", "[::1]:5000/mnist:latest"),
        ("Registry.Example/team", "mnist", "0.1", "Registry.Example/team/mnist:0.1"),
        ("a__b", "c-d.e_f", "V1.0_rc-1", "a__b/c-d.e_f:V1.0_rc-1"),
        ("seldonio", "team/mnist", "0.1", "seldonio/team/mnist:0.1"),
    ],
)
def test_good_names_are_put_together(repository: str, name: str, tag: str, expected: str) -> None:
    assert str(make_reference(repository, name, tag)) == expected


@pytest.mark.parametrize(
    ("repository", "name", "tag", "hint"),
    [
        ("SeldonIO", "m", "1", "seldonio"),
        ("registry.example/Team", "m", "1", "registry.example/team"),
        ("https://registry.example/team", "m", "1", "registry.example/team"),
        ("seldonio/", "m", "1", "seldonio"),
        ("seldonio/m:1", "m", "1", "registry.example:5000"),
        ("", "m", "1", "seldonio"),
        ("a b", "m", "1", "seldonio"),
        ("-a", "m", "1", "seldonio"),
        ("a___b", "m", "1", "seldonio"),
        ("registry.example:port/x", "m", "1", "seldonio"),
        ("r", "Mnist", "1", "--image-name mnist"),
        ("r", "_mnist", "1", "--image-name mnist"),
        ("r", "m nist!", "1", "--image-name m-nist"),
        ("r", "m$(id)", "1", "--image-name m-id"),
        ("r", "", "1", "lower-case"),
        ("r", "m", "1.0+gpu", "1.0-gpu"),
        ("r", "m", "-1", "1"),
        ("r", "m", "", "128"),
        ("r", "m", "x" * 129, "128"),
        ("r", "m", 'a"b', "a-b"),
        ("r", "m", "a\nb", "a-b"),
        ("r" * 200, "m" * 60, "1", "255"),
    ],
)
def test_bad_names_are_refused_with_what_would_do(repository: str, name: str, tag: str, hint: str) -> None:
    with pytest.raises(ProjectError) as caught:
        make_reference(repository, name, tag)
    assert hint in caught.value.message


@pytest.mark.parametrize(
    ("repository", "has_registry"),
    [("seldonio", False), ("team/models", False), ("registry.example", True), ("localhost:5000/x", True)],
)
def test_a_name_without_a_registry_is_known(repository: str, has_registry: bool) -> None:
    assert make_reference(repository, "m", "1").has_registry is has_registry


@pytest.mark.parametrize(
    "image",
    [
        "python:3.12-slim",
        "python",
        "python:3.12-slim@sha256:" + "0" * 64,
        "registry.example:5000/base/python:3.12",
        "nvcr.example/nvidia/pytorch:24.05-py3",
        "python:20.1",
        "mypython:2",
    ],
)
def test_base_images_of_every_form_are_taken(image: str) -> None:
    assert check_base_image(image) == image


@pytest.mark.parametrize(
    "image",
    ["python:2", "python:2.7", "python:2-slim", "docker.io/library/python:2.7", "Python:3", "a b", "", "x; rm", "My/x"],
)
def test_base_images_that_cannot_work_are_refused(image: str) -> None:
    with pytest.raises(ProjectError):
        check_base_image(image)


@pytest.mark.parametrize(("model", "image"), [("MnistClassifier", "mnistclassifier"), ("pkg.mod.Cls", "pkg.mod.cls")])
def test_an_image_is_named_after_its_model(model: str, image: str) -> None:
    make_reference("seldonio", default_image_name(model), "0.1")
    assert default_image_name(model) == image


_DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("python", ImageName("docker.io", "library/python", "latest")),
        ("python:3.12-slim", ImageName("docker.io", "library/python", "3.12-slim")),
        ("seldonio/mnist:0.1", ImageName("docker.io", "seldonio/mnist", "0.1")),
        ("docker.io/python:3.12", ImageName("docker.io", "library/python", "3.12")),
        (f"index.{DEFAULT_REGISTRY}/seldonio/mnist", ImageName("docker.io", "seldonio/mnist", "latest")),
        ("localhost/x", ImageName("localhost", "x", "latest")),
        ("localhost:5000/team/x:1", ImageName("localhost:5000", "team/x", "1")),
        ("[::1]:5000/x:1", ImageName("[::1]:5000", "x", "1")),
        ("Registry.Example/team/x:V1", ImageName("Registry.Example", "team/x", "V1")),
        (f"registry.example/x@{_DIGEST}", ImageName("registry.example", "x", "", _DIGEST)),
        (f"registry.example/x:1@{_DIGEST}", ImageName("registry.example", "x", "1", _DIGEST)),
    ],
)
def test_a_name_is_read_whole_as_builders_read_it(text: str, expected: ImageName) -> None:
    assert parse_reference(text) == expected
    assert parse_reference(str(expected)) == expected


def test_a_digest_goes_before_the_tag() -> None:
    assert parse_reference(f"registry.example/x:1@{_DIGEST}").pointer == _DIGEST
    assert parse_reference("registry.example/x:1").pointer == "1"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "registry.example:5000/team/iris:0.1"),
        ("https://registry.example/x:1", "write registry.example/x:1"),
        ("registry.example/Team/X:1", "write registry.example/team/x:1"),
        ("Team/x", "write team/x"),
        ("x:", "registry.example"),
        ("x y", "registry.example"),
        ("x@sha256:12", "registry.example"),
        ("a" * 300, "255"),
    ],
)
def test_what_is_no_name_is_refused_with_what_would_do(text: str, hint: str) -> None:
    with pytest.raises(ProjectError) as caught:
        parse_reference(text)
    assert hint in caught.value.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello", False),
        ("hello:0.1", False),
        ("ann/iris:1", False),
        ("registry.example/iris:1", True),
        ("registry:5000/iris", True),
        ("localhost/iris", True),
        ("docker.io/ann/iris", True),
    ],
)
def test_a_name_says_its_registry_or_means_the_default(text: str, expected: bool) -> None:
    assert names_registry(text) is expected
