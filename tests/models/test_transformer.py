import math

import pytest
import torch
from torch import nn

from coursekit.data.corpus import ALPHABET, load_corpus, next_character_loss, text_dataset
from coursekit.models.transformer import char_transformer

pytestmark = pytest.mark.quick
CONTEXT = 16


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def small(**settings):
    return char_transformer(11, context=CONTEXT, generator=seeded(), width=32, **settings)


def numbers(seed=1):
    return torch.randint(11, (3, CONTEXT), generator=seeded(seed))


def test_it_agrees_with_torch_given_the_same_weights():
    """An independent implementation: torch's encoder layers with a causal mask."""
    model = small(num_layers=2, init_std=0.3).double()
    layers = []
    for block in model.blocks:
        layer = nn.TransformerEncoderLayer(
            32, 4, 128, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        ).double()
        layer.load_state_dict(
            {
                "self_attn.in_proj_weight": block.attention.query_key_value.weight,
                "self_attn.in_proj_bias": block.attention.query_key_value.bias,
                "self_attn.out_proj.weight": block.attention.project.weight,
                "self_attn.out_proj.bias": block.attention.project.bias,
                "linear1.weight": block.widen.weight,
                "linear1.bias": block.widen.bias,
                "linear2.weight": block.project.weight,
                "linear2.bias": block.project.bias,
                "norm1.weight": block.attention_norm.weight,
                "norm1.bias": block.attention_norm.bias,
                "norm2.weight": block.mlp_norm.weight,
                "norm2.bias": block.mlp_norm.bias,
            }
        )
        layers.append(layer)
    mask = torch.ones(CONTEXT, CONTEXT, dtype=torch.bool).triu(diagonal=1)
    x = model.characters(numbers()) + model.positions(torch.arange(CONTEXT))
    for layer in layers:
        x = layer(x, src_mask=mask)
    assert torch.allclose(model(numbers()), model.output(model.norm(x)), atol=1e-10)


def test_the_future_is_not_seen():
    model = small(init_std=0.3)
    one, other = numbers(), numbers()
    other[:, 9] = (other[:, 9] + 1) % 11
    before, after = model(one), model(other)
    assert torch.equal(before[:, :9], after[:, :9])
    assert (before[:, 9:] - after[:, 9:]).abs().amax(dim=(0, 2)).min() > 1e-4
    assert torch.allclose(model(one[:, :5]), before[:, :5], atol=1e-5)


def test_it_starts_at_the_loss_of_a_blind_guess_with_gpt2_weights():
    model = char_transformer(96, context=64, generator=seeded(), num_layers=4, width=128)
    x = torch.randint(96, (8, 64), generator=seeded(2))
    assert next_character_loss(model(x), x).item() == pytest.approx(math.log(96), abs=0.1)
    block = model.blocks[0]
    assert block.widen.weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert block.project.weight.std().item() == pytest.approx(0.02 / math.sqrt(8), rel=0.02)
    assert block.attention.project.weight.std().item() == pytest.approx(
        0.02 / math.sqrt(8), rel=0.03
    )
    assert not block.widen.bias.any()
    assert (block.mlp_norm.weight == 1).all()


def test_the_size_is_as_documented():
    model = char_transformer(96, context=64, generator=seeded())
    assert sum(p.numel() for p in model.parameters()) == 116_576


def test_a_seed_gives_the_same_weights_and_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    one, two = small(), small()
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(p, q) for p, q in zip(one.parameters(), two.parameters(), strict=True))


def test_a_default_device_changes_nothing():
    with torch.device("meta"):  # what lands there has no numbers
        found = small()
    expected = small()
    assert torch.equal(found(numbers()), expected(numbers()))


def test_it_learns_more_than_letter_frequencies():
    data = text_dataset(load_corpus(), 32, num_train=2000)
    model = char_transformer(len(ALPHABET), context=32, generator=seeded(), width=32, num_layers=1)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    rng = seeded(3)
    for _ in range(150):
        index = torch.randint(2000, (32,), generator=rng)
        optimizer.zero_grad()
        loss = next_character_loss(model(data.train_inputs[index]), data.train_targets[index])
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        test = next_character_loss(model(data.test_inputs[:200]), data.test_targets[:200])
    assert test.item() < 2.9  # 3.25 without context


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"num_heads": 3}, "must divide width 32, got 3"),
        ({"num_layers": 0}, "num_layers must be >= 1"),
        ({"init_std": 0.0}, "init_std must be > 0"),
    ],
)
def test_bad_requests_are_named(settings, words):
    with pytest.raises(ValueError, match=words):
        small(**settings)


def test_too_long_a_window_is_refused():
    with pytest.raises(ValueError, match="sees 16 characters, got 17"):
        small()(torch.zeros(1, 17, dtype=torch.int64))
