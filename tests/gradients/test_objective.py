"""The door: what it knows, what it refuses, and that nothing is left changed behind it."""

import pickle
import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from coursekit.curvature import hessian_operator, hessian_trace, sam_sharpness
from coursekit.gradients import BatchLoss, Objective, mean_gradient, per_example_gradients
from coursekit.gradients.objective import as_objective, opened
from coursekit.noise import model_moments

CE = nn.CrossEntropyLoss()
numpy_state = np.random.get_state


def net(seed: int = 0) -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))


def data(count: int = 12):
    rng = torch.Generator().manual_seed(1)
    return torch.randn(count, 4, generator=rng), torch.randint(0, 3, (count,), generator=rng)


def gradient_by_hand(model, loss) -> torch.Tensor:
    grads = torch.autograd.grad(loss, list(model.parameters()))
    return torch.cat([g.flatten() for g in grads])


def test_short_form_and_object_give_the_same():
    model, batch = net(), data()
    objective = Objective(model, CE, batch)
    short = mean_gradient(model, CE, batch)
    assert torch.equal(mean_gradient(objective), short)
    torch.testing.assert_close(short, gradient_by_hand(model, CE(model(batch[0]), batch[1])))
    torch.testing.assert_close(mean_gradient(objective, chunk_size=5), short)
    with pytest.raises(ValueError, match="own loss"):
        as_objective(objective, CE, batch)
    with pytest.raises(ValueError, match="one Objective"):
        as_objective(model, CE)


def test_parameters_by_name():
    model, (x, y) = net(), data()
    objective = Objective(model, CE, (x, y), params="2.*")
    assert list(objective.weights) == ["2.weight", "2.bias"]
    found = mean_gradient(objective)
    torch.testing.assert_close(found, mean_gradient(model, CE, (x, y))[-objective.num_params :])
    assert all(p.requires_grad for p in model.parameters())
    assert Objective(model, CE, (x, y), params=["*.bias"]).num_params == 11
    with pytest.raises(ValueError, match=r"fits none.*0\.weight"):
        Objective(model, CE, (x, y), params="attention.*")


class Walked(Dataset):
    """Inputs that are other ones at each look."""

    def __len__(self):
        return 12

    def __getitem__(self, i):
        x, y = data()
        return x[i] + 0.1 * torch.randn(4), y[i]


class Shuffled(IterableDataset):
    def __iter__(self):
        x, y = data()
        for i in torch.randperm(12):
            yield x[i], y[i]


@pytest.mark.parametrize("dataset", [Walked(), Shuffled()], ids=lambda d: type(d).__name__)
def test_data_that_change_between_walks_are_found(dataset):
    objective = Objective(net(), CE, DataLoader(dataset, 5))
    list(objective.batches())
    with pytest.raises(ValueError, match=r"first walk.*list\(loader\)"):
        list(objective.batches())
    kept = Objective(net(), CE, list(DataLoader(dataset, 5)))
    assert len(list(kept.batches())) == len(list(kept.batches())) == 3


class UsedUp:
    """Every iter() of it is the same iterator: looking at the first batch takes it away."""

    def __init__(self) -> None:
        x, y = data()
        self.left = iter([(x[:5], y[:5]), (x[5:], y[5:])])

    def __iter__(self):
        return self.left


@pytest.mark.parametrize("measure", [mean_gradient, model_moments, hessian_operator, hessian_trace])
def test_data_that_can_be_walked_only_once_are_refused(measure):
    """mean_gradient gave the mean of all but the first batch."""
    with pytest.raises(ValueError, match=r"only once.*list\(\.\.\.\)"):
        measure(net(), CE, UsedUp())
    torch.testing.assert_close(
        mean_gradient(net(), CE, list(UsedUp())), mean_gradient(net(), CE, data())
    )


def test_data_made_under_inference_mode_are_measured():
    x, y = data()
    with torch.inference_mode():
        frozen = x.clone(), y.clone()
    for measure in (mean_gradient, lambda *of: hessian_operator(*of) @ torch.ones(67)):
        torch.testing.assert_close(measure(net(), CE, frozen), measure(net(), CE, (x, y)))
    assert frozen[0].is_inference()


