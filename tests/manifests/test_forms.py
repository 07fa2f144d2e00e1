"""The strict reading itself: what it must notice, in documents and in tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from manifests.against_definitions import main
from manifests.forms import ANY, NUMBER_OR_TEXT, POD, Form, core_problems, lacking, pod_problems, problems

FORM: Form = {
    "name!": str,
    "count": int,
    "size": NUMBER_OR_TEXT,
    "on": bool,
    "mode": frozenset({"all"}),
    "labels": {ANY: str},
    "steps": [{"name!": str}],
    "pod": POD,
}
GOOD: dict[str, Any] = {
    "name": "a",
    "count": 1,
    "size": "1Gi",
    "on": True,
    "mode": "all",
    "labels": {"any": "text"},
    "steps": [{"name": "b"}],
    "pod": {"containers": [{"name": "c", "image": "d"}]},
}


def test_a_good_document_has_no_problem() -> None:
    assert list(problems(GOOD, FORM, pod_problems)) == []


@pytest.mark.parametrize(
    "slip",
    [
        {"name": None},
        {"nmae": "a"},
        {"count": "1"},
        {"count": True},
        {"size": 1.5},
        {"on": "yes"},
        {"mode": "some"},
        {"labels": {"any": 1}},
        {"labels": []},
        {"steps": {"name": "b"}},
        {"steps": [{}]},
        {"pod": {"containers": [{"name": "c", "image": "d", "prots": []}]}},
        {"pod": {"containers": "c"}},
    ],
)
def test_a_slip_is_a_problem(slip: dict[str, Any]) -> None:
    assert list(problems({**GOOD, **slip}, FORM, pod_problems)) != []


def test_a_field_of_a_newer_kubernetes_is_refused_by_the_older() -> None:
    spec = {"containers": [{"name": "c", "image": "d"}], "hostnameOverride": "e"}
    found = list(core_problems({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}))
    assert [each.partition(":")[0] for each in found] == ["Kubernetes 1.25.0"]


@pytest.mark.parametrize(
    ("form", "real", "count"),
    [
        ({"a": str}, {"a": str, "b": int}, 0),
        ({"a": str}, {"b": str}, 1),
        ({"a": str}, {"a!": str}, 1),
        ({"a": [str]}, {"a": str}, 1),
        ({"a": int}, {"a": NUMBER_OR_TEXT}, 0),
        ({"a": frozenset({"x"})}, {"a": str}, 0),
        ({"a": frozenset({"x"})}, {"a": frozenset({"y"})}, 1),
        ({"a": {"b": str}}, {"a": {ANY: str}}, 0),
        ({"a": {"b": str}}, {"a": object}, 0),
    ],
)
def test_a_table_may_say_less_than_the_definition_and_never_more(form: Form, real: Form, count: int) -> None:
    assert len(list(lacking(form, real))) == count


def test_definitions_are_read_and_differences_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "model.yaml").write_text(
        """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
{{- if .Values.some }}
spec:
  group: mlops.seldon.io
  names: {kind: Model}
  versions:
  - name: v1alpha1
    schema:
      openAPIV3Schema:
        properties:
          spec:
            type: object
            required: [storageUri]
            properties:
              storageUri: {type: integer}
"""
    )
    assert main(tmp_path) == 1
    told = capsys.readouterr().out
    assert "the table of Model: Model.storageUri is <class 'int'>, not <class 'str'>" in told
    assert "differs: an image on seldon2: Model" in told
    assert "an image on seldon2: Model.requirements is unknown" in told
    assert "no definition of InferenceService, Pipeline, SeldonDeployment, Server, ServiceMonitor" in told
