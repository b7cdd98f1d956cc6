"""Feedback and report in a real browser: both schemes, narrow, by keyboard, offline."""

import pytest

from coursekit.classroom.handing_in.roster import Student
from coursekit.classroom.judge.marks import QuestionMark, Seen
from coursekit.classroom.marking.manifest import Record
from coursekit.classroom.reporting.figures import class_figures
from coursekit.classroom.reporting.page import report_page
from coursekit.classroom.returning.feedback import feedback_page
from coursekit.classroom.returning.results import Result
from coursekit.classroom.returning.unit_text import Task, UnitText

UNIT, FIRST, SECOND = "07_small", "u07_double", "u07_mean"
TASKS = {
    FIRST: Task(FIRST, "Exercise 1: double it", "Twice the number.", "7.1 Doubling", 6),
    SECOND: Task(SECOND, "Exercise 2: the mean of a long list of numbers", "One number."),
}
TEXT = UnitText("07 · Small", TASKS)
SEEN = Seen("x = " + "[1.0], " * 40, "Your function returned " + "9" * 200 + ".", "3", True)

CONTRAST = """() => {
  const light = c => { const [r, g, b] = c.map(v => { v /= 255;
    return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b };
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const ground = e => { for (; e; e = e.parentElement) {
    const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] !== 0) return c.slice(0, 3) }
    return [255, 255, 255] };
  let worst = 99;
  for (const e of document.querySelectorAll("body *")) {
    if (!e.textContent.trim() || e.children.length || e.closest("svg, .bar, .key")) continue;
    const a = light(rgb(getComputedStyle(e).color).slice(0, 3)), b = light(ground(e));
    worst = Math.min(worst, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)) }
  return worst }"""


def person(name, *points):
    """Return what somebody got: full points are right, fewer are wrong in the same way."""
    questions = tuple(
        QuestionMark(exercise, got, 2.0, "ok", "right")
        if got == 2
        else QuestionMark(exercise, got, 2.0, "wrong", "r", "Once `x` or twice?", "", "a", SEEN)
        for exercise, got in zip(TASKS, points, strict=True)
    )
    notes = ("u07_double_check was edited: put back from the release",)
    own = Record(UNIT, name, "h", "ok", "", questions, seed=1, judged="ok", notes=notes)
    cells = {f"{one.exercise_id}_check": (one.points, 2.0, "Good") for one in questions}
    return Result(Student(name), "ok", "", sum(points), 4.0, 0.0, False, "", cells, own)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    class_ = [person(f"p{i}", 0, 2) for i in range(6)] + [person(f"q{i}", 2, 1) for i in range(6)]
    report = report_page(class_figures(class_, UNIT, TEXT, {}), names=True, pairs=[])
    feedback = feedback_page(class_[0], TEXT, folder / "none.ipynb", mean=2.0)
    (folder / "report.html").write_text(report, encoding="utf-8")
    (folder / "feedback.html").write_text(feedback, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", ["report", "feedback"])
@pytest.mark.parametrize(("scheme", "width"), [("light", 1000), ("dark", 360)])
def test_a_page_can_be_read_everywhere(browser, pages, name, scheme, width):
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 800}, offline=True
    )
    try:
        page = context.new_page()
        said, asked = [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        page.goto((pages / f"{name}.html").as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert page.evaluate(CONTRAST) >= 4.5
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert (said, len(asked)) == ([], 1)  # the page itself, and nothing more
    finally:
        context.close()


def test_what_is_folded_opens_by_keyboard(browser, pages):
    page = browser.new_page()
    try:
        page.goto((pages / "report.html").as_uri())
        summary = page.locator("summary").first
        summary.focus()
        page.keyboard.press("Enter")
        assert page.locator("details").first.get_attribute("open") is not None
    finally:
        page.close()
