"""The script of the rule write_page, run as Snakemake runs it on the files of a small run."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from page_samples import MODEL, SIZES, sources

from conftest import CHECKOUT
from pez.inside.judged import InsideVerdict, ModelVerdict
from pez.page.gather import Sources

RUN = """
import json, runpy, sys
from types import SimpleNamespace as Space
class Files(Space):
    def get(self, name, default=None):
        return getattr(self, name, default)
given = json.load(open(sys.argv[1]))
snakemake = Space(
    input=Files(**given["input"]), output=Files(**given["output"]), rule="write_page", threads=1,
    params=Space(**given["params"]), resources={}, log=[given["log"]],
)
runpy.run_path(sys.argv[2], {"snakemake": snakemake}, run_name="__main__")
"""


ANSWER = ModelVerdict(
    model=MODEL, weights="embedded weights", reproduction=False, question="Do heads part?",
    answer="yes", reason="They do.", statements=("spread 2.7",), numbers=(),
)  # fmt: skip


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    return sources(tmp_path_factory.mktemp("run"), SIZES["tiny"])


def run(folder: Path, inputs: Sources) -> "subprocess.CompletedProcess[str]":
    """What the rule hands to the script, as plain data."""
    figure = inputs.figures["figure2c"]
    benchmark = folder / "benchmarks/fit_probe/one.tsv"
    benchmark.parent.mkdir(parents=True)
    benchmark.write_text("s\tmax_rss\tcpu_time\n12.5\t100\t2.0\n")
    inside = InsideVerdict(
        figure="figure19", kind="attention_distance", clips="56 of velocity", models=(ANSWER,)
    )
    (folder / "figure19_verdict.json").write_text(inside.model_dump_json())
    shutil.copy(figure.png, folder / "figure19.png")
    given = {
        "input": {
            "inside": [str(folder / "figure19.png")],
            "inside_verdicts": [str(folder / "figure19_verdict.json")],
            "pictures": [str(figure.png)],
            "verdicts": [str(figure.verdict)],
            "results": list(map(str, inputs.results)),
            "predictions": list(map(str, inputs.predictions)),
            "labels": [str(path) for path in inputs.labels.values()],
            "clips": [str(path) for paths in inputs.shards.values() for path in paths],
            "audit": [],
        },
        "output": {"page": str(folder / "page.html"), "note": str(folder / "note.json")},
        "params": {
            "page": {
                "figures": {"figure2c": {"title": figure.title, "recipes": list(figure.recipes)}},
                "recipes": {name: one.to_params() for name, one in inputs.recipes.items()},
                "controls": {"untrained": [1]},
                "models": inputs.facts,
                "datasets": list(inputs.labels),
                "inside": ["figure19"],
                "configuration": {"output_dir": "artifacts", "figures": {"figure2c": {}}},
            },
            "benchmarks": [str(benchmark), str(folder / "gone.tsv")],
            "made": {"provenance": "p"},
        },
        "log": str(folder / "logs/write_page/page.log"),
    }
    (folder / "given.json").write_text(json.dumps(given))
    script = CHECKOUT / "workflow_scripts/write_page.py"
    command = [sys.executable, "-c", RUN, str(folder / "given.json"), str(script)]
    environment = {"PYTHONPATH": str(script.parent), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_it_writes_the_page_and_its_note(inputs: Sources, tmp_path: Path) -> None:
    done = run(tmp_path, inputs)
    assert done.returncode == 0, (tmp_path / "logs/write_page/page.log").read_text()
    page = (tmp_path / "page.html").read_text()
    text = re.sub(r"\s+", " ", re.sub(r"<script.*", "", page, flags=re.DOTALL))
    assert inputs.figures["figure2c"].title in text
    assert f"xxh3:{MODEL}</code>" in text and "output_dir: artifacts" in text
    assert '<th scope="row">fit_probe</th>' in text and "12.5" in text
    assert "R² of linear probes on held-out folds" in text  # the caption travels with the picture
    assert 'id="audit"' not in text
    of_inside = text.partition('id="inside"')[2]
    assert ">Figure 19</h3>" in of_inside and "Do heads part? They do." in of_inside
    assert "not a reproduction" in of_inside and "<li>spread 2.7</li>" in of_inside
    assert json.loads((tmp_path / "note.json").read_text())["provenance"] == "p"


def test_a_damaged_table_stops_it_with_a_sentence(inputs: Sources, tmp_path: Path) -> None:
    path = inputs.predictions[0]
    kept = path.read_bytes()
    path.write_bytes(kept[: len(kept) // 2])
    try:
        done = run(tmp_path, inputs)
    finally:
        path.write_bytes(kept)
    assert done.returncode == 1 and not (tmp_path / "page.html").exists()
    assert re.fullmatch(r"Error in rule write_page: .* not a whole Parquet file .*\n", done.stderr)
