"""The page for people: with a keyboard, a screen reader, a phone, little contrast, from right to left, without motion."""

from __future__ import annotations

from devtools import Tab
from stub_service import StubService
from test_web_page import SCORES, TEXT, ask, model, opened, place_of

CONTRAST = """(() => {
    const numbers = (colour) => { const [r, g, b, a = 1] = paint(colour); return [r, g, b, a]; };
    const pixel = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
    const canvas = pixel.getContext('2d', { willReadFrequently: true });
    const paint = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255]; };
    const over = ([r, g, b, a], below) => [r, g, b].map((part, place) => part * a + below[place] * (1 - a));
    const ownGround = (element) => numbers(getComputedStyle(element).backgroundColor);
    const behind = (element) => element ? over(ownGround(element), behind(element.parentElement)) : [255, 255, 255];
    const linear = (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    const light = (colour) => colour.map((part) => linear(part / 255))
        .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
    const seen = (element) => element ? Number(getComputedStyle(element).opacity) * seen(element.parentElement) : 1;
    const found = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const element = walk.currentNode.parentElement;
        const isText = walk.currentNode.data.trim() && !['SCRIPT', 'STYLE'].includes(element.tagName);
        if (!isText || !element.checkVisibility()) continue;
        const ground = behind(element);
        const [r, g, b, a] = numbers(getComputedStyle(element).color);
        const written = over([r, g, b, a * seen(element)], ground);
        const [high, low] = [light(written), light(ground)].sort((a, b) => b - a);
        found.push([(high + 0.05) / (low + 0.05), walk.currentNode.data.trim().slice(0, 40)]);
    }
    return found.sort((a, b) => a[0] - b[0]);
})()"""
"""The contrast of every text that is seen, as WCAG 2.2 counts it, the lowest first."""


def with_everything(tab: Tab, stub: StubService) -> None:
    """A page with an answer, words that mattered, a refusal and a file."""
    opened(tab, stub, model("predict", "explain"), model("entities", name="w" * 120))
    stub.says("/predict", [{**one, "label": f"{one['label']}{'x' * 90}"} for one in SCORES])
    weights = {"late": 2.0, "parcel": 0.6, "woman": -1.5, "A": 0.01}
    pieces = [{**place_of(TEXT, word), "weight": weight} for word, weight in weights.items()]
    stub.says("/explain", {"label": "bad", "pieces": [*pieces, {**place_of(TEXT, "kind"), "weight": None}]})
    ask(tab, text=TEXT)
    tab.until("document.querySelector('#reasons button')")
    tab.click("#reasons button")
    tab.until("document.querySelector('#reasons mark')")
    tab.click("summary")
    tab.run("fileSays('a file', 'a fault'); showProgress('a file', 0.5); askForKey('wrong'); inTrouble('trouble')")
    tab.run("document.getElementById('desk').hidden = document.getElementById('download').hidden = false; 0")


def test_every_text_has_enough_contrast(tab: Tab, stub: StubService) -> None:
    """Also that of an answer to an earlier text."""
    with_everything(tab, stub)
    tab.run("document.querySelector('textarea').value = 'other'; formChanged(); 0")
    assert tab.text("#answer-title") == "Answer to the text before"
    for scheme in ("light", "dark"):
        tab.scheme(scheme)
        tab.run("document.getAnimations().forEach((one) => one.finish())")
        found = tab.run(CONTRAST)
        assert len(found) > 60
        assert [one for one in found if one[0] < 4.5] == [], scheme


def test_labels_of_entities_have_enough_contrast(tab: Tab, stub: StubService) -> None:
    """As many as there are colours."""
    text, labels = "a b c d e f g h", [f"L{number}" for number in range(8)]
    opened(tab, stub, model("entities", entity_types=labels))
    places = [{"start": 2 * n, "end": 2 * n + 1, "label": label, "probability": 0.5} for n, label in enumerate(labels)]
    stub.says("/entities", [[{**place, "text": text[place["start"]]} for place in places]])  # type: ignore[index]
    ask(tab, text=text)
    tab.until("document.querySelectorAll('#result mark').length === 8")
    for scheme in ("light", "dark"):
        tab.scheme(scheme)
        assert [one for one in tab.run(CONTRAST) if one[0] < 4.5] == []
        colours = tab.run(
            "new Set([...document.querySelectorAll('mark')].map((one) => getComputedStyle(one).backgroundColor)).size"
        )
        assert colours == 8


