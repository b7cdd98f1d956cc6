"""The judge: right marks for every kind of answer, and a mark for every question."""

import json

import pytest
from toy_attempts import BANK, TIGHT, TWICE, attempt, toy

from coursekit.classroom.handing_in.cell_text import as_python
from coursekit.classroom.judge.attempt_run import imported_modules
from coursekit.classroom.judge.points_earned import judge_attempt
from coursekit.classroom.sandbox.opening import Limits, open_sandbox
from coursekit.exercises.engine.declare import Case


@pytest.fixture(scope="module")
def sandbox():
    with open_sandbox(limits=TIGHT) as opened:
        yield opened


@pytest.fixture(scope="module")
def judge(sandbox):
    def run(submission, bank=BANK, seed=1):
        return judge_attempt(
            submission, bank=bank, exercise_ids=list(bank), sandbox=sandbox, seed=seed
        )

    return run


def seen(mark):
    return [(question.points, question.status) for question in mark.questions]


def test_right_answers_get_all_points(judge):
    mark = judge(attempt())
    assert seen(mark) == [(2.0, "ok"), (1.0, "ok"), (1.0, "ok")]
    assert (mark.status, mark.reason) == ("ok", "3 ok")
    assert [q.max_points for q in mark.questions] == [2.0, 1.0, 1.0]
    assert mark.seconds > 0


def test_a_group_of_cases_earns_its_own_points(judge):
    mark = judge(attempt(twice="def twice(x):\n    return 2 * x if x < 100 else x\n"))
    assert seen(mark) == [(0.5, "wrong"), (1.0, "ok"), (1.0, "ok")]  # half an answer counts half
    assert mark.questions[0].reason == "another result than the right one (large)"
    assert mark.status == "ok"


def test_a_known_mistake_gets_its_hint(judge):
    question = judge(attempt(half="def half(x):\n    return 0.0\n")).questions[1]
    assert (question.status, question.hint) == ("wrong", "Is it always nothing?")


def test_the_public_cases_earn_nothing(judge):
    """By-hand input 0.0 is answered rightly here, and nothing else."""
    mark = judge(attempt(twice="def twice(x):\n    return {0.0: 0.0}.get(x)\n"))
    assert seen(mark)[0] == (0.0, "wrong")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def twice(x):\n    raise NotImplementedError\n", "not done: the stub is still there"),
        (None, "there is no function twice"),
        ("twice = 3", "twice is a int"),
        ("def twice(x)\n", "there is no function twice: its cell stopped with SyntaxError"),
        ("1 / 0", "there is no function twice: its cell stopped with ZeroDivisionError"),
        ("import sys\nsys.exit()", "its cell stopped with SystemExit"),
        ("twice = input()", "its cell stopped with EOFError"),
    ],
)
def test_what_is_not_there_is_missing(judge, text, reason):
    mark = judge(attempt(twice=text))
    assert seen(mark) == [(0.0, "missing"), (1.0, "ok"), (1.0, "ok")]
    assert reason in mark.questions[0].reason


def test_a_blank_submission_is_missing(judge):
    mark = judge(attempt(twice=None, half=None, next_one=None))
    assert (mark.status, mark.reason) == ("missing", "no question is answered")


RESULTS = {  # what an answer returns -> status, part of the reason
    "None": ("wrong", "another result"),
    "float('nan')": ("wrong", "another result"),
    "10 ** 400": ("wrong", "another result"),
    "10 ** 5000": ("wrong", "4300 digits"),
    "-float('inf')": ("wrong", "another result"),
    "True": ("wrong", "another result"),
    "'6.0'": ("wrong", "another result"),
    "{1: [x], (1, 2): {}}": ("wrong", "another result"),
    "(y for y in [x])": ("wrong", "a generator"),
    "twice": ("wrong", "a function"),
    "object()": ("wrong", "a object"),
    "1j": ("wrong", "a complex"),
    "{1, 2}": ("wrong", "a set"),
    "[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]": ("unreadable", "nested more than"),
    "[0.123456789] * 200_000": ("wrong", "a result of"),
    "__import__('torch').zeros(3, 0)": ("wrong", "another result"),
    "__import__('numpy').array([x, None])": ("wrong", "another result"),
    "__import__('torch').ones(10 ** 6)": ("wrong", "a result of"),
    "'\\ud800'": ("wrong", "another result"),
}


