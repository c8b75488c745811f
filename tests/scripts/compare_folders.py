# SPDX-License-Identifier: Apache-2.0
"""Compares `fedmobillm verify` with transformers on folders whose files say things twice, or otherwise.

usage: compare_folders.py PROGRAM [--folders N] [--seed S] [--only FAMILY] [--keep FOLDER]

    pip install torch==2.13.0 transformers==5.24.0 sentence-transformers==6.2.0 safetensors numpy

Draws N (1000) tiny models of each family and changes each folder in one to three ways: other names of
tensors (LayerNorm.gamma, prefixes, what torch.compile and DataParallel put in front), of a tied pair the
head alone, both, or neither, shards that the index places in subfolders, twice, or wrongly, keys that are
null, absent, doubled or spelled as other versions do, rotations said twice, pooling in both spellings.
What transformers reads from that very folder is the reference; where transformers reads nothing (it draws
random weights with a warning, or raises), it is the weights before the change in the model of the folder's
configuration.  A folder is right when the
program agrees within 1e-4, or refuses it with a message that has a word of what was changed in it.
Prints a line for each family and the first lines of what went wrong.  Exit code 0 when nothing did.
Not one of the CTest tests, which need no transformers.
"""
import argparse
import collections
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/scripts")]

from compare_families import TOLERANCE, Draw  # noqa: E402

BATCH = 50  # folders that the program is given at once
FAMILIES = ("bert", "mpnet", "roberta", "gpt2", "opt", "llama", "qwen2")
PREFIXES = {"gpt2": "transformer.", "opt": "model.", "llama": "model.", "qwen2": "model."}
WORDS = {"gpt2": "wte.weight", "opt": "decoder.embed_tokens.weight"}
HEADS = {"bert": "cls.predictions.decoder.weight", "mpnet": "lm_head.decoder.weight", "roberta": "lm_head.decoder.weight"}
NULLABLE = {
    "bert": ("hidden_act", "layer_norm_eps", "type_vocab_size", "pad_token_id", "is_decoder", "position_embedding_type"),
    "mpnet": ("hidden_act", "layer_norm_eps", "pad_token_id", "relative_attention_num_buckets"),
    "roberta": ("hidden_act", "layer_norm_eps", "type_vocab_size", "pad_token_id", "position_embedding_type"),
    "gpt2": ("n_inner", "activation_function", "layer_norm_epsilon", "scale_attn_weights", "n_embd", "n_head"),
    "opt": ("word_embed_proj_dim", "activation_function", "do_layer_norm_before", "enable_bias", "ffn_dim"),
    "llama": ("num_key_value_heads", "head_dim", "hidden_act", "rms_norm_eps", "attention_bias", "rope_parameters"),
    "qwen2": ("num_key_value_heads", "layer_types", "hidden_act", "rms_norm_eps", "rope_parameters", "sliding_window"),
}
COMMON = ("vocab_size", "tie_word_embeddings")
ALIASES = {"n_embd": "hidden_size", "n_layer": "num_hidden_layers", "n_head": "num_attention_heads",
           "n_positions": "max_position_embeddings"}  # fmt: skip
MODES = ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")
FLAGS = ("cls_token", "max_tokens", "mean_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken")
OURS = {"cls", "mean", "lasttoken"}


