"""Every explorer in a page: keyboard, names, ghost, goals, looks, widths, still pictures."""

import re

import pytest
from explorer_page import open_explorers

from coursekit.explorers.live import explorer_names, still_picture
from coursekit.explorers.stills import draw_still

pytestmark = pytest.mark.in_turn(thing="explorers", of=2, turn=1)

NAMES = explorer_names()
BOUGHT = {"run": 0, "suspect": 2, "experiment": 0, "outcome": 1}
GOALS = {  # for each goal a state that reaches it
    "basins": [{"heat": 0, "start": "random", "dims": 8}, {"heat": 0.4}],
    "edge": [{"lr": 0.4}, {"lr": 0.4, "batch": 8}],
    "gentle_start": [{"times": 4, "warmup": 8}, {"start": "stays", "times": 1.5}],
    "knee": [{"batch": 256}, {"rate": 1e8, "batch": 256}],
    "lr_frontier": [{"lr": 1 / 64}, {"to": 1024}],
    "micro_arrows": [{"divide": "examples"}, {"clip": "each", "divide": "examples"}],
    "mystery": [{"bought": [BOUGHT]}, {"bought": [BOUGHT]}],
    "noise_cloud": [{"batch": 4}, {"batch": 64}],
    "opening_plane": [{"epochs": "80"}, {"batch": 256}],
    "three_prices": [{"million": 0}, {"hour": 4, "million": 0.001}],
    "trade_off": [{"batch": 128}, {"batch": 1024, "critical": 8192}],
    "tuning": [{"ours": 3, "base": 1}, {"ours": 5, "base": 5}],
    "two_wells": [{"heat": 0.1, "lr": 0.24}, {"depth": 0.4}],
    "valley": [{"alpha": 4}, {"alpha": 3.364, "lr": 0.3}],
}
NUMBER = re.compile(r"-?\d+\.?\d*")


@pytest.fixture(scope="module")
def opened(browser):
    """Return one page with all explorers, and what it complained of."""
    page, complaints = open_explorers(browser)
    yield page, complaints
    page.close()


def place(page, name):
    return page.locator(f'[data-ckx-host="{name}"]')


@pytest.mark.in_turn(of=3)
@pytest.mark.parametrize("name", NAMES)
def test_the_still_picture_is_what_the_explorer_draws(browser, name):
    page = browser.new_page(color_scheme="light")
    drawn, kept = draw_still(page, name), still_picture(name)
    page.close()
    remedy = "run docs/make_explorer_pictures.py"
    assert NUMBER.sub("0", drawn) == NUMBER.sub("0", kept), remedy
    numbers = [[float(x) for x in NUMBER.findall(text)] for text in (drawn, kept)]
    assert numbers[0] == pytest.approx(numbers[1], abs=0.31), remedy  # fonts' rounding


@pytest.mark.in_turn(of=3)
@pytest.mark.parametrize("name", NAMES)
def test_sliders_have_names_and_values_and_obey_the_keyboard(opened, name):
    page, complaints = opened
    host = place(page, name)
    before = host.locator("svg").first.get_attribute("aria-label")
    assert len(before) > 30
    assert host.locator("svg").count() == 1
    for field in host.locator("input, select").all():
        assert page.locator(f"label[for='{field.get_attribute('id')}']").inner_text().strip()
    sliders = host.locator("input[type=range]")
    for slider in sliders.all():
        index, text = slider.input_value(), slider.get_attribute("aria-valuetext")
        at_end = index == slider.get_attribute("max")
        slider.press("ArrowLeft" if at_end else "ArrowRight")
        assert int(slider.input_value()) == int(index) + (-1 if at_end else 1)
        assert slider.get_attribute("aria-valuetext") != text
    if sliders.count():
        assert host.locator("svg").first.get_attribute("aria-label") != before
        assert "before" in host.locator("svg").inner_html(), "the last state stays as a ghost"
        page.wait_for_function(
            """name => {
                const host = document.querySelector(`[data-ckx-host="${name}"]`);
                const live = host.querySelector("[aria-live=polite]").textContent;
                return live.startsWith(host.querySelector(".ckx-said").textContent);
            }""",
            arg=name,
        )
    assert complaints == []


