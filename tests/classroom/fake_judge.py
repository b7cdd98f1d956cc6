"""A judge for the small unit that runs cells in its own process: for tests of what is around it."""

import os
import time

from small_unit import POINTS

from coursekit.classroom.judge.marks import QuestionMark, SubmissionMark

CASES = {
    "u07_double": ("double", (3,), 6),
    "u07_mean": ("mean", ([1.0, 2.0],), 1.5),
    "u07_spread": ("spread", ([1.0, 3.0],), 2.0),
}


def open_fake(settings):
    """Return a judge; settings: {"seconds": time it takes, "log": file that gets a line each}."""
    if settings.get("refuse"):
        raise RuntimeError("the sandbox has no wall around the network")
    return lambda attempt, exercise_ids, seed: judge(attempt, exercise_ids, seed, settings)


def judge(attempt, exercise_ids, seed, settings):
    time.sleep(settings.get("seconds", 0))
    if "log" in settings:
        with open(settings["log"], "a", encoding="utf-8") as file:
            file.write(f"{attempt.unit} {seed}\n")
    names = {}
    for cell in attempt.cells:
        if "die at once" in cell.source:
            os._exit(9)
        if "break the judge once" in cell.source:
            if not os.path.exists(settings["once"]):
                open(settings["once"], "w").close()
                raise KeyError("a bug of ours")
        elif "break the judge" in cell.source:
            raise KeyError("a bug of ours")
        if "sleep for ever" in cell.source:
            time.sleep(600)
        if "run out of time" in cell.source:
            late = [QuestionMark(n, 0.0, POINTS[n], "timeout", "no time") for n in exercise_ids]
            return SubmissionMark(tuple(late), "timeout", "the submission took too long", 0.0)
        if "forge a reply" in cell.source:
            forged = QuestionMark("u07_double", 0.0, 1.0, "tampered", "a forged reply")
            others = [mark(n, names) for n in exercise_ids if n != "u07_double"]
            return SubmissionMark((forged, *others), "tampered", "u07_double: forged", 0.0)
        if "die once" in cell.source and not os.path.exists(settings["once"]):
            open(settings["once"], "w").close()
            os._exit(9)
        try:
            exec(cell.source, names)
        except Exception:
            continue
    questions = tuple(mark(name, names) for name in exercise_ids)
    return SubmissionMark(questions, "ok", "all questions judged", 0.0)


def mark(exercise_id, names):
    function, arguments, expected = CASES[exercise_id]
    points = POINTS[exercise_id]
    try:
        right = names[function](*arguments) == expected
    except NotImplementedError:
        return QuestionMark(exercise_id, 0.0, points, "missing", "not done")
    except Exception as error:
        return QuestionMark(exercise_id, 0.0, points, "wrong", repr(error))
    if right:
        return QuestionMark(exercise_id, points, points, "ok", "right")
    return QuestionMark(exercise_id, 0.0, points, "wrong", "another result", "Is <that> all?")
