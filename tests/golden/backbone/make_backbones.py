# SPDX-License-Identifier: Apache-2.0
"""Makes the tiny folders beside this file, and what transformers computes from them.

    pip install torch==2.13.0 transformers==5.24.0 safetensors numpy
    python make_backbones.py [OUT]

What is random, and how, stands in tests/support/tiny_transformers.py.  BERT is saved with a head (names
begin with `bert.`, and there are tensors nobody reads); MPNet is saved bare, in fp16, and its reference
has the pivots of sequences long enough for every bucket of the relative bias.  OPT is post-norm with maps
to another width, Llama has grouped heads and scaled rotation, RoBERTa a classifier; GPT-2 and Qwen2 are
saved in bfloat16 and in two files.

Prints transformers' own error in bfloat16, the yardstick of the test.
"""
import json
import pathlib
import sys

import torch
import transformers
from safetensors.torch import save_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
from tiny_transformers import batch, padded_left, randomise, reference, rounded  # noqa: E402

SIZES = dict(num_hidden_layers=2, num_attention_heads=3, hidden_size=24)


def error(half, exact, mask):
    """max |x - reference| / max |reference| over real positions, the worst tensor."""
    errors = []
    for name, values in exact.items():
        other = half[name]
        if values.shape[:2] == mask.shape:
            values, other = values[mask == 1], other[mask == 1]
        errors.append(float((other - values).abs().max() / values.abs().max()))
    return max(errors)


def pivots(states, mask):
    lengths = mask.sum(1)
    rows = torch.arange(len(lengths))
    stacked = torch.stack(states, 1)  # (b, N + 1, n, d)
    mean = (stacked * mask[:, None, :, None]).sum(2) / lengths[:, None, None]
    return {"first": stacked[:, :, 0].contiguous(), "last": stacked[rows, :, lengths - 1].contiguous(), "mean": mean}


