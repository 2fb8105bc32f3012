"""Verdicts on attention distances with planted answers, and refusals of tables of others."""

import json

import numpy as np
import pandas as pd
import pytest

from inside.inside_samples import attention_spec
from inside.planted_heads import BLOCKS, CLIPS, HEADS, IDS, UNIFORM, heads, peaked, write_planted
from pez.emergence.facts import ModelFacts
from pez.inside.head_statistics import contrast, head_means, peak, pez_blocks, specialisation
from pez.inside.judged import Facts, to_markdown, write_verdict
from pez.inside.registry import judge
from pez.runtime.errors import ArtifactError

CONTROLS = {"untrained": [1, 2], "frames_shuffled": [1], "static": []}
SPEC = attention_spec(models=["nano"], controls=CONTROLS)
NETWORKS = (
    "nano", "nano_untrained", "nano_untrained_2", "nano_frames_shuffled", "nano_static",
)  # fmt: skip
SAID = {"nano_frames_shuffled": "clips: frames_shuffled, seed 1", "nano_static": "clips: static"}
PICTURES = {"figure3": "attention_heads", "figure19": "attention_layers"}


def facts(figure="figure19", source="embedded"):
    known = ModelFacts(layers=BLOCKS, source=source, weights="weights of a test")
    return Facts(figure, PICTURES[figure], {"nano": known}, "made up")


@pytest.fixture
def planted(tmp_path):
    """Write tables of all networks: spatial distances by the network's name."""

    def write(**spatial):
        blank = {name: heads(8.2, 0.05, seed=number) for number, name in enumerate(NETWORKS)}
        return [
            write_planted(tmp_path / f"{name}.parquet", own, replaced=SAID.get(name))
            for name, own in (blank | spatial).items()
        ]

    return write


def verdict(paths, figure="figure19", spec=SPEC):
    return judge(spec, paths, facts(figure)).verdict.models[0]


@pytest.mark.parametrize(
    ("block", "answer"), [(2, "yes"), (3, "yes"), (4, "yes"), (1, "no"), (5, "no"), (9, "no")]
)
def test_a_planted_peak_is_found_where_it_is(planted, block, answer):
    found = verdict(planted(nano=heads(spread=peaked(block))))
    assert found.answer == answer
    numbers = {number.name: number for number in found.numbers}
    place = numbers["block of largest spatial specialisation"]
    assert (place.value, place.low, place.high) == (block, block, block)
    assert f"largest in block {block} [{block} to {block}]" in found.reason


def test_a_peak_that_untrained_networks_have_too_is_undecided(planted):
    same = heads(spread=peaked(3))
    assert verdict(planted(nano=same, nano_untrained_2=heads(spread=peaked(3, 2.0)))).answer == (
        "undecided"
    )


def test_a_flat_course_is_not_called_a_peak(planted):
    assert verdict(planted(nano=heads(spread=0.5, noise=0.3))).answer != "yes"


def test_without_an_untrained_network_nothing_is_decided(planted):
    alone = attention_spec(models=["nano"])
    found = verdict(planted(nano=heads(spread=peaked(3)))[:1], spec=alone)
    assert found.answer == "undecided" and "no untrained network" in found.reason


def test_locality_that_static_clips_keep_and_lose(planted):
    """Uniform less mean: 8.33 - 6.33 = 2 patches; of them half on static clips, all on shuffled."""
    local, half = UNIFORM["spatial"] - 2, UNIFORM["spatial"] - 1
    paths = planted(nano=heads(local), nano_static=heads(half), nano_frames_shuffled=heads(local))
    statements = verdict(paths).statements
    (static,) = (text for text in statements if "static" in text)
    assert "is 2.00 patches, on static clips 1.00" in static and "or 0.50 [" in static
    (shuffled,) = (text for text in statements if "shuffled" in text)
    assert "or 1.00 [1.00 to 1.00] of it" in shuffled


def test_curves_are_means_and_spreads_over_heads(planted):
    mean, spread = np.linspace(8, 5, BLOCKS), peaked(3)
    table = judge(SPEC, planted(nano=heads(mean, spread)), facts()).series
    own = table[(table["control"] == "none") & (table["measure"] == "spatial")]
    for statistic, expected in (("mean", mean), ("specialisation", spread)):
        rows = own[own["statistic"] == statistic]
        assert list(rows["block"]) == list(range(BLOCKS))
        np.testing.assert_allclose(rows["value"], expected, atol=0.02)
        assert (rows["low"] <= rows["value"]).all() and (rows["value"] <= rows["high"]).all()
    untrained = table[(table["control"] == "untrained") & (table["statistic"] == "mean")]
    assert (untrained["low"] < untrained["high"]).all()
    assert table[table["control"].isin(["static", "frames_shuffled"])]["low"].isna().all()
    uniform = table[(table["kind"] == "uniform") & (table["measure"] == "spatial")]
    assert set(uniform.loc[uniform["statistic"] == "mean", "value"]) == {UNIFORM["spatial"]}
    assert set(table.loc[table["kind"] == "pez", "block"]) == {2, 3, 4}


