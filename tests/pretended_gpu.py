"""A GPU that is not there: the arithmetic is the CPU's, and mixing devices is an error, as on one.

torch keeps a slot for a device of one's own. A tensor on ours is a shell around one on the CPU;
each operation looks whether all of its tensors are shells, then computes with what they hold. So
code that forgets a tensor on the CPU fails here as on a GPU, at the same line; so does code that
draws on one device by a generator of the other. Not imitated are the speed, CUDA graphs, a
generator's own numbers, autograd's refusal of an outer gradient on the CPU, code that asks for
`device.type == "cuda"`.

    python -m pretended_gpu SCRIPT.py     runs a script of the course on it
"""

import os
import runpy
import sys
from functools import cache

import torch
from torch.utils._python_dispatch import return_and_correct_aliasing
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "pretended"
DRAW = ("rand", "randn", "randint", "randperm")  # these make a tensor, where `device` says
DRAW_FROM = ("bernoulli", "multinomial")  # and these where the tensor lies that is given
DRAW_INTO = ("bernoulli_", "exponential_", "normal_", "random_", "uniform_")
_KEPT = []  # the kernels stay as long as this lives


class OnGpu(torch.Tensor):
    """A shell around a tensor on the CPU."""

    @staticmethod
    def __new__(cls, inner):
        return torch.Tensor._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=torch.device(NAME, 0),
            requires_grad=inner.requires_grad,
        )

    def __init__(self, inner):
        self.inner = inner

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, operation, types, args=(), kwargs=None):
        return compute(operation, args, kwargs or {})

    def __repr__(self):
        return f"OnGpu({self.inner})"

    def __format__(self, spec):
        return format(self.item() if self.dim() == 0 else self.cpu(), spec)

    def tolist(self):
        return self.cpu().tolist()

    def numpy(self, *args, **kwargs):
        raise TypeError(f"can't convert {NAME}:0 device type tensor to numpy: copy it to the cpu")

    __array__ = numpy


class GpuGenerator(torch.Generator):
    """A generator on the GPU; its numbers are the CPU's."""

    def __new__(cls, device):
        return super().__new__(cls)

    device = property(lambda self: torch.device(NAME, 0))

    def manual_seed(self, seed):
        super().manual_seed(seed)
        return self


class GeneratorOnEither(torch.Generator):
    """Stands for `torch.Generator`: on the CPU or on the GPU, as asked."""

    def __new__(cls, device="cpu", real=torch.Generator):
        return GpuGenerator(device) if torch.device(device).type == NAME else real(device)


def compute(operation, args, kwargs):
    """Do one operation of torch, of which at least one tensor lies on the GPU."""
    name = operation._schema.name.removeprefix("aten::")
    target = kwargs.get("device")
    if name == "copy_":
        stays = isinstance(args[0], OnGpu)
    elif target is not None:
        stays = torch.device(target).type == NAME
        kwargs = {**kwargs, "device": torch.device("cpu")}
    else:
        refuse_mixed(name, args, kwargs)
        stays = True
    held = [opened(arg) for arg in args], {name: opened(arg) for name, arg in kwargs.items()}
    result = operation(*held[0], **held[1])
    if not stays:
        return result
    shells = closed(result)
    if may_alias(operation):
        return return_and_correct_aliasing(operation, args, kwargs, shells)
    return shells


def opened(value):
    """Return what a shell holds; lists of shells likewise, all else as it is."""
    if isinstance(value, OnGpu):
        return value.inner
    return [opened(one) for one in value] if isinstance(value, list | tuple) else value


def closed(value):
    """Return a shell around a tensor; lists of tensors likewise, all else as it is."""
    if isinstance(value, torch.Tensor):
        return OnGpu(value)
    return type(value)(map(closed, value)) if isinstance(value, list | tuple) else value


