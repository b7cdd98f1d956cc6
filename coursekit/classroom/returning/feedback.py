"""A page of feedback for one student: everything escaped, nothing hidden shown.

The judge's arguments are not in it, nor is a right result; what the learner wrote stands as text.
"""

from datetime import datetime
from pathlib import Path

import nbformat
from jinja2 import Environment

from coursekit.classroom.marking.lateness import in_words
from coursekit.classroom.marking.manifest import Record
from coursekit.classroom.returning.results import Result

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ unit }}: {{ name }}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 52rem }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid #bbb; padding: .3rem; text-align: left; vertical-align: top }
td.points { white-space: nowrap; text-align: right }
pre { background: #f4f4f4; overflow-x: auto; padding: .6rem; white-space: pre-wrap }
.status { font-weight: bold }
</style>
</head>
<body>
<h1>{{ unit }}</h1>
<p>{{ name }} ({{ result.student.id }})</p>
<p class="status">{{ "%g" % result.score }} of {{ "%g" % result.max_score }} points;
status: {{ result.status or "graded by hand" }}
{% if result.reason %}({{ result.reason }}){% endif %}</p>
{% if result.penalty %}
<p>Late: {{ "%g" % result.penalty }} points less, already taken off.</p>
{% endif %}
{% if result.waits %}<p>Not final: {{ result.waits }}.</p>{% endif %}
{% if when %}<p>{{ when }}</p>{% endif %}
{% if notes %}<h2>Put in order before marking</h2>
<ul>{% for note in notes %}<li>{{ note }}</li>{% endfor %}</ul>{% endif %}
<h2>Question by question</h2>
<table>
<tr><th>question</th><th>points</th><th>what was seen</th></tr>
{% for row in rows %}<tr><td>{{ row.name }}</td>
<td class="points">{{ row.points }}</td>
<td>{{ row.seen }}{% if row.hint %}<br>Think: {{ row.hint }}{% endif %}
{% if row.comment %}<br><em>{{ row.comment }}</em>{% endif %}</td></tr>
{% endfor %}</table>
<h2>What you handed in</h2>
{% for title, text in cells %}<h3>{{ title }}</h3><pre>{{ text }}</pre>
{% else %}<p>Nothing that could be read.</p>
{% endfor %}</body>
</html>
"""
MOST_SHOWN = 20_000  # characters of one cell


def feedback_page(result: Result, unit: str, autograded: Path) -> str:
    """Return a student's page as HTML that runs nothing and loads nothing.

    Args:
        result: Marks as they stand, manual ones included.
        unit: The unit's name.
        autograded: The notebook that `grade` wrote, for the learner's own answers.
    """
    record = result.record
    questions = {q.exercise_id: q for q in record.questions} if record else {}
    order = {name: i for i, name in enumerate(questions)}  # essays come last
    rows = []
    for name, (score, most, comment) in result.manual.items():
        question = questions.get(name.removesuffix("_check"))
        points = f"{'?' if score is None else f'{score:g}'} of {most:g}"
        rows.append(
            {
                "name": name.removesuffix("_check"),
                "points": points,
                "seen": f"{question.status}: {question.reason}" if question else "",
                "hint": question.hint if question else "",
                "comment": comment,
            }
        )
    page = Environment(autoescape=True).from_string(PAGE)
    return page.render(
        unit=unit,
        name=result.student.name,
        result=result,
        notes=record.notes if record else (),
        when=_when(record) if record else "",
        rows=sorted(rows, key=lambda row: order.get(row["name"], len(order))),
        cells=_answers(autograded),
    )


def _when(record: Record) -> str:
    """Return what is known of when it was handed in and when it was due."""
    at, due = (
        in_words(datetime.fromisoformat(text)) if text else ""
        for text in (record.submitted_at, record.due)
    )
    said = [f"Handed in {at}" if at else "", f"due {due}" if due else ""]
    return ", ".join(filter(None, said))


def _answers(path: Path) -> list[tuple[str, str]]:
    """Return (grade id, text) of each cell that the learner was to fill in."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except FileNotFoundError:
        return []
    marked = [(cell.metadata.get("nbgrader", {}), cell.source) for cell in notebook.cells]
    return [
        (mark["grade_id"], source[:MOST_SHOWN]) for mark, source in marked if mark.get("solution")
    ]
