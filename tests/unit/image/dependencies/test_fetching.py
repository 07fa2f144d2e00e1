"""Wheels come once, whole and checked, over connections that break, from indexes that ask who is there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from e2e.package_index import make_authority, serving_packages
from indexes import Index, quiet_surroundings, serve_index
from modelwrap.errors import DamagedBlob, RequirementsError
from modelwrap.image.dependencies.downloads import Downloads
from modelwrap.image.dependencies.fetching import fetch
from modelwrap.image.dependencies.index_access import index_access
from modelwrap.image.dependencies.lock import Lock, read_lock, write_lock
from modelwrap.image.dependencies.resolution import Resolution
from modelwrap.image.dependencies.selection import select
from modelwrap.image.oci import digest_of
from modelwrap.value import replace
from steps import Told
from unit.image.dependencies.conftest import Bench


@pytest.fixture
def index(bench: Bench) -> Iterator[Index]:
    """An index of the bench's wheels; the model needs `big`, and that needs `small`."""
    bench.wheel("big", "1.0", "small")
    bench.wheel("small")
    bench.write(requirements="big\n")
    with serve_index(Index(bench.wheels)) as served:
        bench.variables = {"PIP_INDEX_URL": served.url}
        yield served


def test_wheels_come_from_the_index_with_their_hashes_checked(bench: Bench, index: Index) -> None:
    wheels = bench.obtain().wheels
    assert [wheel.name for wheel in wheels] == ["big", "small"]
    for wheel in wheels:
        assert wheel.digest == digest_of(wheel.path.read_bytes())
        assert wheel.path == bench.cache.place_of(wheel.digest)


def test_what_is_here_is_not_fetched_again_and_serves_offline(bench: Bench, index: Index) -> None:
    first = bench.obtain()
    asked = len(index.asked)
    assert bench.obtain() == first
    assert bench.obtain(bench.wanted(offline=True)) == first
    assert len(index.asked) == asked


def test_offline_names_what_is_missing(bench: Bench, index: Index) -> None:
    resolution = bench.resolve()
    with pytest.raises(RequirementsError, match=r"not on this machine: big 1\.0, small 1\.0\n.*--wheels"):
        bench.bring(resolution, offline=True)


def test_offline_without_an_answer_names_the_package(bench: Bench, index: Index) -> None:
    with pytest.raises(RequirementsError, match=r"big is not on this machine: run once without --offline"):
        bench.obtain(bench.wanted(offline=True))


@pytest.mark.parametrize("has_hashes", [True, False])
def test_an_index_with_a_password_gets_it_and_nobody_else_sees_it(bench: Bench, index: Index, has_hashes: bool) -> None:
    index.has_password, index.has_hashes = True, has_hashes
    bench.variables = {"PIP_INDEX_URL": index.url_with_password}
    made = bench.obtain()
    assert [wheel.name for wheel in made.wheels] == ["big", "small"]
    kept = write_lock(made.lock, bench.model)
    for path in (bench.folder / "cache").rglob("*.json"):
        kept += path.read_text()
    assert "pass%20word" not in kept
    assert "reader" not in kept


@pytest.mark.parametrize(
    ("variables", "lines"),
    [
        ({"UV_DEFAULT_INDEX": "{secret}"}, "big\n"),
        ({"UV_DEFAULT_INDEX": "own={url}", "UV_INDEX_OWN_USERNAME": "reader", "UV_INDEX_OWN_PASSWORD": "{password}"},
            "big\n"),
        ({"TOKEN": "{quoted}"}, "--index-url http://reader:${{TOKEN}}@127.0.0.1:{port}/simple\nbig\n"),
        ({"PIP_EXTRA_INDEX_URL": "{secret}", "PIP_INDEX_URL": "http://127.0.0.1:{port}/nothing"}, "big\n"),
    ],
)  # fmt: skip
def test_passwords_are_taken_from_wherever_pip_and_uv_take_them(
    bench: Bench, index: Index, variables: dict[str, str], lines: str
) -> None:
    index.has_password = True
    known = {
        "secret": index.url_with_password,
        "url": index.url,
        "password": "pass word/1",
        "quoted": "pass%20word%2F1",
        "port": str(index.port),
    }
    bench.variables = {name: value.format(**known) for name, value in variables.items()}
    bench.write(requirements=lines.format(**known))
    assert bench.names() == ["big 1.0", "small 1.0"]


def test_a_netrc_is_honoured(bench: Bench, index: Index) -> None:
    index.has_password = True
    home = bench.folder / "home"
    home.mkdir()
    (home / ".netrc").write_text('machine 127.0.0.1 login reader password "pass word/1"\n')
    assert bench.names() == ["big 1.0", "small 1.0"]


def test_without_the_password_it_is_said_where_one_is_looked_for(bench: Bench, index: Index) -> None:
    index.has_password = True
    with pytest.raises(RequirementsError, match=r"(?s)requirements.txt:1: big.*user and password.*\.netrc"):
        bench.obtain()


def test_a_file_behind_a_password_says_so_too(bench: Bench, index: Index) -> None:
    resolution = bench.resolve()
    index.has_password = True
    with pytest.raises(RequirementsError, match=r"asks for a user and a password \(401\)"):
        bench.bring(resolution)


