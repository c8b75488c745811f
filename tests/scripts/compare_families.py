# SPDX-License-Identifier: Apache-2.0
"""Compares `fedmobillm verify` with transformers on random folders of every supported family.

usage: compare_families.py PROGRAM [--folders N] [--seed S] [--only FAMILY] [--keep FOLDER]

    pip install torch==2.13.0 transformers==5.24.0 safetensors numpy

Draws N (50) models of each family with sizes that do not divide, one head or one block, grouped heads,
scaled rotation, tied and other heads, classifiers, both spellings of config.json, weights of three
precisions in one file or several; has transformers compute the states of sequences of 1 to as many
tokens as the model takes; and checks that the program agrees within 1e-4 and, with every fourth folder,
that it refuses one token more.
Prints a line for each family and the first lines of what went wrong.  Exit code 0 when nothing did.
Not one of the CTest tests, which need no transformers.
"""
import argparse
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

TOLERANCE = 1e-4
EVERY = 4  # which folders are asked for one token too many
DATA_ERROR = 3  # exit code of a file that cannot be used
ENVIRONMENT = {
    **os.environ, "OMP_NUM_THREADS": "1", "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
}  # fmt: skip
ACTIVATIONS = ("gelu", "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "relu", "silu", "swish")


class Draw:
    """A random model: its class, its configuration, and how its folder is written."""

    def __init__(self, family, number, seed):
        self.family = family
        self.random = random.Random(f"{seed}:{family}:{number}")
        self.seed = self.random.randrange(1 << 30)
        self.pad = 1
        self.lowest = 0  # of the ids in the text: padding may occur as a real token
        self.extra = 0  # position rows that hold no token
        self.heads = self.random.choice((1, 1, 2, 3, 4, 6))
        self.sizes = {
            "vocab_size": self.random.randint(20, 90),
            "hidden_size": self.heads * self.random.choice((7, 10, 13, 16)),
            "num_attention_heads": self.heads,
            "num_hidden_layers": self.random.choice((1, 1, 2, 3, 4)),
            "max_position_embeddings": self.random.choice((1, 2, 17, 40, 67)),
        }
        self.model_class, config = getattr(self, "draw_" + family.partition("_")[0])()
        config["num_labels"] = self.random.randint(2, 5)
        config["pad_token_id"] = self.pad
        self.config = {**self.sizes, **config}
        if "Classification" in self.model_class:
            self.lowest = self.pad + 1  # transformers takes the last token that is not padding
        self.dtype = self.random.choice(("float32", "float32", "bfloat16", "float16"))
        self.shard = self.random.choice(("1GB", "1GB", "9KB"))
        self.old_spelling = self.random.random() < 0.5

    def one_of(self, prefix, *kinds):
        return prefix + self.random.choice(kinds)

    def ffn(self):
        return self.random.choice((1, 31, 45, 64, 101))

    def encoder(self, prefix, kinds):
        return self.one_of(prefix, *kinds), {
            "intermediate_size": self.ffn(),
            "hidden_act": self.random.choice(ACTIVATIONS),
            "layer_norm_eps": self.random.choice((1e-12, 1e-5, 1e-3)),
        }

    def draw_bert(self):
        model, config = self.encoder("Bert", ("Model", "ForMaskedLM", "ForSequenceClassification"))
        return model, {**config, "type_vocab_size": 2}

    def numbered_after_padding(self, prefix, padding):
        self.extra = padding + 1
        self.sizes["max_position_embeddings"] += self.extra
        return self.encoder(prefix, ("Model", "ForMaskedLM", "ForSequenceClassification"))

    def draw_roberta(self):
        self.pad = self.random.choice((0, 1, 1, 3))
        model, config = self.numbered_after_padding("Roberta", self.pad)
        return model, {**config, "type_vocab_size": 1}

    def draw_mpnet(self):
        self.pad = self.random.choice((0, 1, 1, 3))
        model, config = self.numbered_after_padding("MPNet", 1)
        return model, config  # transformers counts 32 buckets, whatever the configuration says

    def decoder(self, prefix, language_model, usually_tied):
        config = {}
        if self.random.random() < 0.4:
            config["tie_word_embeddings"] = not usually_tied
        return self.one_of(prefix, "Model", language_model, language_model, "ForSequenceClassification"), config

    def draw_opt(self):
        model, config = self.decoder("OPT", "ForCausalLM", True)
        config |= {
            "ffn_dim": self.ffn(),
            "do_layer_norm_before": not self.family.endswith("post"),
            "word_embed_proj_dim": self.sizes["hidden_size"],
            "activation_function": self.random.choice(ACTIVATIONS),
        }
        if self.random.random() < (0.7 if self.family.endswith("post") else 0.3):
            config["word_embed_proj_dim"] = self.random.choice((5, 12, 50))
        return model, config

    def draw_gpt2(self):
        model, config = self.decoder("GPT2", "LMHeadModel", True)
        config |= {
            "n_inner": self.random.choice((None, self.ffn(), self.ffn())),
            "activation_function": self.random.choice(ACTIVATIONS),
            "layer_norm_epsilon": self.random.choice((1e-5, 1e-3)),
        }
        return model, config

    def rotary(self, prefix):
        model, config = self.decoder(prefix, "ForCausalLM", False)
        head_dim = self.random.choice((2, 6, 10, 16))
        self.sizes["hidden_size"] = self.heads * head_dim * (1 if head_dim > 2 else 4)
        if self.random.random() < 0.5:  # of its own, beside the width
            config["head_dim"] = head_dim
            self.sizes["hidden_size"] = self.heads * self.random.choice((9, 13, 14))
        rope = {"rope_type": "default", "rope_theta": self.random.choice((10000.0, 500000.0, 100.0))}
        scaling = self.random.choice(("default", "linear", "llama3"))
        if scaling == "linear":
            rope |= {"rope_type": "linear", "factor": self.random.choice((2.0, 3.5))}
        if scaling == "llama3":
            rope |= {
                "rope_type": "llama3", "factor": self.random.choice((2.0, 8.0)), "low_freq_factor": 1.0,
                "high_freq_factor": 4.0, "original_max_position_embeddings": self.random.choice((8, 20, 64)),
            }  # fmt: skip
        divisors = [n for n in range(1, self.heads + 1) if self.heads % n == 0]
        return model, config | {
            "num_key_value_heads": self.random.choice(divisors),
            "intermediate_size": self.ffn(),
            "hidden_act": self.random.choice(("silu", "silu", "gelu", "relu")),
            "rms_norm_eps": self.random.choice((1e-6, 1e-5, 1e-3)),
            "rope_parameters": rope,
        }

    def draw_llama(self):
        model, config = self.rotary("Llama")
        return model, config | {
            "attention_bias": self.random.random() < 0.3,
            "mlp_bias": self.random.random() < 0.3,
        }

    def draw_qwen2(self):
        return self.rotary("Qwen2")

    @property
    def longest(self):
        return self.sizes["max_position_embeddings"] - self.extra

    def lengths(self):
        longest = self.random.choice((self.longest, self.longest, 1, self.random.randint(1, self.longest)))
        return [longest] + [self.random.randint(1, longest) for _ in range(self.random.choice((0, 2, 3)))]


def spell_as_before(path):
    """Rewrites config.json as transformers 4 wrote it."""
    config = json.loads(path.read_text())
    rope = config.pop("rope_parameters", None)
    if rope:
        config["rope_theta"] = rope.pop("rope_theta")
        config["rope_scaling"] = None if rope["rope_type"] == "default" else rope
    config["torch_dtype"] = config.pop("dtype", "float32")
    path.write_text(json.dumps(config))


def write_folder(draw, folder):
    """The model's folder with reference.safetensors, and toolong.safetensors of one token too many."""
    import torch
    import transformers
    from safetensors.torch import save_file
    from tiny_transformers import batch, padded_left, randomise, reference, rounded

    model_class = getattr(transformers, draw.model_class)
    config = model_class.config_class(**draw.config)
    config._attn_implementation = "eager"
    model = randomise(model_class(config), draw.seed)
    dtype = getattr(torch, draw.dtype)
    model.to(dtype).save_pretrained(folder, max_shard_size=draw.shard)
    model = rounded(randomise(model_class(config), draw.seed), dtype)
    if draw.old_spelling:
        spell_as_before(folder / "config.json")
    inputs = batch(draw.lengths(), config.vocab_size, draw.lowest, draw.pad, draw.seed, draw.family == "bert")
    tensors = {**inputs, **reference(model, inputs)}
    if draw.model_class.endswith("MaskedLM"):
        del tensors["logits"]  # a head that the program does not read
    if draw.family not in ("bert", "mpnet", "roberta"):
        left = padded_left(inputs)
        tensors |= {f"{name}_left": rows for name, rows in left.items()}
        tensors |= {f"left.{name}": values for name, values in reference(model, left).items()}
    save_file(tensors, folder / "reference.safetensors")
    ids = torch.full((1, draw.longest + 1), config.vocab_size - 1)
    states = torch.zeros(1, draw.longest + 1, config.hidden_size)
    save_file({"input_ids": ids, "attention_mask": torch.ones_like(ids), "hidden.0": states},
              folder / "toolong.safetensors")  # fmt: skip


def verify(program, folder, name):
    return subprocess.run([program, "verify", folder, folder / name], env=ENVIRONMENT, capture_output=True, text=True)


def check(program, folder, too_long):
    """(tensors compared, largest error, what is wrong or None)"""
    run = verify(program, folder, "reference.safetensors")
    errors = [float(value) for value in re.findall(r"^\S+ +([-\d.e+]+|nan|inf)\b(?!:)", run.stdout, re.M)]
    left_out = re.findall(r"^\S+ +not compared: .*$", run.stdout, re.M)
    worst = max(errors, default=0.0)
    if run.returncode != 0 or not errors or not worst <= TOLERANCE:
        return len(errors), worst, f"exit code {run.returncode}\n{run.stdout}{run.stderr}"
    if left_out:
        return len(errors), worst, "\n".join(left_out)
    if not too_long:
        return len(errors), worst, None
    run = verify(program, folder, "toolong.safetensors")
    lines = run.stderr.splitlines()
    if run.returncode != DATA_ERROR or run.stdout or len(lines) != 1 or "max_tokens" not in lines[0]:
        return len(errors), worst, f"one token too many: exit code {run.returncode}\n{run.stdout}{run.stderr}"
    return len(errors), worst, None


def compare_family(family, program, count, seed, root):
    """Number of folders with which something is wrong."""
    compared, largest, faults = 0, 0.0, 0
    for number in range(count):
        draw = Draw(family, number, seed)
        folder = root / f"{family}_{number}"
        folder.mkdir(parents=True)
        write_folder(draw, folder)
        tensors, worst, fault = check(program, folder, number % EVERY == 0)
        compared, largest = compared + tensors, max(largest, worst)
        if fault:
            faults += 1
            print(f"{folder.name}: {draw.model_class} {draw.config} {draw.dtype}, shards of {draw.shard}\n{fault}")
    print(f"{family:<10} {count:>4} folders {compared:>6} tensors  largest error {largest:.1e}  {faults} wrong", flush=True)
    return faults


FAMILIES = ("bert", "mpnet", "roberta", "opt_pre", "opt_post", "gpt2", "llama", "qwen2")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--folders", type=int, default=50, help="of each family (50)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=FAMILIES, action="append")
    parser.add_argument("--keep", type=pathlib.Path, help="leave the folders here")
    options = parser.parse_args()

    import torch
    import transformers

    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as scratch:
        root = options.keep or pathlib.Path(scratch)
        faults = [compare_family(family, options.program.resolve(), options.folders, options.seed, root)
                  for family in options.only or FAMILIES]  # fmt: skip
    return 1 if any(faults) else 0


if __name__ == "__main__":
    sys.exit(main())
