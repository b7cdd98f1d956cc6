"""`measure rescale` prints each setting, or what decides it."""

import json

import pytest
from typer.testing import CliRunner

from coursekit.cli import app


def invoke(*words):
    return CliRunner().invoke(app, ["measure", *words])


@pytest.mark.quick
def test_settings_are_printed_with_condition_and_claims():
    words = [
        "rescale",
        "--optimizer",
        "adamw",
        "--batch",
        "256",
        "1024",
        "--lr",
        "3e-4",
        "--betas",
        "0.9,0.95",
    ]
    said = invoke(*words, "--noise-scale", "5000")
    assert said.exit_code == 0
    assert "lr            0.0003 -> 0.0006" in said.output
    assert "tested by claims Q2" in said.output
    said = invoke(*words)
    assert "lr            0.0003 -> open" in said.output
    assert "sqrt would give 0.0006" in said.output


def test_json_holds_the_same():
    words = [
        "rescale",
        "--optimizer",
        "sgd",
        "--batch",
        "8",
        "16",
        "--lr",
        "0.1",
        "--sharpness",
        "1",
        "--json",
    ]
    found = json.loads(invoke(*words).output)
    assert found["settings"][0]["after"] == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("rescale --batch 8 16 --lr 0.1", "needs --optimizer"),
        ("rescale --optimizer sgd --batch 8 16", "needs --lr"),
        ("rescale a.py --optimizer sgd --batch 8 16 --lr 1", "takes no script, got a.py"),
        ("rescale --optimizer adam --batch 8 16 --lr 1 --betas .9", "two numbers"),
        ("noise a.py --batch 8 16", "--batch: for `measure rescale` alone"),
        ("noise", "Name a script"),
    ],
)
def test_what_is_missing_or_does_not_belong_is_named(words, said):
    result = invoke(*words.split())
    assert result.exit_code != 0
    assert said in str(result.exception)
