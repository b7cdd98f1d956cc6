"""The register: every claim once, and measuring leaves torch as it was."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from coursekit.claims.decide import above, decide
from coursekit.claims.declare import runs_over
from coursekit.claims.register import CLAIMS, GROUPS, by_id, measure
from coursekit.intervals import example_covariance

pytestmark = pytest.mark.quick


def test_every_claim_of_every_group_is_registered():
    assert sum(len(group.CLAIMS) for group in GROUPS) == len(CLAIMS)
    assert list(by_id([[CLAIMS["N1"]], [CLAIMS["G1"]]])) == ["N1", "G1"]


def test_two_claims_of_one_name_are_refused():
    twin = replace(CLAIMS["G1"], id="N1")
    with pytest.raises(ValueError, match=r"two claims are named 'N1'.*another id"):
        by_id([[CLAIMS["N1"]], [twin]])
    with pytest.raises(ValueError, match="two claims are named 'N1'"):
        by_id([[CLAIMS["N1"], CLAIMS["N1"]]])


def test_a_measurement_takes_one_thread_and_gives_the_others_back():
    seen = []

    def note(size):
        seen.append((size, torch.get_num_threads()))
        return {"slope": [1.0 / 3.0, 2.0]}

    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        claim = replace(CLAIMS["N1"], measure=note, verdict=lambda values: "holds")
        entry = measure(claim, "tiny")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert seen == [("tiny", 1)]
    assert entry["values"] == {"slope": [0.333333, 2.0]}
    assert entry["verdict"] == "holds"


def test_a_table_of_test_examples_becomes_values_and_their_error():
    right = np.array([[100.0, 0.0, 100.0, 0.0], [100.0, 0.0, 100.0, 0.0], [100.0, 0.0, 0.0, 0.0]])
    claim = replace(
        CLAIMS["N1"],
        measure=lambda size: {"accuracy": right, "loss": [0.5, 0.6, 0.7]},
        verdict=lambda values: decide(holds=above(values["accuracy"], 20.0)),
    )
    entry = measure(claim, "tiny")
    assert list(entry["values"]["accuracy"]) == [50.0, 50.0, 25.0]
    assert list(entry["shared"]) == ["accuracy"]
    error = entry["values"]["accuracy"].shared_error
    assert error == pytest.approx(math.sqrt(example_covariance(right[None])[0, 0]), rel=1e-3)
    over = {name: runs_over(claim, column) for name, column in entry["values"].items()}
    assert over == {"accuracy": "seeds and test examples", "loss": "seeds"}
    assert entry["verdict"] == "unresolved"
    assert claim.verdict({"accuracy": [50.0, 50.0, 45.0]}) == "holds"
