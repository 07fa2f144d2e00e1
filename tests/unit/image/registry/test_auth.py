"""Challenges of every shape that registries send, and what they are met with."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwrap.image.registry.auth import (
    Challenge,
    Credentials,
    Token,
    basic_header,
    parse_challenges,
    read_token,
    token_request,
)

_BEARER = Challenge("bearer", {"realm": "https://auth.example/token", "service": "r.example"})
_ANN = Credentials("ann", "s:e cret", "a file")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('Basic realm="r"', [Challenge("basic", {"realm": "r"})]),
        (
            'Bearer realm="https://a.example/t",service="s",scope="repository:x:pull,push"',
            [Challenge("bearer", {"realm": "https://a.example/t", "service": "s", "scope": "repository:x:pull,push"})],
        ),
        ('bearer Realm = "a\\"b" , error=e', [Challenge("bearer", {"realm": 'a"b', "error": "e"})]),
        ('Negotiate, Basic realm="r", Bearer realm="t"', [
            Challenge("negotiate", {}), Challenge("basic", {"realm": "r"}), Challenge("bearer", {"realm": "t"}),
        ]),
        ("", []),
    ],
)  # fmt: skip
def test_challenges_are_read(header: str, expected: list[Challenge]) -> None:
    assert list(parse_challenges(header)) == expected


@given(st.text())
def test_any_text_is_read_or_passed_over(header: str) -> None:
    parse_challenges(header)


def test_a_name_and_a_password_are_sent_as_they_are() -> None:
    scheme, _, text = basic_header(_ANN).partition(" ")
    assert (scheme, base64.b64decode(text)) == ("Basic", b"ann:s:e cret")


def test_a_token_is_asked_for_with_every_scope_and_the_password_in_a_header_only() -> None:
    request, form = token_request(_BEARER, ("repository:x:pull,push", "repository:base:pull"), _ANN)
    query = parse_qs(urlsplit(request.target).query)
    assert (request.method, form) == ("GET", None)
    assert query == {
        "service": ["r.example"],
        "scope": ["repository:x:pull,push", "repository:base:pull"],
        "account": ["ann"],
    }
    assert request.headers["Authorization"] == basic_header(_ANN)
    assert "cret" not in request.target


def test_everybody_may_ask_for_a_token() -> None:
    request, form = token_request(_BEARER, ("repository:x:pull",), None)
    assert "Authorization" not in request.headers
    assert form is None


def test_an_identity_token_is_sent_in_a_form() -> None:
    request, form = token_request(_BEARER, ("repository:x:pull",), Credentials("", "", "here", "secret-token"))
    assert request.method == "POST"
    assert form is not None
    assert parse_qs(form.decode()) == {
        "grant_type": ["refresh_token"],
        "service": ["r.example"],
        "client_id": ["modelwrap"],
        "scope": ["repository:x:pull"],
        "refresh_token": ["secret-token"],
    }
    assert "secret-token" not in request.target


def test_a_realm_that_has_a_query_keeps_it() -> None:
    request, _ = token_request(Challenge("bearer", {"realm": "https://a.example/t?x=1"}), ("repository:y:pull",), None)
    assert parse_qs(urlsplit(request.target).query) == {"x": ["1"], "scope": ["repository:y:pull"]}


def test_tokens_of_both_names_are_read() -> None:
    assert read_token({"token": "t", "expires_in": 300}) == Token("t", 300.0)
    assert read_token({"access_token": "t"}) == Token("t", 60.0)
    assert read_token({}) is None
    assert read_token({"token": ""}) is None


def test_secrets_are_never_shown() -> None:
    shown = repr(_ANN) + str(_ANN) + str(Credentials("", "", "here", "secret-token"))
    assert "secret-token" not in shown
    assert "s:e cret" not in shown
