"""What a page is made of: cells, docstrings, formulas, links."""

import base64
import re
import zlib

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from coursekit.classroom.release.folding import NOTE
from coursekit.site import api, build, explore
from coursekit.site.capture import MIME
from coursekit.site.cells import outputs, shown_code
from coursekit.site.execute import UnitFailed, executed_units
from coursekit.site.look import faults
from coursekit.site.mathml import to_mathml
from coursekit.site.sources import page_of, relinked
from coursekit.site.unit_page import unit_page

CARD = """# 01 · How noisy?

| | |
|---|---|
| **Question** | How noisy? |
| **Your time** | 5 min |"""


def png(width, height):
    """Return the bytes of an empty picture."""

    def chunk(kind, data):
        body = kind + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IEND", b"")


def told(**facts):
    return new_output("display_data", data={MIME: facts})


def page(*cells, tmp_path):
    cells = [new_markdown_cell(CARD + NOTE), *cells]
    return unit_page(
        "01_gradient_noise", new_notebook(cells=cells), tmp_path / "figures", size="cpu"
    )


def test_a_unit_page_has_its_title_card_and_the_command_that_opens_it(tmp_path):
    made = page(tmp_path=tmp_path)
    assert made.title == "01 · How noisy?"
    assert dict(made.card) == {"Question": "How noisy?", "Your time": "5 min"}
    assert "python3 -m coursekit lab 01" in made.text
    assert "| | |" not in made.text  # a table's head without a word
    assert "three dots" not in made.text  # how a notebook folds


def test_a_check_is_an_invitation_and_none_of_its_output_is_shown(tmp_path):
    cell = new_code_cell(
        'check("u01_tr_cov", tr_cov)',
        id="u01_tr_cov_check",
        outputs=[new_output("stream", text="[not yet] u01_tr_cov\n")],
    )
    text = page(cell, tmp_path=tmp_path).text
    assert "Checked in the notebook" in text
    assert "(2 points)" in text
    assert "not yet" not in text


def test_a_question_is_a_form_and_the_end_compares_with_the_same_key(tmp_path):
    asked = told(kind="predict", key="quad", question="It <falls>?", options=["a", "b"])
    row = {"key": "quad", "name": "B", "said": "b", "where": "section 1.4"}
    text = page(
        new_code_cell("predict(...)", outputs=[asked]),
        new_code_cell("compare(...)", outputs=[told(kind="compare", rows=[row])]),
        tmp_path=tmp_path,
    ).text
    assert "It &lt;falls&gt;?" in text
    assert text.count('data-key="01_gradient_noise-quad"') == 2
    assert "predict(...)" not in text


def test_an_explorer_gets_a_place_with_the_data_that_the_unit_gave_it(tmp_path):
    name = explore.shown()[0]
    fact = told(kind="explorer", name=name, state={"batch": 4}, data={"text": "</script>"})
    made = page(new_code_cell("explorer(...)", outputs=[fact]), tmp_path=tmp_path)
    assert made.explorers == (name,)
    assert f'data-explorer="{name}"' in made.text
    assert "<\\/script>" in made.text  # data can't end the script that holds them


def test_long_code_is_folded_and_short_code_is_not():
    assert shown_code(new_code_cell("x = 1")).startswith("```python")
    assert "Code (20 lines)" in shown_code(new_code_cell("\n".join(["x = 1"] * 20)))


def test_pictures_become_files_with_their_size_and_text(tmp_path):
    data = base64.b64encode(png(30, 20)).decode()
    shown = f'<img src="data:image/png;base64,{data}" alt="A law" style="max-width:100%">'
    cell = new_code_cell("show()", outputs=[new_output("display_data", data={"text/html": shown})])
    markup = outputs(cell, tmp_path / "figures", "01")
    (file,) = (tmp_path / "figures").iterdir()
    assert file.read_bytes() == png(30, 20)
    assert f'src="../figures/{file.name}" width="30" height="20"' in markup
    assert 'alt="A law"' in markup
    assert "base64" not in markup
    assert markup.startswith('<div class="shown">'), "a box that scrolls where it is too narrow"


def test_printed_text_is_shown_as_it_is_without_the_note_on_whose_function_ran(tmp_path):
    said = "Using the library's tr_cov(grads), until yours passes its check.\na < b\n\nlast\n"
    cell = new_code_cell("print()", outputs=[new_output("stream", text=said)])
    markup = outputs(cell, tmp_path, "01")
    assert "Using the library" not in markup
    assert "a &lt; b" in markup
    assert "\n\n" not in markup  # an empty line would end the block in Markdown


