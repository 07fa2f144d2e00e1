"""Registries that hand out tokens: who is asked for what, how often, and what nobody but they gets to see."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from attaching import attach
from faulty_proxy import FaultyProxy, answer_with, redirect_to
from images import image, index, layer, noise
from modelwrap.errors import RegistryError
from modelwrap.image.image import ImageIndex, Origin
from modelwrap.image.reference import ImageName
from modelwrap.image.registry.auth import Credentials
from modelwrap.image.registry.client import Registry
from modelwrap.image.registry.exchanges import ping
from modelwrap.image.registry.patience import Patience
from modelwrap.image.registry.referrers import attached, read_attached
from modelwrap.image.registry.settings import Surroundings
from modelwrap.image.registry.transfer import open_blob, pull_manifest, push
from registry_server import PASSWORD, USER, RegistryServer, registry_server
from small_registry import SmallRegistry
from token_server import IDENTITY_TOKEN, TokenServer

ANN = Credentials(USER, PASSWORD, "a test")
QUICK = Patience(first=0.01, longest=0.05)


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenServer]:
    with TokenServer(tmp_path_factory.mktemp("tokens")) as tokens:
        yield tokens


@pytest.fixture(scope="module")
def tokened(tokens: TokenServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryServer]:
    """A registry that believes the token server and nobody else."""
    with registry_server(tmp_path_factory.mktemp("tokened"), auth=tokens.auth) as server:
        yield server


@pytest.fixture(autouse=True)
def forgotten(tokens: TokenServer) -> None:
    tokens.asked.clear()


def _connect(host: str, credentials: Credentials | None = ANN) -> Registry:
    return Registry(host, surroundings=Surroundings(), credentials=credentials, patience=QUICK)


def test_one_token_is_enough_for_a_push(tokened: RegistryServer, tokens: TokenServer, repository: str) -> None:
    made = index(b"a", b"b", b"c", noise(100_000))
    with _connect(tokened.address) as registry:
        push(registry, made, ImageName(tokened.address, repository, "1"))
    assert tokens.asked == [(USER, [f"repository:{repository}:pull,push"])]


def test_anybody_may_pull_where_anybody_may(tokened: RegistryServer, repository: str, tokens: TokenServer) -> None:
    made = index(b"public")
    name = ImageName(tokened.address, repository, "1")
    with _connect(tokened.address) as registry:
        push(registry, made, name)
    tokens.asked.clear()
    with _connect(tokened.address, None) as registry:
        assert pull_manifest(registry, name)[0].digest == made.digest
        with pytest.raises(RegistryError) as caught:
            push(registry, index(b"other"), name)
    assert tokens.asked[0] == ("", [f"repository:{repository}:pull"])
    assert caught.value.status == 401
    for words in ("credentials: none found", "log in"):
        assert words in caught.value.message


def test_an_identity_token_is_as_good_as_a_password(tokened: RegistryServer, repository: str) -> None:
    who = Credentials("", "", "a test", IDENTITY_TOKEN)
    with _connect(tokened.address, who) as registry:
        push(registry, index(b"identity"), ImageName(tokened.address, repository, "1"))


@pytest.mark.parametrize(
    "who", [Credentials(USER, "wrong", "a test"), Credentials("", "", "a test", "wrong")], ids=["password", "token"]
)
def test_a_token_server_that_refuses_is_named(
    tokened: RegistryServer, tokens: TokenServer, repository: str, who: Credentials
) -> None:
    with _connect(tokened.address, who) as registry, pytest.raises(RegistryError) as caught:
        push(registry, index(b"refused"), ImageName(tokened.address, repository, "1"))
    for words in (tokened.address, f"http://{tokens.address}/token", "401", "UNAUTHORIZED", "from a test"):
        assert words in caught.value.message
    assert "wrong" not in caught.value.message.replace("are wrong or", "")


def test_a_token_that_is_refused_is_renewed_once(tokened: RegistryServer, tokens: TokenServer, repository: str) -> None:
    challenge = {"WWW-Authenticate": f'Bearer realm="http://{tokens.address}/token",service="registry.example"'}
    with FaultyProxy(tokened.address) as proxy:
        proxy.on("PUT", r"/blobs/uploads/", answer_with(401, headers=challenge), least=20_000)
        with _connect(proxy.address) as registry:
            push(registry, index(noise(30_000, seed=14)), ImageName(proxy.address, repository, "1"))
    assert len(tokens.asked) == 2


def test_a_base_that_one_may_read_is_mounted_and_one_that_one_may_not_is_not(
    tokened: RegistryServer, tokens: TokenServer, repository: str
) -> None:
    base = layer("base", noise(50_000, seed=11))
    with _connect(tokened.address) as registry:
        push(registry, ImageIndex((image(base),)), ImageName(tokened.address, f"{repository}/base", "1"))
    origin = Origin(tokened.address, f"{repository}/base")
    derived = ImageIndex((image(layer("base", noise(50_000, seed=11), origin=origin)),))
    outcomes = []
    for hidden in (set[str](), {f"{repository}/base"}):
        tokens.hidden = hidden
        with _connect(tokened.address) as registry:
            pushed = push(registry, derived, ImageName(tokened.address, f"{repository}/{len(hidden)}", "1"))
        outcomes.append((pushed.mounted, pushed.sent))
    tokens.hidden = set()
    assert outcomes == [(1, 1), (0, 2)]


def test_where_blobs_lie_elsewhere_credentials_stay_at_home(tokened: RegistryServer, repository: str) -> None:
    made = ImageIndex((image(layer("x", noise(60_000, seed=12))),))
    descriptor = made.images[0].layers[0].blob.descriptor
    with _connect(tokened.address) as registry:
        push(registry, made, ImageName(tokened.address, repository, "1"))
    with SmallRegistry() as store, FaultyProxy(tokened.address) as proxy:
        store.blobs[descriptor.digest] = made.images[0].layers[0].blob.open().read()
        proxy.on("GET", r"/blobs/", redirect_to(store.address), times=9)
        with _connect(proxy.address) as registry:
            pull_manifest(registry, ImageName(proxy.address, repository, "1"))
            with open_blob(registry, repository, descriptor) as file:
                assert file.read() == store.blobs[descriptor.digest]
        asked = [request for request in proxy.passed if "/blobs/" in request.path]
        assert asked
        assert all(request.headers["Authorization"].startswith("Bearer ") for request in asked)
        assert store.seen
        assert all("Authorization" not in headers for _, _, headers in store.seen)


def test_an_upload_that_goes_on_elsewhere_takes_no_credentials_along(tokened: RegistryServer, repository: str) -> None:
    blob = layer("x", noise(30_000, seed=13))
    with SmallRegistry() as store, FaultyProxy(tokened.address) as proxy:
        store.uploads["0"] = bytearray()
        location = {"Location": f"http://{store.address}/v2/x/blobs/uploads/0?signed=secret"}
        proxy.on("POST", r"/blobs/uploads/", answer_with(202, headers=location))
        with _connect(proxy.address) as registry, pytest.raises(RegistryError):
            # The real registry has the other blobs, and can't know of the one that went elsewhere.
            push(registry, ImageIndex((image(blob),)), ImageName(proxy.address, repository, "1"))
        assert store.seen
        assert all("Authorization" not in headers for _, _, headers in store.seen)


@pytest.mark.parametrize(
    "header",
    [
        'Bearer realm="http://auth.example/token",service="x"',
        'Bearer realm="http://169.254.0.1/token"',
    ],
)
def test_a_password_goes_to_no_token_server_in_plain_sight(header: str) -> None:
    with SmallRegistry() as upstream, FaultyProxy(upstream.address) as proxy:
        proxy.on("GET", r"/v2/x/", answer_with(401, headers={"WWW-Authenticate": header}), times=9)
        with _connect(proxy.address) as registry, pytest.raises(RegistryError, match="others can read it"):
            pull_manifest(registry, ImageName(proxy.address, "x", "1"))


def test_an_error_of_a_store_shows_no_signature() -> None:
    with SmallRegistry() as upstream, FaultyProxy(upstream.address) as proxy:
        away = {"Location": f"http://{upstream.address}/gone?signature=secret"}
        proxy.on("GET", r"/v2/x/", answer_with(307, headers=away), times=9)
        with _connect(proxy.address) as registry, pytest.raises(RegistryError, match="/gone") as caught:
            pull_manifest(registry, ImageName(proxy.address, "x", "1"))
    assert "secret" not in caught.value.message


def test_redirects_in_circles_end() -> None:
    with SmallRegistry() as upstream, FaultyProxy(upstream.address) as proxy:
        proxy.on("GET", r"/v2/x/", redirect_to(proxy.address), times=99)
        with _connect(proxy.address) as registry, pytest.raises(RegistryError, match="circles"):
            pull_manifest(registry, ImageName(proxy.address, "x", "1"))


@pytest.fixture
def by_proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallRegistry]:
    """The only way to other machines: a proxy that answers for them, and will not be tunnelled through."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with SmallRegistry() as proxy:
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://{proxy.address}")
        yield proxy


