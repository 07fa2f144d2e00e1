"""Manifests as YAML: what is read back is what was meant."""

from __future__ import annotations

import subprocess
import sys

import pytest
import yaml

from modelwrap.contract import Role
from modelwrap.deploy.documents import Document, load_yaml, present, write_yaml
from modelwrap.errors import DeployError


def test_what_looks_like_another_type_stays_text() -> None:
    given: Document = {"version": "0.1", "port": 9000, "on": True, "answer": "yes", "empty": "", "long": "word " * 60}
    assert yaml.safe_load(write_yaml([given])) == given


def test_a_part_that_occurs_twice_is_written_twice() -> None:
    part = {"a": [1]}
    text = write_yaml([{"first": part, "second": part, "role": Role.MODEL, "pair": (1, 2)}])
    assert "&" not in text
    assert yaml.safe_load(text)["pair"] == [1, 2]
    assert "role: MODEL" in text


def test_documents_follow_one_another_in_one_stream() -> None:
    assert list(yaml.safe_load_all(write_yaml([{"a": 1}, {"b": 2}]))) == [{"a": 1}, {"b": 2}]


def test_only_what_holds_something_is_present() -> None:
    assert present({"a": None, "b": "", "c": (), "d": {}, "e": 0, "f": False}) == {"e": 0, "f": False}


def test_no_yaml_is_refused_with_its_line() -> None:
    with pytest.raises(DeployError, match=r"graph\.yaml:2 is no YAML"):
        load_yaml("a: 1\n b: [", "graph.yaml")


def test_without_pyyaml_it_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['yaml'] = None\n"
        "from modelwrap.deploy import write_yaml\n"
        "from modelwrap.errors import DeployError\n"
        "try:\n    write_yaml([{}])\nexcept DeployError as error:\n    print(error.message)"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert "pip install 'modelwrap[build]'" in ended.stdout
