# SPDX-License-Identifier: Apache-2.0
"""Makes the tiny BERT and MPNet folders beside this file, and what transformers computes from them.

    pip install torch==2.13.0 transformers==5.24.0 safetensors numpy
    python make_backbones.py [OUT]

Weights are random, chosen so that mistakes show: biases 0.1 N(0, 1), norm weights 1 + 0.2 N(0, 1), a
relative bias of standard deviation 1.  BERT is saved with a head (names begin with `bert.`, and there
are tensors nobody reads) and its reference has every position; MPNet is saved bare, in fp16, and its
reference has the pivots of sequences long enough for every bucket of the relative bias.

Prints transformers' own error in bfloat16, the yardstick of the test.
"""
import json
import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertForMaskedLM, MPNetConfig, MPNetModel

COMMON = dict(hidden_size=24, num_attention_heads=3, intermediate_size=40, num_hidden_layers=2)


def randomise(model, seed):
    generator = torch.Generator().manual_seed(seed)

    def normal(tensor, mean, std):
        tensor.copy_(mean + std * torch.randn(tensor.shape, generator=generator))

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "LayerNorm.weight" in name:
                normal(parameter, 1, 0.2)
            elif name.endswith("bias"):
                normal(parameter, 0, 0.1)
            elif "relative_attention_bias" in name:
                normal(parameter, 0, 1)
            elif "embeddings" in name:
                normal(parameter, 0, 0.04)
            else:
                normal(parameter, 0, 1.4 / parameter.shape[-1] ** 0.5)
    return model.eval()


def batch(lengths, vocabulary, first_id, pad, seed, types):
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


def states_of(encoder, inputs):
    with torch.no_grad():
        output = encoder(**inputs, output_hidden_states=True)
    return [state.float() for state in output.hidden_states]


def error(states, exact, mask):
    """max |x - reference| / max |reference| over real positions, the worst layer."""
    real = mask == 1
    return max(float((x[real] - y[real]).abs().max() / y[real].abs().max()) for x, y in zip(states, exact))


def pivots(states, mask):
    lengths = mask.sum(1)
    rows = torch.arange(len(lengths))
    stacked = torch.stack(states, 1)  # (b, N + 1, n, d)
    mean = (stacked * mask[:, None, :, None]).sum(2) / lengths[:, None, None]
    return {"first": stacked[:, :, 0].contiguous(), "last": stacked[rows, :, lengths - 1].contiguous(), "mean": mean}


def save(folder, config, weights, reference, pooling):
    (folder / "1_Pooling").mkdir(parents=True, exist_ok=True)
    config = {k: v for k, v in config.to_diff_dict().items() if k != "transformers_version"}
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({pooling: True}) + "\n")
    save_file({k: v.contiguous() for k, v in weights.items()}, folder / "model.safetensors", {"format": "pt"})
    save_file(reference, folder / "reference.safetensors")
    print(folder.name, sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()), "bytes")


def make_bert(out):
    config = BertConfig(vocab_size=50, max_position_embeddings=20, **COMMON)
    config.architectures = ["BertForMaskedLM"]
    config._attn_implementation = "eager"
    model = randomise(BertForMaskedLM(config), 1)
    inputs = batch([20, 7, 1], 50, 1, 0, 2, types=True)
    states = states_of(model.bert, inputs)
    half = states_of(model.bert.bfloat16(), inputs)
    print("bert: bf16 error", error(half, states, inputs["attention_mask"]))
    model = randomise(model.float(), 1)
    reference = dict(inputs, final_norm=states[-1].clone(), **{f"hidden.{k}": s for k, s in enumerate(states)})
    weights = {k: v for k, v in model.state_dict().items() if not k.startswith("cls.predictions.decoder")}
    save(out / "bert", config, weights, reference, "pooling_mode_cls_token")


def make_mpnet(out):
    config = MPNetConfig(vocab_size=60, max_position_embeddings=152, layer_norm_eps=1e-5, **COMMON)
    config.architectures = ["MPNetModel"]
    config._attn_implementation = "eager"
    model = randomise(MPNetModel(config), 3).half().float()  # what an fp16 file can hold
    weights = {k: v.half() for k, v in model.state_dict().items()}
    inputs = batch([150, 37, 2, 1], 60, 2, 1, 4, types=False)
    states = states_of(model, inputs)
    mask = inputs["attention_mask"]
    print("mpnet: bf16 error", error(states_of(model.bfloat16(), inputs), states, mask))
    save(out / "mpnet", config, weights, dict(inputs, **pivots(states, mask)), "pooling_mode_mean_tokens")


if __name__ == "__main__":
    torch.set_num_threads(1)
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent
    make_bert(target)
    make_mpnet(target)
