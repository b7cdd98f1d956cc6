"""Models that no measurement can look into, each refused with what to do instead."""

import torch
from torch import nn

from coursekit.gradients._leaves import told


def refuse_inference_mode() -> None:
    """Raise ValueError inside torch.inference_mode(), which enable_grad() does not end."""
    if torch.is_inference_mode_enabled():
        raise ValueError(
            "torch.inference_mode() is on, in which nothing has a gradient; measure outside of it"
        )


def refuse_foreign(model: nn.Module) -> None:
    """Raise ValueError for models and parameters that can't be measured, with what to do instead.

    Scripted models, complex, sharded, lazy or storage-less parameters.
    """
    if not isinstance(model, nn.Module):
        what = f"the class {model.__name__}; make one" if isinstance(model, type) else told(model)
        raise ValueError(f"model must be a torch.nn.Module, got {what}")
    refuse_inference_mode()
    for name, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            what = f"module {name!r}" if name else "the model"
            raise ValueError(
                f"{what} is scripted (torch.jit), so its layers can't be watched; measure the "
                f"model from which it was scripted"
            )
    for name, param in model.named_parameters():
        if isinstance(param, nn.parameter.UninitializedParameter):
            raise ValueError(f"parameter {name!r} has no shape yet; run one forward pass first")
        if param.requires_grad and param.is_complex():
            raise ValueError(
                f"parameter {name!r} is complex ({param.dtype}); keep its real and imaginary part "
                f"as two real parameters (torch.view_as_complex joins them in forward)"
            )
        if hasattr(param, "device_mesh") or hasattr(param, "_local_tensor"):
            raise ValueError(
                f"parameter {name!r} is sharded over processes (DTensor, FSDP); measure a copy "
                f"that is whole on one device, or use NoiseScale while it trains"
            )
        if param.is_meta:
            raise ValueError(f"parameter {name!r} lies on the meta device: it holds no values")
        if param.is_inference():
            raise ValueError(
                f"parameter {name!r} was made under torch.inference_mode(), so it can't have a "
                f"gradient; make the model outside of it"
            )
