"""The ledger: contradictions are refused, numbers become sentences, the schema is in step."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from synthetic_audit import (
    MODEL,
    synthetic_estimands,
    synthetic_scores,
)

from pez.audit.across_cells import cell_statistics, summarise_cells
from pez.audit.ledger import (
    AcrossCells,
    ClaimEntry,
    JointTest,
    Ledger,
    ModelEntry,
    OptimismEntry,
    Share,
    claim_entry,
    entries,
    json_schema,
)
from pez.audit.ledger_page import to_markdown, write_ledger
from pez.audit.outcomes import outcomes
from pez.audit.shares import variance_shares
from pez.audit.specification import joint_test

CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Finding:
    """As the claims make them."""

    id: str = "C1"
    statement: str = "direction rises abruptly"
    estimand: str = "sharpness"
    value: float | None = 0.41
    interval: tuple[float, float] | None = (0.33, 0.52)
    null: dict = field(default_factory=lambda: {"ramp_95": np.float64(0.21), "draws": 2000})
    p: float | None = 0.004
    holm_p: float | None = 0.02
    verdict: str = "yes"
    reason: str = "sharper than 95 % of ramps"


def model(*findings: Finding, **more: object) -> ModelEntry:
    known = {
        "weights": "embedded, trained by this project", "blocks": 12, "clips": "392 velocity",
        "primary": {"pooling": "mean", "solver": "ridge"}, "cells": 720, "untrained_seeds": 3,
    }  # fmt: skip
    return ModelEntry(claims=tuple(claim_entry(found) for found in findings), **{**known, **more})


def test_a_dataclass_a_mapping_and_an_object_are_taken_alike() -> None:
    found = Finding()
    entry = claim_entry(found)
    assert entry.value == 0.41
    assert entry.null == {"ramp_95": 0.21, "draws": 2000}
    assert claim_entry(dict(vars(found))) == entry
    assert claim_entry(type("Other", (), vars(found))()) == entry
    words = ("id", "statement", "estimand")
    rest = {name: value for name, value in vars(found).items() if name not in words}
    assert claim_entry(rest, found) == entry
    with pytest.raises(ValidationError, match="statement"):
        claim_entry(rest)


def test_numbers_that_json_does_not_have_become_null() -> None:
    found = Finding(value=float("nan"), interval=(0.2, float("inf")), verdict="undecided")
    entry = claim_entry(found)
    assert entry.value is None
    assert entry.interval == (0.2, None)
    assert claim_entry(Finding(interval=(np.nan, np.nan), verdict="no")).interval is None


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Finding(interval=None), "yes needs an interval"),
        (Finding(holm_p=None), "both there, or neither"),
        (Finding(p=0.03, holm_p=0.02), "below p"),
        (Finding(interval=(0.5, 0.3)), "upside down"),
        (Finding(verdict="probably"), "undecided"),
        (Finding(id="D1"), "pattern"),
        (Finding(reason=""), "reason"),
    ],
)
def test_contradictions_are_refused(found: Finding, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        claim_entry(found)


def test_a_claim_is_there_once() -> None:
    with pytest.raises(ValidationError, match="there twice"):
        model(Finding(), Finding())


def test_the_json_schema_is_up_to_date() -> None:
    stored = (CHECKOUT / "resources/ledger.schema.json").read_text()
    assert stored == json_schema(), "run `make schema`"


def test_it_reads_what_it_writes(tmp_path: Path) -> None:
    ledger = Ledger(models={"a": model(Finding()), "b": model(Finding(verdict="no"))})
    write_ledger(ledger, tmp_path / "ledger.md", tmp_path / "ledger.json")
    text = (tmp_path / "ledger.json").read_text()
    assert Ledger.model_validate_json(text) == ledger
    assert set(json.loads(text)["models"]["a"]["claims"][0]) == set(ClaimEntry.model_fields)
    assert (tmp_path / "ledger.md").read_text() == to_markdown(ledger)


def test_several_models_stand_in_one_table() -> None:
    other = Finding(id="C10", statement="local heads", verdict="undecided", p=None, holm_p=None)
    third = Finding(id="C2", statement="early | late", verdict="no")
    page = to_markdown(Ledger(models={"a": model(Finding(), other), "b": model(third)}))
    table = [line for line in page.splitlines() if line.startswith("|")][:5]
    assert table == [
        "| claim | a | b |",
        "|---|---|---|",
        "| C1 direction rises abruptly | **yes** | not judged |",
        "| C2 early \\| late | not judged | no |",
        "| C10 local heads | undecided | not judged |",
    ]
    assert "2 claims in the primary cell: 1 yes, 0 no, 1 undecided." in page


def test_error_rates_of_the_criterion_stand_beside_the_verdict() -> None:
    rates = {"false_positive_rate": 0.04, "detection_rate": 0.75, "runs": 90, "other": 1}
    entry = claim_entry(Finding(), calibration=rates)
    assert entry.calibration is not None
    assert entry.calibration.runs == 90
    assert claim_entry(Finding(), calibration=type("R", (), rates)()) == entry
    page = to_markdown(Ledger(models={"a": model(), "b": ModelEntry(
        **{**model().model_dump(), "claims": (entry,)})}))  # fmt: skip
    assert "| yes | 4 % | 75 % |" in page


def test_the_null_is_described_before_its_numbers() -> None:
    found = Finding(statement="It rises.", null={"description": "a ramp", "ramp_median": 0.25})
    page = to_markdown(Ledger(models={"a": model(found)}))
    assert "| C1 It rises (sharpness) | 0.41 | [0.33, 0.52] | a ramp (ramp median 0.25) |" in page


def test_the_prose_says_what_the_tables_say() -> None:
    scores = synthetic_scores(seeds=3)
    cells = outcomes(synthetic_estimands(scores), scores)
    own = cells[(cells["control"] == "none") & (cells["variable"] == "direction")]
    shares = [
        variance_shares(own, name).assign(variable="direction", outcome=name)
        for name in ("half_rise_depth", "has_onset")
    ]
    joint, across = joint_test(cells, MODEL), summarise_cells(cell_statistics(cells), MODEL)
    entry = model(
        Finding(),
        joint=entries(JointTest, joint),
        across_cells=entries(AcrossCells, across),
        shares=entries(Share, pd.concat(shares)),
        optimism=(OptimismEntry(variable="speed", solver="ridge", clips="60", mean=0.1),),
    )
    page = to_markdown(Ledger(models={MODEL: entry}))
    grouping = shares[0].set_index(["order", "factor"]).loc[("first", "grouping"), "share"].item()
    assert (
        f"- direction, onset by half-rise, share of depth: grouping {100 * grouping:.0f} %" in page
    )
    assert "- direction, whether there is an onset: the same in all cells." in page
    assert "| 0 of 3 | .250 |" in page
    assert "With 3 untrained networks no p can be below .250; 19 would allow .050." in page
    c3 = across.set_index("claim").loc["C3"]
    assert f"- C3: median {c3['median']:.3g} (5 to 95 % of cells:" in page
    assert f"met in {100 * c3['share']:.0f} % of 720 cells" in page
    assert "| speed | ridge | 60 | +0.100 | none |" in page
    assert " nan" not in page
