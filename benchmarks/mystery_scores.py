"""What ten strategies earn on fifty mystery runs, every chosen experiment really carried out.

    python3 benchmarks/mystery_scores.py [DRAWS]

About a minute on one core. Prints the share of the points for the fault, the experiment, the
prediction, and all three.
"""

import sys
from random import Random

import numpy as np

from coursekit.experiments.mysteries.carry_out import carry_out
from coursekit.experiments.mysteries.cases import IN_A_SET, SETS_APART, draw_mystery
from coursekit.experiments.mysteries.evidence import evidence_of
from coursekit.experiments.mysteries.score import score_answer
from coursekit.experiments.mysteries.strategies import STRATEGIES

FIRST_SET = 101  # sets that nobody tuned anything on


def shares(draws: int) -> dict[str, np.ndarray]:
    """Return strategy -> mean points for (fault, experiment, prediction, all three)."""
    rows: dict[str, list[tuple[float, ...]]] = {name: [] for name in STRATEGIES}
    for i in range(draws):
        number = SETS_APART * (FIRST_SET + i // IN_A_SET) + 1 + i % IN_A_SET
        mystery = draw_mystery(number)
        evidence = evidence_of(mystery)
        for name, strategy in STRATEGIES.items():
            answer = strategy(evidence, Random(f"{number} {name}"))
            if answer.experiment not in mystery.menu:
                right = float(answer.fault == mystery.fault)
                rows[name].append((right, 0.0, 0.0, right / 3))
                continue
            score = score_answer(mystery, answer, carry_out(mystery, answer.experiment))
            rows[name].append((score.fault, score.experiment, score.outcome, score.share))
    return {name: np.mean(values, axis=0) for name, values in rows.items()}


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    print(f"{count} runs{'':30s}  fault  experiment  prediction   all")
    for name, means in shares(count).items():
        print(f"{name:38s}" + "".join(f"{100 * x:9.0f} %" for x in means))
