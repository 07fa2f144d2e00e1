"""What each platform is given, beyond that its schema takes it: the parts that decide how it runs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from modelwrap.contract import Role
from modelwrap.deploy.graph import Node, Size
from modelwrap.deploy.parameters import read_parameter
from modelwrap.deploy.plan import Plan, Protocol
from modelwrap.deploy.platforms import PLATFORMS, Platform, manifests
from modelwrap.errors import DeployError
from modelwrap.runtime.settings import ports
from modelwrap.runtime.settings.sources import Sources

NODE = Node(name="iris", image="registry.example/iris:0.1", artifact="gs://bucket/iris")
PLAN = Plan(name="iris", root=NODE, max_replicas=4)
STATEFUL = replace(PLAN, root=replace(NODE, keeps_state=True))
ON_KUBERNETES = [platform for platform in Platform if platform != Platform.COMPOSE]


def documents(platform: Platform, plan: Plan = PLAN) -> dict[str, Any]:
    """The documents by their kind."""
    return {str(each.get("kind", "Compose")): each for each in manifests(platform, plan)}


def pod_of(platform: Platform, plan: Plan = PLAN) -> dict[str, Any]:
    """The pod's spec in them, wherever the platform has it."""
    given = documents(platform, plan)
    places: dict[Platform, Any] = {
        Platform.SELDON: lambda: given["SeldonDeployment"]["spec"]["predictors"][0]["componentSpecs"][0]["spec"],
        Platform.SELDON2: lambda: given["Server"]["spec"]["podSpec"],
        Platform.KSERVE: lambda: given["InferenceService"]["spec"]["predictor"],
        Platform.KUBERNETES: lambda: given["Deployment"]["spec"]["template"]["spec"],
    }
    pod: dict[str, Any] = places[platform]()
    return pod


def environment(platform: Platform, plan: Plan = PLAN) -> dict[str, Any]:
    """The variables of the first container, a text or where it comes from."""
    return {
        each["name"]: each.get("value", each.get("valueFrom"))
        for each in pod_of(platform, plan)["containers"][0]["env"]
    }


@pytest.mark.parametrize("platform", ON_KUBERNETES)
def test_a_container_may_write_to_tmp_and_nowhere_else_and_has_no_capability(platform: Platform) -> None:
    pod = pod_of(platform)
    container = pod["containers"][0]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp"]
    assert [volume["name"] for volume in pod["volumes"]] == [mount["name"] for mount in container["volumeMounts"]]
    if platform != Platform.SELDON2:  # there the ServerConfig says it
        assert {**pod.get("securityContext", {}), **container["securityContext"]}["runAsNonRoot"] is True


@pytest.mark.parametrize("platform", ON_KUBERNETES)
def test_state_is_kept_where_a_secret_says(platform: Platform) -> None:
    assert "PERSISTENCE" not in environment(platform) if platform != Platform.SELDON else True
    told = environment(platform, STATEFUL)
    assert told["PERSISTENCE"] == "1"
    assert told["MODELWRAP_STATE_STORE"] == {"secretKeyRef": {"name": "iris-state", "key": "url"}}
    assert told["MODELWRAP_STATE_KEY"] == {"secretKeyRef": {"name": "iris-state", "key": "key"}}
    assert environment(platform, replace(STATEFUL, state_secret="mine"))["MODELWRAP_STATE_KEY"]["secretKeyRef"] == {
        "name": "mine",
        "key": "key",
    }


@pytest.mark.parametrize("platform", ON_KUBERNETES)
def test_libraries_take_as_many_threads_as_processors_are_set_aside(platform: Platform) -> None:
    for cpu, threads in (("500m", "1"), ("2", "2"), ("2.5", "3")):
        plan = replace(PLAN, root=replace(NODE, size=Size(cpu)))
        assert environment(platform, plan)["MODELWRAP_LIBRARY_THREADS"] == threads
    told = environment(platform, replace(PLAN, root=replace(NODE, environment={"MODELWRAP_LIBRARY_THREADS": "7"})))
    assert told["MODELWRAP_LIBRARY_THREADS"] == "7"


@pytest.mark.parametrize("platform", ON_KUBERNETES)
def test_it_is_ready_by_the_door_that_clients_use_and_alive_by_the_supervisor(platform: Platform) -> None:
    container = pod_of(platform)["containers"][0]
    if platform == Platform.SELDON2:
        assert "readinessProbe" not in container  # the ServerConfig's own asks /v2/health/live
        return
    ready = container["readinessProbe"]["httpGet"]
    assert (ready["path"], ready["port"] in ("http", 9000)) == ("/ready", True)
    if platform == Platform.KSERVE:
        assert "livenessProbe" not in container
    else:
        assert container["livenessProbe"]["httpGet"] == {"path": "/live", "port": "metrics"}


