"""The page of the service in a real browser: what is typed goes to the service, and its answers are read, marked and told."""

from __future__ import annotations

import threading
from typing import Any

from devtools import Tab
from stub_service import Asked, Reply, StubService

SCORES = [
    {"label": "bad", "score": 0.8312},
    {"label": "good", "score": 0.1687},
    {"label": "<b>odd</b>", "score": 0.0001},
]
TEXT = "A late 🚲🚲 parcel, a <b>kind</b> woman"


FIELDS = {"text": "text 0", "pair": "text 1"}


def model(*answers: str, **more: Any) -> dict[str, Any]:
    """An entry of /info."""
    known = {"name": "mine", "kind": "a kind", "problem": "single-label", "labels": ["bad", "good"], "max_length": 64}
    return {**known, "columns": {"text": ["text"]}, "answers": [*answers, "rows", "file"], **more}


def opened(tab: Tab, stub: StubService, *models: dict[str, Any], **more: Any) -> None:
    stub.says("/info", {"version": "1", "max_body_bytes": 10_000, "models": list(models), **more})
    tab.open(stub.address)
    tab.until("!document.getElementById('desk').hidden")


def ask(tab: Tab, **fields: str) -> None:
    for name, text in fields.items():
        tab.fill(f"[data-field='{FIELDS.get(name, name)}']", text)
    tab.click("#question button")


def marks(tab: Tab, place: str = "#result") -> list[list[str]]:
    """Words that are marked, each with what stands behind it."""
    cut = "[...mark.childNodes].map((part) => part.textContent.trim())"
    found: list[list[str]] = tab.run(f"[...document.querySelectorAll('{place} .passage mark')].map((mark) => {cut})")
    return found


def place_of(text: str, words: str) -> dict[str, Any]:
    """As Python counts."""
    return {"text": words, "start": text.index(words), "end": text.index(words) + len(words)}


def test_labels_are_bars_with_probabilities(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("predict"))
    stub.says("/predict", SCORES)
    ask(tab, text="It was late.")
    tab.until("document.querySelectorAll('.bars li').length === 3")
    assert stub.bodies("/predict") == [{"inputs": "It was late."}]
    assert tab.text("#status") == "bad, probability 0.831."
    assert tab.text(".bars").split() == ["bad", "0.831", "good", "0.169", "<b>odd</b>", "<", "0.001"]
    widths = tab.run(
        "[...document.querySelectorAll('.bar')].map((bar) => bar.firstChild.offsetWidth / bar.offsetWidth)"
    )
    assert sorted(widths, reverse=True) == widths


def test_a_probability_is_certain_only_where_it_is(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("predict"))
    told = {1: "1.000", 0.99996: "> 0.999", 0.9994: "0.999", 0.00001: "< 0.001", 0: "0.000"}
    assert {number: tab.run(f"share({number})") for number in told} == told


def test_a_number_keeps_its_digits(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("predict"))
    told = {12345.67: "12345.67", 249999.5: "249999.5", -98765.43219: "-98765.4322", 1234567: "1234567"}
    told |= {0.12345: "0.1235", 0.00012345: "0.0001234", 5: "5", 0: "0"}  # type: ignore[dict-item]
    assert {number: tab.run(f"decimal({number})") for number in told} == told


def test_a_pair_is_sent_as_one_and_a_number_is_no_bar(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("predict", problem="regression", columns={"text": ["one"], "text_pair": ["other"]}))
    stub.says("/predict", [{"label": "score", "score": 4.31271}])
    ask(tab, text="one", pair="other")
    tab.until("document.querySelector('.lead')")
    assert stub.bodies("/predict") == [{"inputs": ["one", "other"]}]
    assert tab.text("#result") == "4.3127"


def test_entities_are_marked_where_python_counts_them(tab: Tab, stub: StubService) -> None:
    """Beyond the first plane a character is one for Python and two for a browser."""
    opened(tab, stub, model("entities"))
    places = [("parcel", "THING"), ("<b>kind</b> woman", "PER")]
    stub.says("/entities", [[{**place_of(TEXT, words), "label": label, "probability": 0.9} for words, label in places]])
    ask(tab, text=TEXT)
    tab.until("document.querySelector('#result mark')")
    assert marks(tab) == [["parcel", "THING"], ["<b>kind</b> woman", "PER"]]
    assert (
        tab.run("document.querySelector('.passage').textContent") == "A late 🚲🚲 parcel THING, a <b>kind</b> woman PER"
    )
    assert tab.text("#status") == "2 entities."


def test_places_that_do_not_fit_are_not_marked(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("entities"))
    wrong = {"text": "parcel", "start": 3, "end": 9, "label": "THING", "probability": 0.9}
    stub.says("/entities", [[wrong]])
    ask(tab, text=TEXT)
    tab.until("document.querySelector('#result table')")
    assert marks(tab) == []
    assert "do not fit this text" in tab.text("#result")


def test_words_are_sent_as_words(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("entities"))
    stub.says("/entities", [[]])
    tab.click("#ticked")
    ask(tab, text=" Ada  met\nBob ")
    tab.until("document.querySelector('#result .passage')")
    assert stub.bodies("/entities") == [{"inputs": [["Ada", "met", "Bob"]]}]
    assert tab.text("#status") == "No entities."


