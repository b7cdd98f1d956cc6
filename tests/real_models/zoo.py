"""Models as people have them, at tiny sizes with random weights: each with its loss and data.

`CASES` names what `docs/real_models.md` says of per-example norms, products and moments of each;
`REFUSED` names the sentence. The builders share no code with the library.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
import transformers as hf
from more_losses import MORE_REFUSED
from rows import CASES as CASES
from rows import (
    CLASSES,
    EACH,
    OWN_LOSS,
    PAIR,
    SOME,
    VOCAB,
    N,
    T,
    case,
    classes,
    floats,
    padding,
    pair_of,
    rng,
    tokens,
)
from torch import nn
from torch.utils.checkpoint import checkpoint

from coursekit.gradients import BatchLoss

SMALL = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2}
FEED = {"intermediate_size": 12}
PLACES = {"max_position_embeddings": 12}
SMALL_T5 = {"d_model": 8, "d_kv": 4, "d_ff": 12, "num_heads": 2, "decoder_start_token_id": 0}


def language(model: nn.Module, **more: torch.Tensor):
    return model.eval(), OWN_LOSS, {"input_ids": tokens(), "labels": tokens(), **more}


def gpt2(**settings) -> nn.Module:
    sizes = {"vocab_size": VOCAB, "n_positions": 12, "n_embd": 8, "n_layer": 2, "n_head": 2}
    ends = {"bos_token_id": 0, "eos_token_id": 0}
    return hf.GPT2LMHeadModel(hf.GPT2Config(**sizes, **ends, **settings))


def llama(**settings) -> nn.Module:
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    sizes = {"vocab_size": VOCAB, **SMALL, **FEED, **heads, **settings}
    return hf.LlamaForCausalLM(hf.LlamaConfig(**sizes))


case("GPT-2, tied (transformers)")(lambda: language(gpt2()))
case("GPT-2, untied")(lambda: language(gpt2(tie_word_embeddings=False)))
case("GPT-2 with an attention mask")(lambda: language(gpt2(), attention_mask=padding()))
case("GPT-2, eager attention")(lambda: language(gpt2(attn_implementation="eager")))
case("Llama, grouped queries, RMSNorm")(lambda: language(llama()))
case("Llama, tied")(lambda: language(llama(tie_word_embeddings=True)))
case("Llama with an attention mask")(lambda: language(llama(), attention_mask=padding()))


@case("GPT-2, gradient checkpointing")
def gpt2_checkpointed():
    off = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0, "use_cache": False}
    model, loss, data = language(gpt2(**off))
    named = [f"{kind}_checkpointing_enable" for kind in ("activation", "gradient")]
    enable = next(getattr(model, name) for name in named if hasattr(model, name))
    enable({"use_reentrant": False})
    return model.train(), loss, data


@case("GPT-2 under autocast bfloat16", "approximate, 3 %", 3e-2)
def gpt2_autocast():
    def loss(model, batch):
        with torch.autocast("cpu", torch.bfloat16):
            return model(**batch).loss

    model, _, data = language(gpt2())
    return model, BatchLoss(loss), data


@case("Llama with bfloat16 weights", "approximate, 3 %", 3e-2)
def llama_bf16():
    model, loss, data = language(llama())
    return model.bfloat16(), loss, data


@case("Llama, LoRA by hand on a frozen base")
def lora():
    model, loss, data = language(llama())
    model.requires_grad_(False)
    for block in model.model.layers:
        block.self_attn.q_proj = LoRA(block.self_attn.q_proj)
    return model, loss, data


class LoRA(nn.Module):
    def __init__(self, base: nn.Linear) -> None:
        super().__init__()
        self.base = base
        self.down = nn.Linear(base.in_features, 2, bias=False)
        self.up = nn.Linear(2, base.out_features, bias=False)

    def forward(self, x):
        return self.base(x) + self.up(self.down(x))


def bert(kind, **settings) -> nn.Module:
    return kind(hf.BertConfig(vocab_size=VOCAB, **SMALL, **FEED, **PLACES, **settings))


@case("BERT classifier with an attention mask")
def bert_classifier():
    model = bert(hf.BertForSequenceClassification, num_labels=CLASSES).eval()
    data = {"input_ids": tokens(), "attention_mask": padding(), "labels": classes()}
    return model, OWN_LOSS, data


case("BERT, masked language model, tied")(lambda: language(bert(hf.BertForMaskedLM)))


@case("ALBERT: one layer used three times")
def albert():
    more = {"embedding_size": 4, "num_labels": CLASSES, "num_hidden_layers": 3}
    config = hf.AlbertConfig(vocab_size=VOCAB, **{**SMALL, **more}, **FEED, **PLACES)
    model = hf.AlbertForSequenceClassification(config).eval()
    return model, OWN_LOSS, {"input_ids": tokens(), "labels": classes()}


@case("T5, tied, relative positions", EACH)
def t5():
    config = hf.T5Config(vocab_size=VOCAB, num_layers=1, **SMALL_T5)
    return language(hf.T5ForConditionalGeneration(config), attention_mask=padding())


@case("BART, one embedding for both sides", SOME)
def bart():
    side = {"layers": 1, "attention_heads": 2, "ffn_dim": 12}
    both = {f"{s}_{k}": v for s in ("encoder", "decoder") for k, v in side.items()}
    config = hf.BartConfig(vocab_size=VOCAB, d_model=8, **both, **PLACES)
    return language(hf.BartForConditionalGeneration(config))


@case("Gemma: scaled embedding, RMSNorm of 1 + w")
def gemma():
    few = {"num_key_value_heads": 1, "head_dim": 4}
    config = hf.GemmaConfig(vocab_size=VOCAB, **SMALL, **FEED, **few)
    return language(hf.GemmaForCausalLM(config))


@case("Mixtral: experts as one tensor", EACH)
def mixtral():
    few = {"num_key_value_heads": 1, "num_local_experts": 4, "num_experts_per_tok": 2}
    few["experts_implementation"] = "eager"  # the other has no float64, which the truth needs
    config = hf.MixtralConfig(vocab_size=VOCAB, **{**SMALL, "num_hidden_layers": 1}, **FEED, **few)
    return language(hf.MixtralForCausalLM(config))


@case("Switch Transformer: a router that sets its own type", EACH)
def switch():
    config = hf.SwitchTransformersConfig(
        vocab_size=VOCAB,
        num_layers=2,
        num_decoder_layers=2,
        num_experts=2,
        num_sparse_encoder_layers=1,
        num_sparse_decoder_layers=1,
        **SMALL_T5,
    )
    return language(hf.SwitchTransformersForConditionalGeneration(config))


@case("ViT: class token, learned positions", SOME)
def vit():
    config = hf.ViTConfig(**SMALL, **FEED, image_size=8, patch_size=4, num_labels=CLASSES)
    model = hf.ViTForImageClassification(config).eval()
    return model, OWN_LOSS, {"pixel_values": floats(N, 3, 8, 8), "labels": classes()}


@case("ConvNeXt: LayerScale, norms over channels")
def convnext():
    config = hf.ConvNextConfig(
        hidden_sizes=[4, 8],
        depths=[1, 1],
        num_stages=2,
        patch_size=2,
        num_labels=CLASSES,
        layer_scale_init_value=0.1,
    )
    model = hf.ConvNextForImageClassification(config).eval()
    return model, OWN_LOSS, {"pixel_values": floats(N, 3, 8, 8), "labels": classes()}


class Residual(nn.Module):
    """Two convolutions with BatchNorm around a shortcut, then a head."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding=1, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(6) for _ in range(2))
        self.inner = nn.Conv2d(6, 6, 3, padding=1, groups=2)
        self.head = nn.Linear(6, CLASSES)

    def forward(self, x):
        x = F.relu(self.norms[0](self.stem(x)))
        x = x + F.relu(self.norms[1](self.inner(x)))
        return self.head(x.mean((2, 3)))