@pytest.mark.parametrize("result", RESULTS)
def test_odd_results_get_nothing_and_cost_no_other_question(judge, result):
    mark = judge(attempt(twice=f"def twice(x):\n    return {result}\n"))
    status, reason = RESULTS[result]
    assert seen(mark) == [(0.0, status), (1.0, "ok"), (1.0, "ok")], mark.questions[0]
    assert reason in mark.questions[0].reason


def test_a_list_that_holds_itself(judge):
    mark = judge(attempt(twice="def twice(x):\n    a = []\n    a.append(a)\n    return a\n"))
    assert seen(mark) == [(0.0, "wrong"), (1.0, "ok"), (1.0, "ok")]
    assert "RecursionError" in mark.questions[0].reason


@pytest.mark.parametrize(
    "result", ["2.0 * x", "[2.0 * x]", "__import__('torch').tensor(2 * x)", "x + x"]
)
def test_a_right_number_may_come_in_many_forms(judge, result):
    assert seen(judge(attempt(twice=f"def twice(x):\n    return {result}\n")))[0] == (2.0, "ok")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("while True: pass", "timeout"),
        ("import os; os._exit(3)", "crashed"),
        ("import os; os.kill(os.getpid(), 11)", "crashed"),
        ("return bytearray(1 << 30)", "memory"),
        ("import torch; return torch.ones(1 << 28)", "memory"),
    ],
)
def test_a_process_that_is_lost_costs_the_group_that_was_asked(judge, body, status):
    text = f"def twice(x):\n    if x > 100:\n        {body}\n    return 2 * x\n"
    mark = judge(attempt(twice=text))
    assert seen(mark) == [(0.5, status), (1.0, "ok"), (1.0, "ok")]
    assert mark.status == status
    assert mark.reason.startswith("toy_twice: ")
    assert mark.questions[0].reason.endswith("(large)")


@pytest.mark.parametrize(
    ("cell", "status"),
    [
        ("while True: pass", "timeout"),
        ("import os; os._exit(0)", "crashed"),
        ("hoard = [bytearray(1 << 26)]\nimport os\nos.kill(os.getpid(), 9)", "crashed"),
        (
            "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'{}\\n')\n"
            "    except OSError: pass",
            "tampered",
        ),
    ],
)
def test_a_cell_that_ends_the_process_is_left_out(judge, cell, status):
    mark = judge(attempt(added=["helper = 1", cell, "other = 2"]))
    assert seen(mark) == [(2.0, "ok"), (1.0, "ok"), (1.0, "ok")]
    assert mark.status == status
    assert mark.reason.startswith("cell 2 of the learner's: ")


@pytest.mark.parametrize(
    ("end", "status", "points"),
    [("while True: pass", "timeout", 1.0), ("import os; os._exit(1)", "crashed", 0.0)],
)
def test_an_answer_in_a_cell_that_ends_the_process(judge, end, status, points):
    """What only takes too long has its definitions kept; a cell that ends the process is lost."""
    mark = judge(attempt(half=f"def half(x):\n    return x / 2\n{end}"))
    assert seen(mark) == [(2.0, "ok"), (points, "ok" if points else status), (1.0, "ok")]
    assert mark.status == status


def test_definitions_that_take_too_long_themselves_are_left_out(judge):
    text = "import time\ndef half(x, slow=[time.sleep(9)]):\n    return x / 2\n"
    assert seen(judge(attempt(half=text))) == [(2.0, "ok"), (0.0, "timeout"), (1.0, "ok")]


