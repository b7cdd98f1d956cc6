"""Measure at other weights and leave the model exactly as it was, whatever happens on the way."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


@contextmanager
def preserved(model: nn.Module) -> Iterator[None]:
    """Restore weights, buffers, modes and torch's random state on leaving, bit for bit.

    From copies: adding a perturbation and subtracting it again changes the last bits. It holds
    for exceptions and Ctrl-C too: an interrupt during the restoring is raised after it.

    Weights are written without telling autograd (through `.data`), so graphs that were built
    before and are used after stay valid; inside, build no graph that outlives a change.
    """
    params = [(p, p.data.clone(), p.requires_grad) for p in model.parameters()]
    buffers = [
        (module, name, buffer, None if buffer is None else buffer.clone())
        for module in model.modules()
        for name, buffer in module._buffers.items()
    ]
    modes = [(module, module.training) for module in model.modules()]
    random_state = torch.get_rng_state()
    devices = {p.device for p, _, _ in params if p.device.type == "cuda"}
    cuda_states = {device: torch.cuda.get_rng_state(device) for device in devices}

    def restore() -> None:
        for param, saved, requires_grad in params:
            param.data.copy_(saved)
            param.requires_grad_(requires_grad)
        for module, name, buffer, kept in buffers:
            if buffer is not None and kept is not None:
                buffer.data.copy_(kept)
            module._buffers[name] = buffer
        for module, mode in modes:
            module.training = mode
        torch.set_rng_state(random_state)
        for device, state in cuda_states.items():
            torch.cuda.set_rng_state(state, device)

    try:
        yield
    finally:
        interrupt = None
        while True:
            try:
                restore()
                break
            except KeyboardInterrupt as pressed:  # restoring is idempotent: start it again
                interrupt = pressed
        if interrupt is not None:
            raise interrupt


def write_params(params: list[nn.Parameter], vector: Tensor) -> None:
    """Write a flat vector into the parameters, inside `preserved`."""
    pieces = vector.split([p.numel() for p in params])
    for param, piece in zip(params, pieces, strict=True):
        param.data.copy_(piece.view_as(param))
