"""Every estimator of the library on one small float64 model: numbers that no device may change."""

import dataclasses
import math

import torch
from torch import Tensor, nn

from coursekit import curvature, gradients, noise
from coursekit.data import Dataset
from coursekit.models import mlp
from coursekit.train import TrainConfig, accumulate, train

AGREE = 1e-7  # float64 in another order, through some dozens of products


def problem(device):
    """Return model, loss and data on a device: the same numbers on each."""
    g = torch.Generator().manual_seed(0)
    model = mlp((6, 8, 8, 3), generator=g, activation="tanh").double().to(device)
    inputs = torch.randn(48, 6, generator=g, dtype=torch.float64).to(device)
    targets = torch.randint(3, (48,), generator=g).to(device)
    return model, nn.CrossEntropyLoss(), (inputs, targets)


def rng():
    return torch.Generator().manual_seed(1)


def numbers(result):
    """Return all numbers in a result, whatever it is made of, in order."""
    if isinstance(result, Tensor):
        return result.detach().double().cpu().flatten().tolist()
    if dataclasses.is_dataclass(result):
        return numbers([getattr(result, f.name) for f in dataclasses.fields(result)])
    if isinstance(result, dict):
        return numbers(list(result.values()))
    if isinstance(result, list | tuple):
        return [x for part in result for x in numbers(part)]
    return [float(result)] if isinstance(result, int | float) else []


def along_a_run(model, loss_fn, data):
    """The online estimate, over steps of four micro-batches."""
    scale = noise.NoiseScale(
        model.parameters(), micro_batch_size=4, loss_factor=0.25, every=1, decay=0.5, read="all"
    )
    for start in (0, 16, 32):
        model.zero_grad()
        for i in range(start, start + 16, 4):
            micro = tuple(t[i : i + 4] for t in data)
            (loss_fn(model(micro[0]), micro[1]) / 4).backward()
            scale.micro_step()
        scale.step()
    return scale.moments()


def accumulated(model, loss_fn, data):
    accumulate(model, loss_fn, data, micro_batch_size=20)
    return [p.grad for p in model.parameters()]


def trained(model, loss_fn, data):
    split = Dataset("drawn", *data, *data, *data)
    train(model, split, TrainConfig(8, 20, lambda step: 0.1), rng=rng(), loss_fn=loss_fn)
    return list(model.parameters())


def drawn_variance(model, loss_fn, data):
    products = gradients.error_products(gradients.per_example_gradients(model, loss_fn, *data))
    ways = {"num_draws": 30, "generator": rng()}
    return [
        gradients.variance_curve(products, (4, 16), replacement=way, **ways)
        for way in (True, False)
    ]


def by_differences(model, loss_fn, data):
    op = curvature.hessian_operator(model, loss_fn, data, method="finite_difference")
    product = op @ torch.ones(op.shape[0], device="cpu")
    return [round(x, 6) for x in product.tolist()]


def density(model, loss_fn, data):
    op = curvature.hessian_operator(model, loss_fn, data)
    return curvature.spectral_density(op, num_probes=2, num_steps=6, num_points=9, rng=rng()).nodes


def grouped_variance(model, loss_fn, data):
    products = gradients.error_products(gradients.per_example_gradients(model, loss_fn, *data))
    count, g = len(products), rng()
    return [
        gradients.measure_variance(products, batches)
        for batches in (
            gradients.draw_windows(count, 8, 30, generator=g),
            gradients.draw_groups(count, 4, 8, 30, generator=g),
        )
    ]


def counted(model, loss_fn, data):
    weighted = gradients.Objective(model, loss_fn, data, count=gradients.target_count)
    return [gradients.per_example_norms(weighted), noise.model_moments(weighted)]


def two_batch(model, loss_fn, data):
    rows = gradients.per_example_gradients(model, loss_fn, *data)
    big = rows.mean(dim=0).square().sum()
    trials = [noise.two_batch_moments(row.square().sum(), big, 1, 48) for row in rows]
    return noise.grad_noise_scale(trials, method="bootstrap", generator=rng())


ESTIMATORS = {
    "minibatch_gradient": lambda m, f, d: gradients.minibatch_gradient(m, f, *d),
    "mean_gradient": lambda m, f, d: gradients.mean_gradient(m, f, d, chunk_size=20),
    "per_example_gradients": lambda m, f, d: gradients.per_example_gradients(m, f, *d),
    "per_example_norms": gradients.per_example_norms,
    "covariance_trace": gradients.covariance_trace,
    "variance of drawn batches": drawn_variance,
    "variance of grouped batches": grouped_variance,
    "model_moments": noise.model_moments,
    "two batch sizes": two_batch,
    "hessian_noise_scale": lambda *p: noise.hessian_noise_scale(*p, num_probes=4, rng=rng()),
    "hessian_noise_scale of the training set": lambda *p: noise.hessian_noise_scale(
        *p, num_probes=4, target="training set", rng=rng()
    ),
    "sign_noise_scale": lambda m, f, d: noise.sign_noise_scale(m, f, *d),
    "NoiseScale": along_a_run,
    "accumulate": accumulated,
    "hessian_eigenvalues": lambda *p: curvature.hessian_eigenvalues(*p, k=2, rng=rng()).values,
    "hutchpp_trace": lambda *p: curvature.hutchpp_trace(
        curvature.ggn_operator(*p), num_hvps=9, rng=rng()
    ),
    "spectral_density": density,
    "loss_slice": lambda *p: curvature.loss_slice(*p, num_points=3, rng=rng()),
    "hessian_trace": lambda *p: curvature.hessian_trace(*p, rng=rng()),
    "sharpness": lambda *p: curvature.sharpness(*p, rng=rng()).value,
    "keskar_sharpness": curvature.keskar_sharpness,
    "sam_sharpness": curvature.sam_sharpness,
    "average_sharpness": lambda *p: curvature.average_sharpness(*p, num_draws=3, rng=rng()),
    "batch_sharpness": lambda *p: curvature.batch_sharpness(*p, batch_size=8, rng=rng()),
    "critical_sharpness": curvature.critical_sharpness,
    "finite differences": by_differences,
    "a mean over targets": counted,
    "some parameters": lambda *p: gradients.mean_gradient(gradients.Objective(*p, params="*.bias")),
    "training": trained,
}


def differences(device):
    """Return estimator -> what is wrong on the device against the CPU; {} if nothing is."""
    found = {}
    for name, estimate in ESTIMATORS.items():
        here, there = (numbers(estimate(*problem(d))) for d in ("cpu", device))
        worst = max(
            (abs(a - b) / (1e-9 + abs(a)) for a, b in zip(here, there, strict=True)
             if not (math.isnan(a) and math.isnan(b))), default=math.inf,
        )  # fmt: skip
        if not worst < AGREE:
            found[name] = f"relative difference {worst:.1e}"
    return found