class Folder:
    """A folder in memory: its configuration, its tensors by file, and the words of what was changed."""

    def __init__(self, family, config, tensors, dice):
        self.family, self.config, self.dice = family, config, dice
        self.prefix = PREFIXES.get(family, family + ".")
        self.words = WORDS.get(family, "embed_tokens.weight" if family in ("llama", "qwen2") else
                               "embeddings.word_embeddings.weight")  # fmt: skip
        self.head = HEADS.get(family, "lm_head.weight")
        self.tensors = dict(tensors)
        self.files = {}  # name -> tensors; empty: model.safetensors
        self.index = {}
        self.changed = []  # words, one of which a refusal names
        self.names = []  # of the changes, for the report

    def word_name(self):
        return next((name for name in self.tensors if name.endswith(self.words)), None)

    def other(self, tensor):
        """Another tensor of the same shape."""
        return (tensor * 1.5 + 0.25).to(tensor.dtype)

    def some(self, share=0.5):
        names = sorted(self.tensors)
        return [name for name in names if self.dice.random() < share] or names[:1]

    # names of tensors

    def norms_of_tensorflow(self):
        share = self.dice.choice((1, 1, 0.4))
        for name in self.some(share):
            new = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
            self.tensors[new] = self.tensors.pop(name)
        return "gamma", "beta"

    def two_names(self):
        name = self.dice.choice(sorted(self.tensors))
        if "LayerNorm.weight" in name and self.dice.random() < 0.6:
            new = name.replace("LayerNorm.weight", "LayerNorm.gamma")
        elif name.startswith(self.prefix):
            new = name[len(self.prefix):]
        else:
            new = self.prefix + name
        if new in self.tensors:
            return ()
        same = self.dice.random() < 0.4
        self.tensors[new] = self.tensors[name].clone() if same else self.other(self.tensors[name])
        return ("two names",)

    def prefixes(self):
        share = self.dice.choice((1, 0.5))
        for name in self.some(share):
            if name == self.head or name.startswith(("classifier", "score", "cls.", "lm_head")):
                continue
            new = name[len(self.prefix):] if name.startswith(self.prefix) else self.prefix + name
            if new not in self.tensors:
                self.tensors[new] = self.tensors.pop(name)
        return ("no tensor",)

    def wrappers(self):
        wrapper = self.dice.choice(("_orig_mod.", "module.", "module._orig_mod.", "_orig_mod.module.",
                                    "_fsdp_wrapped_module."))  # fmt: skip
        self.tensors = {wrapper + name: tensor for name, tensor in self.tensors.items()}
        return ("two names",)

    def unknown_prefix(self):
        self.tensors = {"net." + name: tensor for name, tensor in self.tensors.items()}
        return ("net.",)

    def tied_pair(self):
        table = self.word_name()
        if table is None:
            return ()
        tie = self.dice.choice((True, False, None))
        if tie is None:
            self.config.pop("tie_word_embeddings", None)
        else:
            self.config["tie_word_embeddings"] = tie
        kind = self.dice.choice(("head alone", "both equal", "both different", "table alone"))
        if kind == "head alone":
            self.tensors[self.head] = self.tensors.pop(table)
        elif kind == "both equal":
            self.tensors[self.head] = self.tensors[table].clone()
        elif kind == "both different":
            self.tensors[self.head] = self.other(self.tensors[table])
        else:
            self.tensors.pop(self.head, None)
        return "embed", "wte", self.head

    def drop(self):
        name = self.dice.choice(sorted(self.tensors))
        del self.tensors[name]
        return name.split(".")[-2], "no tensor"

    def reshape(self):
        name = self.dice.choice(sorted(self.tensors))
        tensor = self.tensors[name]
        self.tensors[name] = tensor[..., :-1].clone() if tensor.shape[-1] > 1 else tensor.repeat_interleave(2, -1)
        return ("has shape",)

    def buffers(self):
        import torch

        for name in ("h.0.attn.bias", "embeddings.position_ids", "layers.0.self_attn.rotary_emb.inv_freq"):
            self.tensors[self.dice.choice(("", self.prefix)) + name] = torch.ones(1, 3)
        return ()

    # files

    def shards(self):
        names = [self.dice.choice(("", "", "./", "w/")) + f"{letter}.safetensors" for letter in "abc"]
        self.files = {file: {} for file in names}
        for name, tensor in self.tensors.items():
            file = self.dice.choice(names)
            self.files[file][name] = tensor
            self.index[name] = file
        kind = self.dice.choice(("plain", "plain", "stale", "copy", "wrong", "unlisted", "missing file"))
        name = self.dice.choice(sorted(self.tensors))
        others = [file for file in names if file != self.index[name]]
        if kind == "stale":
            self.files[self.dice.choice(others)][name] = self.other(self.tensors[name])
        elif kind == "copy":
            self.files[self.dice.choice(others)][name] = self.tensors[name].clone()
        elif kind == "wrong":
            self.index[name] = others[0]
        elif kind == "unlisted" and len(self.tensors) > 3:
            del self.index[name]
        elif kind == "missing file":
            self.index["extra"] = "d.safetensors"
        return "index", "d.safetensors"

    def index_beside(self):
        self.index = {name: "z.safetensors" for name in self.tensors}
        return ()

    # configuration

    def null(self):
        key = self.dice.choice(NULLABLE[self.family] + COMMON)
        self.config[key] = None
        return key, ALIASES.get(key, key)

    def absent(self):
        keys = [key for key in self.config if key in NULLABLE[self.family] + ("num_attention_heads", "vocab_size")]
        if not keys:
            return ()
        key = self.dice.choice(sorted(keys))
        del self.config[key]
        return key, "default", "has shape", "no tensor"

    def fraction(self):
        keys = [key for key, value in self.config.items() if key in ("vocab_size", "num_hidden_layers", "n_layer") and value]
        if not keys:
            return ()
        key = self.dice.choice(keys)
        self.config[key] = float(self.config[key])
        return (key,)

    def aliases(self):
        for key, alias in ALIASES.items():
            kind = self.dice.choice(("own", "alias", "both", "differ"))
            if self.config.get(key) is None or kind == "own":
                continue
            value = self.config[key]
            if kind == "alias":
                del self.config[key]
            self.config[alias] = value * 2 if kind == "differ" and self.dice.random() < 0.5 else value
        return (*ALIASES, *ALIASES.values())

    def rotation(self):
        dice = self.dice

        def part(old):
            kind = dice.choice(("default", "linear", "dynamic", "llama3", "yarn", None))
            rope = {}
            if kind is not None:
                rope["type" if old else "rope_type"] = kind
            if kind in ("linear", "dynamic", "llama3", "yarn") and dice.random() < 0.9:
                rope["factor"] = dice.choice((2.0, 3.5))
            if kind == "llama3":
                rope |= {"low_freq_factor": 1.0, "high_freq_factor": 4.0}
                if dice.random() < 0.5:
                    rope["original_max_position_embeddings"] = dice.choice((8, 20))
            if dice.random() < 0.4:
                rope["rope_theta"] = dice.choice((100.0, 5000.0))
            if dice.random() < 0.1:
                rope["type"] = "linear"
            if dice.random() < 0.1:
                rope["partial_rotary_factor"] = dice.choice((1.0, 0.5))
            return rope

        self.config.pop("rope_parameters", None)
        if dice.random() < 0.6:
            self.config["rope_parameters"] = dice.choice((part(False), part(False), None, {}))
        if dice.random() < 0.6:
            self.config["rope_scaling"] = dice.choice((part(True), part(False), None, {}))
        if dice.random() < 0.4:
            self.config["rope_theta"] = dice.choice((100.0, 300.0, 7000.0))
        if dice.random() < 0.15:
            self.config["original_max_position_embeddings"] = 16
        if dice.random() < 0.1:
            self.config["partial_rotary_factor"] = dice.choice((1.0, 0.5, None))
        if dice.random() < 0.05:
            self.config["rope_parameters"] = {"full_attention": {"rope_type": "default", "rope_theta": 100.0}}
        return "rope", "factor"

    def changes(self):
        kinds = [self.two_names, self.prefixes, self.wrappers, self.unknown_prefix, self.tied_pair, self.drop,
                 self.reshape, self.buffers, self.shards, self.shards, self.index_beside, self.null, self.null,
                 self.absent, self.fraction]  # fmt: skip
        if self.family in ("bert", "mpnet", "roberta"):
            kinds += [self.norms_of_tensorflow] * 3
        if self.family == "gpt2":
            kinds += [self.aliases] * 3
        if self.family in ("llama", "qwen2"):
            kinds += [self.rotation] * 6
        return kinds

    def change(self):
        chosen = self.dice.sample(self.changes(), self.dice.choice((1, 1, 2, 3)))
        # files last: what else is changed lies in them then
        for kind in sorted(chosen, key=lambda kind: kind.__name__ in ("shards", "index_beside")):
            if kind.__name__ in self.names:
                continue
            self.names.append(kind.__name__)
            self.changed += kind()

    def write(self, path):
        from safetensors.torch import save_file

        (path / "config.json").write_text(json.dumps(self.config))
        for file, tensors in (self.files or {"model.safetensors": self.tensors}).items():
            (path / file).parent.mkdir(exist_ok=True)
            save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path / file, {"format": "pt"})
        if self.index:
            index = {"metadata": {}, "weight_map": self.index}
            (path / "model.safetensors.index.json").write_text(json.dumps(index))


