"""The `bertft` command: a table of contents, and the one place where an error becomes a message and an exit code.

0 done, 1 our fault, 2 the user's. torch and transformers wake inside the commands, never at --help.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import Annotated, NoReturn

import typer

from bertft import __version__, console
from bertft.commands.baseline import baseline_command
from bertft.commands.check import check_command
from bertft.commands.compare import compare_command
from bertft.commands.convert import convert_command
from bertft.commands.embed import embed_command
from bertft.commands.eval import eval_command
from bertft.commands.export import export_command
from bertft.commands.gather import gather_command
from bertft.commands.info import info_command
from bertft.commands.predict import predict_command
from bertft.commands.pretrain import pretrain_command
from bertft.commands.push import push_command
from bertft.commands.report import report_command
from bertft.commands.serve import serve_command
from bertft.commands.similar import similar_command
from bertft.commands.tasks import tasks_command
from bertft.commands.tiers import TieredCommand, TieredGroup
from bertft.commands.train import train_command
from bertft.commands.vocab import vocab_command
from bertft.errors import BertftError, Stopped
from bertft.system.cores import begin_looking, sleep_while_waiting
from bertft.system.memory import keep_memory
from bertft.system.signals import caught_signals

app = typer.Typer(
    cls=TieredGroup,
    name="bertft",
    help="Fine-tune a BERT on a labelled file, evaluate it, and predict with it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("train", cls=TieredCommand)(train_command)
app.command("eval", cls=TieredCommand)(eval_command)
app.command("predict", cls=TieredCommand)(predict_command)
app.command("gather", cls=TieredCommand)(gather_command)
app.command("embed", cls=TieredCommand)(embed_command)
app.command("pretrain", cls=TieredCommand)(pretrain_command)
app.command("similar", cls=TieredCommand)(similar_command)
app.command("serve", cls=TieredCommand)(serve_command)
app.command("baseline", cls=TieredCommand)(baseline_command)
app.command("check", cls=TieredCommand)(check_command)
app.command("report", cls=TieredCommand)(report_command)
app.command("compare", cls=TieredCommand)(compare_command)
app.command("export", cls=TieredCommand)(export_command)
app.command("push", cls=TieredCommand)(push_command)
app.command("info", cls=TieredCommand)(info_command)
app.command("convert", cls=TieredCommand)(convert_command)
app.command("vocab", cls=TieredCommand)(vocab_command)
app.command("tasks", cls=TieredCommand)(tasks_command)


def _show_version(asked: bool) -> None:
    if asked:
        console.result(f"bertft {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; every way out is here."""
    console.use_any_stream()
    console.speak_only_if(os.environ.get("RANK", "0") == "0")
    keep_memory()
    sleep_while_waiting()
    begin_looking()
    try:
        with caught_signals():
            app(prog_name="bertft")
    except SystemExit as leaving:
        if not leaving.code:
            part_company()
        if leaving.code == 1 and is_closed_pipe(leaving):
            _leave_quietly()
        raise
    except BertftError as problem:
        console.error(str(problem))
        _leave(problem.exit_code)
    except Stopped as stop:
        console.warn(f"Stopped by {signal.Signals(stop.signal_number).name}. {stop.hint}".rstrip())
        if stop.at_once:
            _leave_at_once(stop.exit_code)
        _leave(stop.exit_code)
    except BrokenPipeError:
        _leave_quietly()
    except Exception as problem:  # the last net: ours, so the message asks for a report
        if os.environ.get("BERTFT_DEBUG"):
            raise
        if words := machine_limit(problem):
            console.error(words)
            _leave(2)
        console.error(
            f"{type(problem).__name__}: {problem}\nThis is a fault of bertft, not yours. BERTFT_DEBUG=1 shows where it happened."
        )
        _leave(1)


def is_closed_pipe(problem: BaseException | None) -> bool:
    """Whether it came of a reader who has gone (`| head`). typer and rich make an exit of it by themselves."""
    while problem is not None and not (isinstance(problem, OSError) and problem.errno == errno.EPIPE):
        problem = problem.__context__
    return problem is not None


def part_company() -> None:
    """One of several processes leaves as soon as its work is done. The threads of its process group may abort it while Python
    takes itself apart, and the launcher would take that for a failure of the run."""
    if "torch.distributed" in sys.modules:
        from torch import distributed

        if distributed.is_available() and distributed.is_initialized():
            _leave_at_once(0)


def machine_limit(problem: Exception) -> str:
    """What the machine refused, in plain words; empty if it was something else."""
    text = str(problem)
    if isinstance(problem, MemoryError) or "out of memory" in text or "can't allocate memory" in text:
        return "Out of memory. Free some, or pass a smaller --batch-size or --max-length, or another --model."
    if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS):
        why = f"{problem.filename or 'The output'}: cannot be written ({problem.strerror})"
        return f"{why}. Make room, or choose another place (TMPDIR, HF_HOME, -o)."
    if "RANK" in os.environ and any(
        word in text for word in ("Connection closed", "Connection reset", "closed by peer")
    ):
        return "Another process of this run has ended, so this one does too. Its own message says why."
    return ""


def _leave(code: int) -> NoReturn:
    sys.exit(code)


def _leave_at_once(code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _leave_quietly() -> NoReturn:
    """The reader of our output has gone (`| head`): nothing more can be said, and flushing must not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(0)