def test_an_answer_is_marked_in_its_context(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("answer"))
    found = place_of(TEXT, "parcel")
    stub.says("/answer", {"answer": found.pop("text"), **found, "probability": 0.91, "no_answer_probability": 0.03})
    ask(tab, ask="What?", context=TEXT)
    tab.until("document.querySelector('#result mark')")
    assert stub.bodies("/answer") == [{"question": "What?", "context": TEXT}]
    assert marks(tab) == [["parcel"]]
    assert tab.text("#status") == "Probability 0.910. No answer: 0.030."


def test_no_answer_is_said(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("answer"))
    stub.says("/answer", {"answer": "", "start": None, "end": None, "probability": None, "no_answer_probability": 0.97})
    ask(tab, ask="What?", context=TEXT)
    tab.until("document.querySelector('#result .passage')")
    assert tab.text("#status") == "The context holds no answer. No answer: 0.970."
    assert marks(tab) == []


def test_the_words_that_mattered_have_shades_and_numbers(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("predict", "explain"))
    stub.says("/predict", SCORES)
    weights = {"late": 2.0, "parcel": 0.6, "woman": -1.5, "A": 0.01}
    stub.says(
        "/explain",
        {"label": "bad", "pieces": [{**place_of(TEXT, w), "weight": weight} for w, weight in weights.items()]},
    )
    ask(tab, text=TEXT)
    tab.until("document.querySelector('#reasons button')")
    tab.click("#reasons button")
    tab.until("document.querySelector('#reasons mark')")
    assert marks(tab, "#reasons") == [["late", "+2.00"], ["parcel"], ["woman", "−1.50"]]
    assert tab.run("document.querySelectorAll('#reasons tbody tr').length") == 4
    assert tab.run("document.querySelector('#reasons mark.against').title") == "−1.50, speaks against it"


def test_markup_of_texts_and_labels_is_text(tab: Tab, stub: StubService) -> None:
    evil = "<img src=x onerror=document.title='ran'><script>document.title='ran'</script>"
    opened(tab, stub, model("predict", name=evil, labels=[evil]), model("predict", name="other"))
    stub.says("/predict", [{"label": evil, "score": 1.0}])
    ask(tab, text=evil)
    tab.until("document.querySelector('.bars li')")
    assert evil in tab.text("#result")
    assert tab.run("document.querySelectorAll('img, body script').length") == 1  # the page's own script
    assert not str(tab.run("document.title")).startswith("ran")


def test_only_the_newest_answer_counts(tab: Tab, stub: StubService) -> None:
    """The first answer comes after the second."""
    first_may_go = threading.Event()

    def reply(asked: Asked) -> Reply:
        if asked.json["inputs"] == "first":
            first_may_go.wait()
        return 200, [{"label": asked.json["inputs"], "score": 0.5}], {}

    opened(tab, stub, model("predict"))
    stub.replies["/predict"] = reply
    ask(tab, text="first")
    ask(tab, text="second")
    tab.until("document.querySelector('.lead')")
    first_may_go.set()
    assert tab.text(".lead") == "second"
    first = next(one for one in stub.asked if one.path == "/predict")
    first.is_over.wait()
    assert tab.run("fetch('/info').then(() => document.querySelector('.lead').textContent)") == "second"


def test_an_answer_to_an_earlier_text_is_shown_as_such(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("predict"))
    stub.says("/predict", SCORES)
    ask(tab, text="It was late.")
    tab.until("document.querySelector('.lead')")
    tab.fill("[data-field='text 0']", "It was early.")
    assert tab.text("#answer-title") == "Answer to the text before"
    tab.fill("[data-field='text 0']", "It was late.")
    assert tab.text("#answer-title") == "Answer"


def test_letters_that_are_being_composed_are_not_asked_about(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("predict"))
    stub.says("/predict", SCORES)
    tab.run("window.setTimeout = (act, wait) => { act(); }")  # no pause: an answer that came too early would be seen
    tab.click("#live")
    tab.run("document.querySelector('textarea').focus()")
    tab.send("Input.imeSetComposition", text="にほ", selectionStart=2, selectionEnd=2)
    assert stub.bodies("/predict") == []
    tab.send("Input.insertText", text="日本")
    tab.run("fetch('/predict', {method: 'POST', body: '{}'}).then(() => 1)")
    assert [body.get("inputs") for body in stub.bodies("/predict")][-2:] == ["日本", None]


def test_another_model_is_asked_by_its_name(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("predict"), model("entities", name="other"))
    stub.says("/entities", [[]])
    tab.fill("[data-field='text 0']", "Ada met Bob.")
    tab.select("#model", "other")
    tab.click("#question button")
    tab.until("document.querySelector('#result .passage')")
    assert stub.bodies("/entities") == [{"inputs": "Ada met Bob.", "model": "other"}]


