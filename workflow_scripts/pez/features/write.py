"""Writing of feature files while they are computed: nothing that is not finite stays."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from pez.features.paths import STORED_DTYPE, TENSOR, FeatureKey
from pez.features.reduce import ReducedBatch
from pez.features.spec import View
from pez.runtime.errors import ArtifactError
from pez.runtime.moments import moment
from pez.runtime.tensor_file import RowWriter, rows_of_tensor

IN_FLIGHT = 2  # batches queued on the device or waiting to be written; shards that are closed
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


@contextmanager
def shard_writer(
    files_of: Callable[[int], AbstractContextManager[FeatureFiles]], lengths: Sequence[int]
) -> Iterator[Callable[[int, slice, ReducedBatch, str], None]]:
    """Yield a function that writes a batch in another thread: (shard's place, rows, batch, name).

    The batches of a shard come in their order, and shard after shard. The files of a shard appear
    when its last batch is written: other threads wait for the disk. The function blocks while
    `IN_FLIGHT` batches wait. All is written when the block ends without error.

    Args:
        files_of: opens the files of the shard at a place.
        lengths: number of clips of every shard.
    """
    batches: deque[Future[None]] = deque()
    closings: deque[Future[None]] = deque()
    with (
        ExitStack() as unfinished,
        ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="close") as closer,
        ThreadPoolExecutor(1, thread_name_prefix="write") as writer,
    ):
        files: FeatureFiles
        closing: ExitStack

        def write(place: int, rows: slice, batch: ReducedBatch, name: str) -> None:
            nonlocal files, closing
            if rows.start == 0:
                closing = ExitStack()
                unfinished.push(closing)
                files = closing.enter_context(files_of(place))
            written = writer.submit(files.write, rows, batch, name)
            batches.append(written)
            if place == rows.start == 0:
                written.add_done_callback(lambda _: moment("first batch"))
            if rows.stop == lengths[place]:
                closings.append(closer.submit(_close_after, written, closing))
            for waiting in (batches, closings):
                while len(waiting) > IN_FLIGHT:
                    waiting.popleft().result()

        yield write
        for written in batches:
            written.result()
        moment("computed")
        for closed in closings:
            closed.result()
        moment("written")


def _close_after(written: Future[None], files: ExitStack) -> None:
    written.result()
    files.close()


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
