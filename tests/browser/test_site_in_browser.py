"""The site as a stranger has it: every page visited in Chromium, some looked at by axe-core.

Two units are run, at the tiny size; the pages of the others are built without results.
"""

import functools
import http.server
import re
import threading
from importlib.resources import files

import pytest

from coursekit.commands.build_site import released_texts
from coursekit.site.build import build_site
from coursekit.site.explore import OPENING, shown

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
AXE = files("axe_playwright_python").joinpath("axe.min.js")


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


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
    handler = functools.partial(Quiet, directory=str(site.folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


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
    page, said = context.new_page(), []
    page.on("console", lambda m: said.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("response", lambda r: said.append(f"{r.status} {r.url}") if r.status >= 400 else None)
    page.on(
        "request",
        lambda r: None if r.url.startswith((served, "data:")) else said.append(f"asked {r.url}"),
    )
    names = sorted(path.relative_to(site.folder).as_posix() for path in site.folder.rglob("*.html"))
    assert len(names) == site.pages > 60
    faulty = {}
    for name in names:
        page.goto(served + name, wait_until="load")
        if said:
            faulty[name], said[:] = list(said), []
    page.close()
    assert faulty == {}


@pytest.mark.parametrize(("theme", "names"), [("light", LOOKED_AT), ("dark", IN_DARK)])
def test_axe_finds_nothing_serious(served, browser, theme, names):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=theme)
    page, found = context.new_page(), []
    for name in names:
        page.goto(served + name)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        for violation in page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]:
            if violation["impact"] in ("serious", "critical"):
                nodes = [node["html"][:120] for node in violation["nodes"][:3]]
                found.append((name, violation["id"], nodes))
    context.close()
    assert found == []


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
def test_the_whole_site_is_built(tmp_path):
    built = build_site(
        released_texts(), tmp_path / "html", size="tiny", repository="me/course", work=tmp_path
    )
    text = (built.folder / "units" / "02_lr_scaling.html").read_text(encoding="utf-8")
    assert "colab.research.google.com/github/me/course" in text
    assert built.megabytes < 25
    assert built.largest_kilobytes < 600
