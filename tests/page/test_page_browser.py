"""The page in a real browser: pickers, keyboard, links, narrow screens, and no network at all."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from page_samples import DATASETS, SIZES, page_of, sources
from playwright.sync_api import Browser, Page, expect, sync_playwright

from pez.page.audit import AuditFiles
from pez.page.gather import Sources
from pez.page.write import write_page

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
SIZE = SIZES["tiny"]
CLIPS = DATASETS["velocity"][0] * DATASETS["velocity"][1] * SIZE.starts
AUDIT_VIEW = "#evidence=audit+grid&variable=direction&target=direction_sincos&selection=nested"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip("there is no Chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    return sources(tmp_path_factory.mktemp("run"), SIZE)


@pytest.fixture(scope="module")
def sample(inputs: Sources, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "page.html"
    write_page(page_of(inputs), path)
    return path


@dataclass
class Visit:
    """A page as a reader has it open."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    def chart(self, element: str = "chart") -> list[dict[str, Any]]:
        """Visible curves or points of a chart, as Plotly has them."""
        found: list[dict[str, Any]] = self.page.evaluate(
            """(id) => document.getElementById(id).data.map((one) => ({
                name: one.name || "", mode: one.mode, x: Array.from(one.x), y: Array.from(one.y),
                meta: one.meta || {}, color: one.line && one.line.color }))""",
            element,
        )
        return found

    def own(self) -> dict[str, Any]:
        """The model's own curve."""
        return next(one for one in self.chart() if one["name"].startswith("vjepa2_nano"))

    def place(self, element: str, trace: int, point: int) -> tuple[float, float]:
        """Where on the screen a point of a chart is."""
        self.page.locator(f"#{element}").scroll_into_view_if_needed()
        x, y = self.page.evaluate(
            """([id, trace, point]) => {
                const chart = document.getElementById(id);
                const { xaxis, yaxis } = chart._fullLayout;
                const box = chart.getBoundingClientRect();
                const { x, y } = chart.data[trace];
                return [box.left + xaxis._offset + xaxis.d2p(x[point]),
                        box.top + yaxis._offset + yaxis.d2p(y[point])];
            }""",
            [element, trace, point],
        )
        return x, y

    def click(self, element: str, trace: int, point: int) -> None:
        x, y = self.place(element, trace, point)
        self.page.mouse.move(x - 3, y)
        self.page.mouse.move(x, y)
        self.page.mouse.click(x, y)

    def picked(self) -> dict[str, str]:
        """Value of every picker by its id."""
        found: dict[str, str] = self.page.evaluate(
            """() => Object.fromEntries([...document.querySelectorAll("select")]
                .map((one) => [one.id, one.value]))"""
        )
        return found


@pytest.fixture
def visits(browser: Browser) -> Iterator[Any]:
    """Opens pages; at the end none of them has complained or asked for anything but its file."""
    opened: list[Visit] = []

    def visit(path: Path, fragment: str = "", width: int = 1280, **options: Any) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        page = context.new_page()
        found = Visit(page, f"file://{path}")
        page.on(
            "console",
            lambda said: (
                found.complaints.append(said.text) if said.type in ("error", "warning") else None
            ),
        )
        page.on("pageerror", lambda error: found.complaints.append(str(error)))
        page.on(
            "request",
            lambda asked: (
                None
                if asked.url.startswith((f"file://{path}", "data:", "blob:"))
                else found.complaints.append(f"asked for {asked.url}")
            ),
        )
        page.goto(found.address + fragment)
        page.wait_for_selector("html[data-ready=yes]", state="attached", timeout=60_000)
        opened.append(found)
        return found

    yield visit
    for one in opened:
        one.page.wait_for_timeout(50)
        assert one.complaints == []
        one.page.context.close()


def test_the_file_names_nothing_outside_itself(sample: Path) -> None:
    text = sample.read_text()
    named = [one[:80] for one in re.findall(r'(?:src|href)="([^"]*)"', text)]
    assert named and [one for one in named if not one.startswith(("data:", "#"))] == []
    assert not any(word in text for word in ("@import", "url(", "<link", "<iframe"))
    assert "default-src 'none'" in text
    assert len(text) < 15_000_000


def test_pickers_change_the_curve(visits: Any, sample: Path) -> None:
    visit = visits(sample, AUDIT_VIEW)
    before = visit.own()["y"]
    for picker in ("variable", "target", "pooling", "grouping", "selection", "evidence"):
        select = visit.page.locator(f"#pick-{picker}")
        other = next(
            one
            for one in select.locator("option").evaluate_all("all => all.map((one) => one.value)")
            if one != select.input_value()
        )
        select.select_option(other)
        assert select.input_value() == other
        after = visit.own()["y"]
        assert after != before, picker
        before = after