@pytest.mark.slow
def test_slow_cells_of_ones_own_do_not_cost_the_answers():
    """Four experiments of 1.2 s, each within its own limit, are together too long."""
    limits = Limits(request_seconds=1, cell_seconds=1.5, submission_seconds=12, cpu_seconds=9)
    slow = ["import time; time.sleep(1.2)"] * 4
    with open_sandbox(limits=limits) as sandbox:
        mark = judge_attempt(
            attempt(added=slow), bank=BANK, exercise_ids=list(BANK), sandbox=sandbox, seed=1
        )
    assert seen(mark) == [(2.0, "ok"), (1.0, "ok"), (1.0, "ok")]
    assert mark.status == "timeout"


def test_helpers_magics_and_names_of_a_notebook(judge):
    added = [
        "%matplotlib inline\n!ls\nfactor = 2\nif factor:\n    %time pass\n",
        "%%bash\nls\n",
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1])\nplt.show()\n"
        "display(fig)\nget_ipython().run_line_magic('time', '')\nshift = 0",
        "from coursekit.notebook import check, mine_or_library\ncheck('x', 1)\n"
        "use = mine_or_library('x', lambda x: factor * x + shift)",
    ]
    added = [as_python(text) for text in added]
    mark = judge(attempt(added=added, twice="def twice(x):\n    return use(x)\n"))
    assert seen(mark)[0] == (2.0, "ok")


def test_the_preludes_own_hidden_module_does_not_stop_it(sandbox):
    answers = ("coursekit.noise.scale",)
    hidden = toy("twice", TWICE.reference, {"small": (1,)}, answered_by=answers)
    prelude = "from coursekit.noise.scale import grad_moments\n"
    prelude += "from coursekit.train.scaling import *\nk = 2"
    bank = {"toy_twice": hidden}
    uses = "def twice(x):\n    return grad_moments(x)\n"
    for text, status in ((uses, "wrong"), ("def twice(x):\n    return k * x\n", "ok")):
        mark = judge_attempt(
            attempt(prelude=prelude, twice=text, half=None, next_one=None),
            bank=bank,
            exercise_ids=list(bank),
            sandbox=sandbox,
            seed=1,
        )
        assert mark.questions[0].status == status
    assert imported_modules(prelude)[:4] == (
        "torch",
        "numpy",
        "coursekit.noise.scale",
        "coursekit.train.scaling",
    )


FIND = """
import json, os, socket
def channel():
    for fd in range(3, 300):
        try:
            if socket.socket(fileno=os.dup(fd)).family == socket.AF_UNIX:
                return fd
        except OSError:
            pass
def write(text):
    os.write(channel(), text.encode() + b"\\n")
"""


@pytest.mark.parametrize(
    "forgery",
    [
        "write(json.dumps({'id': 1, 'value': 2 * x}))",
        "write(json.dumps({'id': '0' * 32, 'value': 2 * x}))",
        "write(json.dumps({'value': 2 * x}))",
        "write(json.dumps({'ready': True}))",
        "write(json.dumps([1]))",
        "write('[' * 100_000)",
        "write('x' * 3_000_000)",
        "os.write(channel(), bytes(range(256)) * 10)\n    write('')",
    ],
)
def test_forged_replies_are_no_replies(judge, forgery):
    text = FIND + f"def half(x):\n    {forgery}\n    return x / 2\n"
    mark = judge(attempt(half=text))
    assert seen(mark)[1][0] == 0.0
    assert mark.questions[1].status in ("tampered", "unreadable", "timeout"), mark.questions[1]
    assert [seen(mark)[0], seen(mark)[2]] == [(2.0, "ok"), (1.0, "ok")]


