"""Check a folder of clips and its labels whole, and list what is in it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pez.own_clips.files import PICTURES, VIDEOS, ClipFiles, find_clips
from pez.own_clips.labels import LabelTable, label_problems, read_labels, row_of_clip
from pez.own_clips.spec import FolderSpec
from pez.own_clips.video import ClipError, content, frame_numbers, read_frames
from pez.runtime.checksum import checksum
from pez.runtime.errors import ArtifactError, listed
from pez.runtime.identity import Identity, expect
from pez.runtime.progress import progress
from pez.runtime.tables import open_table, write_table

COLUMNS = ("clip_id", "name", "content", "length", "height", "width")
NUMBERS = ("length", "height", "width")


@dataclass(frozen=True)
class _Found:
    """What a clip is found to be: digest of its files, frames, size; or what is wrong with it."""

    content: str = ""
    length: int = 0
    size: tuple[int, int] = (0, 0)
    problem: str | None = None


def index_folder(dataset: str, spec: FolderSpec, index: Path | str, threads: int = 1) -> None:
    """Decode every clip of ``spec`` once, check clips and labels, and list the clips.

    Args:
        dataset: its name.
        spec: its entry in the configuration.
        index: table to write: `COLUMNS`, sizes as stored; its metadata say which clips there are.
        threads: clips decoded at the same time.

    Raises:
        ArtifactError: what is missing, damaged, too short, or does not fit, all of it.
    """
    root = Path(str(spec.root))
    if not root.is_dir():
        raise ArtifactError(f"datasets.{dataset}.root = {spec.root!r} is not a folder.")
    clips, table = find_clips(root), read_labels(spec)
    with (
        ThreadPoolExecutor(threads) as pool,
        progress(None, f"checking {dataset}", total=len(clips), unit="clip") as bar,
    ):
        found = []
        for one in pool.map(lambda clip: _look_at(clip, spec), clips):
            found.append(one)
            bar.update(1)
    of_labels = label_problems(table, spec.columns, clips)
    _refuse(dataset, [*_clip_problems(clips, found, spec), *of_labels])
    rows = [
        (clip.clip_id, clip.name, one.content, one.length, *one.size)
        for clip, one in zip(clips, found, strict=True)
    ]
    height, width = (spec.resize, spec.resize) if spec.resize is not None else found[0].size
    window = spec.window.model_dump(mode="json")
    identity = Identity(
        dataset=dataset,
        clip_ids=[clip.clip_id for clip in clips],
        frame_shape=[spec.frames, height, width],
        source=checksum(repr((rows, sorted(window.items()))).encode()),
    )
    write_table(index, pd.DataFrame(rows, columns=list(COLUMNS)), identity.metadata())


def label_folder(dataset: str, spec: FolderSpec, index: Path | str, labels: Path | str) -> None:
    """Write ``labels`` of the clips that ``index`` lists.

    A table of clip_id, dataset, and every label: numbers as float64 (whole ones as int64),
    categories as text. It is a job of its own, so that new labels extract no features again.

    Raises:
        ArtifactError: something is wrong with the labels, and all of it is named; or the clips are
            not those of the index any more.
    """
    clips, table = find_clips(str(spec.root)), read_labels(spec)
    _refuse(dataset, label_problems(table, spec.columns, clips))
    known = Identity.read(index, open_table(index, COLUMNS, NUMBERS).metadata)
    wanted = Identity(dataset=dataset, clip_ids=[clip.clip_id for clip in clips])
    expect(index, known, wanted, "by what lies under root")
    write_table(labels, label_rows(dataset, spec, table, clips), known.metadata())


def label_rows(
    dataset: str, spec: FolderSpec, table: LabelTable, clips: Sequence[ClipFiles]
) -> pd.DataFrame:
    """One row a clip, in the order of ``clips``."""
    rows = row_of_clip(table, clips)
    columns: dict[str, object] = {"clip_id": [clip.clip_id for clip in clips], "dataset": dataset}
    for name, values in table.columns.items():
        ordered = [values[row] for row in rows]
        if table.kind(name, spec.columns) == "category":
            columns[name] = ordered
        else:
            numbers = pd.Series([float(value) for value in ordered])
            whole = all(value.lstrip("+-").isdigit() for value in ordered)
            columns[name] = numbers.astype("int64") if whole else numbers
    return pd.DataFrame(columns)


def _look_at(clip: ClipFiles, spec: FolderSpec) -> _Found:
    length, sizes = 0, set()
    try:
        digest = content(clip)
        for frame in read_frames(clip):
            sizes.add(frame.shape[:2])
            length += 1
        if len(sizes) > 1:
            raise ClipError(f"its frames have {len(sizes)} sizes: {_sizes(sorted(sizes))}")
        frame_numbers(spec.window, length)
    except ClipError as error:
        return _Found(problem=f"{clip.name}: {error}")
    return _Found(digest, length, sizes.pop())


def _clip_problems(
    clips: Sequence[ClipFiles], found: Sequence[_Found], spec: FolderSpec
) -> Iterator[str]:
    if not clips:
        kinds = ", ".join((*VIDEOS, *PICTURES))
        yield f"root = {spec.root!r} holds no clips (videos, or folders of pictures: {kinds})"
    yield from (one.problem for one in found if one.problem)
    for clip_id, count in Counter(clip.clip_id for clip in clips).items():
        if count > 1:
            names = [clip.name for clip in clips if clip.clip_id == clip_id]
            yield f"{', '.join(names)}: the same name without suffix, which is a clip's id"
    sizes, same = defaultdict(list), defaultdict(list)
    for clip, one in zip(clips, found, strict=True):
        if one.problem is None:
            sizes[one.size].append(clip.name)
            same[one.content].append(clip.name)
    if len(sizes) > 1 and spec.resize is None:
        examples = "; ".join(f"{_sizes([size])}, as {names[0]}" for size, names in sizes.items())
        yield f"clips have {len(sizes)} sizes: state resize ({examples})"
    if not spec.allow_duplicates:
        for names in same.values():
            if len(names) > 1:
                yield f"{', '.join(names)} are the same: drop them, or set allow_duplicates: true"


def _sizes(sizes: Sequence[tuple[int, int]]) -> str:
    return ", ".join(f"{width} x {height}" for height, width in sizes[:5])


def _refuse(dataset: str, problems: Iterable[str]) -> None:
    found = list(problems)
    if found:
        count = f"{len(found)} problem{'s' if len(found) > 1 else ''}"
        raise ArtifactError(
            f"datasets.{dataset} cannot be used as it is ({count}):\n{listed(found)}"
        )
