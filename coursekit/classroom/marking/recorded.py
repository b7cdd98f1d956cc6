"""Keep nbgrader's gradebook in step with the records, killed at any moment or not.

Marks go in several at once: nbgrader's every step would wait for the disk, ten times as long as all
the rest of a submission takes. What waits here when the process is killed is in the manifest.
"""

import json
import time
from pathlib import Path

from coursekit.classroom.handing_in.due_dates import DueDates
from coursekit.classroom.marking import gradebook
from coursekit.classroom.marking.gradebook import Course
from coursekit.classroom.marking.manifest import Record
from coursekit.storage import write_atomically

MOST_WAITING = 20  # records
LONGEST_WAIT = 2.0  # seconds


class Ledger:
    """Which records the gradebook has; killed between the two, a record is written once more."""

    def __init__(self, course: Course, unit: str, due: DueDates, folder: Path):
        self.course, self.unit, self.due = course, unit, due
        self.path = folder / ".recorded.json"
        try:
            known = json.loads(self.path.read_text(encoding="utf-8"))
            self.known = {name: (str(mark), str(at)) for name, (mark, at) in known.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            self.known = {}
        self.context = gradebook.opened(course)
        self.gradebook = self.context.__enter__()
        self._waiting: list[tuple[Record, bool]] = []
        self._wrote = time.monotonic()

    def catch_up(self, records: dict[str, Record]) -> None:
        """Write the records that the gradebook lacks, and the times that changed."""
        there = gradebook.students_with_marks(self.course, self.unit)
        for record in records.values():
            lost = record.handed_in and record.student not in there
            known = self.known.get(record.student, ("", ""))
            if lost or known[0] != self._mark(record):
                self.write(record, same_text=True)
            elif record.handed_in and known[1] != self._time(record):
                gradebook.write_time(self.gradebook, record, self.due)
                self.gradebook.db.commit()
                self.known[record.student] = (self._mark(record), self._time(record))
        self.flush()

    def write(self, record: Record, *, same_text: bool = False) -> None:
        """Write one record into the gradebook, now or together with the next ones."""
        self._waiting.append((record, same_text))
        late = time.monotonic() - self._wrote > LONGEST_WAIT
        if late or len(self._waiting) >= MOST_WAITING:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        with gradebook.one_commit(self.gradebook):
            for record, same_text in self._waiting:
                gradebook.write_marks(self.gradebook, record, self.due, same_text=same_text)
        for record, _ in self._waiting:
            self.known[record.student] = (self._mark(record), self._time(record))
        self._waiting, self._wrote = [], time.monotonic()

    def close(self) -> None:
        """Write what waits, note what has been written, and close the gradebook."""
        try:
            self.flush()
            write_atomically(self.path, json.dumps(self.known, indent=1) + "\n")
        finally:
            self.context.__exit__(None, None, None)

    def _mark(self, record: Record) -> str:
        return f"{record.made_from} {record.graded_at}"

    def _time(self, record: Record) -> str:
        own, everyone = self.due.of(self.unit, record.student), self.due.everyone(self.unit)
        return f"{record.submitted_at} {own} {everyone}"