def test_what_is_not_finite_has_its_own_sentence():
    x, y = data()
    for value, match in (
        (float("nan"), "look for nan or inf"),
        (float("inf"), "not finite, though"),
    ):
        bad = x.clone()
        bad[5, 1] = value
        with pytest.raises(ValueError, match=match):
            mean_gradient(net(), CE, (bad, y))
    with pytest.raises(ValueError, match="examples without a target"):
        mean_gradient(
            net(), nn.CrossEntropyLoss(ignore_index=0), (x, (torch.arange(12) < 1).long())
        )
    with pytest.raises(ValueError, match=r"outputs \(N, 1\) meet targets \(N,\)"):
        mean_gradient(nn.Linear(4, 1), lambda o, t: (o - t).square().mean(), (x, y.float()))


class Branching(nn.Module):
    """Skips a layer where a number of its batch says so; `alone`: where the example's own does."""

    def __init__(self, alone: bool) -> None:
        super().__init__()
        self.alone, self.first, self.extra = alone, nn.Linear(4, 3), nn.Linear(4, 3)

    def forward(self, x):
        if self.alone:
            return self.first(x) + torch.where(x.sum(1, keepdim=True) > 0, self.extra(x), 0.0)
        if x.sum().item() > 0:
            return self.first(x) + self.extra(x)
        return self.first(x)


@pytest.mark.parametrize("measure", [mean_gradient, model_moments, hessian_operator])
def test_a_branch_on_a_number_of_the_batch_is_found(measure):
    """Both parts of the batch that the door compares fall on one side."""
    x = torch.tensor([3.0, -0.5, -0.5, -0.5, -0.5, 3.0, -0.5, -0.5])[:, None].repeat(1, 4)
    x = x + 0.1 * data(8)[0]
    with torch.random.fork_rng():
        torch.manual_seed(2)
        models = Branching(alone=False), Branching(alone=True)
    with pytest.raises(ValueError, match=r"branches on a number .* \(torch.where"):
        measure(models[0], CE, (x, data(8)[1]))
    measure(models[1], CE, (x, data(8)[1]))


def test_sums_need_the_same_examples_and_not_their_order():
    shuffled = DataLoader(TensorDataset(*data()), 5, shuffle=True)
    op = hessian_operator(net(), CE, shuffled, method="rebuilt")
    truth = hessian_operator(net(), CE, data()) @ torch.ones(67)
    for _ in range(2):
        torch.testing.assert_close(op @ torch.ones(67), truth)
    for dataset in (Walked(), Shuffled()):  # of a stream nobody knows what it leaves out
        for measure in (hessian_operator, hessian_trace, sam_sharpness, model_moments):
            with pytest.raises(ValueError, match="first walk"):
                measure(net(), CE, DataLoader(dataset, 5))
    last_dropped = DataLoader(TensorDataset(*data()), 5, shuffle=True, drop_last=True)
    objective = Objective(net(), CE, last_dropped)
    walks = [mean_gradient] * 20  # with other examples left out
    with pytest.raises(ValueError, match="first walk"), opened(objective):
        [walk(objective) for walk in walks]