@cache
def may_alias(operation):
    """Say whether an operation may return, or change, what it was given."""
    schema = operation._schema
    return any(one.alias_info is not None for one in (*schema.arguments, *schema.returns))


def tensors_in(values):
    """Yield the tensors among an operation's arguments, those in lists too."""
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from tensors_in(value)


def refuse_mixed(name, args, kwargs):
    """Raise torch's error where a GPU would: only single numbers and indices may lie on the CPU.

    Joining takes no single number from there either; and what is put at indices is no index.
    """
    indexes = name.lstrip("_").startswith(("index", "unsafe_index")) and isinstance(args[0], OnGpu)
    if indexes and name.endswith(("index", "index_put_", "index_put", "index_put_impl_")):
        args = (args[0], *args[2:])
    joins = name in ("stack", "cat")
    for tensor in tensors_in((*args, *kwargs.values())):
        if not isinstance(tensor, OnGpu) and (tensor.dim() > 0 or joins):
            raise RuntimeError(
                f"Expected all tensors to be on the same device, but found {NAME}:0 and cpu, the "
                f"one on the CPU of shape {tuple(tensor.shape)}, in {name}"
            )


def refuse_generator(generator, device):
    """Raise torch's error where a generator of one device draws for the other."""
    if generator is not None and generator.device.type != device.type:
        raise RuntimeError(
            f"Expected a {device.type!r} device type for generator but found "
            f"{generator.device.type!r}"
        )


def begin(module):
    """Let `pick_device` of a module find the GPU, and torch make tensors on it, in this process."""
    _setup_privateuseone_for_python_backend(NAME)
    getattr(torch, NAME).get_amp_supported_dtype = lambda: []  # checkpoints ask, autocast or not
    library = torch.library.Library("aten", "IMPL")
    _KEPT.append(library)
    for operation in (torch.ops.aten.empty.memory_format, torch.ops.aten.empty_strided.default):
        library.impl(operation, empty_by(operation), "PrivateUse1")
    torch.tensor, torch.as_tensor = moved_after(torch.tensor), moved_after(torch.as_tensor)
    torch.Generator = GeneratorOnEither
    for name in (*DRAW, *DRAW_FROM):
        setattr(torch, name, drawn_there(getattr(torch, name)))
    for name in (*DRAW_FROM, *DRAW_INTO):
        setattr(torch.Tensor, name, drawn_there(getattr(torch.Tensor, name)))
    torch.UntypedStorage.data_ptr = pointer_or_name(torch.UntypedStorage.data_ptr)
    module.pick_device = lambda: torch.device(NAME, 0)
    module.device_name = lambda device=None: "a pretended GPU"


def empty_by(operation):
    def make(*args, **kwargs):
        return OnGpu(operation(*args, **{**kwargs, "device": torch.device("cpu")}))

    return make


def moved_after(make):
    """torch.tensor fills memory without an operation that could be seen: so make it, then move."""

    def made(data, *args, device=None, **kwargs):
        tensor = make(data, *args, **kwargs)
        return tensor if device is None else tensor.to(device)

    return made


def drawn_there(draw):
    """Check by whom is drawn, before torch forgets what our generator is a shell of."""

    def drawn(*args, **kwargs):
        first = args[0] if args and isinstance(args[0], torch.Tensor) else None
        where = kwargs.get("device") or torch.get_default_device()
        device = torch.device(where) if first is None else first.device
        refuse_generator(kwargs.get("generator"), device)
        return draw(*args, **kwargs)

    return drawn


def pointer_or_name(pointer):
    """A shell's own storage has no address; what counts is that two storages differ."""

    def read(storage):
        try:
            return pointer(storage)
        except RuntimeError:
            return storage._cdata

    return read


def leave():
    """End the process now: autograd's thread for the device would trip over Python's own end."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    from coursekit import device as module_to_mend

    begin(module_to_mend)
    runpy.run_path(sys.argv[1], run_name="__main__")
    leave()