def test_a_broken_connection_is_taken_up_where_it_broke(bench: Bench, index: Index) -> None:
    bench.wheel("large", size=1 << 20)
    bench.write(requirements="large\n")
    resolution = bench.resolve()
    chosen, step = select(resolution.lock, bench.target), Told()
    index.asked.clear()
    index.cuts = 2
    (wheel,) = fetch(chosen, resolution.access, bench.cache, step)
    assert wheel.digest == digest_of((bench.wheels / "large-1.0-py3-none-any.whl").read_bytes())
    spans = [span for _, span in index.asked]
    assert len(spans) == 3
    assert spans[0] == ""
    assert spans[1] != spans[2] != ""
    assert step.done == wheel.path.stat().st_size


def test_an_index_that_is_busy_is_asked_again(bench: Bench, index: Index) -> None:
    resolution = bench.resolve()
    index.refusals = 2
    assert len(bench.bring(resolution).wheels) == 2


def test_an_index_that_is_gone_is_named(bench: Bench, index: Index) -> None:
    resolution = bench.resolve()
    for wheel in bench.wheels.iterdir():
        wheel.unlink()
    with pytest.raises(RequirementsError, match=r"127\.0\.0\.1.*can't be fetched: the index answers 404"):
        bench.bring(resolution)


def test_a_file_that_changed_is_refused_and_not_kept(bench: Bench, index: Index) -> None:
    resolution = bench.resolve()
    bench.wheel("small", "1.0", Summary="another")
    with pytest.raises(DamagedBlob, match=r"small-1\.0.* is not the file that the lock means"):
        bench.bring(resolution)
    changed = digest_of((bench.wheels / "small-1.0-py3-none-any.whl").read_bytes())
    assert bench.cache.blob(changed) is None


def test_a_file_of_this_machine_is_checked_where_it_lies(bench: Bench) -> None:
    bench.write(requirements="small\n")
    path = bench.wheel("small")
    lock = bench.obtain().lock
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(DamagedBlob, match="is not the file that the lock means"):
        bench.bring(Resolution(lock))


def test_a_lock_that_was_written_is_followed(bench: Bench, index: Index) -> None:
    made = bench.obtain()
    text = write_lock(made.lock, bench.model)
    bench.wheel("small", "2.0")
    followed = read_lock(text, bench.model)
    assert followed == made.lock
    assert bench.bring(Resolution(followed)) == made


def test_an_index_without_hashes_gets_them_in_the_lock(bench: Bench, index: Index) -> None:
    index.has_hashes = False
    lock = bench.obtain().lock
    unhashed = Lock(
        tuple(
            replace(package, wheels=tuple(replace(wheel, hashes={}) for wheel in package.wheels))
            for package in lock.packages
        )
    )
    assert all(wheel.sha256 for package in lock.packages for wheel in package.wheels)
    made = bench.bring(Resolution(unhashed))
    assert [package.wheels[0].sha256 for package in made.lock.packages] == [
        package.wheels[0].sha256 for package in lock.packages
    ]


def test_hashes_of_other_kinds_are_checked_on_the_file(bench: Bench) -> None:
    content = bench.wheel("small").read_bytes()
    bench.write(requirements=f"small --hash=sha512:{hashlib.sha512(content).hexdigest()}\n")
    assert bench.names() == ["small 1.0"]
    bench.write(requirements=f"small==1.0 --hash=sha512:{'0' * 128}\n")
    with pytest.raises(DamagedBlob, match="none of the hashes"):
        bench.obtain()


@pytest.mark.parametrize("variable", ["PIP_PROXY", "HTTP_PROXY", "all_proxy"])
def test_wheels_come_through_the_proxy_that_pip_or_the_environment_names(
    bench: Bench, index: Index, variable: str
) -> None:
    digest = digest_of((bench.wheels / "small-1.0-py3-none-any.whl").read_bytes())
    wheel = (
        f'{{ url = "http://index.example/files/small-1.0-py3-none-any.whl", hashes = {{ sha256 = "{digest[7:]}" }} }}'
    )
    text = f'lock-version = "1.0"\n[[packages]]\nname = "small"\nversion = "1.0"\nwheels = [{wheel}]\n'
    bench.variables = {variable: f"http://127.0.0.1:{index.port}"}
    access = index_access(quiet_surroundings(bench.folder, **bench.variables), bench.model)
    (made,) = bench.bring(Resolution(read_lock(text, bench.model), access=access)).wheels
    assert made.digest == digest
    assert index.asked == [("/files/small-1.0-py3-none-any.whl", "")]
    bench.variables |= {"NO_PROXY": "other.example, .example"}
    direct = index_access(quiet_surroundings(bench.folder, **bench.variables), bench.model)
    with Downloads(direct, at_once=1) as downloads:
        assert downloads.proxy_for("http://index.example/files/x.whl") == ""


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"])
def test_an_authority_of_ones_own_is_trusted_where_it_is_named(bench: Bench, variable: str) -> None:
    bench.wheel("small")
    bench.write(requirements="small\n")
    authority = make_authority(bench.folder)
    with serving_packages(bench.wheels, password="secret", authority=authority) as index:
        bench.variables = {"PIP_INDEX_URL": index.url}
        with pytest.raises(RequirementsError, match=r"(?s)can't be reached.*SSL_CERT_FILE or pip's cert"):
            bench.obtain()
        bench.variables |= {variable: str(authority.bundle)}
        assert bench.names() == ["small 1.0"]


def test_a_host_that_requirements_trust_needs_no_authority(bench: Bench) -> None:
    bench.wheel("small")
    with serving_packages(bench.wheels, authority=make_authority(bench.folder)) as index:
        bench.variables = {"PIP_INDEX_URL": index.url}
        bench.write(requirements=f"--trusted-host 127.0.0.1:{index.port}\nsmall\n")
        assert bench.names() == ["small 1.0"]