@case("ResNet in eval mode")
def resnet():
    model = Residual()
    model(floats(N, 3, 6, 6))  # running statistics that are not 0 and 1
    return model.eval(), PAIR, (floats(N, 3, 6, 6), classes())


case("torch.compile of a convnet")(
    lambda: (torch.compile(resnet()[0], backend="eager"), PAIR, (floats(N, 3, 6, 6), classes()))
)


class Recurrent(nn.Module):
    def __init__(self, kind, *, packed=False, batch_first=True) -> None:
        super().__init__()
        self.cells = kind(4, 5, batch_first=batch_first)
        self.head = nn.Linear(5, CLASSES)
        self.packed, self.batch_first = packed, batch_first

    def forward(self, x, lengths=None):
        if self.packed:
            x = nn.utils.rnn.pack_padded_sequence(
                x, lengths.cpu(), batch_first=True, enforce_sorted=False
            )
        last = self.cells(x if self.batch_first else x.transpose(0, 1))[1]
        return self.head((last[0] if isinstance(last, tuple) else last)[-1])


case("LSTM", SOME)(lambda: (Recurrent(nn.LSTM), PAIR, (floats(N, T, 4), classes())))
case("LSTM, packed sequences", EACH)(
    lambda: (
        Recurrent(nn.LSTM, packed=True),
        PAIR,
        (floats(N, T, 4), padding().sum(1), classes()),
    )
)
case("GRU", EACH)(lambda: (Recurrent(nn.GRU), PAIR, (floats(N, T, 4), classes())))
case("RNN, time first", EACH)(
    lambda: (Recurrent(nn.RNN, batch_first=False), PAIR, (floats(N, T, 4), classes()))
)


