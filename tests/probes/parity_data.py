"""What `parity/` holds (see its README), and the third party's choices in this project's words."""

from pathlib import Path

import numpy as np
import pandas as pd
from safetensors.numpy import load_file

from pez.recipes.spec import ProbeSpec

FOLDER = Path(__file__).parent / "parity"
DATASETS = ("velocity", "acceleration")
LABELS = {name: pd.read_parquet(FOLDER / f"labels_{name}.parquet") for name in DATASETS}
GROUPS = {name: pd.read_parquet(FOLDER / f"third_party_groups_{name}.parquet") for name in DATASETS}
R2 = pd.read_csv(FOLDER / "third_party_r2.csv")
TARGETS = {"direction": "direction_angle"}  # the others have our names


def features() -> dict[str, np.ndarray]:
    return load_file(FOLDER / "features.safetensors")


def third_party_spec(**changes) -> ProbeSpec:
    known = {
        "dataset": "velocity", "target": "speed", "capture": "resid_post",
        "pooling": "temporal_last", "grouping": "direction_spatial_sector",
        "normalisation": "zscore", "solver": "trainable_l2", "selections": ("validation",),
        "sector_start_deg": -180, "pixel_regions": "nearest_point", "kmeans_restarts": 20,
        "angle_axis": "image", "angle_cut_deg": -180,
    }  # fmt: skip
    return ProbeSpec.model_validate(known | changes)