class Tokens(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.head = nn.Embedding(11, 6), nn.Linear(6, 11)

    def forward(self, ids):
        return self.head(self.embed(ids))


def token_loss(model, batch):
    return F.cross_entropy(model(batch[0]).flatten(0, 1), batch[1].flatten())


def padded(*, longest_first: bool):
    rng = torch.Generator().manual_seed(2)
    ids = torch.randint(0, 11, (24, 10), generator=rng)
    lengths = torch.randint(2, 10, (24,), generator=rng)
    lengths[:10] = 10
    if not longest_first:
        lengths = lengths[torch.randperm(24, generator=rng)]
    return ids, torch.where(torch.arange(10) < lengths[:, None], (ids * 3 + 1) % 11, -100)


@pytest.mark.parametrize("longest_first", [False, True])
def test_token_means_are_refused_as_example_means_and_right_as_token_means(longest_first):
    batch = padded(longest_first=longest_first)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Tokens()
    with torch.no_grad():
        model.head.weight.mul_(1e-3)  # every token costs log V: losses alone show nothing
    with pytest.raises(ValueError, match=r"count='tokens'"):
        mean_gradient(model, BatchLoss(token_loss), batch)
    objective = Objective(model, BatchLoss(token_loss), batch, count="tokens")
    assert objective.unit == "tokens"
    truth = gradient_by_hand(model, token_loss(model, batch))
    for chunk_size in (None, 1, 7):
        torch.testing.assert_close(mean_gradient(objective, chunk_size=chunk_size), truth)


def test_an_empty_mask_is_named():
    ids, targets = padded(longest_first=False)
    targets[3] = -100
    objective = Objective(Tokens(), BatchLoss(token_loss), (ids, targets), count="tokens")
    with pytest.raises(ValueError, match=r"counts 0.*padding"):
        mean_gradient(objective, chunk_size=1)


class Moving(nn.Module):
    """Everything that a forward pass may move: buffers, and all three random states."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.utils.parametrizations.spectral_norm(nn.Linear(4, 8)), nn.Tanh(), nn.Linear(8, 3)
        )
        self.norm = nn.InstanceNorm1d(3, track_running_stats=True)
        self.register_buffer("calls", torch.zeros((), dtype=torch.long))

    def forward(self, x):
        self.calls = self.calls + 1  # another tensor in place of the old one
        out = self.net(x)
        return out + self.norm(out[:, :, None].expand(-1, -1, 4) * torch.arange(4.0)).mean(2)


def snapshot(model):
    state = {name: t.clone() for name, t in model.state_dict().items()}
    return state, torch.get_rng_state(), random.getstate(), pickle.dumps(numpy_state())


def assert_same(model, before):
    state, torch_state, python_state, of_numpy = before
    for name, t in model.state_dict().items():
        assert torch.equal(t, state[name]), name
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert random.getstate() == python_state
    assert pickle.dumps(numpy_state()) == of_numpy


@pytest.mark.parametrize("measure", [mean_gradient, per_example_gradients])
def test_nothing_is_left_changed(measure):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Moving()
    x, y = data()
    before, buffers = snapshot(model), dict(model.named_buffers())
    if measure is mean_gradient:
        measure(model, CE, (x, y), chunk_size=5)
    else:
        measure(model, CE, x, y)
    assert_same(model, before)
    assert all(b is buffers[name] for name, b in model.named_buffers())
    assert model.training


def test_moving_buffers_do_not_make_a_loss_random():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Moving()
    objective = Objective(model, CE, data())
    with objective.held():
        one, two = (objective.loss(model, data()).item() for _ in range(2))
    assert one == two
    assert CE(model(data()[0]), data()[1]).item() != CE(model(data()[0]), data()[1]).item()


class Complex(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(4, 3, dtype=torch.cfloat))

    def forward(self, x):
        return (x.to(torch.cfloat) @ self.w).abs()


def made_in_inference_mode():
    with torch.inference_mode():
        return nn.Linear(4, 3)


def nested():
    parts = [torch.randn(i + 1, 4) for i in range(12)]
    return torch.nested.nested_tensor(parts, layout=torch.jagged)


class Counting(nn.Module):
    """Another function at each pass, by a plain number that no random state knows."""

    def __init__(self) -> None:
        super().__init__()
        self.head, self.passes = nn.Linear(4, 3), 0

    def forward(self, x):
        self.passes += 1
        return self.head(x) * (1 + 0.1 * self.passes)


class Checkpointed(nn.Module):
    """Frozen embeddings before a reentrant checkpoint: its weights would get no gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x):
        x = x.detach().requires_grad_()
        return self.head(checkpoint(self.body, x, use_reentrant=True))


