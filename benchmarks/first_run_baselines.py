"""The cheap sides of the first-run table: logistic or ridge regression on TF-IDF, or on the frozen backbone's outputs.

    python benchmarks/first_run_baselines.py tfidf|frozen FOLDER

reads FOLDER/work.json and writes FOLDER/predicted.json. The features (where there is a choice of them) and the strength of
the regularisation are those with the best score in a cross-validation on the training rows; thresholds for several labels
are tuned on the same held-out predictions.
"""

from __future__ import annotations

import json
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from first_run_data import LABELS, NUMBER, TAGS
from first_run_scores import best_thresholds, score_of
from first_run_sides import MODEL
from scipy import sparse
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import MultiLabelBinarizer, StandardScaler, normalize

MANY_ROWS = 1500
"""From here on (sentences or texts) three folds are enough, and five below."""
LOOSE, TIGHT = (0.1, 1.0, 10.0, 100.0, 1000.0), (0.0001, 0.001, 0.01, 0.1, 1.0)
"""C of a logistic regression, 1 / alpha of a ridge: for features of length 1, for standardised ones."""


@dataclass(frozen=True)
class Features:
    """A choice of features: rows (words for tags) by columns."""

    train: Any
    test: Any
    strengths: Sequence[float]


class Work:
    """What the side is given. Tags are flattened: one row for each word, `lengths` tells the sentences."""

    def __init__(self, work: dict[str, Any]) -> None:
        self.kind, self.metric, self.seed = work["kind"], work["metric"], work["seed"]
        self.train, self.test = [row["texts"] for row in work["train"]], work["test"]
        self.gold = [row["gold"] for row in work["train"]]
        self.names = MultiLabelBinarizer().fit(self.gold) if self.kind == LABELS else None

    def targets(self) -> Any:
        if self.names:
            return self.names.transform(self.gold)
        return np.array([*chain(*self.gold)] if self.kind == TAGS else self.gold)

    def folds(self) -> Iterator[tuple[Any, Any]]:
        """Masks to fit on and to predict. Each class is spread evenly; a sentence is never cut."""
        count = 3 if len(self.train) > MANY_ROWS else 5
        fold = np.empty(len(self.train), dtype=int)
        order = np.random.default_rng(self.seed).permutation(len(self.train))
        fold[sorted(order, key=lambda row: str(self.gold[row]) if isinstance(self.gold[row], str) else "")] = (
            np.arange(len(order)) % count
        )
        if self.kind == TAGS:
            fold = np.repeat(fold, [len(tags) for tags in self.gold])
        yield from ((fold != one, fold == one) for one in range(count))

    def answers(self, outputs: Any, rows: Sequence[Any], thresholds: Any) -> list[Any]:
        """In the form of the gold answers. `rows` are the texts that were answered."""
        if self.names:
            return [list(labels) for labels in self.names.inverse_transform(outputs >= thresholds)]
        if self.kind != TAGS:
            return list(outputs.tolist())
        ends = [0, *np.cumsum([len(row) for row in rows])]
        return [outputs[start:end].tolist() for start, end in pairwise(ends)]


def regress(work: Work, choices: list[Features]) -> list[Any]:
    """Predictions for the test rows by the best features and strength."""
    targets = work.targets()
    best: tuple[float, Features, float, Any] | None = None
    for features in choices:
        for strength, outputs in held_out(work, features, targets):
            thresholds = best_thresholds(targets, outputs) if work.names else None
            score = score_of(work.metric, work.gold, work.answers(outputs, work.train, thresholds))
            if best is None or score > best[0]:
                best = (score, features, strength, thresholds)
    assert best is not None
    _, features, strength, thresholds = best
    model = model_for(work).set_params(**strength_of(work, strength)).fit(features.train, targets)
    return work.answers(outputs_of(work, model, features.test), work.test, thresholds)


def held_out(work: Work, features: Features, targets: Any) -> Iterator[tuple[float, Any]]:
    """For each strength the outputs for all training rows, each by a model that did not see it."""
    found: dict[float, Any] = {}
    for fit, rest in work.folds():
        model = model_for(work)
        for strength in sorted(features.strengths):  # each starts where the one before it ended
            model.set_params(**strength_of(work, strength)).fit(features.train[fit], targets[fit])
            outputs = outputs_of(work, model, features.train[rest])
            found.setdefault(strength, np.zeros((len(targets), *outputs.shape[1:]), dtype=outputs.dtype))
            found[strength] = found[strength].astype(np.promote_types(found[strength].dtype, outputs.dtype))
            found[strength][rest] = outputs
    yield from found.items()


