"""Scores under plain nbgrader: one valid score counts, whatever stands on stderr beside it."""

import logging

import pytest
from nbformat.v4 import new_code_cell, new_output
from nbgrader.utils import determine_grade

from coursekit.classroom.marking.nbgrader_steps import PlainScore

WARNING = "[W1128 12:00:00 NNPACK.cpp:61] Could not initialize NNPACK! Unsupported hardware.\n"


def stream(name, text=WARNING):
    return new_output("stream", name=name, text=text)


def shown(value):
    return new_output("execute_result", data={"text/plain": value}, execution_count=1)


def graded(*outputs):
    mark = {"grade": True, "solution": False, "points": 2.0, "grade_id": "x", "schema_version": 3}
    cell = new_code_cell("check(...)", metadata={"nbgrader": mark}, outputs=list(outputs))
    without = determine_grade(cell, logging.getLogger())[0]
    cell, _ = PlainScore().preprocess_cell(cell, {}, 0)
    return without, determine_grade(cell, logging.getLogger())[0], cell


@pytest.mark.quick
@pytest.mark.parametrize(
    "outputs",
    [
        (stream("stderr"), shown("2.0")),
        (stream("stdout", "right"), stream("stderr"), shown("2.0")),
        (
            stream("stderr"),
            stream("stdout", "right"),
            stream("stderr", "OMP"),
            shown("2.0"),
        ),
        (stream("stderr", ""), shown("2.0")),
    ],
)
def test_a_right_answer_is_not_lost_to_a_line_on_stderr(outputs):
    without, score, cell = graded(*outputs)
    assert (without, score) == (0, 2.0)
    assert "".join(o.text for o in cell.outputs if "text" in o) == "".join(
        o.text for o in outputs if "text" in o
    )


@pytest.mark.quick
@pytest.mark.parametrize(
    "outputs",
    [
        (stream("stderr"),),
        (stream("stderr"), shown("nan")),
        (stream("stderr"), shown("3.0")),
        (stream("stderr"), shown("tensor(2.)")),
        (stream("stderr"), shown("2.0"), shown("2.0")),
        (stream("stderr"), shown("0.0")),
        (stream("stderr"), new_output("error", ename="E", evalue="", traceback=[])),
    ],
)
def test_without_one_valid_score_there_is_none(outputs):
    assert graded(*outputs)[1] == 0
