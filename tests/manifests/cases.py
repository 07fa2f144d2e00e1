"""Command lines of `modelwrap deploy`, one for each thing that a manifest may say, and what they print."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import yaml

from modelwrap.cli.deploy import COMMAND

__all__ = ["CASES", "GRAPHS", "documents", "printed", "write_graphs"]

IMAGE = "registry.example/team/iris:0.1"
_MODEL = "{name: %s, image: registry.example/%s:0.1}"

#: Graph files, by name.
GRAPHS: Mapping[str, str] = {
    "bandit.yaml": """\
graph:
  name: router
  type: ROUTER
  image: registry.example/epsilon-greedy:0.1
  parameters: {n_branches: 2, epsilon: 0.1, is_greedy: false, label: first}
  persistence: true
  children:
    - name: model-a
      image: registry.example/iris:0.1
      logger: all
    - name: model-b
      image: registry.example/iris@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
      apart: true
      cpu: 2
      memory: 2Gi
      logger: {mode: response, url: "http://logger.example/"}
""",
    "three-levels.yaml": """\
name: iris-graph
graph:
  name: labels
  type: OUTPUT_TRANSFORMER
  image: registry.example/iris-labels:0.1
  children:
    - name: scaler
      type: TRANSFORMER
      image: registry.example/iris-scaler:0.1
      parameters: {factor: 0.1}
      children:
        - name: combiner
          type: COMBINER
          image: registry.example/mean-combiner:0.1
          children:
            - name: router
              type: ROUTER
              image: registry.example/epsilon-greedy:0.1
              children:
                - {name: first, image: registry.example/iris:0.1}
                - {name: second, image: registry.example/iris:0.2}
            - {name: third, image: registry.example/iris:0.3}
""",
    "chain.yaml": """\
graph:
  name: labels
  type: OUTPUT_TRANSFORMER
  image: registry.example/iris-labels:0.1
  artifact: gs://bucket/labels
  children:
    - name: scaler
      type: TRANSFORMER
      image: registry.example/iris-scaler:0.1
      artifact: gs://bucket/scaler
      methods: [TRANSFORM_INPUT, TRANSFORM_OUTPUT]
      children:
        - {name: iris, image: registry.example/iris:0.1, artifact: gs://bucket/iris, env: {MODELWRAP_WORKERS: 2}}
""",
}

_ROLES = ("MODEL", "TRANSFORMER", "OUTPUT_TRANSFORMER", "OUTLIER_DETECTOR")
_ALONE = ("seldon", "seldon2", "kserve", "kubernetes", "compose")


def _artifact(platform: str) -> tuple[str, ...]:
    return ("--artifact", "gs://bucket/iris") if platform == "seldon2" else ()


def _alone(platform: str, *words: str) -> tuple[str, ...]:
    return (IMAGE, "--for", platform, *_artifact(platform), *words)


#: What is typed, by what it shows.
CASES: Mapping[str, Sequence[str]] = {
    **{f"an image on {platform}": _alone(platform) for platform in _ALONE},
    **{f"state on {platform}": _alone(platform, "--persistence") for platform in _ALONE},
    **{
        f"settings on {platform}": _alone(
            platform, "--name", "iris-2", "--memory", "1.5Gi", "--drain-timeout", "15", "--env",
            "MODELWRAP_WORKERS=4", "--parameter", "threshold=0.5", "--parameter", "label:STRING=7",
        )
        for platform in _ALONE
    },
    **{
        f"a place on {platform}": _alone(
            platform, "--namespace", "models", "--pull-secret", "registry", "--persistence", "--state-secret", "redis",
            "--replicas", "1", "--max-replicas", "9", "--cpu", "1.5",
        )
        for platform in _ALONE if platform != "compose"
    },
    **{f"a {role} on seldon": _alone("seldon", "--service-type", role) for role in _ROLES},
    **{f"a {role} on seldon over gRPC": _alone("seldon", "--service-type", role, "--grpc") for role in _ROLES},
    **{f"{protocol} on kserve": _alone("kserve", "--protocol", protocol) for protocol in ("v1", "v2")},
    **{f"{protocol} on seldon": _alone("seldon", "--protocol", protocol) for protocol in ("seldon", "v2")},
    "v2 over gRPC on kserve": _alone("kserve", "--protocol", "v2", "--grpc"),
    "no monitor on kubernetes": _alone("kubernetes", "--no-monitor", "--replicas", "1", "--max-replicas", "1"),
    "a bandit on seldon": ("bandit.yaml", "--for", "seldon"),
    "a bandit on seldon over gRPC": ("bandit.yaml", "--for", "seldon", "--grpc"),
    "three levels on seldon": ("three-levels.yaml", "--for", "seldon"),
    "three levels on seldon over V2": ("three-levels.yaml", "--for", "seldon", "--protocol", "v2"),
    "a chain on seldon": ("chain.yaml", "--for", "seldon", "--name", "chain-1"),
    "a chain on seldon2": ("chain.yaml", "--for", "seldon2"),
}  # fmt: skip


def write_graphs(folder: Path) -> Path:
    """Writes the graph files into a folder and returns it."""
    for name, text in GRAPHS.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def printed(words: Sequence[str], folder: Path) -> str:
    """What `modelwrap deploy` prints for these words, graph files lying in a folder."""
    placed = [str(folder / word) if word in GRAPHS else word for word in words]
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(io.StringIO()):
        COMMAND.main(placed, prog_name="modelwrap deploy", standalone_mode=False)
    return out.getvalue()


def documents(text: str) -> list[dict[str, Any]]:
    """The documents of a YAML stream."""
    return list(yaml.safe_load_all(text))