def test_a_pick_that_was_not_measured_moves_the_others_and_says_so(
    visits: Any, sample: Path
) -> None:
    visit = visits(sample, "#evidence=figures&variable=direction&target=direction_angle")
    visit.page.select_option("#pick-solver", "ridge")
    assert visit.page.input_value("#pick-selection") == "nested"
    assert "Selection is now nested" in visit.page.inner_text("#moved")
    visit.page.select_option("#pick-variable", "speed")
    assert (
        visit.page.inner_text("#moved") != "" and visit.page.input_value("#pick-solver") == "ridge"
    )


def test_captures_are_a_shift_over_states(visits: Any, sample: Path) -> None:
    visit = visits(sample, AUDIT_VIEW)
    states = dict(zip(visit.own()["x"], visit.own()["y"], strict=True))
    assert list(states) == list(range(13))
    visit.page.check("input[value=resid_pre]")
    pre = dict(zip(visit.own()["x"], visit.own()["y"], strict=True))
    visit.page.check("input[value=resid_post]")
    post = dict(zip(visit.own()["x"], visit.own()["y"], strict=True))
    assert list(pre) == list(post) == list(range(12))
    assert all(pre[layer] == states[layer] for layer in pre)
    assert all(post[layer] == states[layer + 1] for layer in post)


def test_untrained_seeds_are_grey_curves_that_can_be_put_away(visits: Any, sample: Path) -> None:
    visit = visits(sample, AUDIT_VIEW)
    seeds = [one for one in visit.chart() if one["name"].startswith("untrained")]
    assert [one["name"] for one in seeds] == [f"untrained, seed {seed}" for seed in SIZE.seeds]
    grey = visit.page.evaluate(
        "getComputedStyle(document.documentElement).getPropertyValue('--grey')"
    )
    assert {one["color"] for one in seeds} == {grey.strip()}
    visit.page.uncheck("#controls input[value=untrained]")
    assert not [one for one in visit.chart() if one["name"].startswith("untrained")]


def test_the_keyboard_reaches_and_moves_every_picker(visits: Any, sample: Path) -> None:
    visit = visits(sample, AUDIT_VIEW)
    reached = []
    for _ in range(80):
        visit.page.keyboard.press("Tab")
        reached.append(
            visit.page.evaluate("document.activeElement.id || document.activeElement.value || ''")
        )
    wanted = visit.page.evaluate(
        """() => [...document.querySelectorAll("#explorer-body select, #explorer-body button")]
            .filter((one) => one.offsetParent && !one.disabled).map((one) => one.id)"""
    )
    assert len(wanted) > 10 and set(wanted) <= set(reached)
    assert {"whole-range", "untrained"} <= set(reached)
    visit.page.focus("#pick-pooling")
    before = visit.own()["y"]
    visit.page.keyboard.press("ArrowDown")
    assert visit.own()["y"] != before
    visit.page.focus("#point-curve")
    visit.page.keyboard.press("ArrowDown")
    assert visit.page.locator("#worst li").count() == 6


def test_every_control_has_a_label_and_every_name_is_unique(visits: Any, sample: Path) -> None:
    visit = visits(sample, AUDIT_VIEW)
    visit.page.select_option("#point-curve", index=1)
    nameless, ids = visit.page.evaluate(
        """() => {
            const named = (one) => (one.labels && [...one.labels].some((label) => label.innerText))
                || one.getAttribute("aria-label") || one.getAttribute("aria-labelledby")
                || (one.matches("a, button, summary") && one.textContent.trim()) || one.alt;
            const all = `select, input, button, summary, a, img, [role=group], [role=region], nav,
                form`;
            const drawn = (id) => document.querySelector(`.chart #${CSS.escape(id)}`) !== null;
            return [[...document.querySelectorAll(all)].filter((one) => !named(one))
                        .map((one) => one.outerHTML.slice(0, 120)),
                    [...document.querySelectorAll("[id]")].map((one) => one.id)
                        .filter((id) => !drawn(id))];
        }"""
    )
    assert nameless == []
    assert len(ids) == len(set(ids))
    for attribute in ("aria-labelledby", "aria-describedby", "for"):
        dangling = visit.page.evaluate(
            """(name) => [...document.querySelectorAll(`[${name}]`)]
                .flatMap((one) => one.getAttribute(name).split(" "))
                .filter((id) => !document.getElementById(id))""",
            attribute,
        )
        assert dangling == [], attribute


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("fragment", ["", AUDIT_VIEW])
def test_nothing_scrolls_sideways(visits: Any, sample: Path, width: int, fragment: str) -> None:
    visit = visits(sample, fragment, width=width)
    visit.page.select_option("#point-curve", index=1)
    visit.page.evaluate(
        "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
    )
    visit.page.wait_for_timeout(300)
    wide, beyond = visit.page.evaluate(
        """() => [document.documentElement.scrollWidth,
                  [...document.querySelectorAll("main select, main button, main h3")]
                      .filter((one) => one.getBoundingClientRect().right > window.innerWidth + 1)
                      .map((one) => one.outerHTML.slice(0, 80))]"""
    )
    assert wide <= width and beyond == []


