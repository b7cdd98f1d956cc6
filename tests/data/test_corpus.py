import hashlib
from importlib.resources import files

import pytest
import torch

from coursekit.data.corpus import (
    ALPHABET,
    Corpus,
    decode,
    echoed_windows,
    encode,
    load_corpus,
    next_character_loss,
    text_dataset,
    text_windows,
)

pytestmark = pytest.mark.quick


def paragraphs(numbers):
    return {p.strip("\n") for p in decode(numbers).split("\n\n")}


def test_the_text_is_the_same_under_every_python():
    corpus = load_corpus()
    lengths = [len(t) for t in (corpus.train, corpus.validation, corpus.test)]
    assert lengths == [300_945, 37_831, 34_495]
    digest = hashlib.sha256(decode(corpus.test).encode("ascii")).hexdigest()
    assert digest.startswith("91fbae753fb3feac")


def test_splits_share_no_paragraph():
    corpus = load_corpus()
    train, validation, test = map(paragraphs, (corpus.train, corpus.validation, corpus.test))
    assert not train & test
    assert not train & validation
    assert not validation & test
    assert min(len(train), len(validation), len(test)) > 100


def test_the_text_is_pythons_own():
    """The running Python's help, 3.11 or later, still has most of these lines."""
    from pydoc_data.topics import topics

    live = {line.strip() for text in topics.values() for line in text.splitlines()}
    ours = {line.strip() for line in decode(load_corpus().test).splitlines()} - {""}
    assert len(ours & live) / len(ours) > 0.4
    assert (
        "Python Software Foundation"
        in (files("coursekit.data.files") / "PYTHON_LICENSE.txt").read_text()
    )


def test_the_entropies_are_as_documented():
    numbers = load_corpus().train
    pairs = torch.bincount(numbers[:-1] * 96 + numbers[1:], minlength=96 * 96).view(96, 96).double()
    joint = pairs / pairs.sum()

    def entropy(p):
        return -(p[p > 0] * p[p > 0].log()).sum().item()

    assert entropy(joint.sum(dim=1)) == pytest.approx(3.25, abs=0.01)
    assert entropy(joint) - entropy(joint.sum(dim=1)) == pytest.approx(2.45, abs=0.01)


def test_encoding_goes_there_and_back():
    text = "def f(x):\n    return x ~ 1\n"
    assert decode(encode(text)) == text
    assert encode("\n ~").tolist() == [0, 1, 95]
    assert len(ALPHABET) == 96
    with pytest.raises(ValueError, match="lacks 'é'"):
        encode("café")


def test_targets_are_the_next_characters():
    numbers = torch.arange(10)
    inputs, targets = text_windows(numbers, 4)
    assert inputs.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert targets.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert text_windows(numbers, 9)[0].shape == (1, 9)
    for context in (0, 10):
        with pytest.raises(ValueError, match=f"between 1 and 9.*got {context}"):
            text_windows(numbers, context)


def test_a_smaller_training_set_is_the_front_of_the_larger():
    corpus = load_corpus()
    small, large = (text_dataset(corpus, 64, num_train=n) for n in (100, None))
    assert torch.equal(small.train_inputs, large.train_inputs[:100])
    assert torch.equal(small.test_targets, large.test_targets)
    assert len(large.train_inputs) == (300_945 - 1) // 64
    assert large.num_classes == 96
    with pytest.raises(ValueError, match="1 to 4702 training windows of 64, not 5000"):
        text_dataset(corpus, 64, num_train=5000)


def test_a_default_device_changes_nothing():
    with torch.device("meta"):  # what lands there has no numbers
        found = text_dataset(load_corpus(), context=16, num_train=10)
    expected = text_dataset(load_corpus(), context=16, num_train=10)
    assert torch.equal(found.train_inputs, expected.train_inputs)
    assert torch.equal(found.test_targets, expected.test_targets)


def test_the_loss_is_a_mean_over_characters():
    logits = torch.randn(3, 5, 7, generator=torch.Generator().manual_seed(0))
    targets = torch.randint(7, (3, 5), generator=torch.Generator().manual_seed(1))
    picked = logits.log_softmax(dim=2).gather(2, targets[:, :, None])
    assert next_character_loss(logits, targets).item() == pytest.approx(-picked.mean().item())


def test_texts_of_ones_own_are_accepted():
    text = encode("to be or not to be " * 20)
    data = text_dataset(Corpus(text, text, text), 8)
    assert data.train_inputs.shape == (47, 8)


def test_text_without_end_has_the_texts_own_frequencies():
    """A text in which "ab" is followed by c twice and by d once; 6,000 walks, z below 4."""
    text = encode("abcabcabd")
    inputs, targets = echoed_windows(
        text, 6000, 2, order=2, generator=torch.Generator().manual_seed(0)
    )
    after = targets[:, 1][(inputs[:, 0] == encode("a")) & (inputs[:, 1] == encode("b"))]
    share = (after == encode("c")).double().mean().item()
    count = len(after)
    assert count > 1500
    assert abs(share - 2 / 3) < 4 * (2 / 9 / count) ** 0.5
    assert abs(share - 1 / 2) > 4 * (1 / 4 / count) ** 0.5  # an even choice of characters is seen
    assert set(after.tolist()) <= set(encode("cd").tolist())


def test_text_without_end_is_one_ahead_and_repeats_with_its_seed():
    text = load_corpus().train[:5000]
    one = echoed_windows(text, 50, 20, generator=torch.Generator().manual_seed(3))
    two = echoed_windows(text, 50, 20, generator=torch.Generator().manual_seed(3))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    assert torch.equal(one[0][:, 1:], one[1][:, :-1])
    grams = {tuple(text.roll(-i)[:4].tolist()) for i in range(len(text))}
    walked = torch.cat([one[0], one[1][:, -1:]], dim=1)
    for row in walked[:10]:
        seen = {tuple(row[i : i + 4].tolist()) for i in range(len(row) - 3)}
        assert seen <= grams  # four in a row are always of the text


@pytest.mark.parametrize(
    ("windows", "context", "order"), [(0, 4, 1), (4, 0, 1), (4, 4, 0), (4, 4, 9)]
)
def test_text_without_end_refuses_what_cannot_be(windows, context, order):
    with pytest.raises(ValueError, match="below the text's length 9"):
        echoed_windows(
            encode("abcabcabd"), windows, context, order=order, generator=torch.Generator()
        )
