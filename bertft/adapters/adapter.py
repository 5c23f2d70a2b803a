"""What every adapter is: the verbs between examples and the arrays that a network reads, as pure functions of their input.
Tensors belong to networks; only `head`, which is asked before training, wakes torch.

Example -> Feature -> Batch -> Output -> Prediction. An adapter holds its card, labels, columns and tokenizer; no loader, no
device, no open file. The engine calls these verbs and knows no task.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from bertft.gold import Options, Read, Reader, Refusal, reader_for
from bertft.gold.answer import Answer
from bertft.plan.card import Card
from bertft.plan.recipe import Recipe
from bertft.protocols import Tokenizer
from bertft.rows.fields import Fields
from bertft.rows.labels import Labels
from bertft.scoring import Coverage, Scores
from bertft.scoring.calibration import Reliability
from bertft.scoring.evidence import Evidence
from bertft.scoring.expectation import Reached
from bertft.scoring.own import OwnMetric
from bertft.scoring.paired import RowSums

if TYPE_CHECKING:
    from bertft.model.network import Head


@dataclass(frozen=True, slots=True)
class Feature:
    """One window of one row, as the model reads it."""

    row: int
    """The row's index."""
    input_ids: np.ndarray[Any, Any]
    """(tokens,) int32, special tokens included."""
    segments: np.ndarray[Any, Any] | None
    """(tokens,) int8 token type ids; None where all are 0 or the backbone has none."""
    target: Any
    """What the loss compares with; None when the row is only to be predicted."""
    truncated: bool
    """Whether some of the row's text is in no window."""
    vectors: np.ndarray[Any, Any] | None = field(default=None, kw_only=True)
    """(tokens or 1, D) what a frozen backbone says of it, where that is known already."""

    @property
    def weight(self) -> int:
        """How many decisions its loss sums up: one for a text, its labelled words for a tagger."""
        return 1


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded arrays."""

    inputs: dict[str, np.ndarray[Any, Any]]
    """input_ids, attention_mask and maybe token_type_ids, each (B, T): a row for each feature, the last dimension its tokens.
    A kind whose features hold several texts has them in between, (B, K, T)."""
    targets: np.ndarray[Any, Any] | None
    examples: int
    tokens: int
    """Tokens without padding."""

    @property
    def padded_tokens(self) -> int:
        return int(self.inputs["input_ids"].size)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of one row."""

    values: Any
    """(K,) probabilities, (1,) the score of a regression, tags or answers; None when there is no answer."""
    reason: str = ""
    """Why there is none."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """What is to be told from what, for a linear fit: N texts or words."""

    inputs: np.ndarray[Any, Any]
    """(N, H) what the classifier reads; (N, 0) where nobody asked."""
    targets: np.ndarray[Any, Any]
    """(N, K) one-hot classes, 0 and 1 for each label, or numbers."""


@dataclass(frozen=True)
class Adapter(ABC):
    """The verbs. One subclass per kind of task."""

    card: Card
    labels: Labels
    fields: Fields
    tokenizer: Tokenizer
    options: Options
    own: OwnMetric | None = field(default=None, kw_only=True)
    """Of the user's; it leads the others."""

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments of the adapter beyond the usual five, from what `stored` gave when the model was saved."""
        return {}

    @abstractmethod
    def head(self, targets: Sequence[Any], recipe: Recipe) -> Head:
        """What to put on the backbone; `targets` are those of the training rows, for class weights."""

    @property
    def reader(self) -> Reader:
        """What turns rows into the examples of this adapter."""
        return reader_for(self.card, self.labels, self.fields, self.options, **self.stored())

    @abstractmethod
    def encode(self, examples: Sequence[Any]) -> list[list[Feature]]:
        """One example -> its windows, for many examples at once as the tokenizer is faster so."""

    def strings(self, example: Any) -> Sequence[str]:
        """What the tokenizer is given of an example: its texts, or its words."""
        raise NotImplementedError

    @abstractmethod
    def collate(self, features: Sequence[Feature]) -> Batch:
        """Features -> one padded batch."""

    def outputs_of(self, outputs: Mapping[str, np.ndarray[Any, Any]], features: Sequence[Feature]) -> list[Any]:
        """A batch of network outputs -> what to keep of each feature; for texts its logits (K,)."""
        return list(outputs["logits"])

    @abstractmethod
    def decode(self, outputs: Sequence[Any], features: Sequence[Feature]) -> Prediction:
        """The outputs of one row's windows -> its prediction."""

    def decisions(self, features: Sequence[Feature], inputs: Sequence[Any] | None) -> Decisions:
        """Features with targets, and what `outputs_of` kept of the classifier's inputs, as single decisions."""
        targets = np.stack([self._decided(feature.target) for feature in features])
        return Decisions(np.zeros((len(targets), 0)) if inputs is None else np.stack(inputs), targets)

    def _decided(self, target: Any) -> np.ndarray[Any, Any]:
        """(K,) what a row's target says."""
        raise NotImplementedError

    def decode_rows(self, rows: Sequence[tuple[Sequence[Any], Sequence[Feature]]]) -> list[Prediction]:
        """`decode` for many rows at once, where that is faster."""
        return [self.decode(outputs, features) for outputs, features in rows]

    def score(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> Scores:
        """Predictions of labelled rows against their gold values; with the user's own metric that one leads."""
        scores = self.our_scores(predictions, targets)
        if self.own is None:
            return scores
        return scores.led_by(self.own.name, self.own.measure(*self.in_words(predictions, targets)))

    @abstractmethod
    def our_scores(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> Scores:
        """By the metrics that need no network."""

    @abstractmethod
    def in_words(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """Predictions and references as a metric of the user's own gets them."""

    @property
    def scored_labels(self) -> tuple[str, ...]:
        """What scores go by: labels, or the types of entities."""
        return self.labels.names

    def row_sums(
        self, predictions: Sequence[Prediction], targets: Sequence[Any], labels: Sequence[str]
    ) -> RowSums | None:
        """The main metric as sums over the rows, for paired tests; None where no sums give it. `labels`: the scored labels of
        all runs that are held against each other, in an order of their own."""
        return None

    def common_form(self, gold: Any, known: Collection[str]) -> Any:
        """A gold value, as `in_words` has it, such that it is equal in all runs that read the row alike. `known`: the labels
        that all of them know."""
        return gold

    def shown_answer(self, said: Any, words: Sequence[str], beside: Sequence[Any] = ()) -> str:
        """A gold or predicted value, as `in_words` has it, for people; '' for none. A label that the model does not
        know is (unknown). `words`: those of a row of words; `beside`: the values that it is read with."""
        values = said if isinstance(said, list) else [said]
        return ", ".join("(unknown)" if value is None else str(value) for value in values)

    def is_right(self, said: Any, gold: Any) -> bool:
        """Whether a row, as `in_words` has it, was predicted right."""
        return bool(said == gold)

    @abstractmethod
    def wrongness(self, prediction: Prediction, target: Any) -> float:
        """How sure the model was of what it got wrong in a row; of a number, how far off it is."""

    @property
    def main_metric(self) -> str:
        """Name of the metric that decides what is best."""
        return self.own.name if self.own else self.card.metric

    constant_answer: ClassVar[str]
    """What `constant` answers, as the subject of a sentence."""

    @abstractmethod
    def constant(self, learned: Sequence[Any], targets: Sequence[Any]) -> list[Prediction]:
        """The best answer that needs no text, as the `learned` targets of the training rows have it, for each row of `targets`;
        of these it uses how many there are, and how many words each has."""

    @abstractmethod
    def same_answer(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> str:
        """What the model gives to all rows alike, within rounding, although their targets differ, in words; '' if its answers
        differ too."""

    @abstractmethod
    def added_columns(self, answer: Answer) -> list[str]:
        """Columns that `record` adds to the input's."""

    def record(
        self, read: Read, prediction: Prediction, answer: Answer, names: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The row as it leaves: its own columns and the added ones, under their `names` in the output where those differ."""
        added = self.answer_columns(read, prediction, answer)
        return {**read.row.fields, **({names[name]: value for name, value in added.items()} if names else added)}

    def answer_columns(self, read: Read, prediction: Prediction, answer: Answer) -> dict[str, Any]:
        """The added columns of a row."""
        blank: dict[str, Any] = dict.fromkeys(self.added_columns(answer))
        if isinstance(read, Refusal) or prediction.values is None:
            return {**blank, "reason": prediction.reason}
        return blank | self.answered(read, prediction, answer)

    @abstractmethod
    def answered(self, example: Any, prediction: Prediction, answer: Answer) -> dict[str, Any]:
        """The added columns of an example that has an answer; what is left out stays empty."""

    @abstractmethod
    def to_plain(self, prediction: Prediction) -> Any:
        """A prediction as JSON can hold it, to the last digit."""

    @abstractmethod
    def from_plain(self, plain: Any) -> Prediction:
        """What `to_plain` gave."""

    def settled(self, prediction: Prediction) -> Prediction:
        """The prediction as an adapter without thresholds must see it to decide as this one does."""
        return prediction

    def with_stored(self, stored: Mapping[str, Any]) -> Self:
        """The adapter with what `stored` gave of another run of the same task."""
        return replace(self, **self.restored(stored))

    def can_reject(self, answer: Answer) -> bool:
        """Whether `rejects` may be true."""
        return False

    def rejects(self, prediction: Prediction, answer: Answer) -> bool:
        """Whether a row that has an answer gets no label of the model all the same."""
        return False

    def coverage(self, predictions: Sequence[Prediction], targets: Sequence[Any], threshold: float) -> list[Coverage]:
        """How many rows are answered at that probability and at usual ones, and how well; [] where rows have no one label."""
        return []

    def reliability(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> Mapping[str, Reliability]:
        """What the probabilities of labelled rows are worth: of each label, or, under the name '', of the answers where a row has
        one label. Empty where there are none."""
        return {}

    def evidence(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> Evidence | None:
        """Predictions beside gold as plain arrays; None for answers that are neither labels of a row nor numbers."""
        return None

    def for_sample(self, first: Read | None) -> Adapter:
        """The adapter with what the first row of a file to predict says about its form."""
        return self

    @property
    def too_long(self) -> str:
        """What is cut, and the flags against it, in words."""
        window = "" if self.fields.text_pair else ", --long window"
        return f"the texts are longer than {self.options.max_length} tokens and are cut (--max-length{window} of train)"

    def out_of_reach(self, windows: Sequence[Sequence[Any]]) -> list[str]:
        """What of the gold values of these rows can never be answered, in words."""
        return []

    @property
    def placed_in(self) -> str | None:
        """The column in whose text answers have places, in characters; None for answers that have none."""
        return None

    reads_plainly: ClassVar[bool] = True
    """Whether graph/tokenizer.py does all that it asks of a tokenizer."""
    reads_rows: ClassVar[bool] = True
    """Whether rows can be answered; else the network is there to be read by others."""
    answer_options: ClassVar[tuple[str, ...]] = ()
    """The fields of Answer that `record` heeds."""
    one_label_a_row: ClassVar[bool] = False
    """Whether answers are right or wrong as a whole, so that unsure ones can be held against accuracy."""
    answers_with: ClassVar[str] = "a label"
    """For messages."""
    rejected_rows: ClassVar[str] = ""
    """What `rejects` asks of rows, as a predicate in the plural."""
    tuning: ClassVar[str] = ""
    """What `tuned` chose, and what there was before; in words."""

    def tuned(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> Adapter:
        """The adapter with what is best chosen on the validation rows, such as thresholds; most have nothing to choose."""
        return self

    @property
    def metrics(self) -> Sequence[str] | None:
        """Exactly the card's; None, which means all that apply, for a task without a card."""
        return None if self.card.is_plain else self.card.metrics

    calibrates: ClassVar[bool] = False
    """Whether `calibrated` has something to learn."""
    how_calibrated: ClassVar[str] = ""
    """What `calibrated` chose, in words."""

    def calibrated(
        self, predictions: Sequence[Prediction], targets: Sequence[Any], counted: Sequence[Any] | None = None
    ) -> Adapter:
        """The adapter with the scale on which these probabilities, the network's own, come true; its answers stay the same.
        `counted`: targets of all rows, where these are some of them: all decide what is fitted."""
        return self

    def given_to_truth(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> np.ndarray[Any, Any]:
        """What was given to what came true, of each answer that `calibrated` learns from."""
        raise NotImplementedError

    @property
    def uncalibrated(self) -> Adapter:
        """The adapter with the network's own probabilities."""
        return self

    def rescaled(self, predictions: Sequence[Prediction]) -> list[Prediction]:
        """The network's own probabilities on the scale of this adapter, as its `decode` gives them."""
        return list(predictions)

    @property
    def steps(self) -> Sequence[Reached]:
        """How many validation rows reach which probability, and how many of these were right; empty where nobody counted."""
        return ()

    def with_steps(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> Adapter:
        """The adapter with the steps of its own predictions."""
        return self

    def stored(self) -> dict[str, Any]:
        """What bertft.json must hold beyond card, labels, columns and options, such as thresholds."""
        return {}


def stacked(predictions: Sequence[Prediction]) -> np.ndarray[Any, Any]:
    """(N, K) values of the rows that have an answer."""
    return np.stack([prediction.values for prediction in predictions if prediction.values is not None])


def the_same(rows: int, answer: str) -> str:
    """For `same_answer`."""
    return f"all {rows:,} rows the same answer ({answer})"


def longest(features: Iterable[Feature]) -> int:
    return max(len(feature.input_ids) for feature in features)