def contrastive(model, batch):
    """Each example against the others' images under another map."""
    one = model(batch[0])
    scores = one @ (one * torch.tensor([1.0, 2.0, 3.0])).T
    return F.cross_entropy(scores, torch.arange(len(scores)))


@pytest.mark.parametrize(
    ("model", "loss_fn", "batch", "said"),
    [
        (Complex(), CE, data(), r"'w' is complex.*real"),
        (net(), BatchLoss(lambda m, b: None), data(), "returned None"),
        (net(), BatchLoss(lambda m, b: 3.0), data(), "returned float"),
        (net(), BatchLoss(lambda m, b: CE(m(b[0]), b[1]).detach()), data(), "detached"),
        (net(), CE, (data()[0], data()[1][:7]), r"batch\[0\]: 12, batch\[1\]: 7"),
        (net(), CE, (data()[0], data()[1].tolist()), "one int per example"),
        (net(), CE, (data()[0].numpy(), data()[1]), "ndarray.*as_tensor"),
        (net(), nn.CrossEntropyLoss(reduction="sum"), data(), "mean"),
        (net().to("meta"), CE, data(), "meta device"),
        (lambda x: x, CE, data(), "torch.nn.Module"),
        (nn.Linear, CE, data(), "got the class Linear; make one"),
        (net(), nn.CrossEntropyLoss, data(), "the class CrossEntropyLoss; give an instance"),
        (made_in_inference_mode(), CE, data(), "under torch.inference_mode.*outside"),
        (net(), CE, (data()[0].to_sparse(), data()[1]), r"batch\[0\] is a sparse.*dense"),
        (net(), CE, (nested(), data()[1]), r"batch\[0\] is a sparse or nested.*padded"),
        (Counting(), CE, data(), "without a random number drawn.*keeps a state"),
        (Checkpointed(), CE, data(), "use_reentrant=True hides the weights"),
        (net(), BatchLoss(contrastive), data(), "couple the examples.*negatives from the batch"),
        (nn.Sequential(nn.LazyLinear(3)), CE, data(), "no shape yet"),
    ],
    ids=range(19),
)
def test_bad_input_gets_one_sentence_with_the_remedy(model, loss_fn, batch, said):
    with pytest.raises(ValueError, match=said):
        Objective(model, loss_fn, batch)


def small_dropout(model, batch):
    return CE(F.dropout(model(batch[0]), 0.001, training=model.training), batch[1])


def test_functional_dropout_that_drops_nothing_here_is_found():
    with pytest.raises(ValueError, match="random"):
        Objective(net(), BatchLoss(small_dropout), data())
    Objective(net().eval(), BatchLoss(small_dropout), data())


def test_idle_random_numbers_in_eval_mode_are_no_noise():
    def layer_drop(model, batch):
        torch.rand([])  # drawn, and then not used: as wav2vec2 does
        return CE(model(batch[0]), batch[1])

    Objective(net().eval(), BatchLoss(layer_drop), data())

    def noise(model, batch):
        return CE(model(batch[0] + 0.01 * torch.randn_like(batch[0])), batch[1])

    with pytest.raises(ValueError, match="random"):
        Objective(net().eval(), BatchLoss(noise), data())


def test_batches_as_people_have_them():
    model, (x, y) = net(), data()
    truth = mean_gradient(model, CE, (x, y))
    named = BatchLoss(lambda m, b: CE(m(b[0]["x"]), b[1]))
    for given in (({"x": x}, y), [({"x": x[:8]}, y[:8]), ({"x": x[8:]}, y[8:])]):
        torch.testing.assert_close(mean_gradient(model, named, given, chunk_size=5), truth)
    both = BatchLoss(lambda m, b: CE(m(b[0]["x"]), b[1]["y"]))
    torch.testing.assert_close(mean_gradient(model, both, ({"x": x}, {"y": y})), truth)
    alone = BatchLoss(lambda m, b: m(b).square().mean())
    whole = mean_gradient(model, alone, x)
    for given in ([x[:8], x[8:]], [x[:6], x[6:]], [(x[:8],), (x[8:],)]):
        loss = alone if isinstance(given[0], torch.Tensor) else None
        loss = loss or BatchLoss(lambda m, b: m(b[0]).square().mean())
        torch.testing.assert_close(mean_gradient(model, loss, given), whole)


