"""A class that imports more of Seldon's package than the stand-in has is told so."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from modelwrap.compat import activate
from modelwrap.errors import LoadFailed
from modelwrap.runtime.component import loader


@pytest.mark.parametrize(
    ("statement", "lacking"),
    [
        ("import seldon_core.seldon_client", "imports 'seldon_core.seldon_client'"),
        ("from seldon_core.metrics import SeldonMetrics", "cannot import name 'SeldonMetrics'"),
    ],
)
def test_what_the_stand_in_lacks_is_named_with_the_way_to_get_it(
    statement: str, lacking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    activate()
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "wanting_more.py").write_text(statement)
    with pytest.raises(LoadFailed) as caught:
        loader.find("wanting_more")
    assert lacking in caught.value.message
    assert caught.value.message.endswith("add seldon-core to requirements.txt for the rest")


def test_the_real_packages_lack_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "seldon_core"]:
        monkeypatch.delitem(sys.modules, name)
    (tmp_path / "seldon_core").mkdir()
    (tmp_path / "seldon_core" / "__init__.py").touch()
    (tmp_path / "wanting_much.py").write_text("import seldon_core.seldon_client")
    with pytest.raises(LoadFailed, match="which is not installed"):
        loader.find("wanting_much")
    sys.modules.pop("seldon_core", None)