def test_a_forged_reply_with_the_right_number_still_has_to_be_right(judge):
    """Reading the request is possible; it holds arguments, and never what is right."""
    text = FIND + (
        "import gc\ndef half(x):\n"
        "    request = [d for d in gc.get_objects() if type(d) is dict and 'args' in d\n"
        "               and d.get('function') == 'half'][-1]\n"
        "    write(json.dumps({'id': request['id'], 'value': 7.0}))\n    return 7.0\n"
    )
    mark = judge(attempt(half=text))
    assert seen(mark)[1][0] == 0.0
    assert seen(mark)[2] == (1.0, "ok")


def test_a_thread_that_writes_later_costs_no_other_question(judge):
    text = FIND + (
        "import threading, time\ndef late():\n    while True:\n        time.sleep(0.02)\n"
        "        write('{}')\n"
        "def half(x):\n    threading.Thread(target=late, daemon=True).start()\n    return x / 2\n"
    )
    mark = judge(attempt(half=text))
    assert seen(mark)[0] == (2.0, "ok")
    assert seen(mark)[2] == (1.0, "ok")


def test_the_last_answer_can_see_nothing_of_the_judge(judge):
    """Arguments alone arrive: no seed, no group, no expected value, no other exercise."""
    text = (
        "import gc\ndef half(x):\n"
        "    found = [d for d in gc.get_objects() if type(d) is dict and 'args' in d\n"
        "             and 'function' in d]\n"
        "    raise ValueError(sorted(found[-1]))\n"
    )
    reason = judge(attempt(half=text)).questions[1].reason
    assert reason == "ValueError: ['args', 'function', 'id', 'run']"


def test_the_seed_decides_what_is_asked(judge):
    text = "def half(x):\n    raise ValueError(x)\n"
    reasons = [judge(attempt(half=text), seed=s).questions[1].reason for s in (1, 1, 2)]
    assert reasons[0] == reasons[1] != reasons[2]


def test_reasons_are_one_printable_line(judge):
    text = "def half(x):\n    raise ValueError('a\\x1b[2Jb\\u202e\\ud800' * 200)\n"
    reason = judge(attempt(half=text)).questions[1].reason
    assert reason.isprintable()
    assert len(reason) <= 300
    json.dumps(reason).encode("ascii")
    reason.encode("utf-8")


def test_a_comparison_that_was_not_made_for_the_data_fails_closed(sandbox):
    def fussy(got, want):
        return len(got) == want

    exercise = toy("twice", lambda x: 2.0, {"small": (1,)}, same=fussy)
    mark = judge_attempt(
        attempt(half=None, next_one=None),
        bank={"toy_twice": exercise},
        exercise_ids=["toy_twice"],
        sandbox=sandbox,
        seed=1,
    )
    assert seen(mark) == [(0.0, "wrong")]


def test_arguments_of_every_plain_kind_arrive(sandbox):
    import numpy as np

    value = {"a": [1, 2.5, "x", None, True], "b": np.arange(6).reshape(2, 3), "c": (1.0, [2])}
    exercise = toy(
        "twice",
        lambda x: 1.0,
        {"small": (1,)},
        by_hand=(),
        draw=lambda rng: [Case("small", (value,))],
    )
    text = (
        "import torch\ndef twice(x):\n"
        "    ok = x['a'] == [1, 2.5, 'x', None, True] and x['c'] == [1.0, [2]]\n"
        "    return float(ok and torch.equal(x['b'], torch.arange(6).reshape(2, 3)))\n"
    )
    mark = judge_attempt(
        attempt(twice=text, half=None, next_one=None),
        bank={"toy_twice": exercise},
        exercise_ids=["toy_twice"],
        sandbox=sandbox,
        seed=1,
    )
    assert seen(mark) == [(1.0, "ok")], mark


def test_what_the_first_optimizer_loads_is_there_before_the_clock_starts(judge):
    """It takes seconds of one call's five, in every process anew."""
    text = "import sys\ndef twice(x):\n    return 2 * x if 'torch._dynamo' in sys.modules else 0\n"
    assert seen(judge(attempt(twice=text)))[0] == (2.0, "ok")