def draw_pooling(dice):
    """A pooling's config.json in one of its spellings, or both."""
    config = {dice.choice(("embedding_dimension", "word_embedding_dimension")): 24}
    spelling = dice.choice(("new", "old", "both", "neither"))
    if spelling in ("new", "both"):
        modes = dice.sample(MODES, dice.choice((1, 1, 1, 2)))
        config["pooling_mode"] = modes if len(modes) > 1 or dice.random() < 0.2 else modes[0]
    if spelling in ("old", "both"):
        for flag in FLAGS:
            config["pooling_mode_" + flag] = dice.random() < 0.2
    return config


def pooling_fault(config, path, output, stderr, code):
    """What is wrong with the program's reading of a pooling's configuration; None when nothing is."""
    from sentence_transformers.sentence_transformer.modules.pooling import Pooling

    modes = Pooling.load(str(path)).pooling_mode
    modes = [modes] if isinstance(modes, str) else list(modes)
    if code != 0 and "pooling_mode" in stderr:
        flagged = {mode for flag, mode in zip(FLAGS, MODES) if config.get("pooling_mode_" + flag)}
        return None if "pooling_mode" in config and flagged and flagged != set(modes) else "refused: " + stderr
    if code == 3:
        return None  # for another reason
    noted = re.search(r"^note: pooling (\w+) from", output, re.M)
    if len(modes) == 1 and modes[0] in OURS:
        return None if noted and noted[1] == modes[0] else f"pooling {modes} is not noted"
    return None if "which is not computed" in output and not noted else f"pooling {modes} is not refused"


