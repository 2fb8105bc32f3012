"""Features of all residual states of one network on one dataset, in memory."""

import numpy as np
import torch
from torch import Tensor

from pez.features.spec import Pooling
from pez.features.store import FeatureStore


def read_stack(store: FeatureStore, pooling: Pooling, device: str) -> list[Tensor]:
    """Features of states 0 .. L, float32 [n, D] each; of features without an encoder the one."""
    states = [store.features(0, "resid_pre", pooling)]
    states += [store.features(layer, "resid_post", pooling) for layer in range(store.layers)]
    return [torch.from_numpy(np.ascontiguousarray(state)).to(device) for state in states]
