"""From a run to a folder for another runtime, and the gate that it must pass."""
