"""Which file in checkpoint_dir serves a model."""

import subprocess
import sys

import pytest

from pez.encoders.locate import find_checkpoint
from pez.encoders.spec import CheckpointWeights
from pez.runtime.errors import ConfigError

WEIGHTS = CheckpointWeights(
    source="checkpoint",
    file="vitl.pt",
    url="https://example.org/vitl.pt",
    huggingface_folder="vjepa2-vitl-fpc64-256",
)

# In the order in which they are preferred.
SERVING = [
    "vitl.pt",
    "vjepa2-vitl-fpc64-256/model.safetensors",
    "vjepa2-vitl-fpc64-256/model.safetensors.index.json",
    "vjepa2-vitl-fpc64-256.safetensors",
    "vitl.safetensors",
]


@pytest.mark.parametrize("name", SERVING)
def test_every_form_is_found(name, tmp_path):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    (tmp_path / "vith.pt").touch()
    assert find_checkpoint(tmp_path, WEIGHTS) == path


def test_order_of_preference(tmp_path):
    (tmp_path / "vjepa2-vitl-fpc64-256").mkdir()
    for name in reversed(SERVING):
        (tmp_path / name).touch()
        assert find_checkpoint(str(tmp_path), WEIGHTS) == tmp_path / name


def test_message_names_key_value_candidates_and_cure(tmp_path):
    with pytest.raises(ConfigError) as caught:
        find_checkpoint(tmp_path, WEIGHTS)
    message = str(caught.value)
    assert f"encoders.checkpoint_dir = '{tmp_path}' holds none of" in message
    assert all(name in message for name in SERVING)
    assert "https://example.org/vitl.pt" in message and "null to download it" in message


def test_folder_that_does_not_exist(tmp_path):
    with pytest.raises(ConfigError, match=r"encoders.checkpoint_dir = .* is not a folder"):
        find_checkpoint(tmp_path / "nowhere", WEIGHTS)


def test_planning_does_not_import_torch():
    code = "import sys, pez.encoders.locate; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})
