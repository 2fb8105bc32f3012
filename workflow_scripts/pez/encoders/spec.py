"""Configuration of the encoders: the registry of architectures and where weights come from."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticKnownError

from pez.encoders.registry import family_names
from pez.runtime.schema import Schema

UNTRAINED_SUFFIX = "_untrained"


class CheckpointWeights(Schema):
    """Weights of a published checkpoint: Meta's ``.pt`` or a Hugging Face folder/safetensors."""

    source: Literal["checkpoint"]
    file: str = Field(
        pattern=r"^[^/]+\.(pt|safetensors)$",
        description="name of the published file, looked for in checkpoint_dir",
    )
    huggingface_folder: str | None = Field(
        None,
        pattern=r"^[^/]+$",
        description="folder of the same weights in Hugging Face form, looked for next",
    )
    url: str = Field(pattern=r"^https?://", description="where it is downloaded from otherwise")


class EmbeddedWeights(Schema):
    """Weights trained by this project and shipped with it."""

    source: Literal["embedded"]
    file: str = Field(description="safetensors file, relative to the checkout")


class RandomWeights(Schema):
    """Random initialisation (Meta's V-JEPA 2 scheme), nothing learned."""

    source: Literal["random"]
    seed: int = Field(0, ge=0)


Weights = Annotated[
    CheckpointWeights | EmbeddedWeights | RandomWeights, Field(discriminator="source")
]


class EncoderSpec(Schema):
    """One encoder: a transformer on tubelets of two frames, cut into square patches."""

    family: str = Field(
        "vjepa2",
        description="a module in pez/encoders/families",
        json_schema_extra={"enum": list(family_names())},
    )
    hidden_size: int = Field(ge=24, description="width of the residual stream")
    layers: int = Field(ge=1, description="number of transformer blocks")
    heads: int = Field(ge=1)
    mlp_size: int = Field(ge=1, description="hidden width of each block's MLP")
    patch_size: int = Field(16, ge=1, description="side of a patch, pixels")
    input_size: int = Field(256, ge=32, description="side of the input, pixels")
    weights: Weights

    @field_validator("family")
    @classmethod
    def _is_a_family(cls, name: str) -> str:
        if name not in family_names():
            allowed = ", ".join(f"'{known}'" for known in family_names())
            raise PydanticKnownError("literal_error", {"expected": allowed})
        return name

    @model_validator(mode="after")
    def _whole_patches(self) -> "EncoderSpec":
        if self.input_size % self.patch_size:
            raise ValueError(
                f"input_size = {self.input_size} is no multiple of patch_size = {self.patch_size}"
            )
        return self

    @model_validator(mode="after")
    def _whole_heads(self) -> "EncoderSpec":
        if self.hidden_size % self.heads:
            raise ValueError(
                f"hidden_size = {self.hidden_size} is no multiple of heads = {self.heads}"
            )
        return self


class EncodersConfig(Schema):
    """Section ``encoders`` of the configuration."""

    checkpoint_dir: str | None = Field(
        None, description="folder of downloaded checkpoints; null downloads them"
    )
    checkpoint_encoder: Literal["target_encoder", "encoder"] = Field(
        "target_encoder", description="which encoder of Meta's file is read"
    )
    untrained_seed: int = Field(1, ge=0, description="initialisation of every *_untrained control")
    models: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], EncoderSpec]

    @model_validator(mode="after")
    def _suffix_is_reserved(self) -> "EncodersConfig":
        for name in self.models:
            if name.endswith(UNTRAINED_SUFFIX):
                raise ValueError(
                    f"model name {name!r}: names ending in {UNTRAINED_SUFFIX!r} are reserved for "
                    "the untrained control that every model has"
                )
        return self

    def registry(self) -> dict[str, EncoderSpec]:
        """Every configured model and, beside each, its untrained control."""
        control = RandomWeights(source="random", seed=self.untrained_seed)
        untrained = {
            name + UNTRAINED_SUFFIX: spec.model_copy(update={"weights": control})
            for name, spec in self.models.items()
        }
        return self.models | untrained