def save(folder, model, dtype, tensors, left_out="-", files=1, pooling=None):
    """The folder of a model whose numbers are those of `dtype`, as save_pretrained() would write it."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {k: v for k, v in model.config.to_diff_dict().items() if k not in ("transformers_version", "dtype")}
    config["architectures"] = [type(model).__name__]
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    if pooling:
        (folder / "1_Pooling").mkdir(exist_ok=True)
        (folder / "1_Pooling" / "config.json").write_text(json.dumps({pooling: True}) + "\n")
    tied = model.config.tie_word_embeddings
    weights = {name: values.to(dtype).contiguous() for name, values in model.state_dict().items()
               if not name.startswith(left_out) and not (tied and name == "lm_head.weight")}  # fmt: skip
    if files == 1:
        save_file(weights, folder / "model.safetensors", {"format": "pt"})
    else:
        names, index = sorted(weights), {}
        for number in range(files):
            file = f"model-{number + 1:05}-of-{files:05}.safetensors"
            part = names[number::files]
            save_file({name: weights[name] for name in part}, folder / file, {"format": "pt"})
            index |= {name: file for name in part}
        text = json.dumps({"metadata": {}, "weight_map": index}, indent=1, sort_keys=True)
        (folder / "model.safetensors.index.json").write_text(text + "\n")
    save_file(tensors, folder / "reference.safetensors")
    print(folder.name, sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()), "bytes")


def make(out, name, model, seed, inputs, dtype=torch.float32, left=False, keep=None, **options):
    """A folder, whose reference has the tensors that `keep(computed)` picks of what is computed."""
    model.set_attn_implementation("eager")
    model = rounded(randomise(model, seed), dtype)
    computed = reference(model, inputs)
    tensors = {**inputs, **(keep(computed) if keep else computed)}
    if left:
        rows = padded_left(inputs)
        tensors |= {f"{key}_left": values for key, values in rows.items()}
        tensors["left.logits"] = reference(model, rows)["logits"]
    save(out / name, model, dtype, tensors, **options)
    for parameter in model.parameters():
        parameter.data = parameter.data.bfloat16()
    half = reference(model, inputs)
    half, exact = (keep(each) if keep else each for each in (half, computed))
    print(f"{name}: bf16 error {error(half, exact, inputs['attention_mask']):.4f}")


def make_encoders(out):
    config = transformers.BertConfig(vocab_size=50, max_position_embeddings=20, intermediate_size=40, **SIZES)
    make(out, "bert", transformers.BertForMaskedLM(config), 1, batch([20, 7, 1], 50, 1, 0, 2, types=True),
         keep=lambda c: {k: v for k, v in c.items() if k == "final_norm" or k.startswith("hidden.")},
         left_out="cls.predictions.decoder", pooling="pooling_mode_cls_token")  # fmt: skip
    config = transformers.MPNetConfig(vocab_size=60, max_position_embeddings=152, intermediate_size=40,
                                      layer_norm_eps=1e-5, **SIZES)  # fmt: skip
    inputs = batch([150, 37, 2, 1], 60, 2, 1, 4, types=False)
    make(out, "mpnet", transformers.MPNetModel(config), 3, inputs, torch.float16,
         keep=lambda c: pivots([c[f"hidden.{k}"] for k in range(3)], inputs["attention_mask"]),
         pooling="pooling_mode_mean_tokens")  # fmt: skip
    config = transformers.RobertaConfig(vocab_size=30, max_position_embeddings=22, intermediate_size=37,
                                        type_vocab_size=1, layer_norm_eps=1e-5, num_labels=3, num_hidden_layers=2,
                                        num_attention_heads=2, hidden_size=14)  # fmt: skip
    make(out, "roberta", transformers.RobertaForSequenceClassification(config), 5,
         batch([20, 7], 30, 2, 1, 6, types=False))  # fmt: skip


def make_decoders(out):
    rows = batch([20, 7], 30, 0, 1, 7, types=False)  # padding is a real token too
    common = dict(vocab_size=30, bos_token_id=0, eos_token_id=2)
    config = transformers.OPTConfig(max_position_embeddings=20, ffn_dim=37, do_layer_norm_before=False,
                                    word_embed_proj_dim=10, num_hidden_layers=2, num_attention_heads=3,
                                    hidden_size=18, **common)  # fmt: skip
    make(out, "opt", transformers.OPTForCausalLM(config), 8, rows, left=True)
    config = transformers.GPT2Config(n_positions=20, n_inner=37, n_layer=2, n_head=3, n_embd=21, **common)
    make(out, "gpt2", transformers.GPT2LMHeadModel(config), 9, rows, torch.bfloat16, left=True)
    common |= dict(max_position_embeddings=40, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4)
    # of three frequencies one is kept, one between, one divided by the factor
    llama3 = dict(rope_type="llama3", rope_theta=100.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                  original_max_position_embeddings=32)  # fmt: skip
    config = transformers.LlamaConfig(hidden_size=20, num_key_value_heads=2, head_dim=6, rms_norm_eps=1e-5,
                                      rope_parameters=llama3, **common)  # fmt: skip
    make(out, "llama", transformers.LlamaForCausalLM(config), 10, rows, left=True)
    config = transformers.Qwen2Config(hidden_size=24, num_key_value_heads=1, tie_word_embeddings=True, **common)
    make(out, "qwen2", transformers.Qwen2ForCausalLM(config), 11, rows, torch.bfloat16, left=True, files=2)


def make_page(out):
    """The family of docs/add-a-backbone.md, saved with its head."""
    config = transformers.DistilBertConfig(vocab_size=50, max_position_embeddings=20, n_layers=2, n_heads=3, dim=24,
                                           hidden_dim=40)  # fmt: skip
    make(out, "distilbert", transformers.DistilBertForMaskedLM(config), 12, batch([20, 7, 1], 50, 1, 0, 13, types=False),
         keep=lambda c: {k: v for k, v in c.items() if k.startswith("hidden.")}, left_out="vocab_")  # fmt: skip


if __name__ == "__main__":
    torch.set_num_threads(1)
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent
    make_encoders(target)
    make_decoders(target)
    make_page(target.parent / "page" if len(sys.argv) == 1 else target)
