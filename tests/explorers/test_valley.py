import pytest
import torch

from coursekit.explorers.valley import ALPHAS, LRS, descend, sharpness_at, valley, valley_svg

pytestmark = pytest.mark.quick


@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_sharpness_is_that_of_the_loss(alpha):
    weights = torch.tensor([alpha, 1 / alpha], dtype=torch.float64)
    hessian = torch.autograd.functional.hessian(lambda w: (w[0] * w[1] - 1) ** 2 / 2, weights)
    exact = torch.linalg.eigvalsh(hessian)[-1].item()
    assert sharpness_at(alpha, 1 / alpha) == pytest.approx(exact)


def test_a_step_is_gradient_descent():
    weights = torch.tensor([3.0, 0.5], dtype=torch.float64, requires_grad=True)
    loss = (weights[0] * weights[1] - 1) ** 2 / 2
    (grad,) = torch.autograd.grad(loss, weights)
    assert descend(3.0, 0.5, 0.1, 1)[-1] == pytest.approx((weights - 0.1 * grad).tolist())


@pytest.mark.parametrize(("alpha", "lr"), [(a, lr) for a in ALPHAS for lr in LRS])
def test_descent_never_settles_beyond_its_limit(alpha, lr):
    """It stays where lambda < 2/lr, and leaves a minimum where lambda is above it."""
    w1, w2 = descend(alpha + 0.05, 1 / alpha + 0.05, lr)[-1]
    if abs(w1 * w2 - 1) < 1e-6:
        assert sharpness_at(w1, w2) < 2 / lr * 1.02
    if sharpness_at(alpha, 1 / alpha) < 0.8 * 2 / lr:
        assert sharpness_at(w1, w2) == pytest.approx(sharpness_at(alpha, 1 / alpha), rel=0.2)


def test_the_picture_says_what_happens():
    assert "settles at λ = 2.81" in valley_svg(3.0, 0.3)
    assert "threshold 6.67" in valley_svg(3.0, 0.3)
    assert "does not settle" in valley_svg(4.0, 0.5)


def test_in_a_plain_script_it_says_what_it_would_show(capsys):
    valley()
    assert "Every point of the curve is the same function" in capsys.readouterr().out
