"""The command line: fast, complete, and never a traceback for a person's mistake."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from coursekit import cli, cli_teaching
from coursekit.bootstrap.requirements import NEEDS
from coursekit.claims.register import CLAIMS
from coursekit.classroom.learner.copies import released_units
from coursekit.commands import cli_measuring, early
from coursekit.commands.listing import GROUPS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def command(monkeypatch):
    """Return a function that puts another in place of a command's work."""

    def replace(work):
        for module in (cli, cli_teaching, cli_measuring):
            monkeypatch.setattr(module, "load", lambda name: work)

    return replace


@pytest.mark.quick
def test_importing_the_command_line_is_fast_and_leaves_torch_alone():
    code = (
        "import sys, time\n"
        "began = time.process_time()\n"
        "import coursekit.cli\n"
        "print(time.process_time() - began, 'torch' in sys.modules, 'numpy' in sys.modules)\n"
    )
    argv = [sys.executable, "-c", code]
    seen = [
        subprocess.run(argv, cwd=ROOT, capture_output=True, text=True).stdout.split()
        for _ in range(3)
    ]
    assert min(float(seconds) for seconds, *_ in seen) < 0.3
    assert {tuple(rest) for _, *rest in seen} == {("False", "False")}


@pytest.mark.quick
@pytest.mark.parametrize("name", NEEDS)
def test_each_command_has_help_with_an_example(name, capsys):
    assert cli.main([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"Example: python3 -m coursekit {name}" in shown
    assert f"coursekit {name}" in shown.splitlines()[0]


@pytest.mark.quick
def test_the_general_help_lists_every_command_and_no_other(capsys):
    assert cli.main(["--help"]) == 0
    shown = capsys.readouterr().out
    listed = shown.split("Learn:")[1].split("Example:")[0].splitlines()
    names = [line.split()[0] for line in listed if line[:2] == "  " and line[2:3].strip()]
    assert names == [name for group in GROUPS.values() for name in group]
    assert sorted(names) == sorted(NEEDS)
    assert "..." not in shown.split("Learn:")[1]


@pytest.mark.quick
def test_no_word_at_all_is_a_question_for_help(capsys):
    assert cli.main([]) == 0
    assert capsys.readouterr().out.startswith("Usage: coursekit")


@pytest.mark.quick
def test_help_loads_no_command():
    for name in NEEDS:
        assert cli.main([name, "--help"]) == 0
    code = (
        "import sys\n"
        "from coursekit import cli\n"
        f"for name in {list(NEEDS)}: cli.main([name, '--help'])\n"
        "commands = {m for m in sys.modules if m.startswith('coursekit.commands.')}\n"
        "light = ('cli_measuring', 'listing', 'options')\n"
        "options = {f'coursekit.commands.{name}' for name in light}\n"
        "print(sorted(commands - options), file=sys.stderr)\n"
    )
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True)
    assert done.stderr == "[]\n"


LAB = {"fresh": False, "check": False, "no_browser": False, "extra": [], "release": None}


@pytest.mark.quick
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["lab"], ("", LAB)),
        (
            ["lab", "01", "--fresh", "--no-browser", "--gpu", "--", "--port", "9000"],
            ("01", {**LAB, "fresh": True, "no_browser": True, "extra": ["--port", "9000"]}),
        ),
        (["lab", "--check"], ("", {**LAB, "check": True})),
        (["lab", "--release", "spring"], ("", {**LAB, "release": Path("spring")})),
        (
            ["variant", "--show", "--not", "a: b", "--not", "c"],
            ({"seed": None, "out": None, "unit": "", "without": ["a: b", "c"], "show": True},),
        ),
        (
            ["test", "--", "-k", "a", "--", "b"],
            ({"quick": False, "extra": ["-k", "a", "--", "b"]},),
        ),
        (["test", "--quick"], ({"quick": True, "extra": []},)),
        (["build", "--check"], ({"check": True},)),
        (
            ["claims"],
            (
                [],
                {
                    "quick": False,
                    "all": False,
                    "write": False,
                    "json": False,
                    "page": False,
                    "unit": "",
                    "verdict": "",
                },
            ),
        ),
        (
            ["claims", "N1", "N2", "--quick", "--json"],
            (
                ["N1", "N2"],
                {
                    "quick": True,
                    "all": False,
                    "write": False,
                    "json": True,
                    "page": False,
                    "unit": "",
                    "verdict": "",
                },
            ),
        ),
        (
            ["--debug", "solution", "01", "--no-browser"],
            ("01", {"fresh": False, "no_browser": True, "extra": [], "public": False}),
        ),
        (["test", "--debug", "--", "--debug"], ({"quick": False, "extra": ["--debug"]},)),
    ],
)
def test_options_reach_the_work_and_its_status_comes_back(command, words, expected):
    seen = []

    def work(*args, **options):
        seen.append((*args, options))
        return 7

    command(work)
    assert cli.main(words) == 7
    assert seen == [expected]


@pytest.mark.quick
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lab", "--foo"], "No such option"),
        (["lab", "01", "02"], "unexpected extra argument"),
        (["solution"], "Missing argument"),
        (["nothing"], "No such command"),
    ],
)
def test_wrong_words_are_answered_with_the_help_to_ask_for(words, said, capsys):
    assert cli.main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.splitlines()[-1] == f"See: python3 -m coursekit {words[0]} --help"


