"""What does somebody need in front of a class: slides, an exam with its key, notes on mistakes."""

from coursekit.classroom.teaching.exam import Exam, draw_exam, exam_page, key_page
from coursekit.classroom.teaching.notes import notes_of_unit
from coursekit.classroom.teaching.slides import slides_of_unit

__all__ = ["Exam", "draw_exam", "exam_page", "key_page", "notes_of_unit", "slides_of_unit"]
