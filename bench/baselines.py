"""What no server of models can beat: nginx with a fixed answer, and the bare call of the model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from bench.cases import FLOWER, IDENTITY, Case, Wire
from bench.contenders import Contender, Order
from bench.loads import LoadFailedError, Measured
from bench.machine import SERVER_CORE, pinned
from bench.protocols import SELDON_GRPC, SELDON_REST
from rig.iris import ROOT

NGINX = "nginx, fixed answer"
BARE = "bare call of the model"
_CONFIGURATION = """\
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log crit;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  default_type application/json;
  server {{
    listen 127.0.0.1:{http};
    location / {{ return 200 '{answer}'; }}
  }}
  server {{
    listen 127.0.0.1:{grpc} http2;
    location / {{ return 200 '{answer}'; }}
  }}
}}
"""


def nginx(folder: Path) -> Contender:
    """nginx, with one worker, which answers whatever it is asked with the same bytes, over HTTP/1.1 and HTTP/2."""
    folder.mkdir(parents=True, exist_ok=True)

    def command(order: Order) -> list[str]:
        answer = SELDON_REST.encode(FLOWER).decode()
        text = _CONFIGURATION.format(folder=folder, http=order.http, grpc=order.grpc, answer=answer)
        (folder / "nginx.conf").write_text(text, encoding="utf-8")
        return ["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", str(folder / "nginx.log")]

    # It speaks no gRPC: over HTTP/2 its bytes are counted, not read.
    protocols = {Wire.REST: SELDON_REST, Wire.GRPC: SELDON_GRPC}
    return Contender(NGINX, folder, command, protocols, "/", models=frozenset({IDENTITY}), is_fixed=True)


def bare_calls(case: Case, folder: Path, seconds: float) -> Measured:
    """Calls of a case's model a second, in a process of its own on the server's core."""
    command = [*pinned(SERVER_CORE), sys.executable, "-m", "bench.bare", case.model, str(seconds)]
    variables = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    result = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, env=variables)
    if result.returncode != 0:
        raise LoadFailedError(f"the bare call of {case.model} failed\n{result.stderr}")
    calls, passed = json.loads(result.stdout)
    each = passed / calls * 1e3
    return Measured(calls, passed, each, each)
