"""The page in a browser: it loads offline, says nothing on the console, shows its figures, and the keyboard gets there.

Needs Playwright (the extra ``browser``) and a Chromium, its own or the machine's.
"""

from __future__ import annotations

import shutil

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install -e '.[browser]'")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium."""
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    with sync_api.sync_playwright() as playwright:
        try:
            # Without its sandbox, which containers do not allow; the page is the package's own.
            opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except sync_api.Error as error:
            pytest.skip(f"no Chromium was found: {str(error).splitlines()[0]}")
        yield opened
        opened.close()


@pytest.fixture(params=["light", "dark"])
def opened(browser, hostile_report, request):
    """The page, what its console said and what it asked for, in light and dark."""
    context = browser.new_context(offline=True, color_scheme=request.param, viewport={"width": 1200, "height": 900})
    page, said, wanted = context.new_page(), [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append("a dialog"), dialog.dismiss()))
    page.on("request", lambda request: wanted.append(request.url))
    page.goto(hostile_report.html.as_uri())
    yield page, said, wanted
    context.close()


def test_the_page_loads_offline_without_a_word_and_without_a_request(opened, hostile_report):
    page, said, wanted = opened
    assert said == []
    assert wanted == [hostile_report.html.as_uri()]
    assert page.title().startswith("two lines turned <b>bold</b>")


def test_figures_are_drawn(opened):
    page = opened[0]
    drawings = page.locator("figure.drawing svg").all()
    assert len(drawings) >= 3
    for drawing in drawings:
        box = drawing.bounding_box()
        assert box["width"] > 400
        assert box["height"] > 150
        assert drawing.locator("path").count() > 20
        assert len(drawing.get_attribute("aria-label")) > 40


def test_a_marker_says_its_value_and_shows_that_the_pointer_is_on_it(opened):
    page, said, wanted = opened
    marker = page.locator("svg use:has(title)").first
    assert ": loss " in marker.locator("title").text_content()
    marker.scroll_into_view_if_needed()
    assert marker.evaluate("one => getComputedStyle(one).opacity") == "1"
    marker.hover()
    assert marker.evaluate("one => getComputedStyle(one).opacity") == "0.5"
    assert said == [] and wanted == [page.url]


def test_letters_of_figures_have_the_colour_of_the_text(opened):
    page = opened[0]
    ink = page.evaluate("getComputedStyle(document.body).color")
    assert page.evaluate("getComputedStyle(document.querySelector('figure.drawing svg')).fill") == ink


def test_text_stands_out_from_what_it_stands_on(opened):
    page = opened[0]
    # WCAG's least contrast for text, of the relative luminances of text and the first background behind it.
    worst = page.evaluate("""() => {
        const parse = c => c.match(/[\\d.]+/g).map(Number);
        const light = c => { const [r, g, b] = parse(c).slice(0, 3).map(v => v / 255).map(
            v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
        const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
            if ((parse(c)[3] ?? 1) > 0) return c; } return 'rgb(255, 255, 255)'; };
        let least = 99;
        for (const e of document.querySelectorAll('h1, h2, p, li, td, th, dt, dd, a, figcaption, strong, code, .key')) {
            const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x);
            least = Math.min(least, (a + .05) / (b + .05)); }
        return least; }""")
    assert worst >= 4.5


def test_the_keyboard_reaches_contents_formula_and_every_table(opened):
    page = opened[0]
    reached = set()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(80):
        reached.add(page.evaluate("document.activeElement.getAttribute('href') || document.activeElement.className"))
        page.keyboard.press("Tab")
    assert {"#summary", "#references", "formula", "scroll"} <= reached
    tables = page.locator("table").count()
    assert page.locator("[tabindex='0'] table").count() == tables > 5


def test_a_narrow_page_does_not_scroll_sideways(browser, hostile_report):
    page = browser.new_page(viewport={"width": 360, "height": 700})
    page.goto(hostile_report.html.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.close()


def test_it_prints_without_contents_and_on_white(browser, hostile_report):
    page = browser.new_page(color_scheme="dark")
    page.goto(hostile_report.html.as_uri())
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert len(page.pdf(format="A4")) > 20_000
    page.close()
