"""How a trial begins: the contract is found, the doors are opened, the ways are laid out."""

from __future__ import annotations

from contextlib import ExitStack

from modelwrap.cli.trial.batches import Batches
from modelwrap.cli.trial.contract import CONTRACT_FILE, Contract, contract_of_metadata
from modelwrap.cli.trial.grpc_client import GrpcClient, grpc_is_installed
from modelwrap.cli.trial.rest_client import RestClient
from modelwrap.cli.trial.session import Session
from modelwrap.cli.trial.target import Target
from modelwrap.cli.trial.ways import Doors, ways
from modelwrap.errors import ProjectError
from modelwrap.runtime.verb import Verb
from modelwrap.value import Value

__all__ = ["Wishes", "open_session"]


class Wishes(Value):
    """What a trial is to be.

    Attributes:
        verb: What is asked; what the service type says where it is None.
        rest: Whether REST is tried.
        grpc: Whether gRPC is tried.
        ndarray: Whether rows go as `ndarray`.
        tensor: Whether rows go as `tensor`.
        requests: How many random batches go each way.
        rows: How many rows each has.
        seed: Where chance begins.
        timeout: Seconds that one answer may take.
        is_quick: Whether the large payload is left out.
    """

    verb: Verb | None
    rest: bool
    grpc: bool
    ndarray: bool
    tensor: bool
    requests: int
    rows: int
    seed: int
    timeout: float
    is_quick: bool


def open_session(target: Target, contract: Contract | None, wishes: Wishes, stack: ExitStack) -> Session:
    """Everything that the probes need.

    Args:
        target: What is tried.
        contract: What goes in; looked for in the component's metadata where it is None.
        wishes: What the trial is to be.
        stack: Closes what is opened here.

    Raises:
        ProjectError: Nobody answers, nothing tells what goes in, or no way is left to send it.
    """
    rest = RestClient(target.rest, wishes.timeout)
    if wishes.rest and (why := rest.silence()):
        raise ProjectError(f"nobody answers at {target.rest} ({why})\nstart it, or check host and port")
    grpc, left_out = _grpc(target, wishes, stack)
    contract = contract or _implied_contract(target, rest)
    doors = Doors(rest if wishes.rest else None, grpc, target.endpoint)
    known = list(ways(doors, tensor=wishes.tensor, ndarray=wishes.ndarray))
    if not known:
        raise ProjectError(left_out)
    if not contract.is_numeric and not wishes.ndarray:
        raise ProjectError(f"{contract.source} has text, which no tensor carries\nleave out --tensor")
    return Session(
        verb=wishes.verb or Verb.of(target.role),
        contract=contract,
        batches=Batches(contract, wishes.seed),
        doors=doors,
        ways=known,
        requests=wishes.requests,
        rows=wishes.rows,
        is_quick=wishes.is_quick,
        timeout=wishes.timeout,
        left_out=left_out,
    )


def _grpc(target: Target, wishes: Wishes, stack: ExitStack) -> tuple[GrpcClient | None, str]:
    """The client of gRPC, or why there is none."""
    if not wishes.grpc:
        return None, ""
    if target.endpoint:
        return None, "gRPC is not tried at a gateway's path\ngive the component's own address, such as http://host:9000"
    if not grpc_is_installed():
        return None, "gRPC is not tried: that takes grpcio, which is not installed here\npip install grpcio"
    client = stack.enter_context(GrpcClient(target.grpc, wishes.timeout))
    if client.is_reachable():
        return client, ""
    if target.grpc_is_certain:
        raise ProjectError(f"nobody speaks gRPC at {target.grpc}\nstart it, name another port, or say --rest")
    return None, f"gRPC is not tried: nobody speaks it at {target.grpc}\nname its port with --grpc-port"


def _implied_contract(target: Target, rest: RestClient) -> Contract:
    if contract := contract_of_metadata(rest.document("/metadata")):
        return contract
    where = f"in {target.folder}" if target.folder else "here"
    raise ProjectError(
        f"nothing tells what the inputs are: there is no {CONTRACT_FILE} {where}, and no shape in the metadata\n"
        'write one, such as {"features": [{"name": "x", "ftype": "continuous", "dtype": "FLOAT", "range": [0, 1], '
        '"repeat": 4}]}, or name one with --contract'
    )
