"""What the rest of the code asks of a family, asked of every one; and that none knows another."""

import ast
import subprocess
import sys

import pytest
import torch

from encoder_samples import CPU, encoder_spec
from pez.encoders.architecture import architecture_metadata, build_encoder, expected_shapes
from pez.encoders.compute import Compute
from pez.encoders.family import Family
from pez.encoders.initialise import initial_weights
from pez.encoders.registry import family_names, find_family
from pez.encoders.transformer import prepare
from pez.fingerprint import SCRIPTS, CodeBase

FAMILIES = family_names()


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_builds_initialises_and_runs(name):
    spec = encoder_spec(family=name)
    family = find_family(name)
    assert isinstance(family, Family)
    weights = initial_weights(spec, 0)
    assert {k: tuple(v.shape) for k, v in weights.items()} == expected_shapes(spec)
    encoder = build_encoder(spec)
    encoder.load_state_dict(weights, assign=True)
    pixels = torch.randn(2, 8, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    tokens = prepare(encoder, Compute(CPU, "fp32"))(pixels)
    tubelets, rows, columns = family.grid(spec, 8)
    assert tokens.shape == (2, tubelets * rows * columns, spec.hidden_size)
    assert torch.isfinite(tokens).all() and tokens.std() > 0.1


@pytest.mark.parametrize("name", FAMILIES)
def test_an_encoder_that_is_not_prepared_says_so(name):
    with pytest.raises(RuntimeError, match="call prepare"):
        build_encoder(encoder_spec(family=name))(torch.zeros(1, 2, 3, 64, 64))


def test_no_family_is_named_outside_its_file():
    """A new family is one file: nothing imports it, and no other file compares with its name."""
    for path in SCRIPTS.rglob("*.py"):
        if path.parent.name == "families":
            continue
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("pez.encoders.families"), path
            if isinstance(node, ast.Compare):
                values = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant)]
                assert not set(FAMILIES) & {v for v in values if isinstance(v, str)}, path


@pytest.mark.parametrize("name", FAMILIES)
def test_code_of_a_family_is_that_of_no_other(name):
    code = CodeBase(choices=FAMILIES)
    for script in ("extract_features.py", "convert_checkpoint.py", "initialise_encoder.py"):
        executed = code.closure(script, frozenset({name})).executed
        assert "pez.encoders.transformer" in executed
        assert {f"pez.encoders.families.{other}" for other in FAMILIES} & set(executed) == {
            f"pez.encoders.families.{name}"
        }


@pytest.mark.parametrize("module", ["pez.features.extract", "pez.probes.run"])
def test_jobs_import_neither_transformers_nor_torchvision(module):
    code = (
        f"import sys, {module}; from pez.encoders.registry import *; "
        "[find_family(name) for name in family_names()]; "
        "assert not {'transformers', 'torchvision'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})


def test_files_written_before_families_stay_valid():
    assert architecture_metadata(encoder_spec()) == {
        "hidden_size": 48, "layers": 3, "heads": 2, "mlp_size": 96,
    }  # fmt: skip
    assert architecture_metadata(encoder_spec(patch_size=8))["patch_size"] == 8
