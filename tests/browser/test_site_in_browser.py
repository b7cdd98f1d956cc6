"""The site as a stranger has it: every page visited in Chromium, some looked at by axe-core.

Two units are run, at the tiny size; the pages of the others are built without results.
"""

import re

import pytest
import site_visit

from coursekit.commands.build_site import released_texts
from coursekit.site.build import build_site
from coursekit.site.explore import OPENING, shown

pytestmark = pytest.mark.in_turn(thing="pages that take long", of=4, turn=3)

RUN = ("00_start", "01_gradient_noise")
LOOKED_AT = (  # a page of each kind
    "index.html",
    "units/01_gradient_noise.html",
    "units/index.html",
    "claims.html",
    "claims/01_gradient_noise.html",
    "explorers.html",
    "api/noise.html",
    "library.html",
    "decisions/index.html",
    "search.html",
)
IN_DARK = LOOKED_AT[:2] + LOOKED_AT[5:7]


@pytest.fixture(scope="module")
def site(tmp_path_factory, warm):
    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", warm.jupyter)
        built = build_site(
            released_texts(),
            folder / "html",
            size="tiny",
            run=RUN,
            repository="",
            work=folder,
            say=lambda text: None,
        )
    return built


@pytest.fixture(scope="module")
def served(site):
    with site_visit.served(site.folder) as address:
        yield address


@pytest.fixture(scope="module")
def context(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(context):
    page = context.new_page()
    yield page
    page.close()


def test_no_page_complains_or_asks_another_place(site, served, context):
    names = site_visit.page_names(site.folder)
    assert len(names) == site.pages > 60
    assert site_visit.complaints(context, served, names) == {}


@pytest.mark.in_turn(of=3)
@pytest.mark.parametrize("name", LOOKED_AT)
def test_axe_finds_nothing_serious(served, context, name):
    themes = site_visit.THEMES if name in IN_DARK else ("light",)
    assert site_visit.hard_to_use(context, served, name, themes) == []


def test_the_first_screen_has_an_explorer_that_moves(served, page):
    page.goto(served + "index.html")
    place = page.locator(f'[data-explorer="{OPENING}"] .ckx')
    before = place.locator("svg").inner_html()
    assert place.locator("svg").bounding_box()["y"] < 900
    place.locator("input[type=range]").first.focus()
    page.keyboard.press("ArrowLeft")
    assert place.locator("svg").inner_html() != before


def test_every_explorer_lives_in_the_gallery_also_without_a_server(site, page):
    page.goto((site.folder / "explorers.html").as_uri())
    alive = page.locator("[data-explorer]:has(.ckx)")
    assert sorted(place.get_attribute("data-explorer") for place in alive.all()) == shown()


def test_a_prediction_is_kept_and_met_again_at_the_end(served, page):
    page.goto(served + "units/01_gradient_noise.html")
    page.get_by_label("falls to a quarter").check()
    page.get_by_label("it depends on the model").check()
    page.reload()
    assert page.get_by_label("falls to a quarter").is_checked()
    assert page.locator("table.reveal tr.right").count() == 1
    assert page.locator("table.reveal tr.wrong").count() == 1
    assert page.locator(".score").inner_text() == "You predicted 1 of 2."


def test_claims_can_be_filtered(served, page):
    page.goto(served + "claims.html")
    page.get_by_label("Words").fill("warmup noise")
    status = page.locator(".claims-filter [role=status]").inner_text()
    count, total = map(int, re.fullmatch(r"(\d+) of (\d+) claims", status).groups())
    assert 1 <= count < 10 < total
    assert page.locator("article tbody tr:visible").count() == count


def test_search_finds_a_claim_and_a_unit(served, page):
    page.goto(served + "search.html?q=warmup+gives+back+the+noise")
    page.wait_for_selector("#search-results li a")
    page.wait_for_function("() => document.querySelectorAll('#search-results li a').length > 1")
    links = [link.get_attribute("href") for link in page.locator("#search-results li a").all()]
    assert any(link.startswith("claims/03_warmup.html") for link in links), links


def test_no_solution_is_on_the_site(site):
    """Lines of solutions stand in no page, in no search index."""
    from coursekit.classroom.release.regions import without_regions
    from coursekit.classroom.release.source import read_units
    from coursekit.storage import ROOT

    lines = {
        line.strip()
        for unit in read_units(ROOT / "solutions")
        for cell in unit.cells
        if cell.role == "solution"
        for line in set(cell.text.splitlines()) - set(without_regions(cell.text).splitlines())
        if len(line.strip()) > 40 and "###" not in line
    }
    assert len(lines) > 100
    for path in site.folder.rglob("units/*.html"):
        text = re.sub(r"<[^>]+>", "", path.read_text(encoding="utf-8"))
        for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&#39;", "'"), ("&quot;", '"')):
            text = text.replace(entity, sign)
        shown_lines = {line.strip() for line in text.splitlines()}
        assert not lines & shown_lines, path.name


@pytest.mark.slow
def test_every_page_of_the_whole_site_can_be_used_by_all(browser, tmp_path):
    """All units run, at the tiny size; every page in both themes, by axe-core. An hour of patience
    on a busy machine, ten minutes on an idle one.
    """
    built = build_site(
        released_texts(), tmp_path / "html", size="tiny", repository="me/course", work=tmp_path
    )
    text = (built.folder / "units" / "02_lr_scaling.html").read_text(encoding="utf-8")
    assert "colab.research.google.com/github/me/course" in text
    assert built.megabytes < 25
    assert built.largest_kilobytes < 600
    names = site_visit.page_names(built.folder)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    with site_visit.served(built.folder) as address:
        assert site_visit.complaints(context, address, names) == {}
        found = [site_visit.hard_to_use(context, address, name) for name in names]
    context.close()
    assert [fault for faults in found for fault in faults] == []
