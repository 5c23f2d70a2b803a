"""One Accelerator for the whole command: device, precision, processes. Nothing distributed is written by hand."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bertft import console
from bertft.engine.plain_device import PlainDevice
from bertft.errors import UsageError, UserError
from bertft.plan.sections import MachinePlan
from bertft.protocols import Device
from bertft.system.cores import THREAD_SETTINGS, crowded, others_so_far, threads_of_environment, usable_cores

ANY_MACHINE = MachinePlan()


def start_accelerator(precision: str, machine: MachinePlan = ANY_MACHINE) -> Device:
    """An Accelerator in that precision; `auto` is resolved here. Only its main process speaks from now on. From now
    on this process uses bertft/fast or not, as `machine` says; on its threads see `set_threads`."""
    import torch
    from accelerate import Accelerator
    from accelerate.utils import DistributedDataParallelKwargs

    from bertft.fast import switch

    switch(machine.fast)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    chosen = _chosen(precision)
    unused = DistributedDataParallelKwargs(find_unused_parameters=False)
    accelerator: Device = Accelerator(
        cpu=not torch.accelerator.is_available(),  # or several processes on processors would not find each other
        mixed_precision="no" if chosen == "fp32" else chosen,
        kwargs_handlers=[unused],
    )
    console.speak_only_if(accelerator.is_main_process)
    _check_way(accelerator)
    set_threads(machine.threads, accelerator)
    if (
        accelerator.num_processes == 1
        and os.environ.get("ACCELERATE_USE_CPU") == "True"
        and "MASTER_PORT" in os.environ
    ):
        console.warn(
            "`accelerate launch --cpu` starts one process whatever --num_processes says. For several on processors: "
            "torchrun --nproc_per_node 2 cli.py …, or accelerate launch --multi_gpu --num_processes 2 cli.py …"
        )
    return accelerator


def precision_here(precision: str) -> str | None:
    """What an Accelerator would compute in now; None where this program or this machine cannot compute in that precision."""
    try:
        return _chosen(precision)
    except UsageError:
        return None


def _chosen(precision: str) -> str:
    import torch

    return of_this_process(precision) or resolve_precision(precision, cuda=torch.cuda.is_available())


def of_this_process(precision: str) -> str | None:
    """The precision that a Python program computes in already, as Accelerate has one for all that it makes; None before.
    UsageError where another one is asked for."""
    from accelerate.state import AcceleratorState, is_initialized

    if not is_initialized():
        return None
    held = AcceleratorState().mixed_precision
    now = "fp32" if held == "no" else str(held)
    if precision not in ("auto", now):
        raise UsageError(
            f"--precision is {precision}: this program computes in {now} already. Use another program for it."
        )
    return now


@contextmanager
def own_precision_each() -> Iterator[Callable[[], None]]:
    """Inside, the next Accelerator may have another precision once the function that this gives was called; not in a program that
    had one before."""
    from accelerate.state import AcceleratorState, is_initialized

    before = is_initialized()
    yield lambda: None if before else AcceleratorState._reset_state()  # there is no public way


def set_threads(asked: int | None, accelerator: Device) -> None:
    """The number that was asked for, else that of the environment, else a thread for each core. A launcher of several processes
    has shared out the cores already. Says where the threads will have to wait for a core."""
    import torch

    alone = accelerator.num_processes == 1
    if asked is None and alone and not any(name in os.environ for name in THREAD_SETTINGS):
        asked = usable_cores()
    if asked is not None:
        torch.set_num_threads(asked)
    if alone and accelerator.device.type == "cpu":
        _tell_crowd(torch.get_num_threads())


def start_alone(machine: MachinePlan = ANY_MACHINE) -> tuple[Device, int]:
    """The processor without torch, for a graph, and the threads that it gets: as many as `set_threads` would give."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    threads = machine.threads or threads_of_environment() or usable_cores()
    _tell_crowd(threads)
    device: Any = PlainDevice()
    return device, threads


