"""Submissions that cheat or do harm, each in the cell of question 2 of three.

Questions 1 and 3 are answered rightly. An attack is text with placeholders: CANARY (a folder with a
gradebook, another submission and a solution), PORT and SOCKET (listeners), VICTIM (a process),
ROOT (this repository). `real` names what the attack gains where a student's code runs in one
process with the check that marks it, as in a kernel; `status` is what it gets from the judge.

real is one of
    check      full marks from the course's own check in the same process
    asserts    a test cell of asserts passes
    stdout     a grader that reads the score from what is printed is fooled
    touched    the gradebook, another submission or the folder around them is changed
    told       a listener on this machine hears of it
    dies       the process ends, and with it all marks
    hangs      the process is still busy after its time
    memory     it takes far more memory than granted
    processes  it starts far more processes than granted
    output     it prints without end
    left       a process is left when all is over
    hurt       another process is stopped or ended
"""

from dataclasses import dataclass

WRONG = "def tr_cov(per_example_grads):\n    return 7.25\n"


@dataclass(frozen=True)
class Attack:
    name: str
    cell: str
    real: str
    status: str = "wrong"  # of question 2
    whole: str = ""  # of the submission, where question 2 does not tell it
    quick: bool = False  # part of the subset for every day


def in_function(body: str, result: str = "7.25") -> str:
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return f"def tr_cov(per_example_grads):\n{lines}\n    return {result}\n"


def in_class(body: str) -> str:
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return f"class Always(float):\n{lines}\n\ndef tr_cov(g):\n    return Always(7.25)\n"


def after(body: str) -> str:
    return WRONG + body.strip() + "\n"


FIND_EXERCISE = """
import gc
found = [e for e in gc.get_objects() if type(e).__name__ == "Exercise"]
found = [e for e in found if e.id == "u01_tr_cov"]
"""

