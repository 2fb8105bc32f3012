"""The notebook of the documentation runs from top to bottom, and is kept as it ran."""

import base64

import nbformat
import pandas as pd
import pytest
import yaml
from nbclient import NotebookClient
from nbformat import NotebookNode
from snakemake.utils import update_config

from conftest import CHECKOUT, SMOKE, SMOKE_OUT, Project

NOTEBOOK = CHECKOUT / "docs/notebook.ipynb"


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook: NotebookNode, ending: str, kind: str) -> str:
    """What the cell whose code ends with ``ending`` gave, as text or picture of ``kind``."""
    (cell,) = [cell for cell in code_cells(notebook) if cell.source.endswith(ending)]
    return cell.outputs[-1].data[kind]


@pytest.fixture
def finished(built: Project) -> Project:
    """A run of the smoke configuration that lies where the notebook looks for one."""
    config = yaml.safe_load((built.folder / "config.yaml").read_text())
    update_config(config, yaml.safe_load((built.folder / SMOKE).read_text()))
    (built.folder / "config.yaml").write_text(yaml.safe_dump(config | {"output_dir": "artifacts"}))
    (built.folder / SMOKE_OUT).rename(built.folder / "smoke")
    (built.folder / "artifacts").rmdir()
    (built.folder / "smoke").rename(built.folder / "artifacts")
    return built


@pytest.mark.slow
def test_it_runs_on_a_finished_run(finished: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(finished.folder / "workflow_scripts"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    docs = finished.folder / "docs"
    docs.mkdir()
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, resources={"metadata": {"path": str(docs)}}).execute()

    artifacts = finished.folder / "artifacts"
    labels = pd.read_parquet(artifacts / "clips/kubric/velocity/labels.parquet")
    shape = f"(torch.Size([{len(labels)}, 48]), torch.float32)"
    assert outputs(notebook, "features.shape, features.dtype", "text/plain") == shape
    assert labels["clip_id"][4] in outputs(notebook, '"in_view_at_end"]].head()', "text/plain")
    for figure, ending in (("figure2c", "\nfigure"), ("discs", 'results.figure("discs")')):
        shown = base64.b64decode(outputs(notebook, ending, "image/png"))
        assert shown == (artifacts / f"figures/{figure}.png").read_bytes()
    clips = "(torch.Size([32, 48]), (32, "
    assert outputs(notebook, 'results.labels("discs").shape', "text/plain").startswith(clips)


def test_it_is_kept_as_it_ran() -> None:
    cells = code_cells(nbformat.read(NOTEBOOK, as_version=4))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [out for cell in cells for out in cell.outputs if out.output_type == "error"]