def test_plain_http_goes_to_no_other_machine(by_proxy: SmallRegistry) -> None:
    with _connect("registry.example") as registry, pytest.raises(RegistryError, match="can't be reached"):
        registry.exchange(ping())
    assert {(method, path) for method, path, _ in by_proxy.seen} == {("CONNECT", "registry.example:443")}


def test_plain_http_is_the_second_choice_where_it_is_allowed(by_proxy: SmallRegistry) -> None:
    with Registry("registry.example", surroundings=Surroundings(), patience=QUICK, insecure=True) as registry:
        assert registry.exchange(ping()).status == 200
    asked = [(method, path) for method, path, _ in by_proxy.seen]
    assert asked[0] == ("CONNECT", "registry.example:443")
    assert asked[-1] == ("GET", "http://registry.example/v2/")


def test_this_machine_needs_no_proxy(by_proxy: SmallRegistry, tokened: RegistryServer) -> None:
    with _connect(tokened.address) as registry:
        registry.exchange(ping())
    assert by_proxy.seen == []


@pytest.mark.parametrize("lists", [True, False], ids=["lists referrers", "does not"])
def test_documents_are_attached_either_way(lists: bool) -> None:
    made = index(b"subject")
    with SmallRegistry(lists_referrers=lists) as small, _connect(small.address, None) as registry:
        push(registry, made, ImageName(small.address, "x", "1"))
        first = attach(registry, "x", made.top.descriptor, b"{}", "application/vnd.cyclonedx+json").descriptor
        assert attached(registry, "x", made.digest) == (first,)
        assert read_attached(registry, "x", first) == b"{}"
        tag = f"x@{made.digest.replace(':', '-')}"
        assert (tag in small.manifests) is not lists