def test_a_mask_of_leading_1_is_shared():
    model, (x, y) = net(), data()
    mask = torch.tensor([[1.0, 0.0, 1.0, 1.0]])
    loss = BatchLoss(lambda m, b: CE(m(b["x"] * b["mask"]), b["y"]))
    batch = {"x": x, "y": y, "mask": mask}
    truth = gradient_by_hand(model, CE(model(x * mask), y))
    torch.testing.assert_close(mean_gradient(model, loss, batch, chunk_size=5), truth)
    rows = per_example_gradients(model, loss, batch)
    torch.testing.assert_close(rows.mean(0), truth)


class Output(dict):
    def __init__(self, loss):
        super().__init__(loss=loss)
        self.loss = loss


def test_the_loss_of_a_models_output_is_taken():
    model, (x, y) = net(), data()
    found = mean_gradient(model, BatchLoss(lambda m, b: Output(CE(m(b[0]), b[1]))), (x, y))
    torch.testing.assert_close(found, mean_gradient(model, CE, (x, y)))


def test_sparse_embeddings_are_measured_dense():
    model = Tokens()
    batch = padded(longest_first=True)[0], padded(longest_first=True)[0]
    truth = mean_gradient(model, BatchLoss(token_loss), batch)
    model.embed.sparse = True
    torch.testing.assert_close(mean_gradient(model, BatchLoss(token_loss), batch), truth)
    assert model.embed.sparse


def test_vmap_is_not_needed_for_rows():
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gru, self.head = nn.GRU(4, 5, batch_first=True), nn.Linear(5, 3)

        def forward(self, x):
            return self.head(self.gru(x[:, None].expand(-1, 3, -1))[0][:, -1])

    model, (x, y) = Recurrent(), data()
    rows = per_example_gradients(model, CE, x, y)
    for i in (0, 11):
        expected = gradient_by_hand(model, CE(model(x[i : i + 1]), y[i : i + 1]))
        torch.testing.assert_close(rows[i], expected)


@pytest.mark.quick
def test_a_chunk_size_is_a_whole_number_of_any_kind():
    model, (x, y) = net(), data()
    truth = mean_gradient(model, CE, (x, y), chunk_size=5)
    assert torch.equal(mean_gradient(model, CE, (x, y), chunk_size=np.int64(5)), truth)
    for chunk_size in (0, 2.5, "5"):
        with pytest.raises(ValueError, match="a whole number of examples, or None, got"):
            mean_gradient(model, CE, (x, y), chunk_size=chunk_size)


def test_memory_that_runs_out_halves_the_chunk():
    model, (x, y) = net(), data()
    sizes = []

    def hungry(m, b):
        sizes.append(len(b[1]))
        if len(b[1]) > 5:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return CE(m(b[0]), b[1])

    objective = Objective(model, CE, (x, y))
    with objective.held():
        found = list(objective.each(lambda b: hungry(model, b).item()))
    assert [weight for weight, _ in found] == [3.0, 3.0, 3.0, 3.0]
    assert sizes[0] == 12
    with pytest.raises(ValueError, match="one example does not fit"), opened(objective):
        list(objective.each(lambda b: hungry(model, (b[0], [0] * 9))))


@pytest.mark.parametrize("silently", [False, True])
def test_a_forward_pass_that_changes_weights_is_refused_and_undone(silently):
    class Clamped(nn.Sequential):
        def forward(self, x):
            weight = self[0].weight.data if silently else self[0].weight
            with torch.no_grad():
                weight.clamp_(-0.1, 0.1)
            return super().forward(x)

    model = Clamped(*net())
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    with pytest.raises(ValueError, match=r"'0.weight'.*after optimizer.step"):
        Objective(model, CE, data())
    assert all(torch.equal(p.detach(), before[name]) for name, p in model.named_parameters())
