"""What the explorers store agrees with runs made now, and with the ledger."""

import json

import numpy as np
import pytest

from coursekit.claims import load_ledger
from coursekit.data import load
from coursekit.experiments import flagship
from coursekit.experiments.mysteries.cases import PUBLIC, draw_mystery
from coursekit.experiments.mysteries.evidence import evidence_of
from coursekit.explorers.live import WEB
from coursekit.replicas import run_grid


def stored(name):
    return json.loads((WEB / f"{name}.json").read_text())


@pytest.mark.parametrize(
    ("name", "epochs", "cells"),
    [("opening_plane", 20, [(2048, 0.5), (1024, 1.0)]), ("lr_frontier", 30, [(2048, 2.0)])],
)
def test_a_few_cells_come_out_again(name, epochs, cells):
    data = stored(name)
    plane = data["planes"][str(epochs)] if "planes" in data else data
    dataset = load("mnist1d", num_train=data["num_train"])
    for batch_size, lr in cells:
        found = run_grid(
            flagship.SIZES,
            dataset,
            seeds=range(data["seeds"]),
            batch_sizes=[batch_size],
            lrs=[lr],
            num_epochs=epochs,
            progress=False,
        ).values("test_accuracy", diverged_as=flagship.CHANCE)
        place = data["lrs"].index(lr), data["batch_sizes"].index(batch_size)
        accuracy, stderr = (plane[k][place[0]][place[1]] for k in ("accuracy", "stderr"))
        now = 100 * found.std(ddof=1) / len(found) ** 0.5
        # last digits of another processor move a run as another seed does
        assert abs(100 * found.mean() - accuracy) < 4 * np.hypot(now, stderr)
        assert abs(now - stderr) < 1.0


def test_the_opening_plane_tells_the_ledger_s_story():
    data, claim = stored("opening_plane"), load_ledger()["Q1"]["cpu"]["values"]
    accuracy = data["planes"]["20"]["accuracy"]
    assert accuracy[4][1] == pytest.approx(np.mean(claim["before"]), abs=2.5)
    assert accuracy[6][3] == pytest.approx(np.mean(claim["after"]), abs=2.5)
    assert accuracy[6][3] < accuracy[4][1] - 3


def test_the_frontier_is_fitted_to_the_plane_beside_it():
    data, claim = stored("lr_frontier"), load_ledger()["F1"]["cpu"]["values"]
    assert data["max_lr"] == pytest.approx(np.mean(claim["max_lr"]), rel=0.3)
    accuracy = np.array(data["accuracy"])
    for j, size in enumerate(data["batch_sizes"]):
        edge = data["max_lr"] / (1 + data["half_batch_size"] / size)
        far_above = np.array(data["lrs"]) > 2.2 * edge
        assert (accuracy[far_above, j] < 0.6 * accuracy[:, j].max()).all()


def test_the_measured_steps_are_the_ledger_s():
    data, claim = stored("knee"), load_ledger()["C6"]["cpu"]["values"]
    places = ("idle_from", "idle_to", "full_from", "full_to")
    assert data["batch_sizes"] == [claim[f"batch_{p}"][0] for p in places]
    assert data["ms"] == pytest.approx([np.mean(claim[f"ms_{p}"]) for p in places], abs=1e-4)


def test_the_mysteries_are_others_than_those_of_the_exercise():
    runs = stored("mystery")["runs"]
    assert len(runs) == 4
    for number, run in zip((900_003, 900_004, 900_005, 901_006), runs, strict=True):
        drawn = draw_mystery(number)
        assert run["fault"] == drawn.suspects.index(drawn.fault)
        assert run["best"] == drawn.menu.index(drawn.best)
        assert run["menu"][run["best"]]["separates"]
        assert run["story"] == drawn.story
        assert drawn.fault not in PUBLIC
    ends = evidence_of(draw_mystery(900_003)).validation[:, -1]
    close = 4 * (2 / len(ends)) ** 0.5 * ends.std(ddof=1)  # another processor is another seed
    assert runs[0]["validation"] == pytest.approx(ends.mean(), abs=close)


def test_the_clouds_of_the_two_gradients_are_centred():
    coords = np.array(stored("noise_cloud")["coords"])
    assert np.abs(coords.mean(axis=0)).max() < 1e-3
    tables = stored("micro_arrows")
    for last, table in tables.items():
        sizes = np.array([32] * 7 + [int(last)])
        share = sizes / sizes.sum()
        assert share @ np.array(table["gram"]) @ share == pytest.approx(1, abs=1e-3)