class Case:
    """One folder: made, loaded by transformers, given to the program."""

    def __init__(self, family, number, seed, path):
        import torch
        import transformers
        from tiny_transformers import batch, randomise, rounded

        self.judged = True  # whether there is something to compare with
        self.path, self.dice = path, random.Random(f"folders:{seed}:{family}:{number}")
        draw = Draw(family if family != "opt" else "opt_" + self.dice.choice(("pre", "post")), number, seed)
        draw.sizes["max_position_embeddings"] = max(draw.sizes["max_position_embeddings"], 12 + draw.extra)
        draw.sizes["num_hidden_layers"] = min(draw.sizes["num_hidden_layers"], 2)
        draw.config["max_position_embeddings"] = draw.sizes["max_position_embeddings"]
        draw.config["num_hidden_layers"] = draw.sizes["num_hidden_layers"]
        self.draw, self.model_class = draw, getattr(transformers, draw.model_class)
        config = self.model_class.config_class(**draw.config)
        config._attn_implementation = "eager"
        model = rounded(randomise(self.model_class(config), draw.seed), getattr(torch, draw.dtype))
        self.inputs = batch([5, 3], config.vocab_size, draw.lowest, draw.pad, draw.seed, family == "bert")
        self.original = model
        stored = {name: tensor for name, tensor in model.state_dict().items()}
        tied = getattr(model, "all_tied_weights_keys", {})
        values = {name: tensor.to(getattr(torch, draw.dtype)).clone() for name, tensor in stored.items() if name not in tied}
        written = json.loads(config.to_json_string(use_diff=False))
        written["model_type"] = family
        self.folder = Folder(family, written, values, self.dice)
        self.folder.change()
        self.pooling = draw_pooling(self.dice) if self.dice.random() < 0.3 else None
        self.folder.write(path)
        if self.pooling is not None:
            (path / "1_Pooling").mkdir()
            (path / "1_Pooling/config.json").write_text(json.dumps(self.pooling))

    def oracle(self):
        """(the model to compare with, whether transformers read it from the folder)"""
        import torch

        try:
            model, info = self.model_class.from_pretrained(
                self.path, output_loading_info=True, attn_implementation="eager", dtype=torch.float32
            )
            missing = [name for name in info["missing_keys"] if "position_ids" not in name]
            if not missing and not info["mismatched_keys"]:
                self.reference_of(model.eval())
                return model.eval(), True
        except Exception:  # whatever transformers does not read  # noqa: BLE001
            pass
        try:
            # of a tied pair that differs, who knows which one it is
            self.judged = "tied_pair" not in self.folder.names
            return self.with_own_weights(), False
        except Exception:  # nor what its configuration makes  # noqa: BLE001
            self.judged = "rotation" not in self.folder.names
            return self.original, False

    def with_own_weights(self):
        """What the folder's configuration makes of the weights that its tensors had before they were renamed."""
        config = self.model_class.config_class.from_pretrained(self.path)
        config._attn_implementation = "eager"
        model = self.model_class(config)
        model.load_state_dict(self.original.state_dict())
        self.reference_of(model.eval())
        return model.eval()

    def reference_of(self, model):
        from tiny_transformers import reference

        return reference(model, self.inputs)

    def write_reference(self):
        from safetensors.torch import save_file

        model, self.read = self.oracle()
        tensors = {**self.inputs, **self.reference_of(model)}
        if self.draw.model_class.endswith("MaskedLM"):
            tensors.pop("logits", None)
        save_file(tensors, self.path / "reference.safetensors")

    def judge(self, run):
        """(what came of it, what is wrong or None)"""
        read = self.read
        if self.pooling is not None:
            fault = pooling_fault(self.pooling, self.path / "1_Pooling", run.stdout, run.stderr, run.returncode)
            if fault:
                return "wrong", fault
            if run.returncode == 3 and "pooling_mode" in run.stderr:
                return "refused", None
        if run.returncode == 0 or (run.returncode == 1 and not self.judged):
            return ("equal" if read else "read by us alone"), None
        named = any(word in run.stderr for word in self.folder.changed)
        if run.returncode == 3 and not run.stdout and len(run.stderr.splitlines()) == 1 and named:
            return ("refused" if read else "refused by both"), None
        return "wrong", f"exit code {run.returncode}, read by transformers: {read}\n{run.stdout}{run.stderr}"


