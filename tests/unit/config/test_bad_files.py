"""One small bad file for each mistake, and the exact sentences beside it.

``bad/NAME.toml`` has its sentences in ``bad/NAME.toml.says``.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sdsync.config.load import load
from sdsync.config.problems import ConfigError
from sdsync.config.tables import read_table
from sdsync.config.yamlnodes import read_yaml

BAD = Path(__file__).parent / "bad"
FILES = sorted(path.name for path in BAD.iterdir() if path.suffix != ".says")
#: libyaml and PyYAML's own parser word these differently.
PARSERS_WORDS = {"syntax.yaml", "tab.yaml"}


def read(name: str) -> None:
    path = Path(name)
    match path.suffix:
        case ".toml":
            load(path, whole=False)  # each shows its own mistake alone
        case ".yaml":
            read_yaml(path, name)
        case _:
            read_table(path, name)


@pytest.mark.parametrize("name", FILES)
def test_a_mistake_is_said_in_exactly_these_words(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name in PARSERS_WORDS and not yaml.__with_libyaml__:
        pytest.skip("these are libyaml's words")
    monkeypatch.chdir(BAD)
    says = (BAD / f"{name}.says").read_text(encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        read(name)

    assert f"{caught.value}\n" == says


def test_every_sentence_has_its_file() -> None:
    says = {path.name.removesuffix(".says") for path in BAD.glob("*.says")}

    assert says == set(FILES)


def test_no_secret_of_a_bad_file_is_ever_said() -> None:
    said = "".join(path.read_text(encoding="utf-8") for path in BAD.glob("*.says"))

    assert "c0ffee" not in said