def test_local_heads_are_counted_where_they_are(planted):
    spatial = heads(9.0, 0.1)
    spatial[:, 3, :2] = 1.0
    spatial[:, 4, 0] = 1.0
    found = verdict(planted(nano=spatial), "figure3")
    assert found.answer == "yes"
    assert (
        "3 of 48 heads look less far than every head of any untrained network"
        in (found.statements[0])
    )
    assert "2 in block 3, 1 in block 4" in found.statements[0]
    spatial = heads(9.0, 0.1)
    spatial[:, 9, :2] = 1.0
    assert verdict(planted(nano=spatial), "figure3").answer == "no"


def test_heads_that_are_drawn_are_means_over_clips(planted):
    spatial = heads(seed=5)
    table = judge(SPEC, planted(nano=spatial), facts("figure3")).series
    assert set(table["control"]) == {"none", "untrained"}
    own = table[(table["control"] == "none") & (table["measure"] == "spatial")]
    np.testing.assert_allclose(
        own["value"].to_numpy().reshape(BLOCKS, HEADS), spatial.mean(axis=0), rtol=1e-12
    )
    assert set(table.loc[table["control"] == "untrained", "seed"]) == {1}


@pytest.mark.parametrize("figure", PICTURES)
def test_the_verdict_is_a_page_and_a_file(planted, tmp_path, figure):
    found = judge(SPEC, planted(), facts(figure)).verdict
    write_verdict(found, tmp_path / "v.md", tmp_path / "v.json")
    text = (tmp_path / "v.md").read_text()
    assert text == to_markdown(found)
    assert f"{CLIPS} of velocity, the first of every direction and magnitude (made up)" in text
    assert "Not a reproduction of the paper's figure" in text
    assert json.loads((tmp_path / "v.json").read_text())["models"][0]["question"]
    published = judge(SPEC, planted(), facts(figure, "checkpoint")).verdict
    assert "Not a reproduction" not in to_markdown(published)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"model": "nano_untrained"}, r"nano\.parquet says model = 'nano_untrained', and 'nano'"),
        ({"dataset": "acceleration"}, r"dataset = 'acceleration', and 'velocity' is expected"),
        ({"replaced": "clips: static"}, r"says replaced = 'clips: static', and None is expected"),
        ({"kind": "other"}, r"says kind = 'other', and 'attention_distance' is expected"),
        ({"precision": "bf16"}, r"precision = 'bf16', and .* precision = 'fp32': they are not of"),
        (
            {"weights_checksum": "xxh3_128:1"},
            r"nano_frames_shuffled\.parquet weights_checksum = No",
        ),
        ({"clip_ids": IDS[::-1]}, r"clip_ids = .* they are not of one set"),
    ],
)
def test_a_table_of_another_is_refused(planted, tmp_path, said, words):
    paths = planted()
    write_planted(tmp_path / "nano.parquet", heads(), **said)
    with pytest.raises(ArtifactError, match=words):
        verdict(paths)


def test_a_table_that_lacks_rows_is_refused(planted, tmp_path):
    paths = planted()
    from pez.runtime.tables import open_table, write_table

    opened = open_table(paths[0])
    write_table(paths[0], opened.table.iloc[:-1], opened.metadata)
    with pytest.raises(ArtifactError, match="table of attention of nano has"):
        verdict(paths)


def test_blocks_of_the_zone():
    assert list(np.flatnonzero(pez_blocks(12))) == [2, 3, 4]  # outputs 3, 4, 5 of 12
    assert list(np.flatnonzero(pez_blocks(24))) == [5, 6, 7, 8, 9]  # 6 to 10 of 24
    assert not pez_blocks(2).any()


def test_statistics_under_weights_are_those_of_repeated_clips():
    values = heads(noise=1.0)
    counts = np.random.default_rng(1).integers(0, 4, (3, CLIPS)).astype(float)
    for weights, drawn in zip(counts, head_means(values, counts), strict=True):
        again = np.repeat(values, weights.astype(int), axis=0)
        np.testing.assert_allclose(drawn, head_means(again))
    spread = specialisation(head_means(values))
    np.testing.assert_allclose(spread, pd.DataFrame(head_means(values)).std(axis=1, ddof=0))
    inside = pez_blocks(BLOCKS)
    assert contrast(spread, inside) == pytest.approx(
        spread[[2, 3, 4]].mean() - np.delete(spread, [2, 3, 4]).mean()
    )
    found = peak(spread, np.stack([spread, spread]), inside)
    assert found.inside == float(inside[spread.argmax()])
