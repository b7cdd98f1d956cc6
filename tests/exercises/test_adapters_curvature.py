import numpy as np
import pytest
import torch

from coursekit.exercises.engine.adapters import (
    call_on_parameters,
    call_with_loss,
    call_with_product,
    loss_of,
)

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(
    ("text", "at", "value"),
    [
        ("3*w0**2*w1 - w1**3", [2.0, 1.0], 11.0),
        ("w0**4 - 2*w0**2", [3.0], 63.0),
        ("-w0 + 0.5*w1", [1.0, 4.0], 1.0),
        ("2*w0*w1*w2", [1.0, 2.0, 3.0], 12.0),
    ],
)
def test_a_polynomial_is_what_its_text_says(text, at, value):
    assert loss_of(text)(torch.tensor(at)).item() == pytest.approx(value)


def test_the_network_is_half_the_mean_squared_error():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(6, 3)), rng.normal(size=6) * 1.5
    w = np.linspace(-1, 1, 8)
    by_hand = 0.5 * np.mean((np.tanh(x @ w[:6].reshape(2, 3).T) @ w[6:] - y) ** 2)
    assert loss_of("tanh network 5")(torch.tensor(w)).item() == pytest.approx(by_hand)


def test_a_loss_comes_with_float64_weights():
    def answer(loss, weights):
        assert weights.dtype == torch.float64
        return loss(weights)

    assert call_with_loss(answer, "w0**2", np.array([3.0])) == 9.0


def test_a_product_hides_its_matrix():
    matrix = np.array([[2.0, 1.0], [1.0, 3.0]])
    assert np.array_equal(
        call_with_product(lambda product, v: product(v), matrix, np.array([1.0, 0.0])), [2.0, 1.0]
    )


def test_the_second_call_shows_what_the_first_left_behind():
    def careless(loss, params):
        with torch.no_grad():
            params[0].add_(1.0)
        return loss()

    args = ("w0**2 + w1**2", np.array([1.0, 2.0]))
    assert call_on_parameters(careless, *args) == 13.0
    assert call_on_parameters(lambda loss, params: loss(), *args) == 5.0


def test_weights_that_come_back_almost_are_refused():
    def subtracts(loss, params):
        steps = [torch.full_like(p, 0.1) for p in params]
        with torch.no_grad():
            for sign in (1, -1):
                for p, step in zip(params, steps, strict=True):
                    p.add_(sign * step)
        return loss()

    args = ("w0**2 + w1**2", np.array([1e-3, 2.0]))
    with pytest.raises(ValueError, match="last digits"):
        call_on_parameters(subtracts, *args)
    assert call_on_parameters(lambda loss, params: loss(), *args) == pytest.approx(4.000001)


def test_a_parameter_left_without_a_gradient_is_told():
    def freezes(loss, params, rho):
        params[0].requires_grad_(False)
        return 0.0

    with pytest.raises(ValueError, match="no longer requires a gradient"):
        call_on_parameters(freezes, "w0**2 + w1**2", np.array([1.0, 2.0]), 0.5)