def test_nothing_is_wider_than_the_screen(tab: Tab, stub: StubService) -> None:
    with_everything(tab, stub)
    tab.fill("textarea", "Donaudampfschifffahrt" * 480)
    wide = """[...document.body.querySelectorAll('*')].filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5
        && !one.closest('.scroll, .passage, pre, .skip')).map((one) => one.outerHTML.slice(0, 80))"""
    for width in (1200, 768, 360, 320):
        tab.resize(width)
        assert tab.run("innerWidth") == width
        assert tab.run(wide) == [], width
        assert tab.run("document.documentElement.scrollWidth <= innerWidth"), width
        assert tab.run("document.querySelector('.together').getClientRects().length") == 1, width


def test_every_control_has_a_name_and_its_state(tab: Tab, stub: StubService) -> None:
    with_everything(tab, stub)
    tree = tab.send("Accessibility.getFullAXTree")["nodes"]
    told = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in tree if not node["ignored"]]
    controls = {"button", "textbox", "combobox", "checkbox", "link", "region", "progressbar", "group", "form", "table"}
    assert [role for role, name in told if role in controls - {"form", "group"} and not name.strip()] == []
    assert {
        ("combobox", "Model"),
        ("textbox", "Text"),
        ("button", "Answer"),
        ("progressbar", "Progress of the file"),
    } <= set(told)
    assert [role for role, _ in told].count("main") == 1
    assert tab.run(
        "[...document.querySelectorAll('[role=status]')].every((one) => one.id !== 'status' || one.ariaLive === 'polite')"
    )
    assert tab.run("document.documentElement.lang") == "en"


def test_a_keyboard_reaches_all_and_sees_where_it_is(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("predict"), model("entities", name="other"))
    stub.says("/predict", SCORES)
    tab.run("document.activeElement.blur()")
    tab.run("window.shownFor = (element) => element.matches('.unseen') ? element.nextElementSibling : element; 0")
    seen = []
    for _ in range(8):
        tab.press("Tab")
        outline = "getComputedStyle(shownFor(document.activeElement)).outlineStyle"
        seen.append((tab.run("document.activeElement.id || document.activeElement.innerText.trim()"), tab.run(outline)))
    names = [name for name, _ in seen]
    assert names[:5] == ["Skip to the form", "model", "field-text 0", "Answer", "live"]
    assert "file" in names
    assert {outline for _, outline in seen} == {"solid"}
    tab.fill("textarea", "late")
    tab.press("Enter", control=True)
    tab.until("document.querySelector('.lead')")


def test_texts_have_a_direction_of_their_own(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("entities"))
    text = "עדה פגשה את בוב"
    stub.says("/entities", [[{**place_of(text, "בוב"), "label": "PER", "probability": 0.9}]])
    ask(tab, text=text)
    tab.until("document.querySelector('#result mark')")
    for place in ("textarea", ".passage", "td bdi"):
        assert tab.run(f"getComputedStyle(document.querySelector('{place}')).direction") == "rtl", place
    assert tab.run("getComputedStyle(document.getElementById('python')).direction") == "ltr"


def test_nothing_moves_where_that_is_not_wanted(tab: Tab, stub: StubService) -> None:
    tab.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    opened(tab, stub, model("predict"))
    stub.says("/predict", SCORES)
    ask(tab, text="late")
    tab.until("document.querySelector('.bars i')")
    assert tab.run("document.getAnimations().length") == 0
    assert tab.run("getComputedStyle(document.querySelector('.bars i')).transitionDuration") == "0s"


def test_a_long_text_is_shown_whole(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("entities"))
    text = "Ada 🚲 " * 200
    places = [{"text": "Ada", "start": 6 * n, "end": 6 * n + 3, "label": "PER", "probability": 0.9} for n in range(200)]
    stub.says("/entities", [places])
    ask(tab, text=text)
    tab.until("document.querySelectorAll('#result .passage mark').length === 200")
    assert tab.run("document.querySelector('.passage').textContent.replaceAll(' PER', '')") == text
