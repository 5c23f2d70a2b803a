"""What a processor multiplies int8 with. The same graph may answer otherwise on another one: without VNNI or AMX, x86 adds pairs
of products in 16 bits, which overflow and are cut off (onnxruntime issues 6004 and 14642)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

UNITS: dict[str, tuple[str, ...]] = {
    "AMX": ("amx_int8",),
    "VNNI": ("avx512_vnni", "avx_vnni"),
    "AVX-512 without VNNI": ("avx512_f",),
    "AVX2 without VNNI": ("avx2",),
    "Arm dot products": ("arm_dot", "neon_dot", "dot"),
}
"""Name -> what torch calls it, best first."""

_TORCHS_NAMES = {"avx512f": "avx512_f"}
"""Linux's name -> torch's, where they differ."""

EXACT = ("AMX", "VNNI", "Arm dot products")
"""Those whose sums have room."""

OTHER = "no known int8 units"


def int8_units(capabilities: Mapping[str, Any] | None = None) -> str:
    """Of this processor, or of one that torch describes so."""
    if capabilities is None:
        capabilities = _of_linux() or _of_torch()
    return next((name for name, flags in UNITS.items() if any(capabilities.get(flag) for flag in flags)), OTHER)


def _of_torch() -> Mapping[str, Any]:
    import torch

    found: Mapping[str, Any] = torch.cpu.get_capabilities()
    return found


def _of_linux(path: Path = Path("/proc/cpuinfo")) -> Mapping[str, Any]:
    """As torch names them, of an x86 processor; empty where this file does not tell."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), [])
    return {_TORCHS_NAMES.get(flag, flag): True for flag in flags}


def is_alike(one: str, other: str) -> bool:
    """Whether int8 gives the same answers on both, up to rounding."""
    return one == other or (one in EXACT and other in EXACT)
