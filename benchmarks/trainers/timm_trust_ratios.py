"""timm's LAMB and LARS, which adapt nothing without weight decay unless told to."""

from timm.optim import Lamb, Lars
from trust import LR, TRUST, lamb_paper, lars_paper, of_torch, say_steps


def lamb(**more):
    return of_torch(lambda p, d: Lamb(p, lr=LR, weight_decay=d, **more))


def lars(**more):
    return of_torch(
        lambda p, d: Lars(p, lr=1.0, momentum=0.9, weight_decay=d, trust_coeff=TRUST, **more)
    )


if __name__ == "__main__":
    say_steps("timm Lamb", lamb_paper, lamb(), "timm")
    say_steps("timm Lamb, always_adapt", lamb_paper, lamb(always_adapt=True), "timm")
    say_steps("timm Lars", lars_paper, lars(), "timm")
    say_steps("timm Lars, always_adapt", lars_paper, lars(always_adapt=True), "timm")
