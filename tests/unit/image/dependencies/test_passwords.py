"""A password goes to the host it was given for, and nowhere else."""

from __future__ import annotations

import base64
from pathlib import Path

from modelwrap.image.dependencies.passwords import gather_passwords, without_password
from modelwrap.image.dependencies.settings import Surroundings


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_it_is_sent_to_the_same_scheme_host_and_port_only() -> None:
    known = gather_passwords(["https://me:se%3Acret@index.example/simple"], Surroundings())
    assert known.header_for("https://index.example:443/files/a.whl") == basic("me:se:cret")
    assert known.header_for("https://INDEX.example/files/a.whl") == basic("me:se:cret")
    for other in (
        "http://index.example/a",
        "https://index.example:8443/a",
        "https://files.example/a",
        "https://example/",
    ):
        assert known.header_for(other) is None


def test_of_several_the_one_for_the_most_alike_path_is_sent() -> None:
    urls = ["https://a:1@index.example/team/a/simple", "https://b:2@index.example/team/b/simple"]
    known = gather_passwords(urls, Surroundings())
    assert known.header_for("https://index.example/team/b/files/x.whl") == basic("b:2")
    assert known.header_for("https://index.example/team/a/files/x.whl") == basic("a:1")


def test_one_in_the_address_itself_wins() -> None:
    known = gather_passwords(["https://a:1@index.example"], Surroundings())
    assert known.header_for("https://token@index.example/x.whl") == basic("token:")


def test_a_netrc_serves_https_and_this_machine(tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine index.example login me password secret\nmachine 127.0.0.1 login me password here\n")
    known = gather_passwords([], Surroundings({"NETRC": str(file)}))
    assert known.header_for("https://index.example/x.whl") == basic("me:secret")
    assert known.header_for("http://index.example/x.whl") is None
    assert known.header_for("http://127.0.0.1:8080/x.whl") == basic("me:here")


def test_a_netrc_that_is_not_there_or_makes_no_sense_is_none(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("nonsense here")
    assert gather_passwords([], Surroundings({}, tmp_path)).header_for("https://index.example") is None
    assert gather_passwords([], Surroundings({}, tmp_path / "none")).header_for("https://index.example") is None


def test_no_password_is_shown() -> None:
    assert without_password("https://me:secret@index.example/a?b#c") == "https://index.example/a?b#c"
    assert without_password("https://index.example/a@b") == "https://index.example/a@b"
    assert "secret" not in repr(gather_passwords(["https://me:secret@index.example"], Surroundings())).lower()
