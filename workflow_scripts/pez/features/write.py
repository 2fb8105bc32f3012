"""Writing of feature files while they are computed: nothing that is not finite stays."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from pez.features.paths import STORED_DTYPE, TENSOR, FeatureKey
from pez.features.reduce import ReducedBatch
from pez.features.spec import View
from pez.runtime.errors import ArtifactError
from pez.runtime.tensor_file import RowWriter, rows_of_tensor

WRITERS = 4  # threads that copy to the disk's cache: one alone fills 1.5 GB/s


class FeatureFiles:
    """The feature files of some clips, open for writing; made by `feature_files`."""

    def __init__(self, writers: Mapping[FeatureKey, RowWriter], pool: ThreadPoolExecutor) -> None:
        self._writers, self._pool = writers, pool

    def write(self, rows: slice, batch: ReducedBatch, clips: str) -> None:
        """Write the views of clips ``rows``, once the device has computed them.

        Args:
            rows: places of the batch's clips among all clips.
            batch: the views of every stream.
            clips: what the clips are called in the message.

        Raises:
            ArtifactError: a value is NaN or infinite, or the disk is full.
        """
        batch.wait()
        for key in self._writers:
            if not batch.finite[key.view][key.stream]:
                raise ArtifactError(_not_finite(key, batch.views[key.view][key.stream], clips))

        def write(key: FeatureKey) -> None:
            self._writers[key].write(rows.start, batch.views[key.view][key.stream])

        list(self._pool.map(write, self._writers))


@contextmanager
def feature_files(
    paths: Mapping[FeatureKey, Path | str],
    clips: int,
    row_shapes: Mapping[View, tuple[int, int]],
    metadata: Mapping[str, Any],
) -> Iterator[FeatureFiles]:
    """Open the files ``paths`` of ``clips`` clips; they appear when the block ends without error.

    Args:
        paths: as named by `feature_path`.
        clips: rows of every file.
        row_shapes: shape of a clip's row in each view.
        metadata: where the features come from, stored in every file with its view, stream and
            shard.
    """
    with ExitStack() as stack:
        writers = {
            key: stack.enter_context(
                rows_of_tensor(
                    path,
                    TENSOR,
                    STORED_DTYPE[key.view],
                    (clips, *row_shapes[key.view]),
                    {**metadata, "view": key.view, "stream": key.stream, "shard": key.shard},
                )
            )
            for key, path in paths.items()
        }
        pool = stack.enter_context(ThreadPoolExecutor(WRITERS, thread_name_prefix="write"))
        yield FeatureFiles(writers, pool)


def _not_finite(key: FeatureKey, features: np.ndarray, clips: str) -> str:
    where = f"{key.view} of residual stream {key.stream} of {clips}"
    if features.dtype == np.float16 and not np.isnan(features).any():
        return (
            f"{where}: values above 65504 do not fit the float16 of patch views. Choose a pooling "
            "without patches for the probes of this model (temporal_last for temporal_last_patch)."
        )
    return (
        f"{where} has NaN or infinite values, so nothing was written. Set extraction.precision to "
        "fp32; if they remain, the model's weights are damaged: delete its file in checkpoints/."
    )
