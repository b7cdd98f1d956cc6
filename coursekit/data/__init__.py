"""Which examples does SGD see, and in what order?

Data sets with fixed splits, teachers that make data without end, text, and the orders in which
examples arrive. The arrays that ship with the course lie in `files/`.
"""

from coursekit.data.corpus import (
    ALPHABET,
    Corpus,
    decode,
    encode,
    load_corpus,
    next_character_loss,
    text_dataset,
)
from coursekit.data.orders import (
    duplicated_batches,
    epoch_batches,
    sticky_batches,
    unshuffled_batches,
)
from coursekit.data.splits import (
    Dataset,
    flip_labels,
    from_splits,
    jittered_copies,
    load,
)
from coursekit.data.teachers import linear_teacher, mlp_teacher

__all__ = [
    "ALPHABET",
    "Corpus",
    "Dataset",
    "decode",
    "duplicated_batches",
    "encode",
    "epoch_batches",
    "flip_labels",
    "from_splits",
    "jittered_copies",
    "linear_teacher",
    "load",
    "load_corpus",
    "mlp_teacher",
    "next_character_loss",
    "sticky_batches",
    "text_dataset",
    "unshuffled_batches",
]
