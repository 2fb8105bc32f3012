"""GPUs by one name each: whatever a process is told, the name that all other processes know.

CUDA_VISIBLE_DEVICES may hold indices, UUIDs, their beginnings, or slices of a device (MIG). A lease
on "0" would not keep out a job that was told "GPU-5d5b".
"""

import os
import re
import subprocess
from contextlib import suppress

TIMEOUT_SECONDS = 60.0  # nvidia-smi waits for a driver that hangs
_LINE = re.compile(r"(GPU|MIG).*\(UUID: ([^)]+)\)$")
_NAME = re.compile(r"\d+|(GPU|MIG)-\S+")


Device = tuple[str, list[str]]  # UUID, and those of the slices that it is cut into


class Listing:
    """The devices of this process; nvidia-smi, which may take a second, is asked and not awaited.

    Attributes:
        complaint: after `devices`: why nvidia-smi, which is there, could not list any; else None.
    """

    def __init__(self) -> None:
        self.complaint: str | None = None
        self._given = os.environ.get("CUDA_VISIBLE_DEVICES")
        self._asked: subprocess.Popen[str] | None = None
        if self._given is None or self._given.strip():
            command = ["nvidia-smi", "--list-gpus"]
            with suppress(OSError):  # no GPUs, or devices that are known by their names alone
                self._asked = subprocess.Popen(
                    command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
                )

    def devices(self) -> list[str]:
        """Return the devices that this process may use, by UUID where nvidia-smi tells.

        Those of CUDA_VISIBLE_DEVICES if it is set, else all. Indices count as nvidia-smi does. As
        CUDA does it, a name that there is not ends the list: "-1" and "NoDevFiles" mean none.
        """
        listed = self._listed()
        if self._given is None:
            return [name for uuid, slices in listed for name in slices or [uuid]]
        found: list[str] = []
        for name in map(str.strip, self._given.split(",")):
            known = _known(name, listed) if listed else _NAME.fullmatch(name) and name
            if not known:
                break
            found.append(known)
        return list(dict.fromkeys(found))

    def absence(self) -> str | None:
        """Say why there are no devices; None if there are some."""
        if self.devices():
            return None
        given = f"CUDA_VISIBLE_DEVICES = {self._given!r}" if self._given is not None else None
        return self.complaint or given or "nvidia-smi is not there"

    def _listed(self) -> list[Device]:
        """What nvidia-smi lists; nothing if it is not there or cannot."""
        if self._asked is None:
            return []
        try:
            text = self._asked.communicate(timeout=TIMEOUT_SECONDS)[0]
        except subprocess.TimeoutExpired:
            self._asked.kill()  # one that waits in the kernel does not end: it is left alone
            self.complaint = f"nvidia-smi did not answer in {TIMEOUT_SECONDS:.0f} s"
            return []
        found: list[Device] = []
        for line in text.splitlines():
            match = _LINE.match(line.strip())
            if match and match[1] == "GPU":
                found.append((match[2], []))
            elif match and found:
                found[-1][1].append(match[2])
        if self._asked.returncode or not found:
            said = text.strip().splitlines()
            self.complaint = f"nvidia-smi said: {said[0] if said else 'nothing'}"
            return []
        return found


def _known(name: str, listed: list[Device]) -> str | None:
    """The whole name of the device or slice that ``name`` means; None: there is none, or several.

    A device that is cut into slices stands for its first, as in CUDA.
    """
    if name.isdecimal():
        meant = listed[int(name) : int(name) + 1]
    else:
        if name.startswith("MIG-"):
            slices = [one for _, held in listed for one in held if one.startswith(name)]
            return slices[0] if len(slices) == 1 else None
        meant = [device for device in listed if name and device[0].startswith(name)]
    if len(meant) != 1:
        return None
    uuid, held = meant[0]
    return held[0] if held else uuid