def test_a_click_on_a_point_shows_its_predictions_and_clips(visits: Any, sample: Path) -> None:
    visit = visits(sample, "#evidence=figures&variable=direction&solver=ridge")
    assert not visit.page.is_visible("#scatter")
    trace = next(
        place for place, one in enumerate(visit.chart()) if one["name"].startswith("vjepa2_nano")
    )
    visit.click("chart", trace, 7)
    assert visit.page.is_visible("#scatter")
    assert visit.page.input_value("#point-state") == "8"  # resid_post: state 8 is the layer 7
    points = visit.chart("scatter")[-1]
    assert len(points["y"]) == CLIPS
    colours = visit.page.evaluate(
        "new Set(document.getElementById('scatter').data[1].marker.color).size"
    )
    assert colours == DATASETS["velocity"][0]
    assert f"{CLIPS} clips of velocity" in visit.page.inner_text("#point-words")
    # 359 degrees stand beside 0: no error is more than half a turn
    turns = [abs(one - two) for one, two in zip(points["x"], points["y"], strict=True)]
    assert max(turns) < 200
    visit.page.select_option("#point-output", "sin")
    assert max(map(abs, visit.chart("scatter")[0]["x"])) == pytest.approx(1, abs=1e-3)
    player = visit.page.locator("#worst button").first
    player.click()
    visit.page.wait_for_timeout(400)
    assert int(player.get_attribute("data-frame") or 0) > 0


def test_a_link_restores_the_view(visits: Any, sample: Path) -> None:
    visit = visits(sample, AUDIT_VIEW)
    visit.page.select_option("#pick-pooling", "temporal_first")
    visit.page.check("input[value=resid_post]")
    visit.page.check("#whole-range")
    visit.page.select_option("#estimand", "sharpness")
    visit.page.uncheck("#controls input[value=untrained]")
    visit.page.select_option("#point-curve", index=1)
    visit.page.select_option("#point-state", "5")
    visit.page.select_option("#point-output", "cos")
    address = visit.page.evaluate("window.location.href")
    other = visits(sample, address.partition("#")[2].join(["#", ""]))
    assert other.picked() == visit.picked()
    assert other.chart() == visit.chart()
    assert other.chart("scatter") == visit.chart("scatter")
    assert other.chart("specification") == visit.chart("specification")
    assert other.page.evaluate("window.location.href") == address


def test_the_address_is_followed_while_the_page_is_open(visits: Any, sample: Path) -> None:
    visit = visits(sample)
    visit.page.evaluate("window.location.hash = '#evidence=figures&variable=speed'")
    expect(visit.page.locator("#pick-variable")).to_have_value("speed")
    visit.page.click("nav a[href='#provenance']")
    assert visit.page.input_value("#pick-variable") == "speed"  # a part of the page is no view


def test_an_address_of_nothing_that_was_measured_still_shows_a_curve(
    visits: Any, sample: Path
) -> None:
    visit = visits(sample, "#model=nothing&variable=speed&state=99&curve=x&controls=none&output=y")
    assert visit.page.input_value("#pick-variable") == "speed" and visit.own()["y"]


def test_a_cell_of_the_specification_curve_is_picked_by_a_click(visits: Any, sample: Path) -> None:
    visit = visits(sample, AUDIT_VIEW)
    chart = visit.chart("specification")
    cells = next(place for place, one in enumerate(chart) if one["mode"] == "markers")
    before = visit.own()["y"]
    ring = chart[-1]["x"]
    other = next(place for place, x in enumerate(chart[cells]["x"]) if abs(x - ring[0]) > 10)
    visit.click("specification", cells, other)
    assert visit.own()["y"] != before
    assert visit.chart("specification")[-1]["x"] == [chart[cells]["x"][other]]
    assert "of 16 cells" in visit.page.inner_text("#specification-words")


def test_dark_and_light(visits: Any, sample: Path) -> None:
    visit = visits(sample, color_scheme="light")
    tick = visit.page.locator("#chart .xtick text").first
    light = tick.evaluate("(one) => getComputedStyle(one).fill")
    visit.page.emulate_media(color_scheme="dark")
    expect(tick).not_to_have_css("fill", light)


def test_claims_and_figures_are_told_without_scripts(browser: Browser, sample: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"file://{sample}")
    assert "Direction rises abruptly." in page.inner_text("#audit")
    assert "Not a reproduction" in page.inner_text("#figures")
    assert "fp32" in page.inner_text("#provenance")
    context.close()


def test_without_an_audit_the_page_has_none(visits: Any, inputs: Sources, tmp_path: Path) -> None:
    write_page(page_of(replace(inputs, audit=AuditFiles())), tmp_path / "page.html")
    visit = visits(tmp_path / "page.html")
    assert visit.page.locator("#audit, nav a[href='#audit']").count() == 0
    assert not visit.page.is_visible("#specification-card")
    assert visit.own()["y"]
