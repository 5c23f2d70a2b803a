"""Question answering: a span of a context that answers a question, or none."""

from __future__ import annotations

from bertft.kinds.kind import Kind, Problem

ANSWER_SPANS = Problem(
    name="question-answering",
    metrics=(
        *("f1", "exact_match", "has_answer_f1", "has_answer_exact_match", "no_answer_accuracy"),
        *("cmrc_f1", "cmrc_exact_match"),
    ),
    usual_metrics=("f1", "exact_match"),
    adapter="bertft.adapters.questions.answering:QuestionAnswering",
    reader="bertft.gold.questions:QuestionReader",
    sentence="Reads {text} and answers the question with a span of the context.",
    answers="It answers with a span of the context, or with none where it has learned that there may be none.",
    outputs=2,
)

QUESTION_ANSWERING = Kind(
    name="question-answering",
    alias="qa",
    problems=(ANSWER_SPANS,),
    columns={"text": ("question",), "text_pair": ("context",), "label": ("answers", "answer_text")},
    needed=("text", "text_pair", "label"),
    auto_class="AutoModelForQuestionAnswering",
    usage="""\
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

answer = AutoModelForQuestionAnswering.from_pretrained({folder})
tokenizer = AutoTokenizer.from_pretrained({folder})""",
    recipe={"max_length": 384, "overlap": 128},  # as in the BERT paper's SQuAD runs
    settings=("max_answer", "fix_answers"),
    can_fit_head=False,
    small_file_factor=2.0,
)