def verify_each(program, parent):
    """{folder: what `verify` said of it}, in one call: the program takes longer to start than to compare."""
    command = [program, "verify", parent, "reference.safetensors", "--each", "--tolerance", f"{TOLERANCE:g}"]
    end = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    said = {}
    for section in re.split(r"^== ", end.stdout, flags=re.M)[1:]:
        name, _, text = section.partition("\n")
        output, refused, why = text.partition("refused: ")
        code = 3 if refused else 1 if "NOT EQUAL" in output else 0
        said[name] = subprocess.CompletedProcess(command, code, "" if refused else output, why)
    if end.returncode not in (0, 1):
        sys.exit(f"{' '.join(end.args)}: exit code {end.returncode}, after {len(said)} folders\n{end.stderr}")
    return said


def compare_family(family, program, count, seed, root):
    """Number of folders with which something is wrong."""
    counts = collections.Counter()
    for first in range(0, count, BATCH):
        parent = root / f"{family}_{first}"
        cases = []
        for number in range(first, min(first + BATCH, count)):
            path = parent / f"{family}_{number}"
            path.mkdir(parents=True)
            cases.append(Case(family, number, seed, path))
            cases[-1].write_reference()
        said = verify_each(program, parent)
        for case in cases:
            outcome, fault = case.judge(said[case.path.name])
            counts[outcome] += 1
            if fault:
                print(f"{case.path.name}: {case.draw.model_class} {' '.join(case.folder.names)}\n{fault}", flush=True)
        if root.name == "scratch":
            shutil.rmtree(parent)
    row = "  ".join(f"{counts[key]:>4} {key}" for key in ("equal", "read by us alone", "refused", "refused by both", "wrong"))
    print(f"{family:<8} {count:>5} folders {row}", flush=True)
    return counts["wrong"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--folders", type=int, default=1000, help="of each family (1000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=FAMILIES, action="append")
    parser.add_argument("--keep", type=pathlib.Path, help="leave the folders here")
    options = parser.parse_args()

    import torch
    import transformers

    torch.set_num_threads(1)
    transformers.logging.set_verbosity(transformers.logging.CRITICAL)
    transformers.logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as temporary:
        root = options.keep or pathlib.Path(temporary) / "scratch"
        faults = [compare_family(family, options.program.resolve(), options.folders, options.seed, root)
                  for family in options.only or FAMILIES]  # fmt: skip
    return 1 if any(faults) else 0


if __name__ == "__main__":
    sys.exit(main())
