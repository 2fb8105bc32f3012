"""What the optimiser of `pez.solvers.adam` minimises: residuals, and the held-out loss.

Predictions of a fit are kept over its learning rate, like its weights, and less an `offset`, in
which the squared error hides its targets: the matrix product then starts from them. All arrays of
a loss are float32 and laid out like the fits that are present, R = fits x outputs rows a layer.
"""

from abc import ABC, abstractmethod

import torch


class Loss(ABC):
    """A loss of the fits that are present, averaged over rows and outputs.

    Attributes:
        offset: [layers, fits, outputs, n], what is taken off the predictions.
    """

    offset: torch.Tensor

    @abstractmethod
    def __init__(
        self,
        targets: torch.Tensor,
        learning_rate: torch.Tensor,
        train: torch.Tensor,
        held_out: torch.Tensor,
    ) -> None:
        """Lay out the loss.

        Args:
            targets: normalised, [layers, fits, outputs, n].
            learning_rate: [layers, fits].
            train: weight of every row in the training loss, [layers, fits, n].
            held_out: the same of the held-out loss.
        """

    @abstractmethod
    def residuals(self, scaled: torch.Tensor, out: torch.Tensor) -> None:
        """Write the derivative of the training loss by the predictions to ``out`` [layers, R, n].

        ``scaled``, of the same shape: predictions over the learning rate, less the offset.
        """

    @abstractmethod
    def held_out(self, scaled: torch.Tensor) -> torch.Tensor:
        """Return a number that rises with the held-out loss, [layers, fits]."""


class SquaredError(Loss):
    """Mean squared error; ``scaled`` are the errors themselves, over the learning rate."""

    def __init__(
        self,
        targets: torch.Tensor,
        learning_rate: torch.Tensor,
        train: torch.Tensor,
        held_out: torch.Tensor,
    ) -> None:
        self.offset = targets
        rate = learning_rate[..., None]
        self.gradient_weight = _every_output(2 * rate * train, targets)
        self.loss_weight = _every_output(rate * held_out.sqrt(), targets)
        self.fits = learning_rate.shape

    def residuals(self, scaled: torch.Tensor, out: torch.Tensor) -> None:
        """See `Loss.residuals`."""
        torch.mul(scaled, self.gradient_weight, out=out)

    def held_out(self, scaled: torch.Tensor) -> torch.Tensor:
        """Return the root of the error: the same order."""
        weighted = torch.mul(scaled, self.loss_weight).view(*self.fits, -1)
        return torch.linalg.vector_norm(weighted, dim=2)


class BinaryCrossEntropy(Loss):
    """Mean binary cross-entropy of logits z; targets y are 0 or 1.

    With s = (1 - 2 y) z, the logit of being wrong, the loss of a row is softplus(s) and its
    derivative by z is sigmoid(z) - y = (1 - 2 y) sigmoid(s), without the cancellation.
    """

    def __init__(
        self,
        targets: torch.Tensor,
        learning_rate: torch.Tensor,
        train: torch.Tensor,
        held_out: torch.Tensor,
    ) -> None:
        self.offset = torch.zeros_like(targets)
        sign = (1 - 2 * targets).flatten(1, 2)
        self.wrong = sign * _every_output(learning_rate[..., None].expand(train.shape), targets)
        self.gradient_weight = sign * _every_output(train, targets)
        self.loss_weight = _every_output(held_out, targets)
        self.fits = learning_rate.shape

    def residuals(self, scaled: torch.Tensor, out: torch.Tensor) -> None:
        """See `Loss.residuals`."""
        torch.mul(scaled, self.wrong, out=out)
        out.sigmoid_().mul_(self.gradient_weight)

    def held_out(self, scaled: torch.Tensor) -> torch.Tensor:
        """Return the mean cross-entropy."""
        loss = torch.nn.functional.softplus(scaled * self.wrong).mul_(self.loss_weight)
        return loss.view(*self.fits, -1).sum(dim=2)


class SoftmaxCrossEntropy(Loss):
    """Mean cross-entropy of a softmax over the outputs; targets are 1 for a row's class, else 0.

    A mean over rows: the weights of rows are of means over rows and outputs.
    """

    def __init__(
        self,
        targets: torch.Tensor,
        learning_rate: torch.Tensor,
        train: torch.Tensor,
        held_out: torch.Tensor,
    ) -> None:
        self.offset = torch.zeros_like(targets)
        self.targets = targets
        self.rate = learning_rate[..., None, None]
        outputs = targets.shape[2]
        self.gradient_weight = (outputs * train)[:, :, None]
        self.loss_weight = outputs * held_out

    def residuals(self, scaled: torch.Tensor, out: torch.Tensor) -> None:
        """See `Loss.residuals`."""
        probability = torch.softmax(scaled.view(self.targets.shape) * self.rate, dim=2)
        probability.sub_(self.targets).mul_(self.gradient_weight)
        out.copy_(probability.flatten(1, 2))

    def held_out(self, scaled: torch.Tensor) -> torch.Tensor:
        """Return the mean cross-entropy."""
        logits = scaled.view(self.targets.shape) * self.rate
        of_own = -(torch.log_softmax(logits, dim=2) * self.targets).sum(dim=2)
        return (of_own * self.loss_weight).sum(dim=2)


class StoppedByAccuracy(BinaryCrossEntropy):
    """The cross-entropy to train on, and clip accuracy to wait for.

    Attributes:
        half_is_possible: whether a probability of exactly .5 is called possible.
    """

    half_is_possible = False

    def __init__(
        self,
        targets: torch.Tensor,
        learning_rate: torch.Tensor,
        train: torch.Tensor,
        held_out: torch.Tensor,
    ) -> None:
        super().__init__(targets, learning_rate, train, held_out)
        self.possible = targets.flatten(1, 2) == 1
        self.judged = _every_output(held_out > 0, targets)
        self.rate = _every_output(learning_rate[..., None].expand(train.shape), targets)

    def held_out(self, scaled: torch.Tensor) -> torch.Tensor:
        """Return how many held-out clips are called wrong: a whole number, so that ties are ties.

        In float64, as the clip accuracy that is reported. Logits that are no numbers are wrong.
        """
        logits = scaled * self.rate
        probability = torch.special.expit(logits.double())
        called = probability >= 0.5 if self.half_is_possible else probability > 0.5
        wrong = self.judged & ((called != self.possible) | ~torch.isfinite(logits))
        return wrong.view(*self.fits, -1).sum(dim=2).float()


class StoppedByAccuracyHalfPossible(StoppedByAccuracy):
    """See `StoppedByAccuracy`."""

    half_is_possible = True


def _every_output(per_row: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Repeat ``per_row`` [layers, fits, n] for every output of the targets: [layers, R, n]."""
    return per_row[:, :, None].expand(targets.shape).flatten(1, 2)
