"""Values behave as frozen dataclasses with slots do; records as those that are not frozen."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Mapping
from functools import cached_property

import pytest

from modelwrap.value import Record, Value, by_name, field, replace


class Place(Value):
    """Where something is."""

    host: str
    port: int = 443
    headers: Mapping[str, str] = field(default_factory=dict)
    password: str = field(default="", shown=False)

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"


class Door(Value):
    host: str
    port: int = 443


class Mirror(Place):
    of: str = ""


class Counted(Value):
    text: str

    __slots__ = ("__dict__", "text")

    @cached_property
    def words(self) -> list[str]:
        return self.text.split()


class Letter(Record):
    __slots__ = ("body", "sender")

    def __init__(self, body: str, sender: str = "nobody") -> None:
        self.body = body
        self.sender = sender


class Parcel(Letter):
    __slots__ = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Likewise:
    host: str
    port: int = 443
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    password: str = dataclasses.field(default="", repr=False)


def test_a_value_is_given_in_order_by_name_or_by_default() -> None:
    place = Place("one.example", headers={"a": "b"})

    assert (place.host, place.port, place.headers, place.address) == ("one.example", 443, {"a": "b"}, "one.example:443")
    assert by_name(place) == {"host": "one.example", "port": 443, "headers": {"a": "b"}, "password": ""}


@pytest.mark.parametrize(
    ("given", "named", "told"),
    [
        ((), {}, "Place needs host"),
        (("a", 1, {}, "", "too much"), {}, "Place has the fields host, port, headers, password"),
        (("a",), {"host": "b"}, "Place has the fields host, port, headers, password"),
        (("a",), {"prot": 1}, "prot"),
    ],
)
def test_what_does_not_fit_the_fields_is_refused(
    given: tuple[object, ...], named: dict[str, object], told: str
) -> None:
    with pytest.raises(TypeError, match=told):
        Place(*given, **named)  # type: ignore[arg-type]


def test_a_default_is_made_anew_for_each() -> None:
    assert Place("a").headers is not Place("a").headers


def test_values_are_equal_by_what_they_hold_and_by_their_class() -> None:
    assert Door("a", 1) == Door("a", 1)
    assert Door("a", 1) != Door("a", 2)
    assert Place("a") != Door("a")
    assert Door("a") != ("a", 443)
    assert len({Door("a"), Door("a", 443), Door("b")}) == 2


def test_a_value_never_changes() -> None:
    door = Door("a")

    with pytest.raises(AttributeError, match="Door is a value"):
        door.port = 1  # type: ignore[misc]
    with pytest.raises(AttributeError, match="Door is a value"):
        del door.port
    with pytest.raises(AttributeError, match="Door is a value"):
        door.new = 1
    assert door == Door("a", 443)
    assert not hasattr(door, "__dict__")


def test_another_value_is_made_by_naming_what_differs() -> None:
    assert replace(Place("a", 1, password="x"), port=2) == Place("a", 2, password="x")
    with pytest.raises(TypeError, match="prot"):
        replace(Door("a"), prot=2)


def test_its_text_is_that_of_a_dataclass_and_keeps_secrets() -> None:
    assert repr(Place("a", password="hush")) == repr(Likewise("a", password="hush")).replace("Likewise", "Place")
    assert "hush" not in repr(Place("a", password="hush"))


def test_a_class_of_values_may_have_more_fields_than_its_base() -> None:
    mirror = Mirror("a", of="b")

    assert (mirror.host, mirror.port, mirror.of, mirror.address) == ("a", 443, "b", "a:443")
    assert mirror != replace(mirror, of="c")


def test_a_value_that_names_its_slots_may_keep_what_it_worked_out() -> None:
    counted = Counted("a b")

    assert counted.words is counted.words
    assert counted == Counted("a b")


def test_values_can_be_matched_copied_and_pickled() -> None:
    door = Door("a", 1)

    match door:
        case Door(host, port):
            assert (host, port) == ("a", 1)
    assert copy.deepcopy(door) == door
    assert pickle.loads(pickle.dumps(door)) == door


def test_records_are_equal_by_what_they_hold_and_by_their_class() -> None:
    assert Letter("a") == Letter("a", "nobody")
    assert Letter("a") != Letter("a", "b")
    assert Letter("a") != Parcel("a")
    assert Parcel("a") == Parcel("a")
    assert Parcel("a") != Parcel("b")
    assert repr(Parcel("a")) == "Parcel(body='a', sender='nobody')"
    assert repr(Letter("a")) == "Letter(body='a', sender='nobody')"


def test_a_record_has_no_hash_and_no_room_for_more() -> None:
    letter = Letter("a")

    with pytest.raises(TypeError, match="unhashable"):
        hash(letter)
    with pytest.raises(AttributeError):
        letter.new = 1  # type: ignore[attr-defined]


def test_records_can_be_copied_and_pickled() -> None:
    letter = Letter("a", "b")

    assert copy.deepcopy(letter) == letter
    assert pickle.loads(pickle.dumps(letter)) == letter
