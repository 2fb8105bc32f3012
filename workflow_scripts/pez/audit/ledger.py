"""The ledger: what the audit holds true of every model, claim by claim, for machines and people."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal, Self, TypeVar

import pandas as pd
from pydantic import Field, model_validator

from pez.runtime.schema import Schema

Verdict = Literal["yes", "no", "undecided"]
Interval = tuple[float | None, float | None]
Entry = TypeVar("Entry", bound=Schema)


class Rates(Schema):
    """How often the criterion of a claim errs on planted networks."""

    false_positive_rate: float | None = Field(
        None,
        ge=0,
        le=1,
        description="share of yes where the planted truth is no",
    )
    detection_rate: float | None = Field(
        None, ge=0, le=1, description="share of yes where the planted truth is yes"
    )
    false_negative_rate: float | None = Field(
        None, ge=0, le=1, description="share of no where the planted truth is yes"
    )
    runs: int = Field(ge=0, description="planted networks with a known truth")


class ClaimEntry(Schema):
    """One claim about one model, judged in the primary cell."""

    id: str = Field(pattern=r"^C[1-9][0-9]*$")
    statement: str = Field(min_length=1)
    estimand: str = Field(description="what is read off the curves")
    value: float | None = Field(description="null: there is none, such as no onset")
    interval: Interval | None = Field(
        description="90 % of draws; null: not measured; an end that is null: open"
    )
    null: dict[str, float | int | str | bool | None] = Field(
        description="what the value is compared with, by name"
    )
    verdict: Verdict
    reason: str = Field(min_length=1)
    p: float | None = Field(None, ge=0, le=1)
    holm_p: float | None = Field(None, ge=0, le=1, description="adjusted over claims with a p")
    calibration: Rates | None = Field(None, description="on planted networks; null: not run")

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        if self.verdict == "yes" and self.interval is None:
            raise ValueError(f"{self.id}: yes needs an interval")
        if (self.p is None) != (self.holm_p is None):
            raise ValueError(f"{self.id}: p and holm_p are both there, or neither")
        if self.p is not None and self.holm_p is not None and self.holm_p < self.p - 1e-12:
            raise ValueError(f"{self.id}: holm_p {self.holm_p} is below p {self.p}")
        low, high = self.interval or (None, None)
        if low is not None and high is not None and low > high:
            raise ValueError(f"{self.id}: interval {self.interval} is upside down")
        return self


class PrimaryEstimate(Schema):
    """One estimand of one variable in the primary cell."""

    variable: str
    estimand: str
    value: float | None = Field(description="in states or scores; null: there is none")
    low: float | None = Field(description="90 % of the draws that have one")
    high: float | None
    none_share: float = Field(ge=0, le=1, description="share of draws that have none")


class AcrossCells(Schema):
    """One claim, read off every cell of the multiverse."""

    claim: str
    median: float | None = Field(description="of the cells with a value")
    low: float | None = Field(description="5 % of the cells with a value")
    high: float | None = Field(description="95 %")
    cells: int = Field(ge=0)
    without: int = Field(ge=0, description="cells without a value, such as without an onset")
    share: float | None = Field(ge=0, le=1, description="of all cells that meet the claim's sign")
    untrained_median: float | None
    seeds: int = Field(ge=0)
    p: float | None = Field(ge=0, le=1, description="rank of the median among untrained networks")
    share_p: float | None = Field(ge=0, le=1, description="rank of the share")
    smallest_p: float | None = Field(ge=0, le=1, description="that so many seeds can give")


class JointTest(Schema):
    """A statistic over all cells of a variable, ranked among untrained networks."""

    variable: str
    statistic: str
    extreme: Literal["high", "low", "either"]
    trained: float
    untrained_low: float | None
    untrained_median: float | None
    untrained_high: float | None
    cells: int = Field(ge=0)
    at_least: int = Field(ge=0, description="untrained networks at least as extreme")
    seeds: int = Field(ge=0)
    p: float | None = Field(ge=0, le=1)
    smallest_p: float | None = Field(ge=0, le=1)


class Share(Schema):
    """A share of the variance of an outcome over cells."""

    variable: str
    outcome: str
    method: Literal["anova", "shapley"]
    order: Literal["first", "total", "pair", "higher", "shapley"]
    factor: str
    other: str = ""
    share: float | None = Field(description="null: the outcome is the same in all cells")
    low: float | None
    high: float | None
    noise: float | None = Field(description="what resampling alone makes of it")
    cells: int = Field(ge=0, description="with the outcome")
    of: int = Field(ge=0, description="cells of the design")
    note: str = ""


class OptimismEntry(Schema):
    """Validation minus nested score, mean over states and cells."""

    variable: str
    solver: str
    clips: str
    mean: float
    expected: float | None = Field(None, description="of picking by luck alone; null: not computed")


class ModelEntry(Schema):
    """What the audit holds true of one model."""

    weights: str = Field(min_length=1, description="whose they are, in words")
    blocks: int = Field(ge=1)
    clips: str = Field(description="which clips, in words")
    primary: dict[str, str] = Field(description="every choice of the primary cell")
    cells: int = Field(ge=0, description="cells of the multiverse")
    untrained_seeds: int = Field(ge=0)
    claims: tuple[ClaimEntry, ...]
    estimands: tuple[PrimaryEstimate, ...] = ()
    across_cells: tuple[AcrossCells, ...] = ()
    joint: tuple[JointTest, ...] = ()
    shares: tuple[Share, ...] = ()
    optimism: tuple[OptimismEntry, ...] = ()

    @model_validator(mode="after")
    def _claims_once(self) -> Self:
        names = [claim.id for claim in self.claims]
        if len(set(names)) < len(names):
            raise ValueError(f"a claim is there twice: {', '.join(names)}")
        return self


class Ledger(Schema):
    """Content of the ledger's JSON file."""

    schema_version: int = Field(default=1, description="raised when a field changes its meaning")
    models: dict[str, ModelEntry] = Field(min_length=1)


