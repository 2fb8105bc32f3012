"""Start a training: in this process, or in one process for every GPU that the job leased."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from pez.encoders.spec import EncoderSpec
from pez.pretraining.spec import PretrainingSpec
from pez.pretraining.train import Files, Report, Team, train
from pez.runtime.errors import PezError

_POLL_S = 0.5


def leased_devices(device: str) -> int:
    """Number of processes to train with: one for each leased GPU, or one on the CPU."""
    return torch.cuda.device_count() if device == "cuda" else 1


def launch(
    encoder_spec: EncoderSpec,
    spec: PretrainingSpec,
    device: str,
    processes: int,
    files: Files,
    report: Report,
) -> None:
    """Train with ``processes`` processes on ``device`` ("cpu" or "cuda") and wait for the end.

    Raises:
        PezError: the clips of a step cannot be split evenly, or the training was stopped.
    """
    for phase in spec.phases:
        if phase.clips % processes:
            raise PezError(
                f"pretraining.phases: {phase.clips} clips cannot be split evenly among {processes} "
                "processes (one for each GPU): change the number, or run with fewer GPUs."
            )
    if processes == 1:
        train(encoder_spec, spec, torch.device(device), Team(), files, report)
        return
    context = mp.get_context("spawn")
    rows, failures = context.Queue(), context.SimpleQueue()
    with tempfile.TemporaryDirectory() as folder:
        arguments = (processes, folder, device, encoder_spec, spec, files, rows, failures)
        workers = mp.start_processes(
            _work, args=arguments, nprocs=processes, join=False, start_method="spawn"
        )
        try:
            while not workers.join(timeout=_POLL_S):
                _drain(rows, report)
        except mp.ProcessRaisedException:
            if failures.empty():
                raise
            raise PezError(failures.get()) from None
        _drain(rows, report)


def _drain(rows: Any, report: Callable[[dict[str, Any]], None]) -> None:
    while True:
        try:
            report(rows.get(timeout=0.05))
        except Empty:
            return


def _work(
    rank: int,
    processes: int,
    folder: str,
    device: str,
    encoder_spec: EncoderSpec,
    spec: PretrainingSpec,
    files: Files,
    rows: Any,
    failures: Any,
) -> None:
    """Body of one process."""
    own = torch.device(device, rank) if device == "cuda" else torch.device(device)
    if device == "cuda":
        torch.cuda.set_device(own)
    else:
        # they share the cores that one process would have had
        torch.set_num_threads(max(1, torch.get_num_threads() // processes))
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "4")
    dist.init_process_group(
        "nccl" if device == "cuda" else "gloo",
        init_method=f"file://{Path(folder) / 'rendezvous'}",
        rank=rank,
        world_size=processes,
    )
    try:
        train(encoder_spec, spec, own, Team(rank, processes), files, rows.put)
    except PezError as error:
        # the exception of a spawned process arrives as the text of its traceback
        failures.put(str(error))
        raise
    finally:
        dist.destroy_process_group()
