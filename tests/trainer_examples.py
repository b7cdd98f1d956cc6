"""A tiny language model and padded sequences, for the tests of the transformers Trainer."""

import torch
import transformers


def causal_model():
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=31,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=16,
    )
    return transformers.LlamaForCausalLM(config)


def sequences(count=26):
    g = torch.Generator().manual_seed(3)
    found = []
    for length in torch.randint(3, 13, (count,), generator=g).tolist():
        ids = torch.randint(31, (12,), generator=g)
        labels, mask = ids.clone(), torch.ones(12, dtype=torch.long)
        labels[length:], mask[length:] = -100, 0
        found.append({"input_ids": ids, "labels": labels, "attention_mask": mask})
    return found
