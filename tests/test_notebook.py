import pytest

from coursekit import notebook, progress

pytestmark = pytest.mark.quick


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSEKIT_HOME", str(tmp_path))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)


def right(tr_cov, batch_size, num_examples, replacement):
    factor = 1 if replacement else (num_examples - batch_size) / (num_examples - 1)
    return tr_cov / batch_size * factor


def unsolved(*args):
    raise NotImplementedError


def test_a_check_keeps_progress(capsys):
    assert notebook.check("u01_variance_at", lambda t, b, n, r: t / b) == 0.5
    assert notebook.check("u01_variance_at", right) == 3.0
    kept = progress.load().exercises["u01_variance_at"]
    assert (kept.best, kept.points, kept.attempts) == (3.0, 3.0, 2)
    assert "[right]" in capsys.readouterr().out


def test_stubs_and_warm_ups_are_not_kept():
    notebook.check("u01_variance_at", unsolved)
    notebook.check("u00_num_steps", lambda n, b, e: e * (n // b))
    assert not progress.load().exercises


def test_a_progress_file_that_cannot_be_written_costs_no_mark(monkeypatch, capsys):
    def full(*args, **kwargs):
        raise OSError("no space left on device")

    monkeypatch.setattr(progress, "record_check", full)
    assert notebook.check("u01_variance_at", right) == 3.0
    assert "not kept: no space left" in capsys.readouterr().out


def test_predictions_come_back_beside_what_was_measured(capsys):
    progress.record_prediction("01_gradient_noise", "quadruple", "halves")
    notebook.compare_predictions(
        "01_gradient_noise",
        {"quadruple": ("B × 4", "falls to a quarter"), "other": ("?", "so")},
    )
    out = capsys.readouterr().out
    assert "B × 4: you said halves, it was falls to a quarter" in out
    assert "?: you made no prediction, it was so" in out


def test_without_widgets_a_prediction_shows_question_and_options(capsys):
    notebook.predict("01_gradient_noise", "k", "What now?", ["this", "that"])
    assert capsys.readouterr().out == "What now?\n  - this\n  - that\n"