class Encoder(nn.Module):
    """Torch's own encoder layers with a padding mask, batch or time first."""

    def __init__(self, batch_first: bool) -> None:
        super().__init__()
        self.batch_first = batch_first
        self.tokens = nn.Embedding(VOCAB, 8)
        layer = nn.TransformerEncoderLayer(8, 2, 12, 0.0, batch_first=batch_first)
        self.blocks = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(8, CLASSES)

    def forward(self, ids, mask):
        x = self.tokens(ids)
        x = x if self.batch_first else x.transpose(0, 1)
        x = self.blocks(x, src_key_padding_mask=mask == 0)
        return self.head(x[:, 0] if self.batch_first else x[0])


case("torch's TransformerEncoder, padding mask", SOME)(
    lambda: (Encoder(True), PAIR, (tokens(), padding(), classes()))
)
case("torch's TransformerEncoder, time first", SOME)(
    lambda: (Encoder(False), PAIR, (tokens(), padding(), classes()))
)


class Experts(nn.Module):
    """Two of eight experts for each token (or image: one of them)."""

    def __init__(self, per_token: int = 2) -> None:
        super().__init__()
        self.per_token = per_token
        self.gate = nn.Linear(4, 8, bias=False)
        self.experts = nn.ModuleList(nn.Linear(4, 4) for _ in range(8))
        self.head = nn.Linear(4, CLASSES)

    def forward(self, x):
        flat = x.reshape(-1, 4)
        weights, chosen = self.gate(flat).softmax(-1).topk(self.per_token, -1)
        out = torch.zeros_like(flat)
        for k, expert in enumerate(self.experts):
            row, place = torch.where(chosen == k)
            if len(row):
                out = out.index_add(0, row, expert(flat[row]) * weights[row, place, None])
        return self.head(out.view(len(x), -1, 4).mean(1))


case("mixture of experts, two of eight per token", EACH)(
    lambda: (Experts(), PAIR, (floats(N, T, 4), classes()))
)
case("mixture of experts, one of eight per image", EACH)(
    lambda: (Experts(1), PAIR, (floats(N, 1, 4), classes()))
)


class Positions(nn.Module):
    """Positions looked up once for the batch: with a leading 1, or with none (nanoGPT)."""

    def __init__(self, act=torch.tanh, *, bare: bool = False) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(VOCAB, 5), nn.Embedding(T, 5)
        self.head, self.act, self.bare = nn.Linear(5, CLASSES), act, bare

    def forward(self, ids):
        places = torch.arange(ids.shape[1])
        x = self.tokens(ids) + self.places(places if self.bare else places[None])
        return self.head(self.act(x).mean(1))


case("positions shared by the batch, leading 1")(lambda: (Positions(), PAIR, (tokens(), classes())))
case("positions shared by the batch, no leading 1 (nanoGPT)")(
    lambda: (Positions(bare=True), PAIR, (tokens(), classes()))
)


class LatePositions(Positions):
    """Looked up without a dimension for the batch, which is added afterwards."""

    def forward(self, ids):
        x = self.tokens(ids) + self.places(torch.arange(ids.shape[1]))[None]
        return self.head(self.act(x).mean(1))


case("positions shared by the batch, unsqueezed later", EACH)(
    lambda: (LatePositions(), PAIR, (tokens(), classes()))
)


class Siamese(nn.Module):
    """One encoder for two inputs; an autoencoder's transposed weights are 'borrowed' below."""

    def __init__(self) -> None:
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(4, 5), nn.LayerNorm(5), nn.Tanh())
        self.head = nn.Linear(5, CLASSES)

    def forward(self, x):
        return self.head((self.encode(x) - self.encode(x.flip(1))).abs())


case("siamese network")(lambda: (Siamese(), PAIR, (floats(N, 4), classes())))


