"""Configuration of the encoders: the registry of architectures and where weights come from."""

import re
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError, PydanticKnownError

from pez.encoders.registry import family_names
from pez.runtime.schema import Schema

SHA256 = r"[0-9a-f]{64}"
_FILE_ENDINGS = (".pt", ".pth", ".bin", ".ckpt", ".safetensors")


class CheckpointWeights(Schema):
    """Weights in a file: a PyTorch checkpoint, or a safetensors file or folder of Hugging Face."""

    source: Literal["checkpoint"]
    file: str = Field(
        min_length=1,
        description="name of a file, looked for in checkpoint_dir; or, with a slash in it, the "
        "path of a file or of a Hugging Face folder",
    )
    huggingface_folder: str | None = Field(
        None,
        min_length=1,
        description="folder of the same weights in Hugging Face form, looked for next",
    )
    url: str | None = Field(None, description="where it is downloaded from otherwise")
    sha256: str | None = Field(
        None,
        description="SHA-256 of what is downloaded, where its publisher names one; null: that of "
        "the first download holds for later ones",
    )

    @property
    def is_path(self) -> bool:
        """Whether ``file`` is a path and not a name to look for."""
        return "/" in self.file

    @field_validator("file")
    @classmethod
    def _is_a_file(cls, file: str) -> str:
        if "/" not in file and not file.endswith(_FILE_ENDINGS):
            raise refusal(
                f"give the name of a checkpoint ({', '.join(_FILE_ENDINGS)}), or the path of a "
                "file or Hugging Face folder, with a slash in it"
            )
        return file

    @field_validator("huggingface_folder")
    @classmethod
    def _is_a_name(cls, folder: str | None) -> str | None:
        if folder is not None and "/" in folder:
            raise refusal("give the folder's name alone; to name its whole path, use `file`")
        return folder

    @field_validator("url")
    @classmethod
    def _is_a_url(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://", "https://")):
            raise refusal("an address begins with http:// or https://")
        return url

    @field_validator("sha256")
    @classmethod
    def _is_a_sha256(cls, sha256: str | None, info: ValidationInfo) -> str | None:
        if sha256 is None:
            return None
        if not re.fullmatch(SHA256, sha256):
            raise refusal("a SHA-256 is 64 digits of 0-9 and a-f, as sha256sum prints it")
        if info.data.get("url") is None:
            raise refusal("it is of the file at `url`, and there is none: give one, or drop this")
        return sha256


class HubWeights(Schema):
    """Weights of a model on the Hugging Face hub, downloaded to that library's own cache."""

    source: Literal["hub"]
    name: str = Field(description="org/model or org/model@revision")

    @property
    def repository(self) -> str:
        """The name without a revision."""
        return self.name.partition("@")[0]

    @property
    def revision(self) -> str | None:
        """Branch, tag or commit; None for the newest of the main branch."""
        return self.name.partition("@")[2] or None

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        if not re.fullmatch(r"[\w.-]+/[\w.-]+(@[\w./-]+)?", name):
            raise refusal("a name on the hub is org/model, or org/model@revision")
        return name


def refusal(reason: str) -> PydanticCustomError:
    """Return the error of a value that is refused for ``reason``; the key and value are added."""
    return PydanticCustomError("refused", "{reason}", {"reason": reason})


class EmbeddedWeights(Schema):
    """Weights trained by this project and shipped with it."""

    source: Literal["embedded"]
    file: str = Field(description="safetensors file, relative to the checkout")


class RandomWeights(Schema):
    """Random initialisation (by the family's own scheme), nothing learned."""

    source: Literal["random"]
    seed: int = Field(0, ge=0)


class PermutedWeights(Schema):
    """Weights of another model, permuted within each tensor."""

    source: Literal["permuted"]
    of: str = Field(description="the model whose weights they are")
    seed: int = Field(0, ge=0)


Weights = Annotated[
    CheckpointWeights | HubWeights | EmbeddedWeights | RandomWeights | PermutedWeights,
    Field(discriminator="source"),
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
    models: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], EncoderSpec]
