"""What a learner sees of the mystery runs, and what an answer is told."""

import pytest

from coursekit.experiments.mysteries.cases import draw_mystery
from coursekit.explorers import mysteries
from coursekit.explorers.mysteries import keep_first, read_answer, show_mystery, tell


def test_a_run_is_shown_with_its_lists(capsys):
    show_mystery(3)
    shown = capsys.readouterr().out
    assert shown.startswith("RUN 3")
    for text in (
        "a new export",
        "What went wrong?",
        "Which experiment?",
        "[figure]",
        "training rows",
    ):
        assert text in shown


def test_a_right_answer_a_wrong_one_and_none(capsys):
    key = draw_mystery(3).key

    def diagnosis(number):
        if number == 2:
            raise NotImplementedError
        return key if number == 3 else [1, 1]

    tell(diagnosis, [3, 2, 4])
    told = capsys.readouterr().out
    assert "as you predicted; 1024 rows" in told
    assert "fault 1, experiment 1, prediction 1" in told
    assert "run 2: no answer yet" in told
    assert "run 4: answer with three numbers" in told
    tell(lambda number: [key[0], 6, 2], [3])
    told = capsys.readouterr().out
    assert "tells nothing between them" in told
    assert "experiment 0, prediction 0" in told


@pytest.mark.parametrize("given", [[0, 1, 1], [1, 9, 1], [1, 1], "abc", None, [1, 1, 4.5e9]])
def test_what_is_no_answer_is_refused(given):
    with pytest.raises(ValueError, match="three numbers of the lists"):
        read_answer(draw_mystery(1), given)


def test_the_first_answer_stays_the_first(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSEKIT_HOME", str(tmp_path))
    assert keep_first(1, [5, 3, 1]) == [5, 3, 1]
    assert keep_first(1, [1, 1, 1]) == [5, 3, 1]
    assert keep_first(1, [2, 2, 2], release=7) == [2, 2, 2]
    assert mysteries.UNIT == "10_capstone"
