import math

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from coursekit.data.splits import load
from coursekit.models.convnets import IMAGE, SERIES, convnet
from coursekit.models.ghost_batch_norm import GhostBatchNorm

pytestmark = pytest.mark.quick


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("norm", ["none", "batch", "ghost", "group"])
def test_a_default_device_changes_nothing(norm):
    ghost_size = 8 if norm == "ghost" else None
    with torch.device("meta"):  # what lands there has no numbers
        found = convnet(IMAGE, generator=seeded(), norm=norm, ghost_size=ghost_size)
    assert {t.device.type for t in (*found.parameters(), *found.buffers())} == {"cpu"}


@pytest.mark.parametrize(("name", "shape"), [("digits", IMAGE), ("mnist1d", SERIES)])
@pytest.mark.parametrize("norm", ["none", "batch", "ghost", "group"])
def test_it_reads_the_course_sets_flat_or_shaped(name, shape, norm):
    data = load(name, num_train=32)
    ghost_size = 8 if norm == "ghost" else None
    model = convnet(shape, generator=seeded(), norm=norm, ghost_size=ghost_size)
    logits = model(data.train_inputs)
    assert logits.shape == (32, 10)
    assert torch.equal(logits, model(data.train_inputs.view(32, *shape)))
    kinds = {
        "batch": nn.modules.batchnorm._BatchNorm,
        "ghost": GhostBatchNorm,
        "group": nn.GroupNorm,
    }
    count = sum(isinstance(m, kinds[norm]) for m in model.modules()) if norm in kinds else 0
    assert count == (0 if norm == "none" else 2)


def test_colour_images_and_other_widths():
    model = convnet((3, 32, 32), generator=seeded(), channels=(8, 16, 24), num_classes=7)
    assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 7)


def test_weights_have_the_he_scale():
    model = convnet(IMAGE, generator=seeded(), channels=(64, 128), init_scale=2.0)
    first, second, output = (m for m in model if hasattr(m, "weight"))
    assert first.weight.std().item() == pytest.approx(2 * math.sqrt(2 / 9), rel=0.1)
    assert second.weight.std().item() == pytest.approx(2 * math.sqrt(2 / (64 * 9)), rel=0.02)
    assert output.weight.std().item() == pytest.approx(2 / math.sqrt(128), rel=0.1)
    assert not any(m.bias.any() for m in (first, second, output))


def test_a_seed_gives_the_same_weights_and_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    one, two = (convnet(SERIES, generator=seeded(7)) for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(p, q) for p, q in zip(one.parameters(), two.parameters(), strict=True))


def test_norms_do_not_change_the_weights_drawn():
    plain, normed = (convnet(IMAGE, generator=seeded(3), norm=n) for n in ("none", "batch"))
    ours = [m.weight for m in plain if isinstance(m, nn.Conv2d | nn.Linear)]
    theirs = [m.weight for m in normed if isinstance(m, nn.Conv2d | nn.Linear)]
    assert all(torch.equal(p, q) for p, q in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_it_learns_digits(norm):
    data = load("digits", num_train=512)
    model = convnet(IMAGE, generator=seeded(), norm=norm)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    rng = seeded(1)
    for _ in range(100):
        index = torch.randint(512, (64,), generator=rng)
        optimizer.zero_grad()
        cross_entropy(model(data.train_inputs[index]), data.train_targets[index]).backward()
        optimizer.step()
    right = model.eval()(data.test_inputs).argmax(dim=1) == data.test_targets
    assert right.double().mean() > 0.8


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"norm": "layer"}, "none, batch, ghost, group, got 'layer'"),
        ({"norm": "ghost"}, "ghost_size goes with norm='ghost', got None"),
        ({"norm": "batch", "ghost_size": 4}, "ghost_size goes with norm='ghost', got 4"),
        ({"shape": (8,)}, r"got \(8,\)"),
        ({"channels": ()}, "at least one layer"),
        ({"norm": "group", "channels": (3,)}, "even number of channels, got 3"),
    ],
)
def test_bad_requests_are_named(settings, words):
    shape = settings.pop("shape", IMAGE)
    with pytest.raises(ValueError, match=words):
        convnet(shape, generator=seeded(), **settings)
