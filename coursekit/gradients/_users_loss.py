"""A user's loss as every measurement calls it: one number, or one sentence on what failed."""

from types import TracebackType

import torch
from torch import Tensor, nn

from coursekit.gradients._memory import is_out_of_memory
from coursekit.gradients._still import StillModel
from coursekit.gradients.batches import Batch, Loss, as_batch_loss
from coursekit.gradients.checks import scalar_loss


class UsersLoss:
    """Calls a loss, leaves buffers alone, checks what comes out and names what goes wrong.

    A loss that differentiates by its inputs itself (forces, a gradient penalty) can't run under
    torch.no_grad(); once that was seen, it runs with gradients, which are cut off afterwards.
    """

    def __init__(self, loss_fn: Loss, still: StillModel) -> None:
        self._inner, self._still = as_batch_loss(loss_fn), still
        self._ran = self._differentiates = False

    def __call__(self, model: nn.Module, batch: Batch) -> Tensor:
        """Return the mean loss of the batch.

        Raises:
            ValueError: If the model or the loss raises anything, or gives no single number.
        """
        try:
            value = self._value(model, batch)
        except Exception as error:
            if isinstance(error, Warning) or is_out_of_memory(error) or _is_ours(error):
                raise
            raise ValueError(self._said(error)) from error
        self._ran = True
        return value

    def _value(self, model: nn.Module, batch: Batch) -> Tensor:
        if torch.is_grad_enabled():
            return self._once(model, batch)
        if not self._differentiates:
            try:
                return self._once(model, batch)
            except RuntimeError as error:
                if self._ran or is_out_of_memory(error):
                    raise
        with torch.enable_grad():
            value = self._once(model, batch).detach()
        self._differentiates = True
        return value

    def _once(self, model: nn.Module, batch: Batch) -> Tensor:
        self._still.after_pass()  # of whatever ran since the last one
        try:
            return scalar_loss(self._inner(model, batch))
        finally:
            self._still.after_pass()

    def _said(self, error: Exception) -> str:
        first_line = (str(error).splitlines() or [""])[0].rstrip(".")
        what = f"the loss of some examples can't be computed: {type(error).__name__}: {first_line}"
        if self._ran:
            return f"{what}; others could: look at the data of these"
        return (
            f"{what}; loss_fn(output, target) gets model(batch[0]) and batch[1]; for anything "
            f"else give BatchLoss(fn), fn(model, batch) -> mean loss"
        )


def _is_ours(error: Exception) -> bool:
    """Tell whether an error was raised by this library, which says what to do, or by others."""
    place: TracebackType | None = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    name = "" if place is None else place.tb_frame.f_globals.get("__name__", "")
    return name.startswith("coursekit.")
