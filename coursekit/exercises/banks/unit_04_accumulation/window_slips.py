"""Windows that leak, merge, slide or lose what is left over."""

import torch
from torch import Tensor


def split_rows(rows: Tensor, k: int, *, drop: bool = False, over_k: bool = False) -> list[Tensor]:
    windows = [w for w in rows.split(k) if len(w) == k or not drop]
    return [w.sum(dim=0) / (k if over_k else len(w)) for w in windows]


def stacked(rows: list[Tensor]) -> Tensor:
    return torch.stack(rows)


def each_epoch(g: Tensor, k: int, **how: bool) -> Tensor:
    return stacked([row for epoch in g for row in split_rows(epoch, k, **how)])


def leaking(g: Tensor, k: int, *, own_mean: bool = False) -> Tensor:
    """Step after every k micro-batches of an epoch; clear only then."""
    rows, pending = [], []
    for epoch in g:
        for i, micro in enumerate(epoch):
            pending.append(micro)
            if (i + 1) % k == 0:
                total = torch.stack(pending).sum(dim=0)
                rows.append(total / (len(pending) if own_mean else k))
                pending = []
    return stacked(rows)


def leaking_flushed(g: Tensor, k: int) -> Tensor:
    """Leak between epochs; what waits at the very end is a step."""
    rows = list(leaking(g, k, own_mean=True))
    rest = len(g[0]) % k
    return stacked([*rows, g[-1][len(g[-1]) - rest :].mean(dim=0)] if rest else rows)


def short_first(epoch: Tensor, k: int) -> list[Tensor]:
    rest = len(epoch) % k
    return split_rows(epoch[:rest], k) * bool(rest) + split_rows(epoch[rest:], k)


def rest_in_front(epoch: Tensor, k: int) -> list[Tensor]:
    full = len(epoch) // k * k
    windows = list(epoch[:full].split(k))
    windows[0] = torch.cat([windows[0], epoch[full:]])
    return [w.mean(dim=0) for w in windows]


def never_cleared(g: Tensor, k: int) -> Tensor:
    rows = []
    for epoch in g:
        windows = epoch.split(k)
        for i in range(len(windows)):
            rows.append(sum(w.sum(dim=0) / len(w) for w in windows[: i + 1]))
    return stacked(rows)


def one_early(g: Tensor, k: int) -> Tensor:
    """Step where i % k == 0, so the first window holds one micro-batch."""
    return stacked(
        [
            part.sum(dim=0) / k
            for epoch in g
            for part in (epoch[:1], *(p for p in epoch[1:].split(k) if len(p) == k))
        ]
    )


def merged_tail(g: Tensor, k: int) -> Tensor:
    rows = []
    for epoch in g:
        windows = list(epoch.split(k))
        if len(windows[-1]) < k and len(windows) > 1:
            windows[-2:] = [torch.cat(windows[-2:])]
        rows += [w.mean(dim=0) for w in windows]
    return stacked(rows)


def refilled(g: Tensor, k: int) -> Tensor:
    rows = []
    for epoch in g:
        short = -len(epoch) % k
        rows += split_rows(torch.cat([epoch, epoch[:short]]), k)
    return stacked(rows)
