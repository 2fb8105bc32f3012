"""Short steps that a GPU plays again: it takes them faster than Python can ask for them."""

from collections.abc import Callable

import torch
from torch import Tensor


class Recorded:
    """A function of tensors, whose work on a GPU is recorded once and then played (a CUDA graph).

    The first call runs as it is, since libraries get their buffers ready then; the second records.
    On a CPU every call runs as it is. The numbers are the same.

    Args:
        run: changes none of its arguments, and reads no value of a tensor on a GPU. Every call must
            have arguments of the same shapes and dtypes.
    """

    def __init__(self, run: Callable[..., Tensor]) -> None:
        self._run = run
        self._calls = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._arguments: list[Tensor] = []
        self._result = torch.empty(0)

    def __call__(self, *arguments: Tensor) -> Tensor:
        """The function's value."""
        self._calls += 1
        if self._calls == 1 or not arguments[0].is_cuda:
            return self._run(*arguments)
        if self._graph is None:
            self._arguments = [argument.clone() for argument in arguments]
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph):
                self._result = self._run(*self._arguments)
        for own, given in zip(self._arguments, arguments, strict=True):
            own.copy_(given)
        self._graph.replay()
        return self._result.clone()