class Cell(nn.Module):
    """A recurrent cell called once for every time."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.head = nn.GRUCell(4, 5), nn.Linear(5, CLASSES)

    def forward(self, x):
        hidden = torch.zeros(len(x), 5).to(x)
        for t in range(x.shape[1]):
            hidden = self.cell(x[:, t], hidden)
        return self.head(hidden)


case("GRUCell in a loop", SOME)(lambda: (Cell(), PAIR, (floats(N, T, 4), classes())))


class TimeRows(nn.Module):
    """All times of all examples as rows, time first."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.head = nn.Linear(4, 4), nn.Linear(4, CLASSES)

    def forward(self, x):
        rows = self.inner(x.transpose(0, 1).reshape(-1, 4)).tanh()
        return self.head(rows.view(x.shape[1], len(x), 4).mean(0))


case("time-first rows of one batch")(lambda: (TimeRows(), PAIR, (floats(N, T, 4), classes())))


class EarlyExit(nn.Module):
    """A branch that some examples take."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.exits = nn.Linear(4, 5), nn.ModuleList(nn.Linear(5, 3) for _ in range(2))

    def forward(self, x):
        h = torch.tanh(self.body(x))
        taken = h[:, 0] > 0
        out = self.exits[0](h)
        return out.index_add(0, taken.nonzero()[:, 0], self.exits[1](h[taken]))


case("a branch that some examples take", EACH)(
    lambda: (EarlyExit(), PAIR, (floats(N, 4), classes()))
)


class Film(nn.Module):
    """Features scaled by what a constant query gives, once for all examples."""

    def __init__(self) -> None:
        super().__init__()
        self.x, self.q, self.head = nn.Linear(4, 5), nn.Linear(2, 5), nn.Linear(5, CLASSES)

    def forward(self, x):
        return self.head(self.x(x) * self.q(torch.ones(1, 2).to(x)))


case("FiLM from a constant query")(lambda: (Film(), PAIR, (floats(N, 4), classes())))


class Queries(nn.Module):
    """Learned queries attend to the input (DETR, Perceiver)."""

    def __init__(self) -> None:
        super().__init__()
        self.x, self.queries = nn.Linear(4, 8), nn.Embedding(3, 8)
        self.attend = nn.MultiheadAttention(8, 2, batch_first=True)
        self.head = nn.Linear(8, CLASSES)

    def forward(self, x):
        x = self.x(x)
        queries = self.queries.weight.unsqueeze(0).expand(len(x), -1, -1)
        return self.head(self.attend(queries, x, x)[0].mean(1))


case("learned queries (DETR)", SOME)(lambda: (Queries(), PAIR, (floats(N, T, 4), classes())))


class Frames(nn.Module):
    """Every frame of a video as a row of one large batch."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(2, 4, 3), nn.GroupNorm(2, 4)
        self.head = nn.Linear(4, CLASSES)

    def forward(self, x):
        h = self.norm(self.conv(x.flatten(0, 1))).relu().mean((2, 3))
        return self.head(h).view(*x.shape[:2], CLASSES).mean(1)


case("video: frames as rows of one batch")(
    lambda: (Frames(), PAIR, (floats(N, 3, 2, 5, 5), classes()))
)


class Bag(nn.Module):
    def __init__(self, mode: str) -> None:
        super().__init__()
        self.bag = nn.EmbeddingBag(VOCAB, 5, mode=mode, padding_idx=3)
        self.head = nn.Linear(5, CLASSES)

    def forward(self, ids):
        return self.head(self.bag(ids))


case("EmbeddingBag, sum")(lambda: (Bag("sum"), PAIR, (tokens(), classes())))
case("EmbeddingBag, mean")(lambda: (Bag("mean"), PAIR, (tokens(), classes())))
case("EmbeddingBag, max", SOME)(lambda: (Bag("max"), PAIR, (tokens(), classes())))


class Temperature(nn.Module):
    """A parameter without dimensions."""

    def __init__(self) -> None:
        super().__init__()
        self.head, self.log_scale = nn.Linear(4, CLASSES), nn.Parameter(torch.tensor(0.5))

    def forward(self, x):
        return self.head(x) * self.log_scale.exp()


case("a 0-dimensional parameter", SOME)(lambda: (Temperature(), PAIR, (floats(N, 4), classes())))


class TwoHeads(nn.Module):
    """Weight norm, and a checkpointed block."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.utils.parametrizations.weight_norm(nn.Linear(4, 6))
        self.second = nn.Sequential(nn.Linear(6, 6), nn.Tanh())
        self.head = nn.Linear(6, CLASSES)

    def forward(self, x):
        return self.head(checkpoint(self.second, self.first(x), use_reentrant=False))


case("weight norm and a checkpointed block", SOME)(
    lambda: (TwoHeads(), PAIR, (floats(N, 4), classes()))
)


class Borrowed(nn.Module):
    """Uses one layer's weight in another place, as F.linear(x, self.first.weight)."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.head = nn.Linear(4, 4), nn.Linear(4, CLASSES)

    def forward(self, x):
        return self.head(F.linear(torch.tanh(self.first(x)), self.first.weight))


