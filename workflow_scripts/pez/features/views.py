"""Captures and poolings of the residual stream, as functions of the stored views.

One forward pass stores, for every stream, the mean over space of every tubelet (``tubelet_mean``)
and, if asked, the patches of the first, of the last or of every tubelet. Every pooling is a
function of these: every tubelet has the same number of patches, so that the mean of the tubelet
means is the mean over all tokens. A capture point is an index shift of the stream.
"""

from collections.abc import Mapping

from torch import Tensor

from pez.features.spec import Pooling, View


def pool(pooling: Pooling, stored: Mapping[View, Tensor]) -> Tensor:
    """Return the pooled features of the clips, float32 [n, D'], from the views it needs.

    ``mean``, ``temporal_first``, ``temporal_last`` and ``temporal_diff`` (last minus first) have
    D' = D; the patch poolings keep space, flattened patch by patch: D' = P * D; ``all_patch`` keeps
    time too: D' = T' * P * D.
    """
    match pooling:
        case "mean":
            return stored["tubelet_mean"].mean(dim=1)
        case "temporal_first":
            return stored["tubelet_mean"][:, 0]
        case "temporal_last":
            return stored["tubelet_mean"][:, -1]
        case "temporal_diff":
            return stored["tubelet_mean"][:, -1] - stored["tubelet_mean"][:, 0]
        case "temporal_last_patch":
            patches = stored["last_tubelet_patches"].float()
        case "all_patch":
            patches = stored["all_patches"].float()
        case "temporal_diff_patch":
            first, last = stored["first_tubelet_patches"], stored["last_tubelet_patches"]
            patches = last.float() - first.float()
    return patches.flatten(1)
