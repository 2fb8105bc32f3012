"""What a family of encoders says about itself; the rest of the code knows families by this alone.

A family is a module in `pez.encoders.families` with a constant ``FAMILY``, an instance of a class
derived from `Family`. What its methods leave as they are here is V-JEPA 2's.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import ClassVar, NamedTuple

from torch import Generator, Tensor

from pez.encoders.patches import TUBELET_FRAMES
from pez.encoders.preprocess import MEAN, STD
from pez.encoders.spec import EncoderSpec
from pez.encoders.transformer import Encoder


class Grid(NamedTuple):
    """Tokens of a clip: ordered tubelet, row, column."""

    tubelets: int
    rows: int
    columns: int


class Family(ABC):
    """One family of video encoders."""

    title: str  # as messages call it
    mean: tuple[float, float, float] = MEAN  # of the pixels of a channel, in 0..1
    std: tuple[float, float, float] = STD
    # Published encoders, name for messages -> (blocks, hidden size).
    published: ClassVar[Mapping[str, tuple[int, int]]]
    # Keys under which published files keep an encoder, by what the configuration calls it.
    containers: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "target_encoder": ("target_encoder",),
        "encoder": ("encoder",),
    }
    # Name of the patch embedding's weight in every published layout: what stands before it in a
    # file's names is the prefix of the encoder.
    anchors: tuple[str, ...]
    # Beginnings of names that belong to the encoder and stand at the top of a file all the same.
    beside: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What ``family:`` calls it: the name of its module."""
        return type(self).__module__.rpartition(".")[2]

    @abstractmethod
    def build(self, spec: EncoderSpec) -> Encoder:
        """Return the encoder of ``spec``, its weights not yet given."""

    @abstractmethod
    def initial(self, spec: EncoderSpec, name: str, tensor: Tensor, generator: Generator) -> Tensor:
        """Fill ``tensor``, the parameter ``name``, as it is before training; return it."""

    @abstractmethod
    def recognises(self, names: Iterable[str]) -> bool:
        """Say whether tensors of these names, without prefix, are an encoder of this family."""

    @abstractmethod
    def translate(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Give the tensors of a published layout, without prefix, their names in the encoder.

        Names that no layout has are passed on, so that a strict comparison reports them.
        """

    def grid(self, spec: EncoderSpec, frames: int) -> Grid:
        """Return the grid of tokens of clips of ``frames`` frames."""
        side = spec.input_size // spec.patch_size
        return Grid(frames // TUBELET_FRAMES, side, side)
