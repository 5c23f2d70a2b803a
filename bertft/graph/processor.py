"""What a processor multiplies int8 with. The same graph may answer otherwise on another one: without VNNI or AMX, x86 adds pairs
of products in 16 bits, which overflow and are cut off (onnxruntime issues 6004 and 14642)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

UNITS: dict[str, tuple[str, ...]] = {
    "AMX": ("amx_int8",),
    "VNNI": ("avx512_vnni", "avx_vnni"),
    "AVX-512 without VNNI": ("avx512_f",),
    "AVX2 without VNNI": ("avx2",),
    "Arm dot products": ("arm_dot", "neon_dot", "dot"),
}
"""Name -> what torch calls it, best first."""

EXACT = ("AMX", "VNNI", "Arm dot products")
"""Those whose sums have room."""

OTHER = "no known int8 units"


def int8_units(capabilities: Mapping[str, Any] | None = None) -> str:
    """Of this processor, or of one that torch describes so."""
    if capabilities is None:
        import torch

        capabilities = torch.cpu.get_capabilities()
    return next((name for name, flags in UNITS.items() if any(capabilities.get(flag) for flag in flags)), OTHER)


def is_alike(one: str, other: str) -> bool:
    """Whether int8 gives the same answers on both, up to rounding."""
    return one == other or (one in EXACT and other in EXACT)
