"""Imported by Python at its start, where this folder is on the path: notes what a job executes.

Probes and figures differ from each other; of the other scripts the first job will do, unless
``PEZ_TRACE_EVERY`` names others.

At the end of a job the functions of the project that it called go to a file in ``PEZ_TRACE``, with
the rule and the wildcards of the job.
"""

import atexit
import json
import os
import sys
import threading
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

FOLDER, ROOT = os.environ.get("PEZ_TRACE"), os.environ.get("PEZ_TRACE_ROOT", "")
seen: set[CodeType] = set()


def note(frame: FrameType, event: str, argument: Any) -> None:
    if event == "call" and frame.f_code.co_filename.startswith(ROOT):
        seen.add(frame.f_code)


def write() -> None:
    job = getattr(sys.modules["__main__"], "snakemake", None)
    if job is None or FOLDER is None:
        return
    calls = sorted({(code.co_filename[len(ROOT) + 1 :], code.co_qualname) for code in seen})
    wildcards = dict(job.wildcards.items())
    found = {"log": job.log[0], "wildcards": wildcards, "calls": calls}
    Path(FOLDER, f"{os.getpid()}.json").write_text(json.dumps(found))


def is_wanted() -> bool:
    """Whether this is a job of a script that is to be traced."""
    names = [Path(one).name for one in sys.orig_argv if ".snakemake/scripts" in one]
    if not names or FOLDER is None:
        return False
    script = names[0].split(".")[1]
    if script in os.environ.get("PEZ_TRACE_EVERY", "fit_probe judge_figure draw_figure").split():
        return True
    try:
        Path(FOLDER, script).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


if is_wanted():
    atexit.register(write)
    threading.setprofile(note)
    sys.setprofile(note)
