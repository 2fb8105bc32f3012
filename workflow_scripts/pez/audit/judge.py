"""From the tables of all networks to the ledger, and to the tables that pictures are drawn from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pez.audit.across_cells import cell_statistics, summarise_cells
from pez.audit.calibration import criterion_rates
from pez.audit.claims.registry import CLAIMS, judge_all
from pez.audit.clips_by_state import clips_by_state
from pez.audit.forest import forest_table
from pez.audit.grid import RIDGE
from pez.audit.ledger import (
    AcrossCells,
    ClaimEntry,
    JointTest,
    ModelEntry,
    OptimismEntry,
    PrimaryEstimate,
    Share,
    claim_entry,
    entries,
)
from pez.audit.optimism import deviation_of_fold, optimism, optimism_by_clips
from pez.audit.outcome_draws import NetworkDraws
from pez.audit.outcomes import ALL_CLIPS, gains, outcomes
from pez.audit.primary import Curves, PrimaryEvidence
from pez.audit.primary_estimands import primary_estimands
from pez.audit.shares import variance_shares
from pez.audit.specification import joint_test, specification_curve, states_by_rank
from pez.audit.tensors import from_tensors
from pez.audit.whose import Set
from pez.controls.control import ANY_MODEL
from pez.evidence.schema import NO_CONTROL
from pez.inside.heads.costs import Costs
from pez.runtime.tensor_file import map_tensor, read_header, read_metadata

OUTCOMES = ("half_rise_depth", "step_depth", "sharpness", "margin", "has_onset")
SHOWN = "direction"  # the variable of specification curve, states and shares
_LUCK_WITHIN = ("speed", "direction", "acceleration")  # variables of the picture of optimism


@dataclass(frozen=True)
class AuditFacts:
    """What is to be known of a model beside its numbers.

    Attributes:
        weights: whose they are, in words.
        blocks: number of blocks L.
        clips: which clips, in words.
        primary: choices of the primary cell, as texts.
        training: training clips of every dataset where none are left out.
        folds: number of folds.
        settings: settings among which a penalty is picked.
    """

    weights: str
    blocks: int
    clips: str
    primary: Mapping[str, str]
    training: Mapping[str, int]
    folds: int
    settings: int


def read_primary(
    model: str, files: Mapping[str, Sequence[Path]], heads: Costs | None = None
) -> PrimaryEvidence:
    """Open the primary cell of ``model``.

    Args:
        model: the model.
        files: by control, `NO_CONTROL` for the model itself: files of the datasets of its first
            seed, then those of its second, ...; every file names what it is of.
        heads: what the loss of heads costs it (`pez.audit.heads`).

    Raises:
        ArtifactError: a file is missing, damaged, of another network or dataset than its name says,
            or of other clips than another.
    """
    together, found = Set(), dict[str, dict[str, Curves]]()
    for control, paths in files.items():
        by_network: dict[str, Curves] = found.setdefault(control, {})
        for path in paths:
            together.check(path, read_metadata(path))
            network = path.name.split(".")[0]
            by_network[network] = {**by_network.get(network, {}), **_curves(path)}
    trained = found.pop(NO_CONTROL)[model]
    controls = {control: list(networks.values()) for control, networks in found.items()}
    return PrimaryEvidence(model, trained, controls, heads)


def _curves(path: Path) -> Curves:
    names = read_header(path)[0]
    return from_tensors(
        {name: np.array(map_tensor(path, name)) for name in names if name != "__metadata__"}
    )


def judge_model(
    model: str,
    evidence: PrimaryEvidence,
    scores: pd.DataFrame,
    estimands: pd.DataFrame,
    draws: NetworkDraws,
    calibration: pd.DataFrame,
    facts: AuditFacts,
) -> tuple[ModelEntry, dict[str, pd.DataFrame]]:
    """Judge the claims about ``model``, and say what decides the answer.

    Args:
        model: the model.
        evidence: its primary cell.
        scores: table of all networks.
        estimands: the same.
        draws: of the cells of the model and of its untrained networks.
        calibration: verdicts on planted networks.
        facts: what is to be known beside.

    Returns:
        Its entry of the ledger; and the tables of its pictures, by their names.
    """
    own = scores["model"].isin([model, ANY_MODEL])
    scores, estimands = scores[own], estimands[estimands["model"] == model]
    cells = outcomes(estimands, scores)
    # The full factorial, that every network has. Cells with fewer clips, and those fitted by
    # gradient descent, cross some of the choices only.
    whole = cells[(cells["clips"] == ALL_CLIPS) & (cells["solver"] == RIDGE)]
    of_whole = [_of_whole(table) for table in (estimands, scores)]
    decided = _decided(whole[whole["control"] == NO_CONTROL], draws)
    gained = optimism(scores)
    entry = ModelEntry(
        weights=facts.weights,
        blocks=facts.blocks,
        clips=facts.clips,
        primary=dict(facts.primary),
        cells=int((cells["control"] == NO_CONTROL).sum()),
        untrained_seeds=len(evidence.untrained),
        claims=_claims(evidence, calibration),
        estimands=entries(PrimaryEstimate, primary_estimands(evidence)),
        across_cells=entries(AcrossCells, summarise_cells(cell_statistics(whole), model)),
        joint=entries(JointTest, joint_test(whole, model)),
        shares=entries(Share, decided),
        optimism=_optimism(gained),
    )
    curve = specification_curve(of_whole[0], facts.blocks, SHOWN, model)
    tables = {
        "claims": forest_table(entry),
        "specification": curve,
        "states": states_by_rank(gains(of_whole[1]), curve),
        "shares": decided[decided["variable"] == SHOWN],
        "clips_needed": _clips_needed(scores, facts),
        "optimism": _luck(gained, estimands, facts),
        "calibration": calibration,
    }
    return entry, tables


def _of_whole(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the full factorial."""
    return table[table["clips"].isna() & (table["solver"] == RIDGE)]