def test_a_unit_that_fails_names_its_cell(tmp_path):
    notebook = new_notebook(cells=[new_code_cell("1 / 0", id="bad")])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "p", "language": "python"}
    with pytest.raises(UnitFailed, match="01_x, cell bad: ZeroDivisionError"):
        executed_units(
            {"01_x": nbformat.writes(notebook)}, tmp_path, size="tiny", at_once=1, run=["01_x"]
        )


@pytest.mark.parametrize(
    ("tex", "holds"),
    [
        (r"\frac{1}{B}", "<mfrac>"),
        (r"E\,|g_B - G|^2", 'lspace="0"'),
        (r"\operatorname{tr}\Sigma", '<mi mathvariant="normal">&#x003A3;</mi>'),
    ],
)
def test_formulas_are_mathml(tex, holds):
    assert holds in to_mathml(tex, display=False)


def test_a_command_that_is_not_known_is_refused_and_not_shown():
    with pytest.raises(ValueError, match="write it another way"):
        to_mathml(r"\nosuchcommand{x}", display=False)


def test_links_lead_to_pages_or_to_the_code_or_become_words():
    text = "[a](estimators.md#bias) [b](../benchmarks/trainers) [c](https://x.org) ![p](p.png)"
    here = relinked(text, "docs/library.md", "library.md", "")
    assert here == "[a](estimators.md#bias) b [c](https://x.org) ![p](p.png)"
    known = relinked("[b](../benchmarks/trainers)", "docs/library.md", "library.md", "me/course")
    assert known == "[b](https://github.com/me/course/blob/main/benchmarks/trainers)"
    assert relinked("[u](docs/library.md)", "CONTRIBUTING.md", "contributing.md", "") == (
        "[u](library.md)"
    )
    assert relinked("```\n[a](b.md)\n```", "docs/library.md", "library.md", "") == (
        "```\n[a](b.md)\n```"
    )
    assert page_of("notebooks/01_x/01_x.ipynb") == "units/01_x.md"
    assert page_of("docs/teaching/README.md") == "teaching/index.md"


def test_a_docstring_keeps_its_formula_its_arguments_and_its_signs():
    text = api.markdown(
        "Estimate |G|^2 from `K` rows.\n\n    E|g|^2 = 1\n\nArgs:\n    rows: Of g_k, *all*,\n"
        "        second line.\n\nRaises:\n    ValueError: If K < 2."
    )
    assert "Estimate \\|G\\|^2 from `K` rows." in text
    assert "```text\nE|g|^2 = 1\n```" in text
    assert "- `rows`: Of g\\_k, \\*all\\*, second line." in text
    assert "- `ValueError`: If K \\< 2." in text


def test_every_public_name_has_its_entry():
    import coursekit.noise

    text = api.package_page("noise")
    found = re.findall(r"^## (\S+)$", text, re.MULTILINE)
    assert [name.replace("\\", "") for name in found] == coursekit.noise.__all__
    assert ":: " not in text


@pytest.mark.parametrize("what", ["folder", "file"])
def test_other_peoples_files_are_refused_before_anything_runs(tmp_path, monkeypatch, what):
    out = tmp_path / "html"
    mine = out / "letter.txt" if what == "folder" else out
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("dear")
    monkeypatch.setattr(build, "executed_units", lambda *_, **__: pytest.fail("ran"))
    with pytest.raises(ValueError, match="--out"):
        build.build_site({}, out, work=tmp_path / "work")
    assert mine.read_text() == "dear"


def test_an_earlier_site_is_replaced_whole(tmp_path):
    built, out = tmp_path / "built", tmp_path / "html"
    for folder, page in ((built, "new.html"), (out, "gone.html")):
        folder.mkdir()
        (folder / "searchindex.js").touch()
        (folder / page).touch()
    build.put_in_place(built, out)
    assert {path.name for path in out.iterdir()} == {"searchindex.js", "new.html", ".nojekyll"}


def test_dead_links_and_outside_requests_are_found(tmp_path):
    (tmp_path / "a.html").write_text(
        '<p id="here"><a href="b.html">dead</a><a href="#there">dead</a><a href="#here">fine</a>'
        '<a href="https://x.org">a link is no request</a><img src="https://x.org/p.png">'
        '<script src="//cdn.org/x.js"></script><p style="background:url(http://x.org/y)">'
        '<link rel="canonical" href="https://x.org/a"><a href="../out.html">out</a>'
    )
    (tmp_path / "s.css").write_text("@import 'https://fonts.org/f.css';")
    (tmp_path / "s.js").write_text('import("https://cdn.org/m.js")')
    found = faults(tmp_path)
    assert len(found) == 8, found
    assert "a.html: #there: no such place on that page" in found
    assert "a.html: asks another place for https://x.org/p.png" in found
    assert "s.css: asks another place for https://fonts.org/f.css" in found