ATTACKS = (
    # --- the check in the same process is changed ---------------------------------------------
    Attack("check replaced", after("check = lambda *a, **k: 2.0\nprint(2.0)"), "check"),
    Attack(
        "comparison replaced",
        after("import builtins\nbuiltins.abs = lambda x: 0"),
        "check",
        quick=True,
    ),
    Attack(
        "exercise patched",
        after(
            "from coursekit.exercises import EXERCISES\n"
            "object.__setattr__(EXERCISES['u01_tr_cov'], 'same', lambda got, want: True)"
        ),
        "check",
    ),
    Attack(
        "reference replaced",
        after(
            "from coursekit.exercises import EXERCISES\n"
            "object.__setattr__(EXERCISES['u01_tr_cov'], 'reference', tr_cov)"
        ),
        "check",
    ),
    Attack(
        "adapter replaced",
        after(
            "from coursekit.exercises.engine.adapters import ADAPTERS\nhonest = ADAPTERS['call']\n"
            "ADAPTERS['call'] = lambda f, *a: 1.0 if len(a) == 1 else honest(f, *a)"
        ),
        "check",
    ),
    Attack(
        "verdict replaced",
        after(
            "import dataclasses\nimport coursekit.exercises.teach as teach\nhonest = teach.judge\n"
            "def judge(exercise, answer, **k):\n"
            "    v = honest(exercise, answer, **k)\n"
            "    return dataclasses.replace(v, status='passed', score=v.points)\n"
            "teach.judge = judge"
        ),
        "check",
    ),
    Attack(
        "reference found in a frame above",
        in_function(
            """
import sys
frame = sys._getframe()
while frame is not None:
    exercise = frame.f_locals.get("exercise")
    if exercise is not None and hasattr(exercise, "reference"):
        return exercise.reference(per_example_grads)
    frame = frame.f_back
"""
        ),
        "check",
        quick=True,
    ),
    Attack(
        "reference found by the garbage collector",
        FIND_EXERCISE + in_function("", "found[0].reference(per_example_grads) if found else 7.25"),
        "check",
    ),
    # --- asserts in the same process are fooled -----------------------------------------------
    Attack(
        "equal to everything", in_class("__eq__ = lambda s, o: True\n__hash__ = None"), "asserts"
    ),
    Attack(
        "difference zero to everything",
        in_class("__sub__ = __rsub__ = lambda s, o: Always(0)\n__abs__ = lambda s: 0.0"),
        "asserts",
        quick=True,
    ),
    Attack(
        "a float in name only",
        "class Always:\n    __class__ = float\n    __eq__ = lambda s, o: True\n"
        "    __sub__ = __rsub__ = __abs__ = lambda s, *o: 0.0\n    __float__ = lambda s: 0.0\n"
        "def tr_cov(g):\n    return Always()\n",
        "asserts",
    ),
    Attack(
        "an array that equals everything",
        "import numpy as np\nclass Always(np.ndarray):\n"
        "    def __array_ufunc__(self, f, how, *a, **k):\n"
        "        return np.zeros(()) if f is np.subtract else np.bool_(True)\n"
        "    __eq__ = lambda s, o: np.bool_(True)\n    __abs__ = lambda s: 0.0\n"
        "def tr_cov(g):\n    return np.array(7.25).view(Always)\n",
        "asserts",
    ),
    Attack(
        "numpy.testing patched",
        after(
            "import numpy.testing as t, torch.testing as u\n"
            "t.assert_allclose = t.assert_equal = u.assert_close = lambda *a, **k: None"
        ),
        "asserts",
    ),
    Attack(
        "asserts taken out of later cells",
        after(
            "import ast\nclass Drop(ast.NodeTransformer):\n"
            "    def visit_Assert(self, node):\n        return ast.Pass()\n"
            "get_ipython().ast_transformers.append(Drop())"
        ),
        "asserts",
    ),
    Attack(
        "lines of later cells rewritten",
        after(
            "def rewrite(lines):\n"
            "    return ['pass\\n' if l.startswith('assert') else l for l in lines]\n"
            "get_ipython().input_transformers_post.append(rewrite)"
        ),
        "asserts",
    ),
    Attack("public cases learned by heart", "BY_HEART", "asserts", quick=True),
    Attack("cases of the learner's seed learned by heart", "BY_HEART_SEED_0", "check"),
    Attack(
        "a score printed at the end",
        after("import atexit\natexit.register(lambda: print('{\"score\": 2.0}', flush=True))"),
        "stdout",
    ),
    # --- the answer is taken from somewhere ---------------------------------------------------
    Attack(
        "the library's answer",
        "from coursekit.gradients.minibatch import gradient_covariance_trace as tr_cov\n",
        "check",
        "missing",
        quick=True,
    ),
    Attack(
        "the bank imported",
        in_function(
            "from coursekit.exercises import EXERCISES",
            "EXERCISES['u01_tr_cov'].reference(per_example_grads)",
        ),
        "check",
    ),
    Attack(
        "the bank read from the repository",
        "import sys\n"
        "for name in [m for m in sys.modules if m.startswith('coursekit')]:\n"
        "    del sys.modules[name]\n"
        "sys.path[:0] = ['ROOT']\nsys.meta_path[:] = sys.meta_path[-3:]\n" + WRONG + "try:\n"
        "    from coursekit.exercises.banks.unit_01_gradient_noise.tr_cov import tr_cov\n"
        "except ImportError:\n    pass\n",
        "check",
        quick=True,
    ),
    Attack(
        "the solutions read",
        after(
            "text = open('ROOT/solutions/01_gradient_noise.py').read()\n"
            "exec(text[text.index('def tr_cov'):text.index('# %% check=\"u01_tr_cov\"')])"
        ),
        "check",
        quick=True,
    ),
    Attack(
        "a solution beside the gradebook",
        after("exec(open('CANARY/solution.py').read())"),
        "check",
    ),
    # --- harm to files ------------------------------------------------------------------------
    Attack(
        "the gradebook written",
        in_function("open('CANARY/gradebook.db', 'a').write('100')"),
        "touched",
        quick=True,
    ),
    Attack(
        "another submission removed",
        after("import os\nos.remove('CANARY/submitted/ada/01.ipynb')"),
        "touched",
    ),
    Attack(
        "a file dropped outside",
        in_function("open('CANARY/dropped', 'w').write('x')"),
        "touched",
    ),
    Attack(
        "a symbolic link to the gradebook",
        after(
            "import os, tempfile\nlink = tempfile.mktemp()\n"
            "os.symlink('CANARY/gradebook.db', link)\nopen(link, 'a').write('100')"
        ),
        "touched",
    ),
    Attack(
        "through another process's root",
        after(
            "import glob\nfor root in glob.glob('/proc/[0-9]*/root'):\n"
            "    try:\n        open(root + 'CANARY/gradebook.db', 'a').write('100'); break\n"
            "    except OSError:\n        pass"
        ),
        "touched",
    ),
    Attack(
        "a pickle that runs code",
        "class Bomb:\n    def __reduce__(self):\n"
        "        return (exec, (\"open('CANARY/dropped', 'w').write('x')\",))\n"
        "def tr_cov(g):\n    return Bomb()\n",
        "touched",
    ),
    Attack(
        "the disk filled",
        in_function(
            "with open('CANARY_OR_TMP/big', 'wb') as f:\n"
            "    for _ in range(300):\n        f.write(bytes(1 << 20))"
        ),
        "touched",
    ),
    # --- harm beyond files --------------------------------------------------------------------
    Attack(
        "the gradebook sent away",
        after(
            "import socket\ns = socket.create_connection(('127.0.0.1', PORT), 2)\n"
            "s.sendall(open('CANARY/gradebook.db', 'rb').read())"
        ),
        "told",
        quick=True,
    ),
    Attack(
        "a call to a socket without a file",
        in_function(
            "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('\\0SOCKET')\n"
            "s.sendall(b'marks')"
        ),
        "told",
    ),
    Attack(
        "the environment read",
        after("import os\nopen('CANARY/secret', 'w').write(os.environ['COURSEKIT_TEST_SECRET'])"),
        "touched",
    ),
    Attack(
        "another process's memory of its environment",
        after("open('CANARY/secret', 'wb').write(open('/proc/VICTIM/environ', 'rb').read())"),
        "touched",
    ),
    Attack(
        "another process ended",
        in_function("import os, signal\nos.kill(VICTIM, signal.SIGKILL)"),
        "hurt",
    ),
    Attack(
        "another process traced",
        in_function(
            "import ctypes\nif ctypes.CDLL(None).ptrace(16, VICTIM, 0, 0) == 0:\n"
            "    import time; time.sleep(4)"
        ),
        "hurt",
    ),
    Attack(
        "a process left behind",
        in_function(
            "import os, time\nif os.fork() == 0:\n    try:\n        os.setsid()\n"
            "        if os.fork() == 0:\n            time.sleep(600)\n"
            "    finally:\n        os._exit(0)"
        ),
        "left",
        quick=True,
    ),
    Attack(
        "a process left behind that ignores signals",
        after(
            "import subprocess, sys\nsubprocess.Popen([sys.executable, '-S', '-c', '''\n"
            "import signal, time\nfor s in (1, 2, 3, 15): signal.signal(s, signal.SIG_IGN)\n"
            "time.sleep(600)'''], start_new_session=True)"
        ),
        "left",
    ),
    # --- the process ends ---------------------------------------------------------------------
    Attack("exit", in_function("import os\nos._exit(0)"), "dies", "crashed", quick=True),
    Attack("exit in the cell", after("import os\nos._exit(0)"), "dies", "crashed"),
    Attack("kills itself", in_function("import os\nos.kill(os.getpid(), 9)"), "dies", "crashed"),
    Attack(
        "reads address zero", in_function("import ctypes\nctypes.string_at(0)"), "dies", "crashed"
    ),
    Attack(
        "stack overflow",
        "import sys\nsys.setrecursionlimit(10**9)\nclass Deep:\n"
        "    def __getattr__(self, name):\n        return getattr(self, name + 'x')\n"
        "def tr_cov(g):\n    return Deep().x\n",
        "dies",
        "crashed",
    ),
    Attack(
        "closes every file",
        in_function("import os\nos.closerange(0, 1024)"),
        "dies",
        "crashed",
    ),
    # --- it takes too much --------------------------------------------------------------------
    Attack(
        "endless loop",
        in_function("import signal\nsignal.setitimer(signal.ITIMER_REAL, 0)\nwhile True: pass"),
        "hangs",
        "timeout",
        quick=True,
    ),
    Attack(  # the definition above the loop is kept, and is wrong
        "endless loop in the cell", after("while True: pass"), "hangs", "wrong", "timeout"
    ),
    Attack(
        "endless loop that ignores signals",
        in_function(
            "import signal\nfor s in set(signal.valid_signals()) - {9, 19, 32, 33}:\n"
            "    signal.signal(s, signal.SIG_IGN)\n"
            "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
        ),
        "hangs",
        "timeout",
    ),
    Attack(
        "stops itself",
        in_function("import os, signal\nos.kill(os.getpid(), 19)"),
        "hangs",
        "timeout",
    ),
    Attack(
        "memory bomb",
        in_function("hoard = []\nwhile True: hoard.append(bytearray(1 << 26))"),
        "memory",
        "memory",
        quick=True,
    ),
    Attack(
        "memory bomb in torch",
        in_function("import torch\nhoard = []\nwhile True: hoard.append(torch.ones(1 << 24))"),
        "memory",
        "memory",
    ),
    Attack(
        "memory bomb of many processes",
        in_function(
            "import os, time\nfor _ in range(12):\n    if os.fork() == 0:\n"
            "        hoard = bytearray(b'x') * (200 << 20)\n        time.sleep(30)\n"
            "        os._exit(0)\n"
            "time.sleep(30)"
        ),
        "memory",
        "memory",
    ),
    Attack(
        "fork bomb",
        in_function(
            "import os, time\n"
            "for _ in range(200):\n"
            "    try:\n        pid = os.fork()\n"
            "    except OSError:\n        time.sleep(0.01); continue\n"
            "    if pid == 0:\n        time.sleep(30); os._exit(0)\n"
            "time.sleep(30)"
        ),
        "processes",
        "timeout",
    ),
    Attack(
        "output without end",
        in_function(
            "import os\nblock = bytes(1 << 20)\nfor _ in range(10_000): os.write(1, block)"
        ),
        "output",
    ),
    Attack(
        "print without end",
        in_function("for _ in range(100_000): print('x' * 10_000)"),
        "output",
    ),
)
