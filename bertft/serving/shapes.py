"""The bodies of requests, as text-embeddings-inference and OpenAI have them, and our own. Types are never guessed: a number is no
text, and a field that has no effect is refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bertft.serving.problems import invalid

Text = str
Pair = Annotated[list[str], Field(min_length=1)]
Name = Annotated[str, Field(min_length=1)]
Shape = TypeVar("Shape", bound="Body")


class Body(BaseModel):
    """What all of them have in common."""

    model_config = ConfigDict(strict=True, extra="forbid")

    model: str | None = Field(None, description="Name of the run that is to answer; the first one by default.")


class _MayCut(Body):
    truncate: bool = Field(False, description="Cut texts that are too long, instead of refusing them.")
    truncation_direction: Literal["right", "Right"] = Field("Right", description="Texts are cut at their end.")


class PredictBody(_MayCut):
    inputs: str | Pair | list[Pair] = Field(
        description="A text, a pair of texts, or a list of lists of one or two texts."
    )
    raw_scores: bool = Field(False, description="Give the network's own numbers, without softmax or sigmoid.")


class EmbedBody(_MayCut):
    inputs: str | list[str] = Field(description="A text or a list of texts.")
    normalize: bool = Field(True, description="Scale each vector to length 1.")


class Sentences(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    source_sentence: str
    sentences: list[str]


class SimilarityBody(_MayCut):
    inputs: Sentences = Field(description="An object with `source_sentence` and a list `sentences`.")
    parameters: None = None


class OpenAIBody(_MayCut):
    input: str | list[str] = Field(description="A text or a list of texts.")
    encoding_format: Literal["float", "base64"] = Field("float", description="How vectors are written.")
    user: str | None = None


class EntitiesBody(Body):
    inputs: str | list[str | list[str]] = Field(description="A text, or a list of texts or of lists of words.")


class Question(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    question: str
    context: str


class AnswerBody(Body):
    question: str | None = Field(None, description="A question, beside its `context`.")
    context: str | None = Field(None, description="The text that is searched for the answer.")
    inputs: list[Question] | None = Field(
        None, description="Several questions, as objects with `question` and `context`."
    )


class ExplainBody(Body):
    inputs: str | Pair = Field(description="A text, or a pair of texts.")


class RowsBody(Body):
    rows: list[dict[str, Any]] = Field(description="A list of objects: column names and values.")
    columns: dict[str, Name | Annotated[list[Name], Field(min_length=1)]] = Field(
        default_factory=dict,
        description="Which columns are the text and the second text, where their names do not say it.",
    )
    options: dict[str, Any] = Field(default_factory=dict, description="What `bertft predict` can be asked, as `top_k`.")


def parsed(shape: type[Shape], value: Any) -> Shape:
    """A body's value in its shape; Refused with what is wrong and what is wanted."""
    if not isinstance(value, dict):
        raise invalid(f"The body is {_name(value)}, wanted an object with {_fields(shape)}.")
    try:
        return shape.model_validate(value)
    except ValidationError as problem:
        raise invalid(_told(shape, problem)) from None


def _told(shape: type[Body], problem: ValidationError) -> str:
    first = problem.errors(include_url=False, include_input=False, include_context=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    field = shape.model_fields.get(name)
    if first["type"] == "extra_forbidden" and len(first["loc"]) == 1:
        return f"'{name[:100]}' is not known here; wanted {_fields(shape)}."
    if first["type"] == "missing" and len(first["loc"]) == 1:
        return f"'{name}' is missing. {_wanted(field)}".rstrip()
    return f"'{name}' has another form than is wanted. {_wanted(field)}".rstrip()


def _wanted(field: Any) -> str:
    return f"Wanted: {field.description}" if field is not None and field.description else ""


def _fields(shape: type[Body]) -> str:
    return ", ".join(f"'{name}'" for name in shape.model_fields)


def _name(value: Any) -> str:
    names = {list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