def test_of_several_labels_the_service_says_which_are_given(tab: Tab, stub: StubService) -> None:
    """Thresholds are not the same for all: a label may be given below one that is not."""
    opened(tab, stub, model("predict", problem="multi-label", columns={"text": ["body"], "text_pair": None}))
    stub.says("/predict", SCORES)
    for given, lead in ((["good"], "good"), ([], "No label")):
        stub.says("/rows", {"columns": [], "rows": [{"predicted_labels": given, "probabilities": []}]})
        tab.run("document.getElementById('result').replaceChildren()")
        ask(tab, text="late")
        tab.until("document.querySelector('.lead')")
        assert tab.text(".lead") == lead
        assert tab.run("[...document.querySelectorAll('.bars .first bdi')].map((one) => one.textContent)") == given
    assert stub.bodies("/rows") == [{"rows": [{"body": "late"}]}] * 2
    assert """'{"rows": [{"body": "late"}]}'""" in tab.text("#curl")  # what decides is what is copied
    assert '/rows"' in tab.text("#python")


def test_types_of_entities_have_colours_of_their_own(tab: Tab, stub: StubService) -> None:
    """Labels are tags, of which each type has several; these types would fall on one colour by their letters."""
    types = ["NORP", "PERSON", "TIME"]
    tags = [*(f"{mark}-{one}" for mark in "BI" for one in types), "O"]
    opened(tab, stub, model("entities", labels=tags, entity_types=types))
    assert "3 entity types" in tab.text("#about")
    places = [{**place_of("Ada noon French", word), "probability": 0.9} for word in ("French", "Ada", "noon")]
    stub.says("/entities", [[{**place, "label": one} for place, one in zip(places, types, strict=True)]])
    ask(tab, text="Ada noon French")
    tab.until("document.querySelector('#result mark')")
    assert (
        tab.run(
            "new Set([...document.querySelectorAll('mark')].map((one) => one.style.getPropertyValue('--hue'))).size"
        )
        == 3
    )


def test_masks_are_filled_and_an_encoder_alone_compares(tab: Tab, stub: StubService) -> None:
    encoder = {**model(), "name": "encoder", "answers": ["embed", "similarity"]}
    opened(tab, stub, model("embed", "similarity", name="masks"), encoder)
    stub.says("/rows", {"columns": ["filled", "reason"], "rows": [{"filled": "fine", "reason": None}]})
    tab.fill("textarea", "a [MASK] day")
    tab.click("#question button")
    tab.until("document.querySelector('#result table')")
    assert stub.bodies("/rows") == [{"rows": [{"text": "a [MASK] day"}], "model": "masks"}]
    assert "fine" in tab.text("#result")
    tab.select("#model", "encoder")
    stub.says("/similarity", [0.25])
    ask(tab, source="one", others="other")
    tab.until("document.querySelector('.bars')")
    assert stub.bodies("/similarity")[0]["inputs"] == {"source_sentence": "one", "sentences": ["other"]}


def test_of_texts_that_are_joined_some_may_be_empty(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("predict", columns={"text": ["title", "body"], "text_pair": "other"}))
    stub.says("/predict", SCORES)
    ask(tab, pair="late")
    assert tab.text("#status") == "Type a text first."
    tab.fill("[data-field='text 2']", "other")
    tab.click("#question button")
    tab.until("document.querySelector('.lead')")
    assert stub.bodies("/predict") == [{"inputs": ["", "late", "other"]}]


def test_words_that_were_not_read_are_said_to_be_so(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("predict", "explain", columns={"text": ["one"], "text_pair": "other"}))
    stub.says("/predict", SCORES)
    weights = [(0, "late", 1.0), (1, "late", None)]
    pieces = [{"input": number, **place_of(f"{word} ", word), "weight": weight} for number, word, weight in weights]
    stub.says("/explain", {"label": "bad", "pieces": pieces})
    ask(tab, text="late ", pair="late ")
    tab.until("document.querySelector('#reasons button')")
    tab.click("#reasons button")
    tab.until("document.querySelector('#reasons mark')")
    assert stub.bodies("/explain") == [{"inputs": ["late ", "late "]}]
    assert tab.run("[...document.querySelectorAll('#reasons .passage mark')].map((one) => one.className)") == [
        "for",
        "unread",
    ]
    assert "1 word at the end" in tab.text("#reasons")


def test_words_that_mattered_to_a_number_raise_or_lower_it(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("predict", "explain", problem="regression"))
    stub.says("/predict", [{"label": "score", "score": 4.3}])
    pieces = [{**place_of(TEXT, word), "weight": weight} for word, weight in (("late", 2.0), ("parcel", -1.5))]
    stub.says("/explain", {"label": "score", "pieces": pieces})
    ask(tab, text=TEXT)
    tab.until("document.querySelector('#reasons button')")
    tab.click("#reasons button")
    tab.until("document.querySelector('#reasons mark')")
    said = tab.text("#reasons")
    assert "mattered for the number" in said
    assert "raises the number" in said
    assert "label" not in said
    assert "probability" not in said
    titles = tab.run("[...document.querySelectorAll('#reasons .passage mark')].map((one) => one.title)")
    assert titles == ["+2.00, raises it", "−1.50, lowers it"]
