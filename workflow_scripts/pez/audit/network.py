"""One network on one dataset: all cells of the multiverse, and the primary cell."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd
from torch import Tensor

from pez.audit.cell_draws import write_draws
from pez.audit.cells import Asked, Fitting, gather_cells
from pez.audit.grid import Cell, cells_of, gradient_cells
from pez.audit.measure_primary import PrimarySettings, measure_primary
from pez.audit.spec import AuditSpec
from pez.audit.tensors import as_tensors
from pez.features.spec import Pooling
from pez.features.stack import read_stack
from pez.fingerprint import CodeBase
from pez.fingerprint.choices import names_in
from pez.fingerprint.provenance import digest, values
from pez.probes.inputs import ProbeInputs
from pez.recipes.spec import GradientSolver
from pez.runtime.tables import write_table
from pez.runtime.tensor_file import write_tensors

SCRIPT = "audit_network.py"  # whose code measures a cell


@dataclass(frozen=True)
class Network:
    """Whose features are read.

    Attributes:
        name: of the features.
        measured: the model that is asked about, the control and its seed.
        labels: seeds of the controls with other labels, by control; of the model itself alone.
        solvers: that descend gradients, by name; none for most networks.
    """

    name: str
    measured: Mapping[str, Any]
    labels: Mapping[str, Sequence[int]]
    solvers: Mapping[str, GradientSolver]


def audit_network(
    audit: AuditSpec,
    network: Network,
    kind: str,
    dataset: str,
    inputs: ProbeInputs,
    device: Callable[[], str],
    code: CodeBase,
    made_from: str,
    kept: Path,
    output: Any,
) -> None:
    """Measure what the section ``audit`` asks of one network on one dataset.

    Args:
        audit: the section.
        network: whose features are read.
        kind: of the dataset: velocity, acceleration or plausibility.
        dataset: its name.
        inputs: labels and features.
        device: gives the device of gradient solvers, "cpu" or "cuda". Closed forms are computed on
            the CPU: their matrices are small and many, and networks are measured side by side.
        code: where the code that measures a cell is read from.
        made_from: provenance of labels and features.
        kept: folder of the cells of this network and dataset.
        output: paths ``cells``, a table, ``draws`` of its cells, and ``primary``, tensors.

    Raises:
        ArtifactError: features or labels are not what they should be.
        ConfigError: a grouping makes too few groups.
    """
    numbers = (audit.alphas, audit.folds, audit.cell_draws, audit.seed)
    fitting = Fitting(*numbers, network.solvers, device)
    common = [network.name, made_from, *numbers]
    cells = list(cells_of(kind, dataset, audit.axes, audit.primary, audit.clips))
    descended = list(gradient_cells(kind, dataset, audit.gradient, audit.primary))
    asked, of_labels = [], {}
    for control, seed in [("none", None)] + [
        (name, seed) for name, seeds in network.labels.items() for seed in seeds
    ]:
        for cell in cells + (descended if network.solvers and seed is None else []):
            solver = values(network.solvers.get(cell.solver))
            asks = [cell.columns(), solver, control, seed, *common]
            key = digest([*asks, _measuring(cell, code)])
            asked.append(Asked(cell, key, seed))
            of_labels[key] = (cell, control, seed)
    store = inputs.store

    def stack(pooling: str) -> list[Tensor]:
        return read_stack(store, cast(Pooling, pooling), "cpu")

    settings, pooling = primary_settings(audit), audit.primary.pooling
    own = network.measured["control"] == "none"
    curves = measure_primary(stack(pooling), inputs.labels, kind, settings, permuted=own)
    write_tensors(output.primary, as_tensors(curves), dict(inputs.identity))
    found = gather_cells(asked, kept, stack, inputs.labels, fitting)
    write_table(output.cells, _spelled_out(found.rows, of_labels, network), inputs.identity)
    write_draws(output.draws, found.rows, found.draws, dict(inputs.identity))


def primary_settings(audit: AuditSpec) -> PrimarySettings:
    """Return the primary cell of the section ``audit``."""
    primary = audit.primary
    return PrimarySettings(
        direction=primary.direction,
        grouping=primary.grouping,
        normalisation=primary.normalisation,
        selection=primary.selection,
        fold_seed=primary.fold_seed,
        folds=audit.folds,
        alphas=audit.alphas,
        draws=audit.draws,
        permutations=audit.permutations,
        seed=audit.seed,
    )


def _measuring(cell: Cell, code: CodeBase) -> str:
    """Fingerprint of the code that measures ``cell``."""
    names = [cell.target, cell.pooling, cell.grouping, cell.normalisation, cell.selection]
    return code.fingerprint(SCRIPT, frozenset(names_in(names)))


def _spelled_out(
    rows: pd.DataFrame, of_labels: Mapping[str, tuple[Cell, str, int | None]], network: Network
) -> pd.DataFrame:
    """Rows of scores and estimands with the choices of their cells, text as categories."""
    keys = list(of_labels)
    choices = pd.DataFrame([cell.columns() for cell, _, _ in of_labels.values()])
    replaced = [
        {**network.measured, **({} if control == "none" else {"control": control, "seed": seed})}
        for _, control, seed in of_labels.values()
    ]
    choices = pd.concat([pd.DataFrame(replaced), choices], axis=1)
    choices.insert(0, "network", network.name)
    for name in ("seed", "clips"):
        choices[name] = choices[name].astype("Int64")
    for name in choices.columns:
        if not pd.api.types.is_numeric_dtype(choices[name]):
            choices[name] = choices[name].astype("category")
    place = pd.Index(keys).get_indexer(pd.Index(rows["key"]))
    table = choices.iloc[place].reset_index(drop=True)
    numbers = rows.drop(columns="key").reset_index(drop=True)
    numbers["what"] = numbers["what"].astype("category")
    return pd.concat([table, numbers], axis=1)
