"""Which class a folder's name makes, and what is offered where it makes none."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelwrap.cli.start.names import choose_place
from modelwrap.errors import ProjectError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("typed", "class_name"),
    [
        ("hello", "Hello"),
        ("my-model", "MyModel"),
        ("churn_2026.v2", "Churn2026V2"),
        ("MnistClassifier", "MnistClassifier"),
        ("models/ab-test/", "AbTest"),
    ],
)
def test_the_class_is_named_after_the_folder(typed: str, class_name: str) -> None:
    place = choose_place(typed)
    assert (place.folder, place.class_name) == (Path(typed), class_name)
    assert class_name.isidentifier()


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("3d model", "my-3d-model"),
        ("models/größe", "models/groe"),
        ("none", "none-model"),
        ("-x", "x"),
        ("_hidden_", "hidden"),
        ("a b\n", "a-b"),
        ("7", "my-7"),
        ("模型", "my-model"),
    ],
)
def test_a_name_that_makes_no_class_is_refused_with_one_that_does(typed: str, offered: str) -> None:
    with pytest.raises(ProjectError) as refused:
        choose_place(typed)
    assert refused.value.message.endswith(f"\ntry: modelwrap init {offered}")
    assert choose_place(offered).class_name


def test_an_empty_folder_will_do_and_a_dangling_link_will_not() -> None:
    Path("empty").mkdir()
    assert choose_place("empty").class_name == "Empty"
    Path("link").symlink_to("nowhere")
    with pytest.raises(ProjectError, match="link is there already"):
        choose_place("link")


@pytest.mark.parametrize(
    ("within", "typed", "offered"),
    [
        ("3d", ".", "my-3d"),
        ("3d/deeper", "..", "../my-3d"),
        ("taken", ".", "my-model"),
        ("taken/my-model", "..", "../my-model-2"),
    ],
)
def test_where_the_working_directory_will_not_do_a_folder_in_it_is_offered(
    within: str, typed: str, offered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(within).mkdir(parents=True)
    Path("taken").mkdir(exist_ok=True)
    Path("taken/notes.txt").touch()
    monkeypatch.chdir(within)
    with pytest.raises(ProjectError) as refused:
        choose_place(typed)
    assert refused.value.message.endswith(f"\ntry: modelwrap init {offered}")
    choose_place(offered)