def json_schema() -> str:
    """Return the JSON schema of the ledger."""
    return json.dumps(Ledger.model_json_schema(), indent=2) + "\n"


def claim_entry(finding: Any, claim: Any = None, calibration: Any = None) -> ClaimEntry:
    """Put a finding into the ledger's words.

    Args:
        finding: a dataclass, mapping or object with the fields of `ClaimEntry` up to ``holm_p``;
            what else it has is left out. NaN and infinite numbers become null.
        claim: the same for the fields that the finding lacks (``id``, ``statement``, ...).
        calibration: the same with the fields of `Rates`; None: its criterion was not calibrated.

    Raises:
        pydantic.ValidationError: a field is missing, or fields contradict one another.
    """
    names = [name for name in ClaimEntry.model_fields if name != "calibration"]
    fields: dict[str, Any] = {}
    for source in (claim, finding):
        fields |= _fields(source, names)
    if fields.get("interval") == [None, None]:
        fields["interval"] = None
    if fields.get("null") is None:
        fields["null"] = {}
    rates = None if calibration is None else Rates(**_fields(calibration, Rates.model_fields))
    return ClaimEntry(**fields, calibration=rates)


def _fields(source: Any, names: Iterable[str]) -> dict[str, Any]:
    """Those of ``names`` that ``source``, a mapping or an object, has."""
    if isinstance(source, Mapping):
        return {name: _plain(source[name]) for name in names if name in source}
    return {name: _plain(getattr(source, name)) for name in names if hasattr(source, name)}


def entries(kind: type[Entry], table: pd.DataFrame) -> tuple[Entry, ...]:
    """Rows of ``table`` as entries of ``kind``; columns that it does not have are left out."""
    columns = [name for name in kind.model_fields if name in table.columns]
    return tuple(
        kind(**{str(name): _plain(value) for name, value in row.items()})
        for row in table[columns].to_dict("records")
    )


def _plain(value: Any) -> Any:
    """``value`` of Python's own types; None for numbers that JSON does not have."""
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()  # numpy's scalars and arrays
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value


def verdict_counts(claims: Iterable[ClaimEntry]) -> dict[Verdict, int]:
    """How many of ``claims`` have each verdict."""
    counts: dict[Verdict, int] = {"yes": 0, "no": 0, "undecided": 0}
    for claim in claims:
        counts[claim.verdict] += 1
    return counts