@pytest.mark.parametrize(
    ("platform", "before"), [(Platform.SELDON, 10), (Platform.SELDON2, 0), (Platform.KUBERNETES, 5)]
)
def test_the_grace_period_holds_what_comes_before_the_drain_and_the_drain(platform: Platform, before: int) -> None:
    plan = replace(PLAN, drain=30.0)
    assert pod_of(platform, plan)["terminationGracePeriodSeconds"] >= before + 30
    told = environment(platform, plan)
    assert told["MODELWRAP_DRAIN_TIMEOUT"] == "30"
    assert told.get("MODELWRAP_DRAIN_DELAY") == ("5" if platform == Platform.KUBERNETES else None)


@pytest.mark.parametrize("platform", [Platform.KUBERNETES, Platform.KSERVE])
def test_the_runtime_listens_on_the_ports_that_the_manifest_names(platform: Platform) -> None:
    told = {name: value for name, value in environment(platform).items() if isinstance(value, str)}
    chosen = ports.choose(Sources({}, told))
    grpc = chosen.grpc.number if chosen.grpc else None
    listening = {
        "http": chosen.http.number,
        "grpc": grpc,
        "metrics": chosen.metrics.number,
        "http1": chosen.http.number,
    }
    named = pod_of(platform)["containers"][0]["ports"]
    assert {port["name"]: port["containerPort"] for port in named}.items() <= listening.items()


def test_kserve_refuses_a_drain_that_it_would_cut_off() -> None:
    manifests(Platform.KSERVE, replace(PLAN, drain=20.0))
    with pytest.raises(DeployError, match="it may be 20"):
        manifests(Platform.KSERVE, replace(PLAN, drain=21.0))


def test_a_seldon_deployment_names_its_container_as_its_node_and_sets_nothing_that_is_the_operators() -> None:
    plan = replace(PLAN, root=replace(NODE, parameters=(read_parameter("threshold=0.5"),)), grpc=True)
    spec = documents(Platform.SELDON, plan)["SeldonDeployment"]["spec"]
    graph = spec["predictors"][0]["graph"]
    container = pod_of(Platform.SELDON, plan)["containers"][0]
    assert spec["transport"] == "grpc"
    assert graph["name"] == container["name"]
    assert graph["parameters"] == [{"name": "threshold", "value": "0.5", "type": "FLOAT"}]
    assert not {"ports", "lifecycle"} & set(container)
    assert [each["name"] for each in container["env"]] == ["MODELWRAP_LIBRARY_THREADS"]


@pytest.mark.parametrize(
    "name", ["PREDICTIVE_UNIT_HTTP_SERVICE_PORT", "PREDICTIVE_UNIT_PARAMETERS", "MLSERVER_GRPC_PORT"]
)
def test_a_variable_that_makes_the_operator_drop_all_others_is_refused(name: str) -> None:
    with pytest.raises(DeployError, match="drops every variable"):
        manifests(Platform.SELDON, replace(PLAN, root=replace(NODE, environment={name: "1"})))


def test_parameters_go_to_other_platforms_as_the_operators_own_variable() -> None:
    plan = replace(PLAN, root=replace(NODE, parameters=(read_parameter("n=3"),)))
    told = environment(Platform.KUBERNETES, plan)["PREDICTIVE_UNIT_PARAMETERS"]
    assert json.loads(told) == [{"name": "n", "value": "3", "type": "INT"}]


@pytest.mark.parametrize("role", [Role.ROUTER, Role.COMBINER])
def test_a_router_or_combiner_alone_is_nothing_to_seldon_and_a_server_elsewhere(role: Role) -> None:
    plan = replace(PLAN, root=replace(NODE, role=role))
    assert manifests(Platform.KUBERNETES, plan)
    with pytest.raises(DeployError, match=f"a {role} without children"):
        manifests(Platform.SELDON, plan)


def test_what_breaks_the_orchestrator_down_is_refused() -> None:
    plan = replace(PLAN, grpc=True, protocol=Protocol.V2)
    assert manifests(Platform.SELDON, plan)
    with pytest.raises(DeployError, match="over gRPC the orchestrator can only ask models"):
        manifests(Platform.SELDON, replace(plan, root=replace(NODE, role=Role.TRANSFORMER)))


def test_an_outlier_detector_is_a_transformer_to_seldon() -> None:
    spec = documents(Platform.SELDON, replace(PLAN, root=replace(NODE, role=Role.OUTLIER_DETECTOR)))[
        "SeldonDeployment"
    ]["spec"]
    assert spec["predictors"][0]["graph"]["type"] == "TRANSFORMER"