def model_for(work: Work) -> Any:
    if work.kind == NUMBER:
        return Ridge()
    if work.kind == LABELS:
        return OneVsRestClassifier(LogisticRegression(max_iter=100))
    return LogisticRegression(max_iter=200, warm_start=True)


def strength_of(work: Work, strength: float) -> dict[str, float]:
    return {"alpha": 1 / strength} if work.kind == NUMBER else {"estimator__C" if work.names else "C": strength}


def outputs_of(work: Work, model: Any, rows: Any) -> Any:
    return model.predict_proba(rows) if work.names else model.predict(rows)


def tfidf(work: Work) -> list[Features]:
    """Words and pairs of words; for tags the word, its parts and its neighbours."""
    if work.kind == TAGS:
        vectorizer = DictVectorizer()
        train = vectorizer.fit_transform(word for row in work.train for word in word_features(row))
        return [Features(train, vectorizer.transform(w for row in work.test for w in word_features(row)), LOOSE)]
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
    words.fit(text for row in work.train for text in row)
    train, test = ([words.transform(texts) for texts in zip(*rows, strict=True)] for rows in (work.train, work.test))
    if len(train) == 1:
        return [Features(train[0], test[0], LOOSE)]
    return [Features(*both, LOOSE) for both in zip(pair_features(*train), pair_features(*test), strict=True)]


def word_features(tokens: Sequence[str]) -> Iterator[dict[str, Any]]:
    for place in range(len(tokens)):
        found: dict[str, Any] = {"bias": 1.0}
        for offset in (-2, -1, 0, 1, 2):
            inside = 0 <= place + offset < len(tokens)
            word = tokens[place + offset] if inside else "<edge>"
            found |= {f"{offset} lower": word.lower(), f"{offset} shape": shape(word)}
            if abs(offset) < 2:
                found |= {f"{offset} word": word}
                found |= {f"{offset} prefix {n}": word[:n] for n in (1, 2, 3)}
                found |= {f"{offset} suffix {n}": word[-n:] for n in (1, 2, 3)}
        yield found


def shape(word: str) -> str:
    """`Obama's` -> `Xx'x`."""
    signs = "".join("X" if c.isupper() else "x" if c.islower() else "0" if c.isdigit() else c for c in word)
    return re.sub(r"(.)\1+", r"\1", signs)


def pair_features(one: Any, other: Any) -> list[Any]:
    """Both texts side by side with what parts and joins them; that alone; their cosine alone. Rows have length 1."""
    if sparse.issparse(one):
        product, difference = one.multiply(other), abs(one - other)
        cosine = sparse.csr_matrix(product.sum(axis=1))
        stack: Callable[[list[Any]], Any] = lambda parts: sparse.csr_matrix(sparse.hstack(parts))  # noqa: E731
    else:
        product, difference, stack = one * other, np.abs(one - other), np.hstack
        cosine = product.sum(axis=1, keepdims=True)
    return [stack([one, other, difference, product, cosine]), stack([difference, product, cosine]), cosine]


def frozen(work: Work) -> list[Features]:
    """The mean of the last hidden states; for tags that of each word's first token."""
    from first_run_frozen import Encoder

    encoder = Encoder(MODEL)
    if work.kind == TAGS:
        train, test = encoder.words(work.train), encoder.words(work.test)
        return [standardised(train, test)]
    if len(work.train[0]) == 1:
        train, test = (normalize(encoder.means(rows)) for rows in (work.train, work.test))
        return [Features(train, test, LOOSE), standardised(train, test)]
    joint = [normalize(encoder.means(rows)) for rows in (work.train, work.test)]
    parts = [
        pair_features(*(normalize(encoder.means([[text] for text in texts])) for texts in zip(*rows, strict=True)))
        for rows in (work.train, work.test)
    ]
    choices = [joint, *zip(*parts, strict=True)]
    return [one for pair in choices for one in (Features(pair[0], pair[1], LOOSE), standardised(pair[0], pair[1]))]


def standardised(train: Any, test: Any) -> Features:
    scaler = StandardScaler().fit(train)
    return Features(scaler.transform(train), scaler.transform(test), TIGHT)


def main() -> None:
    warnings.simplefilter("ignore")
    side, folder = sys.argv[1], Path(sys.argv[2])
    work = Work(json.loads((folder / "work.json").read_text(encoding="utf-8")))
    predicted = regress(work, {"tfidf": tfidf, "frozen": frozen}[side](work))
    (folder / "predicted.json").write_text(json.dumps(predicted), encoding="utf-8")


if __name__ == "__main__":
    main()
