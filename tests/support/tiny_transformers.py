# SPDX-License-Identifier: Apache-2.0
"""Tiny random models of transformers, and what they compute, in the form of model/reference_check.hpp.

    pip install torch==2.13.0 transformers==5.24.0 safetensors numpy

Weights are random, chosen so that mistakes show: biases 0.1 N(0, 1), norm weights 1 + 0.2 N(0, 1), a
relative bias of standard deviation 1, and embeddings so small that the eps of the first norm matters.
"""
import torch
from torch import nn

FINAL_NORMS = ("final_layer_norm", "ln_f", "norm")  # beside the list of blocks; a post-norm model has none


def randomise(model, seed):
    """Draws every parameter; returns the model, ready to be evaluated."""
    generator = torch.Generator().manual_seed(seed)

    def normal(tensor, mean, std):
        tensor.copy_(mean + std * torch.randn(tensor.shape, generator=generator))

    drawn = set()
    with torch.no_grad():
        for path, module in model.named_modules():
            for name, parameter in module.named_parameters(recurse=False):
                if parameter in drawn:  # a tied head comes after its table
                    continue
                drawn.add(parameter)
                if name == "bias":
                    normal(parameter, 0, 0.1)
                elif "Norm" in type(module).__name__:
                    normal(parameter, 1, 0.2)
                elif "relative_attention_bias" in path:
                    normal(parameter, 0, 1)
                elif isinstance(module, nn.Embedding):
                    normal(parameter, 0, 0.04)
                else:
                    inputs = parameter.shape[0 if type(module).__name__ == "Conv1D" else -1]
                    normal(parameter, 0, 1.4 / inputs**0.5)
    return model.eval()


def rounded(model, dtype):
    """The model with every parameter, and no buffer, rounded to what a file of `dtype` can hold.

    Not model.to(): no file holds the frequencies of a rotation, so nobody rounds them.
    """
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype).float()
    return model


def batch(lengths, vocabulary, first_id, pad, seed, types):
    """Rows of random tokens, padded on the right."""
    generator = torch.Generator().manual_seed(seed)
    shape = (len(lengths), max(lengths))
    ids = torch.randint(first_id, vocabulary, shape, generator=generator)
    mask = torch.zeros(shape, dtype=torch.int64)
    for row, length in enumerate(lengths):
        mask[row, :length] = 1
    inputs = {"input_ids": torch.where(mask == 1, ids, pad), "attention_mask": mask}
    if types:
        inputs["token_type_ids"] = torch.randint(0, 2, shape, generator=generator) * mask
    return inputs


def padded_left(inputs):
    """The same rows with their padding before them, and position ids that count real tokens."""
    missing = (inputs["attention_mask"] == 0).sum(1).tolist()
    left = {name: torch.stack([row.roll(n) for row, n in zip(rows, missing)]) for name, rows in inputs.items()}
    left["position_ids"] = (left["attention_mask"].cumsum(1) - 1).clamp(min=0)
    return left


@torch.no_grad()
def reference(model, inputs):
    """Every tensor of a model that the program can compare, fp32, padding included.

    Blocks are watched by hooks: the last of transformers' own `hidden_states` is behind the final norm,
    and behind OPT-350M's map to another width.
    """
    base = model.base_model
    path, blocks = next((name, module) for name, module in base.named_modules() if isinstance(module, nn.ModuleList))
    stack = base.get_submodule(path.rpartition(".")[0])
    found, hooks = {}, []

    def keep(module, name):
        def hook(_, __, output):
            found[name] = output[0] if isinstance(output, tuple) else output

        hooks.append(module.register_forward_hook(hook))

    hooks.append(blocks[0].register_forward_pre_hook(lambda _, arguments: found.update({"hidden.0": arguments[0]})))
    for number, block in enumerate(blocks, 1):
        keep(block, f"hidden.{number}")
    for name in FINAL_NORMS:
        if getattr(stack, name, None) is not None:
            keep(getattr(stack, name), "final_norm")
    if getattr(stack, "project_out", None) is not None:
        keep(stack.project_out, "project_out")
    output = model(**inputs)
    for hook in hooks:
        hook.remove()

    mask = inputs["attention_mask"]
    last = found.setdefault("final_norm", found[f"hidden.{len(blocks)}"])
    rows, places = torch.arange(len(mask)), torch.arange(mask.shape[1])
    found["last_token"] = last[rows, (mask * places).argmax(1)]
    found["mean_pool"] = (last * mask[:, :, None]).sum(1) / mask.sum(1)[:, None]
    for name in ("logits", "pooler_output"):
        if getattr(output, name, None) is not None:
            found[name] = getattr(output, name)
    return {name: tensor.float().contiguous().clone() for name, tensor in found.items()}