def test_where_an_autoscaler_rules_the_deployment_says_no_number() -> None:
    scaled, fixed = documents(Platform.KUBERNETES), documents(Platform.KUBERNETES, replace(PLAN, max_replicas=None))
    assert "replicas" not in scaled["Deployment"]["spec"]
    assert scaled["HorizontalPodAutoscaler"]["spec"]["maxReplicas"] == 4
    assert fixed["Deployment"]["spec"]["replicas"] == 2
    assert "HorizontalPodAutoscaler" not in fixed


def test_a_service_and_its_monitor_find_the_pods() -> None:
    given = documents(Platform.KUBERNETES)
    on_pods = given["Deployment"]["spec"]["template"]["metadata"]["labels"].items()
    for selector in (
        given["Deployment"]["spec"]["selector"]["matchLabels"],
        given["Service"]["spec"]["selector"],
        given["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
    ):
        assert selector.items() <= on_pods
    monitor = given["ServiceMonitor"]["spec"]
    assert monitor["selector"]["matchLabels"].items() <= given["Service"]["metadata"]["labels"].items()
    assert monitor["endpoints"][0]["port"] in {port["name"] for port in given["Service"]["spec"]["ports"]}
    names = {port["name"] for port in pod_of(Platform.KUBERNETES)["containers"][0]["ports"]}
    assert {port["targetPort"] for port in given["Service"]["spec"]["ports"]} <= names


def test_a_chain_is_a_pipeline_in_the_order_in_which_a_request_meets_it() -> None:
    scaler = replace(NODE, name="scaler", role=Role.TRANSFORMER, children=(NODE,))
    labels = replace(NODE, name="labels", role=Role.OUTPUT_TRANSFORMER, children=(scaler,))
    pipeline = documents(Platform.SELDON2, Plan(name="chain", root=labels))["Pipeline"]["spec"]
    assert [step["name"] for step in pipeline["steps"]] == ["scaler", "iris", "labels"]
    assert [step.get("inputs") for step in pipeline["steps"]] == [None, ["scaler"], ["iris"]]
    assert pipeline["output"] == {"steps": ["labels"]}


@pytest.mark.parametrize("role", [Role.ROUTER, Role.COMBINER])
def test_core_2_has_no_counterpart_of_routers_and_combiners(role: Role) -> None:
    root = replace(NODE, name="root", role=role, children=(NODE,))
    with pytest.raises(DeployError, match=f"no counterpart of a {role}"):
        manifests(Platform.SELDON2, Plan(name="chain", root=root))


def test_core_2_takes_no_model_without_an_artifact() -> None:
    with pytest.raises(DeployError, match="--artifact"):
        manifests(Platform.SELDON2, replace(PLAN, root=replace(NODE, artifact="")))


@pytest.mark.parametrize("platform", [each for each in Platform if not PLATFORMS[each].runs_graphs])
def test_a_platform_without_an_orchestrator_takes_no_graph(platform: Platform) -> None:
    root = replace(NODE, name="scaler", role=Role.TRANSFORMER, children=(NODE,))
    with pytest.raises(DeployError, match="no orchestrator"):
        manifests(platform, replace(PLAN, root=root))


@pytest.mark.parametrize(
    ("platform", "protocol"), [(Platform.SELDON, "v1"), (Platform.KSERVE, "seldon"), (Platform.KUBERNETES, "v2")]
)
def test_a_protocol_that_a_platform_has_not_is_refused(platform: Platform, protocol: str) -> None:
    with pytest.raises(DeployError, match=f"can't be told to speak {protocol}"):
        manifests(platform, replace(PLAN, protocol=Protocol(protocol)))


def test_compose_confines_the_container_and_brings_a_redis() -> None:
    service = documents(Platform.COMPOSE)["Compose"]["services"]["iris"]
    assert (service["read_only"], service["cap_drop"], service["user"]) == (True, ["ALL"], "8888:0")
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    stateful = documents(Platform.COMPOSE, STATEFUL)["Compose"]
    assert stateful["services"]["iris"]["environment"]["MODELWRAP_STATE_STORE"] == "redis://redis:6379/0"
    assert stateful["services"]["iris"]["depends_on"] == {"redis": {"condition": "service_healthy"}}
    assert "--appendonly" in stateful["services"]["redis"]["command"]


def test_compose_fills_in_nothing_that_was_meant_as_it_stands() -> None:
    plan = replace(STATEFUL, root=replace(STATEFUL.root, environment={"PRICE": "5$ or ${MORE}"}))
    told = documents(Platform.COMPOSE, plan)["Compose"]["services"]["iris"]["environment"]
    assert told["PRICE"] == "5$$ or $${MORE}"
    assert told["MODELWRAP_STATE_KEY"].startswith("${MODELWRAP_STATE_KEY:?")
