"""What a network holds, keeps and computes, from its config alone: numbers only, no torch. `model/measured.py` finds the same by
building the network."""

from bertft.counting.families import HEADS, counted_parts, depth_of
from bertft.counting.memory import Memory, fast_memory, held
from bertft.counting.operations import operations
from bertft.counting.part import CountedPart
from bertft.counting.savings import Saving, savings

__all__ = [
    "HEADS",
    "CountedPart",
    "Memory",
    "Saving",
    "counted_parts",
    "depth_of",
    "fast_memory",
    "held",
    "operations",
    "savings",
]
