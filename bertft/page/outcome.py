"""The first sections of a report, which every task has: what was judged, and the scores."""

from __future__ import annotations

from dataclasses import dataclass

from bertft.markup import Html, Part, element, joined
from bertft.page.blocks import foreign, listed, paragraph, remark, table, tiles
from bertft.page.skeleton import Section
from bertft.report.figures import interval_text, value_text
from bertft.report.model_card import file_name, public_name
from bertft.report.series import series_remarks, series_table, series_title
from bertft.rows.surrogates import shown
from bertft.runs.record import RunRecord
from bertft.runs.series import Series
from bertft.scoring import Scores
from bertft.scoring.trust import Trust
from bertft.wording import counted


@dataclass(frozen=True)
class Outcome:
    """A finished run, and how it did on the rows that the report is about."""

    run: RunRecord
    name: str
    """Of the run folder."""
    kind: str
    """Of task."""
    rows: str
    """The file's name, or `validation` or `test` of the run."""
    is_own: bool
    """Whether they are the run's own validation or test rows."""
    has_learned: bool
    """Whether the model has learned from them."""
    is_validation: bool
    """Whether they are its validation rows, also where they come as a file."""
    scores: Scores

    @property
    def trust(self) -> Trust:
        """What the run found of its probabilities."""
        return Trust.from_dict(self.run.trust)

    @property
    def is_calibrated_here(self) -> bool:
        """Whether what makes its probabilities calibrated was fitted on these rows."""
        calibration = self.trust.calibration
        return self.is_validation and calibration is not None and calibration.after is not None


def title_of(outcome: Outcome) -> str:
    """Of the page."""
    return f"{shown(outcome.name, 100)} on {_rows(outcome)}"


def lead_of(outcome: Outcome) -> Html:
    """What the run is, and what these rows can tell."""
    run, kind = outcome.run, outcome.kind.replace("-", " ")
    rows = run.rows.get("train")
    training = counted(rows, "training row") if isinstance(rows, int) else "training rows unknown"
    what = f"{kind[0].upper()}{kind[1:]}, {public_name(str(run.backbone))}, {training}"
    return joined([paragraph(foreign(what), f", finished {str(run.finished)[:10]}."), _standing(outcome)])


def _rows(outcome: Outcome) -> str:
    return f"its {outcome.rows} rows" if outcome.is_own else file_name(outcome.rows)


def _standing(outcome: Outcome) -> Html:
    """How far scores on these rows can be trusted."""
    if outcome.has_learned:
        return remark("The model has learned from these rows: what it scores here says little of other rows.")
    if not outcome.is_validation:
        return joined([])
    chose = "These rows also chose the best epoch, so expect slightly lower scores on new data."
    since = "The model in the folder has learned from them since; this page is about the one before."
    said = [chose] if outcome.run.chose_epoch else []
    said += [since] if outcome.run.refitted else []
    return remark(" ".join(said)) if said else joined([])


def scores_section(outcome: Outcome) -> Section:
    """The main metric with its interval, the others, and what a reader of the numbers must know."""
    scores = outcome.scores
    names = [name for name in scores.distinct if name != scores.main]
    rest = table(["metric", "value"], [[name, f"{scores.values[name]:.4f}"] for name in names]) if names else None
    notes = listed([foreign(note) for note in scores.notes])
    said = [paragraph(foreign(sentence)) for sentence in outcome.trust.told(chose_epoch=outcome.run.chose_epoch)]
    return Section("Scores", joined([_main(scores), rest, notes, _reference(outcome), *said]))


def _main(scores: Scores) -> Html:
    interval = f"95 % interval {interval_text(scores)}" if scores.interval else "no interval"
    return tiles((scores.main, value_text(scores, scores.main), interval), ("rows", f"{scores.examples:,}", ""))


def _reference(outcome: Outcome) -> Part:
    """What the model has to beat, as the run found it on its validation rows."""
    said = outcome.run.reference.get("summary")
    return element("p", foreign(str(said))) if said else None


def series_section(series: Series | None) -> Section:
    """Of a training that was done with several seeds or on several folds; empty of any other."""
    if series is None:
        return Section("Several runs", joined([]))
    columns, rows = series_table(series)
    title, remarks = series_title(series), [remark(foreign(said)) for said in series_remarks(series)]
    lines = [[foreign(name), *rest] for name, *rest in rows]
    return Section("Several runs", joined([table(columns, lines, caption=title), *remarks]))
