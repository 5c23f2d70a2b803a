"""cli.py with Accelerate set up for FSDP version 2 on processors, where `accelerate launch` offers it for GPUs only: the same
plugin, the same wrapping, gloo instead of NCCL."""

from __future__ import annotations

from typing import Any

import accelerate
from accelerate.utils import DistributedType, FullyShardedDataParallelPlugin

from bertft.commands.main import main


def sharded(accelerator: accelerate.Accelerator, *words: Any, **named: Any) -> None:
    plain(accelerator, *words, **named)
    policy = {"auto_wrap_policy": "transformer_based_wrap", "transformer_cls_names_to_wrap": ["BertLayer"]}
    accelerator.state.fsdp_plugin = FullyShardedDataParallelPlugin(fsdp_version=2, **policy)
    accelerate.state.AcceleratorState.distributed_type = property(lambda _: DistributedType.FSDP, lambda _, __: None)


if __name__ == "__main__":
    plain = accelerate.Accelerator.__init__
    accelerate.Accelerator.__init__ = sharded  # type: ignore[method-assign]
    main()
