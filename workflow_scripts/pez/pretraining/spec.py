"""Configuration of the pre-training of the small embedded encoder."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from pez.runtime.schema import Schema

# Fixed by the random scenes (`pez.clips.procedural`): 16 frames are 8 tubelets, a frame 256 pixels.
TUBELETS = 8
FRAME_PIXELS = 256

Share = Annotated[float, Field(ge=0, le=1)]


class PhaseSpec(Schema):
    """Steps that see windows of one size."""

    window: int = Field(ge=32, le=FRAME_PIXELS, multiple_of=16, description="side, pixels")
    clips: int = Field(ge=2, description="clips of a step, over all processes together")
    steps: int = Field(ge=1)


class PredictorSpec(Schema):
    """The predictor: weak on purpose, so that the encoder has to work the motion out."""

    hidden_size: int = Field(96, ge=24)
    layers: int = Field(2, ge=1)
    heads: int = Field(3, ge=1)

    @model_validator(mode="after")
    def _whole_heads(self) -> "PredictorSpec":
        if self.hidden_size % self.heads:
            raise ValueError(
                f"predictor.hidden_size = {self.hidden_size} is no multiple of heads = {self.heads}"
            )
        return self


class PretrainingSpec(Schema):
    """Masked latent prediction on random scenes, V-JEPA 2's objective."""

    seed: int = Field(0, ge=0, description="initialisation, scenes and masks")
    phases: tuple[PhaseSpec, ...] = Field(min_length=1, description="in this order")
    context_tubelets: int = Field(
        2, ge=1, lt=TUBELETS, description="of 8, what the encoder sees; the others are predicted"
    )
    future_share: Share = Field(
        0.75,
        description="share of the clips whose context is the first tubelets, or the last ones "
        "backwards in time; the others hide blocks in space and time, as many tokens",
    )
    predictor: PredictorSpec = PredictorSpec()
    learning_rate: float = Field(1e-3, gt=0, description="at its peak")
    warmup_share: Share = Field(0.05, description="of all steps; a cosine to 0 follows")
    weight_decay: float = Field(0.05, ge=0, description="of matrices")
    gradient_clip: float = Field(1.0, gt=0, description="largest norm of the gradient")
    target_momentum: float = Field(
        0.996, ge=0, lt=1, description="of the moving average at the start; it rises to 1"
    )
    log_every: int = Field(20, ge=1, description="steps between two rows of the log")
    save_every: int = Field(500, ge=1, description="steps between two states to resume from")
    collapse_share: Share = Field(
        0.1,
        description="training stops when the spread of the target features over clips falls below "
        "this share of what it was before training",
    )

    @model_validator(mode="after")
    def _saves_complete_rows(self) -> "PretrainingSpec":
        if self.save_every % self.log_every:
            raise ValueError(
                f"save_every = {self.save_every} is no multiple of log_every = {self.log_every}: "
                "a resumed run would log another mean than an uninterrupted one"
            )
        return self

    @property
    def steps(self) -> int:
        """Steps of all phases."""
        return sum(phase.steps for phase in self.phases)

    def phase_at(self, step: int) -> PhaseSpec:
        """Return the phase that ``step``, counted from 0, belongs to."""
        for phase in self.phases:
            if step < phase.steps:
                return phase
            step -= phase.steps
        raise IndexError(f"step {step} after the last phase")


class PretrainingConfig(PretrainingSpec):
    """Section ``pretraining`` of the configuration."""

    model: str = Field("vjepa2_nano", description="architecture, a name in encoders.models")
    gpus: int = Field(1, ge=1, description="devices to train on; the result is the same")

    def training(self) -> dict[str, Any]:
        """What decides the result, as a rule parameter: neither machine nor model's name."""
        return self.model_dump(mode="json", exclude={"model", "gpus"})