def _tell_crowd(threads: int) -> None:
    cores = usable_cores()
    if words := crowded(threads, cores, others_so_far()):
        (console.warn if threads > cores else console.note)(words)


@contextmanager
def process_kept() -> Iterator[None]:
    """Inside, a Python program's threads and its switch of bertft/fast may be set; afterwards they are as before."""
    import torch

    from bertft.fast import kept

    threads = torch.get_num_threads()
    with kept():
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def _check_way(accelerator: Device) -> None:
    """UsageError for a way of cutting the model up among processes that its weights could not be saved from."""
    from accelerate.utils import DistributedType

    plain = ("NO", "FSDP", *(kind.name for kind in DistributedType if kind.name.startswith("MULTI_")))
    name = accelerator.distributed_type.name
    if name not in plain or (name == "FSDP" and not cuts_up(accelerator)):
        way = "FSDP version 1" if name == "FSDP" else name
        raise UsageError(
            f"Accelerate is set up for {way}; bertft takes plain data parallelism and FSDP version 2 (fsdp_version: 2)."
        )


def cuts_up(accelerator: Device) -> bool:
    """Whether it cuts networks up among processes (FSDP)."""
    return bool(getattr(accelerator, "is_fsdp2", False))


def decided_by_main(accelerator: Device, decide: Callable[[], str]) -> str:
    """What the main process decides, in all processes. Its error ends them all; it alone tells it."""
    if accelerator.num_processes == 1:
        return decide()
    from accelerate.utils import broadcast_object_list

    if not accelerator.is_main_process:
        decision, code = broadcast_object_list(["", 0])
        return str(decision) if not code else sys.exit(code)
    try:
        decision = decide()
    except UserError as problem:
        broadcast_object_list(["", problem.exit_code])
        raise
    return str(broadcast_object_list([decision, 0])[0])


def is_out_of_memory(problem: BaseException) -> bool:
    """On any device, as accelerate knows it."""
    if isinstance(problem, MemoryError):
        return True
    from accelerate.utils.memory import should_reduce_batch_size

    return bool(should_reduce_batch_size(problem))


def resolve_precision(precision: str, *, cuda: bool) -> str:
    """fp32, bf16 or fp16. `auto` is bf16 where the device multiplies bf16 natively, else fp32."""
    if precision == "fp16" and not cuda:
        raise UsageError("--precision fp16 needs a GPU; on a processor use bf16 or fp32.")
    if precision != "auto":
        return precision
    return "bf16" if (_gpu_has_bf16() if cuda else _processor_has_bf16()) else "fp32"


def _gpu_has_bf16() -> bool:
    import torch

    return bool(torch.cuda.is_bf16_supported(including_emulation=False))


def _processor_has_bf16() -> bool:
    """avx512_bf16 or AMX on x86, bf16 on Arm: without them bf16 is emulated, and slower than fp32."""
    import torch

    capabilities = torch.cpu.get_capabilities()
    return any(bool(capabilities.get(name)) for name in ("avx512_bf16", "amx_bf16", "arm_bf16", "bf16"))


def describe(accelerator: Device, *, is_ours: bool = False) -> str:
    """`cpu, bf16, 2 threads` or `cuda, bf16, 4 processes`; on a processor also that the fast path is off. `is_ours`: of a model
    from before BERT, which computes in fp32 whatever is asked for."""
    import torch

    from bertft import fast

    precision = "fp32" if is_ours or accelerator.mixed_precision == "no" else accelerator.mixed_precision
    processes = accelerator.num_processes
    names = {"cpu": lambda: _threads(torch.get_num_threads()), "cuda": torch.cuda.get_device_name}
    where = names.get(accelerator.device.type, lambda: "1 device")()
    several = f", {processes} processes" if processes > 1 else ""
    plain = ", not fast" if accelerator.device.type == "cpu" and not fast.is_on() else ""
    return f"{accelerator.device.type}, {precision}, {where}{several}{plain}"


def describe_graph(told: str, threads: int) -> str:
    """The same of a graph, which computes on the processor in a precision of its own."""
    return f"cpu, {told}, {_threads(threads)}"


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"
