"""Row 9b: Adam and LAMB beside momentum at a large batch. (LARS is claim T1.)

The rule, fixed before any run: two figures agree if they differ by less than their joint 95 %
interval plus 3 points of accuracy for another draw of the data; differences get no slack.
"""

from agreement import compare, of_seeds

from coursekit.data import load
from coursekit.replicas import run_grid
from coursekit.train.schedules import constant, warmup_cosine

POINTS = 3.0
STARTS = {
    "none": lambda n: constant(1.0),
    "warmup + cosine": lambda n: warmup_cosine(1.0, warmup_steps=n // 10, num_steps=n),
}


def row_9b() -> list[bool]:
    print("Row 9b: B=1024, 80 steps, 8 lr, constant or warmup + cosine, chosen on validation")
    print("        (before: on test). 4 seeds")
    arms = {  # optimizer, exponent of the smallest lr, earlier figure
        "momentum": ("momentum", -7, (56.6, 1.7)),
        "Adam": ("adam", -10, (56.1, 1.3)),
        "LAMB": ("lamb", -10, (55.9, 1.6)),
    }
    data, found, best = load("mnist1d"), [], {}
    for name, (optimizer, low, earlier) in arms.items():
        lrs = [2.0**k for k in range(low, low + 8)]
        runs = run_grid(
            (40, 64, 64, 10),
            data,
            seeds=range(4),
            batch_sizes=(1024,),
            lrs=lrs,
            num_steps=80,
            optimizer=optimizer,
            schedule=STARTS,
            progress=False,
        )
        scores = {}
        for start in STARTS:
            part = runs.at(schedule=start, batch_size=1024)
            chosen = int(part.best_lr())
            score = part.validation_accuracy[:, chosen].mean()
            scores[start] = (score, chosen, 100 * part.test_accuracy[:, chosen])
        start = max(scores, key=lambda s: scores[s][0])
        _, chosen, best[name] = scores[start]
        edge = ", at the grid's edge" if chosen in (0, 7) else ""
        note, label = f"({start}, lr {lrs[chosen]:.3g}{edge})", f"{name}: test accuracy"
        found.append(compare(label, of_seeds(best[name]), earlier, slack=POINTS, note=note))
    gain = of_seeds(best["LAMB"] - best["momentum"])
    found.append(compare("LAMB minus momentum", gain, (-0.7, 2.3)))
    return found
