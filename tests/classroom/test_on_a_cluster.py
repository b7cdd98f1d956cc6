"""Two Dask workers in processes of their own give what this process gives, bit for bit.

Populations, claims and grading take any `concurrent.futures` executor; Dask's is one of them. The
cluster is local here: the same scheduler and protocol that connect machines, over the loopback.
"""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest
from fake_judge import open_fake
from small_course import UNIT, hand_in, make_course, released, solved, with_answer

from coursekit.claims.again import measure_each
from coursekit.classroom.handing_in.due_dates import DueDates
from coursekit.classroom.marking.gradebook import open_course
from coursekit.classroom.marking.grading import grade_unit
from coursekit.data import load
from coursekit.replicas import run_grid

pytestmark = pytest.mark.cluster
HERE = str(Path(__file__).parent)


@pytest.fixture(scope="module")
def executor():
    """Return the executor of a cluster of two workers, one thread each."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        client.run(sys.path.append, HERE)  # where the stand-in for the judge lies
        yield client.get_executor()


def test_a_population_comes_back_bit_for_bit(executor):
    data = load("mnist1d", num_train=256)
    grid = {"seeds": range(4), "batch_sizes": (16, 64), "lrs": (0.05, 1e30), "num_steps": 20}
    here, there = (
        run_grid((40, 16, 10), data, max_stack=4, progress=False, executor=e, **grid)
        for e in (None, executor)
    )
    for field in dataclasses.fields(here):
        if field.name in ("train_loss", "test_accuracy", "diverged_at", "record_steps"):
            one, other = getattr(here, field.name), getattr(there, field.name)
            np.testing.assert_array_equal(one, other, err_msg=field.name)
    assert here.diverged[:, 1].all()


def test_claims_come_back_with_the_same_values(executor):
    ids = ["N2", "P11"]
    here, there = (
        {claim: entry["values"] for claim, entry in measure_each(ids, "tiny", executor=e)}
        for e in (None, executor)
    )
    assert set(there) == set(ids)
    assert here == there


def graded(course, executor, **settings):
    """Return the records of what was handed in, marked by the stand-in for the judge."""
    opened = open_course(course)
    return grade_unit(
        opened,
        opened.grading / "submitted",
        UNIT,
        roster={},
        due=DueDates({}),
        open_judge=open_fake,
        settings=settings,
        seconds_each=60.0,
        workers=1,
        executor=executor,
    ).records


def test_a_class_gets_the_same_marks(executor, tmp_path):
    marks = []
    for name, chosen in (("here", None), ("there", executor)):
        course = make_course(tmp_path / name)
        for i in range(4):
            hand_in(course, f"s{i}", solved(course) if i % 2 else released(course))
        marks.append({r.student: (r.status, r.points) for r in graded(course, chosen)})
    assert marks[0] == marks[1]
    assert [points for _, points in marks[1].values()] == [0.0, 6.0, 0.0, 6.0]


def test_what_fails_once_is_tried_again(executor, tmp_path):
    course = make_course(tmp_path / "course")
    hand_in(course, "a0", with_answer(course, "u07_mean", "'break the judge once'"))
    records = graded(course, executor, once=str(tmp_path / "broken"))
    assert [record.status for record in records] == ["ok"]
