"""The settings of each optimizer: no learning rate, no state."""

from dataclasses import dataclass


def _check_fractions(**values: float) -> None:
    for name, value in values.items():
        if not 0.0 <= value < 1.0:
            raise ValueError(f"{name} must lie in [0, 1), got {value}")


def _check_not_negative(**values: float) -> None:
    for name, value in values.items():
        if not 0.0 <= value < float("inf"):
            raise ValueError(f"{name} must be finite and not negative, got {value}")


@dataclass(frozen=True)
class SGD:
    """SGD, with momentum or Nesterov's momentum, as torch writes it.

    v <- m v + g,   theta <- theta - lr v          (Nesterov: theta - lr (g + m v))
    """

    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0  # added to the gradient as weight_decay * theta

    def __post_init__(self) -> None:
        _check_fractions(momentum=self.momentum)
        _check_not_negative(weight_decay=self.weight_decay)
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov=True needs a momentum above 0, got momentum=0.0")


@dataclass(frozen=True)
class Adam:
    """Adam; with ``decoupled`` weight decay it is AdamW.

        m <- b1 m + (1 - b1) g,   v <- b2 v + (1 - b2) g^2
        theta <- theta - lr m_hat / (sqrt(v_hat) + eps),   hats: divided by 1 - b^t

    Source: Kingma and Ba 2015, arXiv:1412.6980; Loshchilov and Hutter 2019, arXiv:1711.05101.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0
    decoupled: bool = False  # theta <- (1 - lr weight_decay) theta, instead of decay in g

    def __post_init__(self) -> None:
        _check_fractions(beta1=self.beta1, beta2=self.beta2)
        _check_not_negative(weight_decay=self.weight_decay, eps=self.eps)


@dataclass(frozen=True)
class LARS:
    """SGD with momentum whose step in each matrix is relative to the matrix's own norm.

        ratio = trust |w| / (|g| + weight_decay |w|)     (1 * trust for vectors, or a zero norm)
        v <- m v + lr ratio (g + weight_decay w),   w <- w - v

    Vectors (biases, gains of a norm layer) start at zero or have a scale of their own, so they take
    plain steps of size lr * trust.

    Source: You et al. 2017, arXiv:1708.03888, Algorithm 1.
    """

    momentum: float = 0.9
    weight_decay: float = 0.0
    trust: float = 0.001  # only lr * trust matters

    def __post_init__(self) -> None:
        _check_fractions(momentum=self.momentum)
        _check_not_negative(weight_decay=self.weight_decay, trust=self.trust)


@dataclass(frozen=True)
class LAMB:
    """Adam whose step in each matrix is relative to the matrix's own norm.

        r = m_hat / (sqrt(v_hat) + eps) + weight_decay w
        w <- w - lr (|w| / |r|) r         (ratio 1 for vectors, or a zero norm)

    Source: You et al. 2020, arXiv:1904.00962, Algorithm 2, with phi the identity.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-6
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        _check_fractions(beta1=self.beta1, beta2=self.beta2)
        _check_not_negative(weight_decay=self.weight_decay, eps=self.eps)


@dataclass(frozen=True)
class Muon:
    """Momentum whose step in each matrix is made orthogonal; all else takes AdamW's step.

        m <- momentum m + (1 - momentum) g,   u = (1 - momentum) g + momentum m     (Nesterov)
        w <- (1 - lr weight_decay) w - lr sqrt(max(1, rows/columns)) orthogonal(u)

    ``orthogonal`` sets every singular value of u to about 1 (`orthogonalised`), so a step has
    spectral norm lr, whatever the size of the gradient. A convolution's weight counts as the
    matrix (out, in x height x width), its rows/columns as height/width, as the author has it.
    Vectors take AdamW's step with the learning rate lr * adam_lr.

    Source: Jordan et al. 2024, kellerjordan.github.io/posts/muon, and its reference
    KellerJordan/Muon@00ba60d, whose defaults these are (lr 0.02 and 3e-4: their ratio is
    adam_lr). It leaves embeddings and the last layer to AdamW: give them a parameter group with
    ``orthogonal=False``. In populations every matrix is orthogonalised.
    """

    momentum: float = 0.95
    nesterov: bool = True
    weight_decay: float = 0.0  # decoupled, as in AdamW, in both parts
    ns_steps: int = 5  # Newton-Schulz iterations
    adam_lr: float = 0.015  # AdamW's learning rate, relative to lr
    beta1: float = 0.9  # of AdamW
    beta2: float = 0.95
    eps: float = 1e-10
    orthogonal: bool = True  # False: AdamW's step for matrices too
    bfloat16: bool = False  # Newton-Schulz in bfloat16, as torch.optim.Muon; else in w's type

    def __post_init__(self) -> None:
        _check_fractions(momentum=self.momentum, beta1=self.beta1, beta2=self.beta2)
        _check_not_negative(weight_decay=self.weight_decay, eps=self.eps, adam_lr=self.adam_lr)
        if self.ns_steps < 1:
            raise ValueError(f"ns_steps must be >= 1, got {self.ns_steps}")


Settings = SGD | Adam | LARS | LAMB | Muon

BY_NAME: dict[str, Settings] = {
    "sgd": SGD(),
    "momentum": SGD(momentum=0.9),
    "nesterov": SGD(momentum=0.9, nesterov=True),
    "adam": Adam(),
    "adamw": Adam(weight_decay=0.01, decoupled=True),
    "lars": LARS(),
    "lamb": LAMB(),
    "muon": Muon(),
}


def optimizer_settings(optimizer: str | Settings) -> Settings:
    """Return settings as they are, or the usual ones of a name in `BY_NAME`.

    Raises:
        ValueError: For an unknown name or anything else.
    """
    if isinstance(optimizer, Settings):
        return optimizer
    if optimizer not in BY_NAME:
        raise ValueError(
            f"no optimizer {optimizer!r}: use one of {', '.join(BY_NAME)}, "
            "or settings such as SGD(momentum=0.95)"
        )
    return BY_NAME[optimizer]
