"""What is deployed and how: numbers that fit each other, and nothing that a cluster would refuse."""

from __future__ import annotations

from typing import Any

import pytest

from modelwrap.deploy.graph import Node, Size
from modelwrap.deploy.plan import Plan
from modelwrap.errors import DeployError

NODE = Node(name="iris", image="registry.example/iris:0.1")


def test_a_process_is_killed_only_after_its_drain_could_have_ended() -> None:
    assert Plan(name="iris", root=NODE, drain=8.0).grace(10) == 23
    assert Plan(name="iris", root=NODE, drain=0.5).grace(0) == 6


def test_it_scales_where_there_may_be_more_than_there_are() -> None:
    assert not Plan(name="iris", root=NODE).scales
    assert not Plan(name="iris", root=NODE, replicas=2, max_replicas=2).scales
    assert Plan(name="iris", root=NODE, replicas=2, max_replicas=3).scales


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "Iris"}, "iris would do"),
        ({"name": "1-iris"}, "a letter at the beginning"),
        ({"namespace": "my_models"}, "my-models would do"),
        ({"pull_secret": "My"}, "name of a secret"),
        ({"replicas": 3, "max_replicas": 2}, "--max-replicas 2 is less"),
        ({"root": Node(name="iris", image="i", size=Size("2 cores"))}, "no amount of cpu"),
        ({"root": Node(name="iris", image="i", size=Size(memory="2GB"))}, "no amount of memory"),
        ({"root": Node(name="iris", image="i", environment={"1A": "x"})}, "environment variable"),
    ],
)
def test_what_a_cluster_would_refuse_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(DeployError, match=reason):
        Plan(**{"name": "iris", "root": NODE, **changes})