case("a weight borrowed by F.linear", EACH)(lambda: (Borrowed(), PAIR, (floats(N, 4), classes())))


@dataclass(frozen=True)
class Trace:
    """A model small enough for its Hessian's diagonal by differences."""

    build: Callable
    way: str


def small_gpt2():
    sizes = {"vocab_size": 9, "n_positions": 4, "n_embd": 4, "n_layer": 1, "n_head": 2}
    model = hf.GPT2LMHeadModel(hf.GPT2Config(**sizes, bos_token_id=0, eos_token_id=0)).eval()
    ids = torch.randint(0, 9, (N, 4), generator=rng())
    return model, OWN_LOSS, {"input_ids": ids, "labels": ids}


def small_bert():
    sizes = {"hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2}
    few = {"intermediate_size": 4, "max_position_embeddings": T, "vocab_size": 9}
    model = hf.BertForSequenceClassification(hf.BertConfig(**sizes, **few, num_labels=2)).eval()
    for param in model.parameters():  # at the start its Hessian is next to nothing
        nn.init.normal_(param, std=0.4, generator=rng(5))
    data = {"input_ids": tokens() % 9, "attention_mask": padding(), "labels": classes() % 2}
    return model, OWN_LOSS, data


EXACT, PROBES, PLAIN = "exact", "per example", "Hutchinson"
TRACES: dict[str, Trace] = {
    "ResNet in eval mode": Trace(
        lambda: (resnet()[0], nn.CrossEntropyLoss(), (floats(N, 3, 6, 6), classes())), EXACT
    ),
    "positions shared by the batch, ReLU": Trace(
        lambda: (Positions(torch.relu), nn.CrossEntropyLoss(), (tokens(), classes())), PLAIN
    ),
    "positions shared by the batch, tanh": Trace(
        lambda: (Positions(), PAIR, (tokens(), classes())), PLAIN
    ),
    "FiLM from a constant query": Trace(
        lambda: (Film(), nn.CrossEntropyLoss(), (floats(N, 4), classes())), PLAIN
    ),
    "mixture of experts, two of eight per token": Trace(
        CASES["mixture of experts, two of eight per token"].build, PLAIN
    ),
    "mixture of experts, one of eight per image": Trace(
        CASES["mixture of experts, one of eight per image"].build, PLAIN
    ),
    "GPT-2, tied (transformers)": Trace(small_gpt2, PLAIN),
    "BERT classifier with an attention mask": Trace(small_bert, PLAIN),
    "video: frames as rows of one batch": Trace(
        CASES["video: frames as rows of one batch"].build, PLAIN
    ),
    "a two-layer tanh network": Trace(
        lambda: pair_of(nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))), PROBES
    ),
}


class Mixing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(4, CLASSES)

    def forward(self, x):
        out = self.head(x)
        return out - out.mean(0)


def weighted(model, batch):
    return F.cross_entropy(model(batch[0]), batch[1], weight=torch.tensor([1.0, 4.0, 9.0]))


REFUSED: dict[str, tuple[Callable, str]] = {
    "BatchNorm in train mode": (
        lambda: pair_of(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))),
        "uses batch statistics, so examples have no loss of their own; call model.eval()",
    ),
    "dropout in train mode": (
        lambda: pair_of(nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 3))),
        "is random in train mode, so every pass sees another loss; call model.eval()",
    ),
    "a loss that subtracts the batch's mean": (
        lambda: pair_of(Mixing()),
        "class weights, padding or batch statistics couple the examples",
    ),
    "class weights": (
        lambda: (nn.Linear(4, 3), BatchLoss(weighted), (floats(N, 4), classes())),
        "class weights, padding or batch statistics couple the examples",
    ),
    "a sum in place of a mean": (
        lambda: (
            nn.Linear(4, 3),
            nn.CrossEntropyLoss(reduction="sum"),
            (floats(N, 4), classes()),
        ),
        "it sums over examples; use reduction='mean'",
    ),
    "an embedding with max_norm": (
        lambda: (
            nn.Sequential(nn.Embedding(VOCAB, 4, max_norm=1.0), nn.Flatten(), nn.Linear(24, 3)),
            PAIR,
            (tokens(), classes()),
        ),
        "(an embedding's max_norm does it: leave that out)",
    ),
} | MORE_REFUSED
