"""Export atomic cards as a text deck that Anki and other card programs read.

A card asks one thing: the question for its headline, each popular belief for what settles it, each
follow-up for its answer. The header names the note type and its fields as Anki does, `Front` and
`Back`: with other names Anki imports empty backs. A fixed identifier for each card lets a reworded
one replace its elder.
"""

import html
from collections.abc import Iterable, Iterator

from coursekit.interview.bank import the_bank, told
from coursekit.interview.declare import Question
from coursekit.interview.tasks.by_name import example_of

NAME = "Batch size interviews"
HEADER = (
    "#separator:tab",
    "#html:true",
    "#notetype:Basic",
    f"#deck:{NAME}",
    "#columns:guid\tFront\tBack\tTags",
    "#guid column:1",
    "#tags column:4",
)


def deck(questions: Iterable[Question]) -> str:
    """Return the deck: a line a card, with identifier, front, back and tags between tabs."""
    lines = list(HEADER)
    for question in questions:
        tags = " ".join([question.level, *question.units])
        for name, front, back in cards(question):
            lines.append("\t".join((f"coursekit-{question.id}-{name}", front, back, tags)))
    return "\n".join(lines) + "\n"


def cards(question: Question) -> Iterator[tuple[str, str, str]]:
    """Yield (name, front, back) of each card of a question, fronts and backs in HTML.

    A number is asked with one fixed set of parameters, and its back tells the way to it first.
    """
    prompt, back = question.prompt, _text(question.headline)
    if question.numeric:
        prompt, _, _, working = example_of(question)
        back = f"{back}<br><br>{_text(working)}"
    yield "headline", _text(prompt), back
    for flag in question.red_flags:
        asked = f"True, false, or it depends? {flag.text}"
        settled = told(flag.claim) if flag.claim in the_bank().measured else question.folklore
        back = f"{_text(question.headline)}<br><br>{_text(settled)}"
        yield f"flag-{flag.claim}-{_short(flag.text)}", _text(asked), back
    for follow_up in question.follow_ups:
        yield f"then-{follow_up.after}", _text(follow_up.prompt), _text(follow_up.answer)


def _short(text: str) -> str:
    """Return a few letters that tell two beliefs about one claim apart."""
    return "".join(word[0] for word in text.split() if word[0].isalnum()).lower()


def _text(text: str) -> str:
    return html.escape(" ".join(text.split()))
