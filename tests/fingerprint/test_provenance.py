"""Provenance: what is in them, and that they hold the provenance of their inputs."""

import os
from pathlib import Path

import pytest

from pez.encoders.spec import EncoderSpec, RandomWeights
from pez.fingerprint.choices import choices_of, names_in
from pez.fingerprint.provenance import (
    digest_of_clips,
    digest_of_texts,
    made,
    sampled_digest,
    values,
)
from pez.runtime.note import read_note, write_note

ENCODER = EncoderSpec(
    hidden_size=48, layers=2, heads=2, mlp_size=96, weights=RandomWeights(source="random")
)


def test_values_leave_defaults_out_and_make_the_same_section_again() -> None:
    data = values({"encoder": ENCODER, "sizes": (1, 2)})
    assert data["encoder"]["weights"] == {"source": "random"}
    assert "input_size" not in data["encoder"]
    assert data["sizes"] == [1, 2]
    assert EncoderSpec.model_validate(data["encoder"]) == ENCODER


def test_a_provenance_changes_with_values_code_and_inputs() -> None:
    base = made(ENCODER, "code", ["input"])
    other = ENCODER.model_copy(update={"layers": 3})
    assert made(other, "code", ["input"])["provenance"] != base["provenance"]
    assert made(ENCODER, "edited", ["input"])["provenance"] != base["provenance"]
    changed = made(ENCODER, "code", ["other input"])
    assert changed["provenance"] != base["provenance"] and changed["code"] == base["code"]
    assert made(ENCODER, "code", ["input"]) == base


def test_names_are_found_at_their_defaults_too() -> None:
    assert choices_of(EncoderSpec) == {"checkpoint", "embedded", "hub", "permuted", "random"}
    assert set(names_in([ENCODER, {"key": ["value"]}])) >= {"random", "source", "key", "value"}


@pytest.mark.parametrize("place", [0, 500_000, -1])
def test_a_large_file_is_known_by_samples(tmp_path: Path, place: int) -> None:
    path, content = tmp_path / "weights.pt", bytearray(1_000_000)
    path.write_bytes(content)
    before = sampled_digest([path])
    path.touch()
    assert sampled_digest([path]) == before
    content[place] = 1
    path.write_bytes(content)
    assert sampled_digest([path]) != before


@pytest.mark.parametrize("text", ["", "[]", '{"other": 1}', '{"provenance": 1}', "{"])
def test_a_note_that_says_nothing_is_no_note(tmp_path: Path, text: str) -> None:
    note = tmp_path / "provenance/rule/job.json"
    assert read_note(note) is None
    write_note(note, "0123")
    assert read_note(note) == "0123"
    note.write_text(text)
    assert read_note(note) is None


def test_a_pipe_among_the_clips_or_labels_is_not_waited_for(tmp_path: Path) -> None:
    """The check of the clips names it; here it only must not stop the plan."""
    os.mkfifo(tmp_path / "a.mp4")
    (tmp_path / "b.mp4").symlink_to(tmp_path / "gone.mp4")
    (tmp_path / "c.mp4").write_bytes(b"c")
    paths = [tmp_path / name for name in ("a.mp4", "b.mp4", "c.mp4")]
    before = digest_of_clips({path.name: [path] for path in paths}), digest_of_texts(paths)
    paths[2].write_bytes(b"d")
    after = digest_of_clips({path.name: [path] for path in paths}), digest_of_texts(paths)
    assert before[0] != after[0] and before[1] != after[1]