@pytest.mark.in_turn(of=3)
@pytest.mark.parametrize("name", NAMES)
def test_goals_are_open_at_first_and_can_be_reached(opened, name):
    page, complaints = opened
    for i, state in enumerate([{}, *GOALS[name]], start=-1):
        page.evaluate(
            """([name, id, state]) => {
                const host = document.body.appendChild(document.createElement("div"));
                host.dataset.ckxHost = id;
                window.mounts[name](id, state, null);
            }""",
            [name, f"goal{i}", state],
        )
        host = place(page, f"goal{i}")
        goals = host.locator(".ckx-goal").all_inner_texts()
        assert len(goals) == len(GOALS[name])
        if i < 0:
            assert all(goal.startswith("Try to ") for goal in goals)
        else:
            assert goals[i].startswith("✓ Reached: ")
            host.get_by_text("Goal reached").wait_for(state="attached")
        host.evaluate("host => host.remove()")
    assert complaints == []


@pytest.mark.parametrize("width", [390, 800])
def test_the_width_is_filled_and_nothing_overflows(browser, width):
    page, _ = open_explorers(browser, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for name in NAMES:
        host = place(page, name)
        frame, picture = host.bounding_box(), host.locator("svg").bounding_box()
        assert frame["width"] - picture["width"] < 40
        cut = host.evaluate(  # texts of the picture that leave it
            """host => {
                const box = host.querySelector("svg").getBoundingClientRect();
                return [...host.querySelectorAll("svg text")].filter((t) => {
                    const r = t.getBoundingClientRect();
                    return !t.closest("g[clip-path]") && (r.left < box.left - 2
                        || r.right > box.right + 2 || r.top < box.top - 2
                        || r.bottom > box.bottom + 3);
                }).map((t) => t.textContent);
            }"""
        )
        assert cut == [], name
    page.close()


@pytest.mark.parametrize(
    ("system", "where", "attribute", "value", "look"),
    [
        ("light", "html", None, None, "light"),
        ("dark", "html", None, None, "dark"),
        ("dark", "html", "data-theme", "light", "light"),
        ("light", "html", "data-theme", "dark", "dark"),
        ("dark", "html", "data-theme", "auto", "dark"),
        ("light", "body", "data-jp-theme-light", "false", "dark"),
        ("dark", "body", "data-jp-theme-light", "true", "light"),
    ],
)
def test_light_and_dark_follow_the_page(browser, system, where, attribute, value, look):
    page, _ = open_explorers(browser, "tuning", color_scheme=system)
    if attribute:
        page.eval_on_selector(
            where, "(node, [name, value]) => node.setAttribute(name, value)", [attribute, value]
        )
    page.wait_for_function(f"document.querySelector('.ckx').dataset.look === '{look}'")
    page.close()


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_play_moves_only_where_motion_is_welcome(browser, motion):
    page, _ = open_explorers(browser, "gentle_start", state={"step": 0}, reduced_motion=motion)
    page.get_by_role("button", name="Play").click()
    slider = page.get_by_label("show up to step")
    if motion == "reduce":
        assert slider.input_value() == "59"
    else:
        page.wait_for_function("document.querySelectorAll('input')[2].value > 3")
        assert int(slider.input_value()) < 59
        page.get_by_role("button", name="Stop").click()
        assert page.get_by_role("button", name="Play").count() == 1
    page.close()


def test_a_mystery_is_solved_by_hand(browser):
    page, complaints = open_explorers(browser, "mystery")
    button = page.get_by_role("button", name="Run the experiment")
    assert button.is_disabled()
    page.get_by_label("what went wrong?").select_option(index=3)
    page.get_by_label("which experiment?").select_option(index=0)
    page.get_by_label("it will say").select_option(index=0)
    button.click()
    assert "otherwise than you predicted" in page.locator(".ckx-said").inner_text()
    page.get_by_label("it will say").select_option(index=1)
    button.click()
    assert "Your explanation is what happened" in page.locator(".ckx-said").inner_text()
    assert [g[0] for g in page.locator(".ckx-goal").all_inner_texts()] == ["✓", "T"]
    assert complaints == []
    page.close()
