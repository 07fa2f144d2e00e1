"""Commands that are typed in the docs and run by another test, since they need Docker, an index, or minutes."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Commands that begin so, who runs them, and the words by which that can be seen there.

    Attributes:
        begins: What the command looks like, from its beginning.
        file: The file that runs it.
        test: The test in that file.
        words: Text of that file that runs it.
    """

    begins: re.Pattern[str]
    file: str
    test: str
    words: str


_IRIS = "test_the_image_answers_as_the_model_does_and_ends_when_told"
_WRAPPER = "test_it_writes_what_the_command_writes_and_leaves_it_to_the_owner"
_WRAPPERS = "tests/e2e/test_wrapper_image.py"
_GUIDE = "test_the_guides_example_goes_from_its_folder_to_a_pulled_image_that_predicts"
_GUIDES = "tests/e2e/test_guide_example.py"
_PREPARE, _PREPARES = "prepare", "rig/examples.py"
_EXAMPLE, _EXAMPLES = "test_its_served_answers_are_those_of_the_class_called_directly", "tests/e2e/test_examples.py"
_PUSH = "test_the_digest_alone_is_printed_and_the_registry_has_the_image"
_PUSHES = "tests/registry/test_push_command.py"
_BUILDS = "tests/e2e/test_build.py"
_PULLED = "test_docker_pulls_it_and_it_answers_as_the_model_does"
_ARM = "test_every_elf_file_of_the_arm64_image_is_for_arm64"
ELSEWHERE = (
    Elsewhere(re.compile(r"modelwrap build .* --platform \S+ --push"), _BUILDS, _ARM, '"--platform"'),
    Elsewhere(re.compile(r"modelwrap build .* --push"), _BUILDS, _PULLED, '"--push"'),
    Elsewhere(re.compile(r"(\S+=\S+ )?\./build_image\.sh"), "tests/e2e/test_iris.py", _IRIS, "build_image.sh"),
    Elsewhere(re.compile(r"\./push_image\.sh"), "tests/e2e/test_iris.py", _IRIS, "push_image.sh"),
    Elsewhere(re.compile(r"curl .*\[\[3\.5, 25, 1\]\]"), _EXAMPLES, _EXAMPLE, "curls("),
    Elsewhere(re.compile(r"docker run --rm -p 9000:9000"), "tests/e2e/test_iris.py", _IRIS, "container"),
    Elsewhere(re.compile(r"docker run .*core-python-wrapper /my_model"), _WRAPPERS, _WRAPPER, '"/my_model"'),
    Elsewhere(re.compile(r"make wrapper-image"), _WRAPPERS, _WRAPPER, "core-python-wrapper/build.sh"),
    Elsewhere(re.compile(r"pip install -r requirements(-train)?\.txt$"), _PREPARES, _PREPARE, "requirements-train.txt"),
    Elsewhere(re.compile(r"python train\.py$"), _PREPARES, _PREPARE, '"train.py"'),
    Elsewhere(re.compile(r"modelwrap serve \.$"), _EXAMPLES, _EXAMPLE, "serving("),
    Elsewhere(re.compile(r"modelwrap test \.$"), _EXAMPLES, _EXAMPLE, 'MODELWRAP, "test"'),
    Elsewhere(re.compile(r"(hello/)?build/build_image\.sh"), _GUIDES, _GUIDE, "docker_classic.build("),
    Elsewhere(re.compile(r"(hello/)?build/push_image\.sh"), _GUIDES, _GUIDE, "push_image.sh"),
    Elsewhere(re.compile(r"modelwrap push .*registry\.example:5000/team/iris:0\.1"), _PUSHES, _PUSH, '"push", folder'),
    Elsewhere(re.compile(r"make demo"), "tests/e2e/test_demo.py", "test_the_demo_keeps_its_promises", "make"),
)
