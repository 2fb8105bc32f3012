"""The configurations of docs/own_clips.md are valid as they stand there."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.utils import update_config

from conftest import CHECKOUT
from own_clips.videos import write_labels, write_set
from pez.config.load import load_config
from pez.runtime.errors import ConfigError


def documented() -> list[dict[str, Any]]:
    text = (CHECKOUT / "docs/own_clips.md").read_text()
    blocks = re.findall(r"(?m)(?:^    .*\n|^\n)+", text)
    return [
        yaml.safe_load("\n".join(line[4:] for line in block.splitlines()))
        for block in blocks
        if "datasets:" in block
    ]


def test_labels_that_cannot_be_read_are_named_before_any_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = yaml.safe_load((CHECKOUT / "config.yaml").read_text())
    update_config(config, documented()[0])
    refused = (
        r"own_speed\.protocols\.strict: dataset = 'own': datasets\.own\.root = 'clips' is no folder"
    )
    with pytest.raises(ConfigError, match=refused):
        load_config(config, CHECKOUT)
    (tmp_path / "clips").mkdir()
    with pytest.raises(ConfigError, match=r"datasets\.own\.labels: clips/labels\.csv is no file"):
        load_config(config, CHECKOUT)


def test_a_column_of_one_value_is_no_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_set(tmp_path / "clips", clips=10)
    rows = [(f"clip_{number:02d}", 2, "left", number // 2) for number in range(10)]
    write_labels(tmp_path / "clips/labels.csv", ("clip", "speed", "direction", "group"), rows)
    config = yaml.safe_load((CHECKOUT / "config.yaml").read_text())
    update_config(config, documented()[0])
    with pytest.raises(ConfigError) as caught:
        load_config(config, CHECKOUT)
    for name in ("speed", "direction"):
        assert f"target.column = {name!r}: all clips of dataset 'own' have one" in str(caught.value)


def test_the_documented_configurations_are_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_set(tmp_path / "clips", clips=10)
    sides = ("left", "right")
    rows = [
        (f"clip_{number:02d}", 0.5 * number, sides[number % 2], number // 2) for number in range(10)
    ]
    write_labels(tmp_path / "clips/labels.csv", ("clip", "speed", "direction", "group"), rows)
    write_set(tmp_path / "IntPhys2/Main", clips=10)
    kinds = ("1_Possible", "1_Impossible", "2_Possible", "2_Impossible")
    scenes = [(f"clip_{number:02d}.mp4", number // 2, kinds[number % 4]) for number in range(10)]
    header = ("file_name", "SceneIndex", "type")
    write_labels(tmp_path / "IntPhys2/Main/metadata.csv", header, scenes)
    own, intphys2 = documented()
    config = yaml.safe_load((CHECKOUT / "config.yaml").read_text())
    update_config(config, own)
    update_config(config, intphys2)
    loaded = load_config(config, CHECKOUT)
    speed, scene = loaded.recipes["own_speed.strict"], loaded.recipes["intphys2.strict"]
    assert speed.fields()["target"] == "column speed kind number"
    assert speed.fields()["grouping"] == "column group"
    assert scene.fields()["target"] == "column type kind category"
    assert loaded.sets["own"].column("speed").unit == "px/frame"
    assert loaded.sets["intphys2"].column("type").most == 2
