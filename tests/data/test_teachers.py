import pytest
import torch

from coursekit.data.teachers import linear_teacher, mlp_teacher
from coursekit.gradients.minibatch import gradient_covariance, per_example_gradients
from coursekit.models.perceptrons import mlp

EIGENVALUES = torch.tensor([4.0, 1.0, 0.25])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def half_square(outputs, targets):
    return (outputs - targets).square().mean() / 2


def linear(num_train=20_000, noise_std=0.5):
    return linear_teacher(
        num_train, eigenvalues=EIGENVALUES, noise_std=noise_std, generator=seeded()
    )


def test_the_linear_teacher_is_the_minimum_and_the_noise_is_its_floor():
    data, teacher = linear()
    assert teacher.norm().item() == pytest.approx(1, rel=1e-6)
    inputs = data.train_inputs.double()
    fitted = torch.linalg.lstsq(inputs, data.train_targets.double()).solution[:, 0]
    stderr = 0.5 / (20_000 * EIGENVALUES.double()).sqrt()
    assert ((fitted - teacher.double()).abs() / stderr).max() < 4
    losses = (inputs @ teacher.double() - data.train_targets[:, 0]).square() / 2
    assert abs((losses.mean() - 0.125) / (losses.std() / 20_000**0.5)) < 4


def test_hessian_and_gradient_noise_are_the_documented_ones():
    data, teacher = linear()
    inputs = data.train_inputs.double()
    hessian = inputs.T @ inputs / len(inputs)
    assert torch.allclose(hessian, torch.diag(EIGENVALUES).double(), atol=0.15)
    student = torch.nn.Linear(3, 1, bias=False)
    with torch.no_grad():
        student.weight.copy_(teacher[None])
    rows = per_example_gradients(student, half_square, data.train_inputs, data.train_targets)
    assert torch.allclose(
        gradient_covariance(rows), 0.25 * torch.diag(EIGENVALUES).double(), atol=0.04
    )


@pytest.mark.quick
def test_the_splits_are_separate_draws():
    data, _ = linear(num_train=50)
    assert data.train_targets.shape == (50, 1)
    assert data.test_inputs.shape == (2000, 3)
    assert not torch.equal(data.test_inputs, data.validation_inputs)
    assert data.num_classes == 0


def test_a_student_of_the_teachers_shape_fits_it():
    data = mlp_teacher(2000, num_features=5, generator=seeded(1), width=3, task="regression")
    student = mlp((5, 12, 1), generator=seeded(2), activation="tanh")
    optimizer = torch.optim.Adam(student.parameters(), lr=2e-2)
    for _ in range(600):
        optimizer.zero_grad()
        half_square(student(data.train_inputs), data.train_targets).backward()
        optimizer.step()
    assert half_square(student(data.test_inputs), data.test_targets).item() < 0.01
    assert data.test_targets.std().item() == pytest.approx(1, abs=0.05)


def test_noise_on_a_regression_is_as_large_as_said():
    clean, noisy = (
        mlp_teacher(20_000, num_features=5, generator=seeded(1), task="regression", noise_std=s)
        for s in (0.0, 0.5)
    )
    assert torch.equal(clean.train_inputs, noisy.train_inputs)
    noise = (noisy.train_targets - clean.train_targets).double()
    squares = noise.square()
    assert abs((squares.mean() - 0.25) / (squares.std() / 20_000**0.5)) < 4


@pytest.mark.quick
def test_every_class_comes_and_noise_flips_some():
    clean, noisy = (
        mlp_teacher(4000, num_features=8, generator=seeded(1), noise_std=s) for s in (0.0, 0.5)
    )
    counts = clean.train_targets.bincount(minlength=10)
    assert (counts > 100).all()
    flipped = (clean.train_targets != noisy.train_targets).double().mean().item()
    assert 0.1 < flipped < 0.6


@pytest.mark.quick
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"task": "ranking"}, "regression, classification, got 'ranking'"),
        ({"num_features": 0}, "num_features"),
        ({"noise_std": -1.0}, "noise_std must be >= 0"),
        ({"num_other": 0}, "num_train and num_other must be >= 1"),
    ],
)
def test_bad_requests_are_named(settings, words):
    with pytest.raises(ValueError, match=words):
        mlp_teacher(10, **({"num_features": 3} | settings), generator=seeded())


@pytest.mark.quick
def test_eigenvalues_must_be_positive():
    with pytest.raises(ValueError, match="numbers > 0"):
        linear_teacher(5, eigenvalues=torch.tensor([1.0, 0.0]), noise_std=0.1, generator=seeded())


@pytest.mark.parametrize("num_train", [100, 200])
def test_another_size_has_other_test_data_so_cut_a_larger_set(num_train):
    """As the docstring says: the same seed with another size draws other test data."""
    large, _ = linear(num_train=200)
    drawn, _ = linear(num_train=num_train)
    is_same = torch.equal(drawn.test_inputs, large.test_inputs)
    assert is_same == (num_train == 200)