@pytest.mark.quick
def test_a_mistake_is_two_lines_and_debug_shows_where(command, capsys):
    def work(*args, **options):
        raise ValueError("there is no unit '77'.\nName one of these: 00_start")

    command(work)
    assert cli.main(["lab"]) == 1
    message = "coursekit lab: there is no unit '77'.\nName one of these: 00_start\n"
    assert capsys.readouterr().err == message
    assert cli.main(["lab", "--debug"]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("Traceback")
    assert shown.endswith(message)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("error", "status", "last"),
    [
        (FileNotFoundError(2, "No such file", "x.py"), 1, "then run the same command again."),
        (RuntimeError("no server.\nAsk the doctor"), 1, "Ask the doctor"),
        (KeyError("odd"), 1, "run it again as: python3 -m coursekit doctor --debug"),
        (KeyboardInterrupt(), 130, "Stopped."),
    ],
)
def test_every_error_ends_in_a_status_and_a_last_line(command, capsys, error, status, last):
    def work():
        raise error

    command(work)
    assert cli.main(["doctor"]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1].endswith(last)
    assert "Traceback" not in err


@pytest.mark.quick
def test_an_error_in_the_program_itself_is_told_from_a_persons_mistake(command, capsys):
    def work():
        raise TypeError("f() takes 0 arguments")

    command(work)
    assert cli.main(["doctor"]) == 1
    assert "unexpected TypeError: f() takes 0 arguments" in capsys.readouterr().err


@pytest.mark.quick
def test_ids_are_known_without_their_declarations_being_run():
    assert sorted(early.declared_claims()) == sorted(CLAIMS)
    assert early.known_claims(["show", "n1", "C8"]) == ["show", "N1", "C8"]


@pytest.mark.quick
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["claims", "N1", "L77"], "no claim is named 'L77'; did you mean L7"),
        (["claims", "show", "ZZ"], "no claim is named 'ZZ'."),
        (["lab", "gradeint"], "there is no unit 'gradeint'; did you mean 01_gradient_noise?"),
        (["solution", "noise"], "'noise' fits several units"),
        (["feedback", "99"], "there is no unit '99'"),
        (["grade", "no/such/folder"], "no/such/folder does not exist: name a folder"),
        (["interview", "--unit", "77"], "there is no unit '77'"),
        (["interview", "--level", "junior"], "--level can't be 'junior': choose one of screen, "),
        (["claims", "--verdict", "good"], "--verdict can't be 'good': choose one of holds, "),
        (["measure", "loss", "x.py"], "what to measure can't be 'loss': choose one of noise, "),
        (["measure", "noise", "no/such.py"], "no script at no/such.py"),
        (["teach", "song", "01"], "what to make can't be 'song': choose one of slides, "),
        (["teach", "slides", "77"], "there is no unit '77'"),
        (["export", "01", "--to", "mars"], "--to can't be 'mars': choose one of nbgrader, "),
        (["build", "--site", "--size", "huge"], "--size can't be 'huge': choose one of cpu, tiny"),
        (
            ["build", "--site", "--check"],
            "--site by itself: no --check and no --language beside it",
        ),
    ],
)
def test_a_wrong_name_is_told_before_anything_heavy_is_imported(words, said):
    code = (
        "import sys\n"
        "from coursekit import cli\n"
        f"status = cli.main({words})\n"
        "print(status, sorted({'torch', 'nbgrader', 'matplotlib'} & set(sys.modules)))\n"
    )
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "1 []\n"
    assert said in done.stderr


@pytest.mark.quick
def test_options_that_exclude_each_other_are_told_before_the_work_is_imported(monkeypatch, capsys):
    monkeypatch.setattr(cli_measuring, "load", lambda name: pytest.fail("imported"))
    assert cli.main(["claims", "N1", "--all"]) == 2
    assert "exclude each other" in capsys.readouterr().err


@pytest.mark.quick
def test_words_that_are_refused_early_are_those_of_the_work():
    from coursekit.claims.declare import VERDICTS
    from coursekit.classroom.returning.export import FORMATS
    from coursekit.commands import build_site, teach
    from coursekit.interview.declare import LEVELS

    def words(function, option):
        said = inspect.signature(function).parameters[option].annotation.__metadata__[0]
        with pytest.raises(ValueError, match="choose one of") as refused:
            said.callback("no such word")
        return set(str(refused.value).partition("choose one of ")[2].split(", "))

    assert words(cli_measuring.claims, "verdict") == set(VERDICTS)
    assert words(cli_teaching.export, "to") == set(FORMATS)
    assert words(cli_teaching.teach, "what") == set(teach.KINDS)
    assert words(cli.build, "size") == set(build_site.SIZES)
    assert words(cli.interview, "level") == set(LEVELS)


@pytest.mark.quick
def test_a_part_of_a_units_name_is_enough():
    names = [path.name for path in released_units()]
    for part, full in (("gradient", "01_gradient_noise"), ("toolkit", "08_large_batch_toolkit")):
        assert early.find_unit(part, names) == full
    assert early.find_unit("Noise-Scale", names) == "05_noise_scale"
    with pytest.raises(ValueError, match="no unit '_'"):
        early.find_unit("_", names)


@pytest.mark.quick
def test_a_wrong_command_is_answered_with_the_nearest():
    done = subprocess.run(
        [sys.executable, "-m", "coursekit", "doctr"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].endswith("no command 'doctr'; did you mean doctor?")
