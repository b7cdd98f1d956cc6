"""Zips of submissions, named as the systems' own code names them, for a class of made-up people.

Canvas: lib/content_zipper.rb. Moodle: mod/assign/classes/downloader.php. Gradescope: its export.
"""

import io
import json
import re
import zipfile
from dataclasses import dataclass

UNIT = "01_gradient_noise"
HTML = b"<html>no notebook</html>"


@dataclass(frozen=True)
class Person:
    id: str
    first: str
    last: str
    number: int
    kind: str

    @property
    def full(self):
        return f"{self.first} {self.last}".strip()

    @property
    def email(self):
        return f"{self.id}@example.org"


NAMES = [
    ("Ana", "Example"), ("Mina", "Lee_Park"), ("", "Team_3"), ("Zoë", "O'Brien"),
    ("José", "Núñez"), ("Łukasz", "Żak"), ("小明", "王"), ("Ana-Maria", "van der Berg"),
    ("Kim", "Lee"), ("Kim", "Lee"), ("Ada", "Byron 2"), ("Li", "Wu"), ("Late", "Anon"),
    ("Øyvind", "Åse"), ("Jean-Luc", "D'Arc"), ("Mary Ann", "St. John"), ("A_1_B", "Odd"),
    ("Ibn", "Al-Ḥasan"), ("Nguyễn", "Văn An"), ("Iosif", "Σ_9"),
]  # fmt: skip
KINDS = {  # what somebody hands in -> what becomes of it
    "ordinary": "", "named otherwise": "", "json": "", "txt": "", "zip": "", "zip in zip": "",
    "no ending": "", "download": "", "twice": "", "with a report": "", "copy of Jupyter": "",
    "html": "unreadable",
    "py": "unreadable", "text": "unreadable", "broken zip": "unreadable", "7z": "unreadable",
    "zip of nothing": "unreadable", "two drafts": "unreadable", "nothing": "missing",
}  # fmt: skip


def people(size=60):
    kinds = list(KINDS)
    found = []
    for i in range(size):
        first, last = NAMES[i % len(NAMES)]
        last = last if i < len(NAMES) else f"{last} {'x' * (i // len(NAMES))}"
        found.append(Person(f"p{i:02d}", first, last, 1000 + 7 * i, kinds[i % len(kinds)]))
    return found


def notebook(person, text="final"):
    """Return a notebook that says whose it is."""
    cell = {"cell_type": "markdown", "metadata": {}, "source": f"{person.id} {text}"}
    whole = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    return json.dumps(whole).encode()


def packed(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members:
            file.writestr(name, data)
    return out.getvalue()


def files_of(person):
    """Return (name, bytes) of what a person uploads, the later last."""
    own, inner = notebook(person), [(f"hw/{UNIT}.ipynb", notebook(person))]
    noise = [("__MACOSX/hw/._x.ipynb", b"\0"), ("hw/data.csv", b"1,2")]
    return {
        "ordinary": [(f"{UNIT}.ipynb", own)],
        "named otherwise": [("My work (final).ipynb", own)],
        "json": [(f"{UNIT}.ipynb.json", own)],
        "txt": [(f"{UNIT}.ipynb.txt", own)],
        "no ending": [(UNIT, own)],
        "download": [(f"{UNIT}.ipynb.download", own)],
        "zip": [("homework.zip", packed([*inner, *noise]))],
        "zip in zip": [("all.zip", packed([("inner.ZIP", packed(inner))]))],
        "twice": [(f"{UNIT}.ipynb", notebook(person, "draft")), (f"{UNIT}-1.ipynb", own)],
        "with a report": [("report_2027.pdf", b"%PDF"), (f"{UNIT}.ipynb", own)],
        "copy of Jupyter": [(f"{UNIT}-checkpoint.ipynb", own)],
        "html": [(f"{UNIT}.html", HTML)],
        "py": [(f"{UNIT}.py", b"pass")],
        "text": [("answers.txt", b"I did it")],
        "broken zip": [("hw.zip", packed(inner)[:90])],
        "7z": [("hw.7z", b"7z\xbc\xaf")],
        "zip of nothing": [("hw.zip", packed([("readme.md", b"hi")]))],
        "two drafts": [("hw.zip", packed([("a.ipynb", own), ("b.ipynb", notebook(person, "b"))]))],
        "nothing": [],
    }[person.kind]


def canvas_name(person, order, file, *, late=False, code="", group=""):
    """Return the name that Canvas's `get_filename` and `add_upload_submission` make."""
    sortable = group or (f"{person.last}, {person.first}" if person.first else person.last)
    name = re.sub(r"_(\d+)_", r"\1", sortable).lower()
    words = [] if code else [name]
    words += ["LATE"] if late else []
    words += [f"anon_{code}" if code else str(person.number)]
    return re.sub(r"\W", "", "_".join(words)) + f"_{order}_" + re.sub(r'[/\\:*?"<>|]+', "_", file)


def moodle_name(person, file, *, folders=True, name=""):
    """Return the name that Moodle's `get_student_prefix` makes (and `clean_filename`)."""
    prefix = re.sub(r"""[&<>"`|':\\/]""", "", (name or person.full).replace("_", " "))
    return f"{prefix}_{person.number}_assignsubmission_file" + ("/" if folders else "_") + file


def canvas(everyone, **how):
    members, order = [], 50_000
    for person in everyone:
        for file, data in files_of(person):
            order += 1
            members.append((canvas_name(person, order, file, **how), data))
    return members


def moodle(everyone, **how):
    return [(moodle_name(p, file, **how), data) for p in everyone for file, data in files_of(p)]


def rezipped(members, top):
    """Return what a Mac makes of an unpacked download: a folder on top, and its own notes."""
    found = [(f"{top}/{name}", data) for name, data in members]
    for name, _ in members:
        folder, _, file = name.rpartition("/")
        found.append((f"__MACOSX/{top}/{folder}{'/' if folder else ''}._{file}", b"\0"))
    return [*found, (f"{top}/.DS_Store", b"\0")]


def gradescope(everyone, at="2027-03-01 09:00:00.123456789 -08:00"):
    lines, members = [], []
    for person in everyone:
        files = files_of(person)
        if not files:
            continue
        folder = f"submission_{90_000 + person.number}"
        lines += [f"{folder}:", "  :submitters:", f"  - :name: {json.dumps(person.full)}"]
        lines += [f"    :sid: '{person.id}'", f"    :email: {person.email}"]
        lines += [f"  :created_at: {at}", "  :score: 0.0"]
        members += [(f"assignment_1_export/{folder}/{file}", data) for file, data in files]
    text = "---\n" + "\n".join(lines) + "\n"
    return [("assignment_1_export/submission_metadata.yml", text.encode()), *members]