def _claims(evidence: PrimaryEvidence, calibration: pd.DataFrame) -> tuple[ClaimEntry, ...]:
    rates = criterion_rates(calibration)
    found = judge_all(evidence)
    return tuple(claim_entry(found[claim.id], claim, rates.get(claim.id)) for claim in CLAIMS)


def _decided(cells: pd.DataFrame, draws: NetworkDraws) -> pd.DataFrame:
    """What decides each outcome of each variable."""
    parts = []
    for variable, rows in cells.groupby("variable", observed=True):
        drawn = draws.outcomes(rows)
        parts += [
            variance_shares(rows, outcome, drawn.get(outcome)).assign(
                variable=variable, outcome=outcome
            )
            for outcome in OUTCOMES
        ]
    return pd.concat(parts, ignore_index=True)


def _clips_needed(scores: pd.DataFrame, facts: AuditFacts) -> pd.DataFrame:
    """Clips that reach .8 at every state, picked by nested selection."""
    tried = scores[
        (scores["metric"] == "r2") & (scores["selection"] == "nested") & (scores["solver"] == RIDGE)
    ]
    few = tried["cell"].where(tried["clips"].notna()).dropna()
    if few.empty:
        return pd.DataFrame()
    known = [NO_CONTROL, "untrained"]
    return clips_by_state(tried[tried["control"].isin(known)], facts.training)


def _optimism(gained: pd.DataFrame) -> tuple[OptimismEntry, ...]:
    own = gained[gained["control"] == NO_CONTROL]
    means = own.groupby(["variable", "solver", "clips"], observed=True)["mean"].mean()
    return entries(OptimismEntry, means.reset_index())


def _luck(gained: pd.DataFrame, estimands: pd.DataFrame, facts: AuditFacts) -> pd.DataFrame:
    """Optimism by number of clips, beside what luck would make of it."""
    parts = []
    for variable in _LUCK_WITHIN:
        rows = gained[gained["variable"] == variable]
        if rows.empty:
            continue
        peaks = estimands[
            (estimands["variable"] == variable)
            & (estimands["estimand"] == "peak")
            & (estimands["selection"] == "nested")
            & (estimands["control"] == NO_CONTROL)
        ]
        training = facts.training[str(peaks["dataset"].iloc[0])]
        deviations = {
            int(clips): deviation_of_fold(
                float(part["low"].median()), float(part["high"].median()), facts.folds
            )
            for clips, part in peaks.groupby(peaks["clips"].fillna(training))
        }
        table = optimism_by_clips(rows, training, deviations, facts.settings)
        parts.append(table.assign(variable=variable))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
