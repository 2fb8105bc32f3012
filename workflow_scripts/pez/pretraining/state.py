"""Everything a training needs to go on after a kill, its log included, in one safetensors file.

The log is in it because the log's own file is an output of the rule, and Snakemake deletes the
outputs of a killed job before it runs the job again.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
import transformers
from safetensors.torch import load_file
from torch import Tensor, nn

from pez.encoders.architecture import architecture_metadata, library_versions
from pez.encoders.spec import EncoderSpec
from pez.pretraining.objective import Objective
from pez.pretraining.spec import PretrainingSpec
from pez.runtime.tables import write_table
from pez.runtime.tensor_file import read_metadata, write_tensors

LOG_COLUMNS = (
    "step", "window", "clips", "loss", "spread", "learning_rate", "momentum", "gradient_norm",
    "seconds",
)  # fmt: skip
_MOMENTS = ("exp_avg", "exp_avg_sq")


@dataclass(frozen=True)
class Learner:
    """The modules and the optimiser of one process."""

    objective: Objective
    target: nn.Module
    optimiser: torch.optim.AdamW

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor of the state, by name; no copies."""
        named: dict[str, Tensor] = {
            f"trained.{name}": value for name, value in self.objective.named_parameters()
        }
        named |= {f"target.{name}": value for name, value in self.target.named_parameters()}
        for name, parameter in self.objective.named_parameters():
            for moment in _MOMENTS:
                named[f"{moment}.{name}"] = self.optimiser.state[parameter][moment]
        return named


@dataclass(frozen=True)
class Identity:
    """What must agree for a state to be the beginning of this very training."""

    encoder: EncoderSpec
    spec: PretrainingSpec

    def metadata(self) -> dict[str, Any]:
        """As stored in a state file."""
        return {
            "architecture": architecture_metadata(self.encoder),
            "pretraining": self.spec.model_dump(mode="json"),
        }


def save_state(
    path: Path, log: Path, identity: Identity, learner: Learner, step: int, rows: list[dict]
) -> None:
    """Write the log ``rows``, then the state after ``step`` steps, each in one atomic step."""
    write_table(log, pd.DataFrame(rows, columns=list(LOG_COLUMNS)))
    tensors = {
        name: value.detach().float().cpu().numpy() for name, value in learner.tensors().items()
    }
    write_tensors(path, tensors, identity.metadata() | {"step": step, "rows": rows})


def load_state(path: Path, identity: Identity, learner: Learner) -> tuple[int, list[dict]]:
    """Put the state at ``path`` into ``learner`` and return the steps done and the log's rows.

    A missing state, or one of another training, counts as no state: (0, []).
    """
    if not path.exists():
        return 0, []
    metadata = read_metadata(path)
    step, rows = metadata.pop("step", 0), metadata.pop("rows", [])
    if metadata != identity.metadata():
        print(f"{path} belongs to a training with other parameters: starting from the beginning.")
        return 0, []
    print(f"resuming after step {step} from {path}")
    _prime(learner.optimiser, step)
    stored = load_file(path)
    with torch.no_grad():
        for name, value in learner.tensors().items():
            value.copy_(stored[name])
    return step, rows


def _prime(optimiser: torch.optim.AdamW, step: int) -> None:
    """Give the optimiser the state that it would make at its first step."""
    for group in optimiser.param_groups:
        for parameter in group["params"]:
            where = parameter.device if group["fused"] else "cpu"
            optimiser.state[parameter] = {
                "step": torch.tensor(float(step), device=where),
                **{moment: torch.zeros_like(parameter) for moment in _MOMENTS},
            }


def write_encoder(path: Path, identity: Identity, target: nn.Module, step: int, clips: int) -> None:
    """Write the target encoder to ``path`` in float16, with its origin as metadata."""
    write_tensors(
        path,
        {name: value.half().cpu().numpy() for name, value in target.state_dict().items()},
        {
            "weights": {
                "source": "pretrained",
                "encoder": "target_encoder",
                "steps": step,
                "clips": clips,
                "pretraining": identity.spec.model_dump(mode="json"),
            },
            "architecture": architecture_metadata(identity.encoder),
            "versions": library_versions() | {"transformers": transformers.__version__},
        },
    )
