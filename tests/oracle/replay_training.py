#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the side network of a run again, from its file alone, with PyTorch, and compares.

    replay_training.py RUN.h5... [--double]

An implementation of its own, of docs/method.md 1.3 to 1.6; it shares no code with the program, and the product does
not need PyTorch.  From the file it takes the uploaded activations and residuals, the initial weights, the batch of
every update and with what its samples were mixed.  It derives alignment, side network, loss, logit adjustment,
gradients, learning rates and AdamW's steps.  Prints how far the final weights lie apart, as a share of the distance
that training moved them, and the largest differences of losses, norms and learning rates.

Exit code 0: the weights agree to 1e-4 of the distance moved; 1: they do not; 2: the file cannot be replayed;
77: there is no PyTorch.  A run with server.mode = per_device keeps no weights: its losses are compared.

Long training amplifies the last digit of a product until two runs are strangers: on the quick start single and double
precision of one PyTorch part at about update 500.  Hundreds of updates agree with any PyTorch, thousands with the
LibTorch of the run (Debian's python3-torch is that of libtorch-dev): then to the last bit.
"""
import argparse
import collections
import math
import sys

import numpy as np

import random_draws as draws
from run_log import Refused, RunLog, SideShape, decode

try:
    import torch
    import torch.nn.functional as functional
except ImportError:
    torch = None

WEIGHT_TOLERANCE = 1e-4  # of the distance moved
LOSS_TOLERANCE = 1e-3  # per_device: relative to the largest loss
RATE_TOLERANCE = 1e-12
APART = 1e-3  # relative to the largest loss: from here on another path
SHARE_TOLERANCE = 1e-7  # they are logged in single precision


class Inbox:
    """What the server has of every sample: taps (N, taps, d) of its type, residual, class."""

    def __init__(self, log, real):
        self.type_of, self.row_of = {}, {}
        self.taps, self.residual, self.labels = [], [], {}
        sent = log.flag("packet.labels")
        classes = log.column("samples", "label")
        for number in sorted(log.backbones):
            name = log.backbones[number]
            group = log.file[f"activations/{name}"]
            if "samples" not in group:
                raise Refused(f"{log.path} has no activations (record.activations = none, or run.compute = none)")
            encoding, width = log.encoding(name), int(group.attrs["width"])
            blocks = []
            for block in range(1, len(log.layers(name)) + 1):
                scales = group[f"block_{block}_scale"][()] if f"block_{block}_scale" in group else None
                blocks.append(decode(group[f"block_{block}"][()], encoding, width, scales))
            self.taps.append(torch.from_numpy(np.stack(blocks, axis=1)).to(real))
            residual = group["residual"][()]
            self.residual.append(torch.from_numpy(residual).to(real))
            for row, sample in enumerate(group["samples"][()].tolist()):
                if sample in self.row_of:
                    continue  # a later pass: the first counts
                self.type_of[sample], self.row_of[sample] = number, row
                self.labels[sample] = classes[sample] if sent else int(residual[row].argmin())


class ClassCounts:
    """Samples of each class that have arrived from each type, and the logit adjustment (docs/method.md 1.5)."""

    def __init__(self, log, inbox, classes, real):
        self.counts = np.zeros((len(log.backbones), classes))
        self.real, self.inbox, self.arrived = real, inbox, 0
        owners = zip(*(log.column("samples", column) for column in ("sample", "device", "packet")))
        packets = collections.defaultdict(list)
        for sample, device, packet in owners:
            packets[device, packet].append(sample)
        passes = {device: 1 + max(packet for other, packet in packets if other == device) for device, _ in packets}
        self.order = []  # samples in the order in which they arrive for the first time
        seen = set()
        uploads = list(zip(log.column("uploads", "device"), log.column("uploads", "packet")))
        for device, packet in uploads or sorted(packets):
            for sample in packets[device, packet % passes[device]]:
                if sample in inbox.row_of and sample not in seen:
                    seen.add(sample)
                    self.order.append(sample)

    def advance(self, inbox_samples):
        for sample in self.order[self.arrived : inbox_samples]:
            self.counts[self.inbox.type_of[sample], self.inbox.labels[sample]] += 1
        self.arrived = inbox_samples

    def adjustment(self):
        """(types, C)"""
        classes = self.counts.shape[1]
        overall = self.counts.sum(0) / self.counts.sum()
        own = (self.counts + classes * overall) / (self.counts.sum(1, keepdims=True) + classes)
        return torch.from_numpy(np.log((own + 1e-6) / (overall + 1e-6))).to(self.real)


class SideNetwork:
    """docs/method.md 1.4"""

    def __init__(self, log, shape, weights):
        self.log, self.shape, self.weights = log, shape, weights
        self.gate, self.temperature = log.word("side.gate"), log.number("side.gate_temperature")
        self.activation = torch.relu if log.word("side.activation") == "relu" else functional.gelu

    def align(self, taps, source, tap):
        if not self.shape.projected:
            return taps
        name = source if self.shape.scope == "type" else f"{source}.{tap + (0 if self.shape.embedding else 1)}"
        return functional.linear(taps, self.weights[f"P.{name}"], self.weights[f"c.{name}"])

    def norm(self, state, name):
        weight, bias = self.weights.get(f"{name}.weight"), self.weights.get(f"{name}.bias")
        return functional.layer_norm(state, (self.shape.width,), weight, bias, 1e-5)

    def forward(self, parts):
        """parts: [(source, taps (b, taps, d))]; gives f_s (b, C)."""

        def z(tap):
            return torch.cat([self.align(taps[:, tap], source, tap) for source, taps in parts])

        tap, state = 0, 0.0
        if self.shape.embedding:
            state, tap = z(0), 1
        for block in range(1, self.shape.blocks + 1):
            if self.gate == "none":
                mixed = state + z(tap)
            else:
                alpha = self.weights[f"alpha.{block}"] if self.gate == "learned" else torch.zeros(1)
                share = torch.sigmoid(alpha / self.temperature)
                mixed = share * state + (1 - share) * z(tap)
            hidden = self.activation(self.linear(self.norm(mixed, f"LN.{block}"), "dn", block))
            state, tap = mixed + self.linear(hidden, "up", block), tap + 1
        return functional.linear(self.norm(state, "LN.o"), self.weights["W_o"], self.weights["b_o"])

    def linear(self, state, which, block):
        return functional.linear(state, self.weights[f"W_{which}.{block}"], self.weights[f"b_{which}.{block}"])


class AdamW:
    """docs/method.md 1.6; a tensor without a gradient is left alone."""

    def __init__(self, log, weights, planned):
        self.weights, self.planned = weights, planned
        self.lr, self.decay = log.number("optimizer.lr"), log.number("optimizer.weight_decay")
        self.clip = log.number("optimizer.clip")
        self.warm = max(1, math.ceil(log.number("optimizer.warmup") * planned))
        self.linear = log.word("optimizer.schedule") == "linear"
        self.first = {name: torch.zeros_like(tensor) for name, tensor in weights.items()}
        self.second = {name: torch.zeros_like(tensor) for name, tensor in weights.items()}
        self.steps = collections.Counter()

    def rate(self, update):
        factor = min(1.0, (update + 1) / self.warm)
        if self.linear and self.planned > self.warm:
            factor = min(factor, (self.planned - update) / (self.planned - self.warm))
        return self.lr * factor

    def step(self, update):
        """The joint norm before clipping, and the learning rate."""
        gradients = {name: tensor.grad for name, tensor in self.weights.items() if tensor.grad is not None}
        norm = math.sqrt(sum(float(gradient.norm()) ** 2 for gradient in gradients.values()))
        lr = self.rate(update)
        if not math.isfinite(norm):
            return norm, lr
        scale = min(1.0, self.clip / (norm + 1e-6)) if self.clip > 0 else 1.0
        with torch.no_grad():
            for name, gradient in gradients.items():
                gradient = gradient * scale
                self.steps[name] += 1
                first, second = self.first[name], self.second[name]
                first.mul_(0.9).add_(gradient, alpha=0.1)
                second.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
                root = second.sqrt() / math.sqrt(1 - 0.999 ** self.steps[name]) + 1e-8
                self.weights[name].mul_(1 - lr * self.decay)
                self.weights[name].addcdiv_(first, root, value=-lr / (1 - 0.9 ** self.steps[name]))
        return norm, lr


def loss_of(kind, output, residual, truth, adjustment):
    error = output + residual
    if kind == "mse_residual":
        return 0.5 * error.square().sum(1).mean()
    if kind == "huber_residual":
        size = error.abs()
        return torch.where(size < 1, 0.5 * size * size, size - 0.5).sum(1).mean()
    logits = error + truth + adjustment
    return -(truth * torch.log_softmax(logits, 1)).sum(1).mean()


def planned_updates(log, device=None):
    """T of docs/method.md 1.6, of one device or of all."""
    shards = collections.Counter()
    admitted = [state == "admitted" for state in log.column("devices", "admitted")]
    for owner in log.column("samples", "device"):
        if owner >= 0 and admitted[owner] and device in (None, owner):
            shards[owner] += 1
    size = int(log.word("packet.samples"))
    packets = int(log.word("device.epochs")) * sum(-(-count // size) for count in shards.values())
    mode, central = log.word("server.mode"), log.word("method.name") == "central_side"
    replays = int(log.word("server.epochs")) * -(-sum(shards.values()) // int(log.word("server.batch")))
    after_all = central or mode == "replay_after_all"
    on_arrival = 0 if after_all else int(log.word("server.updates_per_arrival")) * packets
    return on_arrival + (replays if after_all or mode != "arrival_only" else 0)


class Training:
    """One run's training, step by step."""

    def __init__(self, log, real):
        self.log, self.real = log, real
        self.seed, self.mix_difference = int(log.file.attrs["seed"]), 0.0
        self.shape, self.inbox = SideShape(log), Inbox(log, real)
        self.kind = log.word("loss.kind")
        self.per_device = log.word("server.mode") == "per_device"
        self.crossed = self.kind.startswith("ce_")
        adjusts = self.crossed and not self.per_device and log.word("loss.logit_adjustment") == "type"
        self.counts = ClassCounts(log, self.inbox, self.shape.classes, real) if adjusts else None
        self.mixes = log.number("server.mixup") > 0
        self.mixup = log.table("mixup") if self.mixes else None
        self.samples = log.table("update_samples")
        if self.mixes and len(self.mixup) != len(self.samples):
            raise Refused(f"{log.path}: /mixup has {len(self.mixup)} rows, /update_samples {len(self.samples)}")
        self.device_of = log.column("samples", "device")

    def initial(self):
        group = self.log.file["weights/initial"]
        return {name: torch.from_numpy(group[name][()]).to(self.real).requires_grad_() for name in group}

    def source_of(self, sample):
        """Whose projection its taps pass, in the order of a batch."""
        number = self.inbox.type_of[sample]
        if self.shape.scope == "device_layer":
            return self.device_of[sample], f"device_{self.device_of[sample]}"
        return number, self.log.backbones[number]

    def tensors_of(self, samples):
        inbox = self.inbox
        types = inbox.type_of[samples[0]]
        rows = [inbox.row_of[sample] for sample in samples]
        residual = inbox.residual[types][rows]
        labels = torch.tensor([inbox.labels[sample] for sample in samples])
        truth = functional.one_hot(labels, self.shape.classes).to(self.real) if self.crossed else residual
        return inbox.taps[types][rows], residual, truth

    def drawn_mix(self, update, network, sizes):
        """Partners and shares of a batch's rows as the seed draws them: docs/method.md 1.5, docs/design.md 8."""
        stream = draws.Stream(self.seed, draws.MIXUP, update, network)
        a = self.log.number("server.mixup")
        for size in sizes:
            partners, shares = list(range(size)), [1.0] * size
            if size > 1:
                stream.shuffle(partners)
                for row in range(size):
                    one, other = stream.log_gamma(a), stream.log_gamma(a)
                    shares[row] = 1 / (1 + math.exp(-abs(one - other)))
            yield partners, shares

    def check_mix(self, update, network, groups):
        """The largest difference of a logged share from the drawn one; 1 where a partner is another."""
        worst = 0.0
        for places, (partners, shares) in zip(groups, self.drawn_mix(update, network, map(len, groups))):
            ids = self.samples[places]
            same = np.array_equal(ids[partners], self.mixup["partner"][places])
            worst = max(worst, float(np.abs(self.mixup["share"][places] - shares).max()) if same else 1.0)
        return worst

    def batch(self, row, update):
        """[(source, taps)], residual, truth and type of each sample, grouped by source."""
        first = row["first_sample"]
        groups = collections.defaultdict(list)
        for place in range(first, first + row["samples"]):
            groups[self.source_of(int(self.samples[place]))].append(place)
        parts, residuals, truths, types = [], [], [], []
        if self.mixes:
            network = row["device"] if self.per_device else 0
            worst = self.check_mix(update, network, [places for _, places in sorted(groups.items())])
            self.mix_difference = max(self.mix_difference, worst)
        for (number, source), places in sorted(groups.items()):
            ids = [int(self.samples[place]) for place in places]
            own = self.tensors_of(ids)
            if self.mixes:
                share = torch.from_numpy(self.mixup["share"][places]).to(self.real)
                other = self.tensors_of([int(one) for one in self.mixup["partner"][places]])
                own = [
                    share.view(-1, *[1] * (one.dim() - 1)) * one + (1 - share).view(-1, *[1] * (one.dim() - 1)) * two
                    for one, two in zip(own, other)
                ]
            parts.append((source, own[0]))
            residuals.append(own[1])
            truths.append(own[2])
            types += [self.inbox.type_of[sample] for sample in ids]
        return parts, torch.cat(residuals), torch.cat(truths), types

    def run(self):
        """Yields (update row, loss, norm, learning rate, weights after it)."""
        networks = {}
        for row in self.log.rows("updates"):
            key = row["device"] if self.per_device else None
            if key not in networks:
                weights = self.initial()
                network = SideNetwork(self.log, self.shape, weights)
                networks[key] = [network, AdamW(self.log, weights, planned_updates(self.log, key)), 0]
            network, optimizer, done = networks[key]
            parts, residual, truth, types = self.batch(row, done)
            adjustment = 0.0
            if self.counts is not None:
                self.counts.advance(row["inbox_samples"])
                adjustment = self.counts.adjustment()[types]
            for tensor in network.weights.values():
                tensor.grad = None
            loss = loss_of(self.kind, network.forward(parts), residual, truth, adjustment)
            loss.backward()
            norm, lr = optimizer.step(done)
            networks[key][2] += 1
            yield row, loss.item(), norm, lr, network.weights


def compare(log, real):
    """[(what, value, accepted or None)]"""
    training = Training(log, real)
    logged = log.rows("training")
    worst, weights = collections.defaultdict(float), None
    scale = {name: max(abs(row[name]) for row in logged) for name in ("loss", "gradient_norm")}
    parted = None
    for (row, loss, norm, lr, weights), other in zip(training.run(), logged):
        if parted is None and not abs(loss - other["loss"]) <= APART * scale["loss"]:
            parted = row["update"]
        worst["loss"] = max(worst["loss"], abs(loss - other["loss"]) / scale["loss"])
        worst["gradient_norm"] = max(worst["gradient_norm"], abs(norm - other["gradient_norm"]) / scale["gradient_norm"])
        worst["learning_rate"] = max(worst["learning_rate"], abs(lr - other["learning_rate"]) / max(lr, 1e-300))
    results = [
        ("updates", len(logged), None),
        ("of them before a loss is 1e-3 of the largest apart", len(logged) if parted is None else parted, None),
        ("largest difference of a learning rate, relative", worst["learning_rate"], RATE_TOLERANCE),
        ("largest difference of a loss, of the largest", worst["loss"], LOSS_TOLERANCE if training.per_device else None),
        ("largest difference of a gradient's norm, of the largest", worst["gradient_norm"], None),
    ]
    if training.mixes:
        results.append(("largest difference of a mixup share from its draw", training.mix_difference, SHARE_TOLERANCE))
    if training.per_device:
        return results
    apart = moved = 0.0
    for name, tensor in weights.items():
        final = torch.from_numpy(log.file[f"weights/final/{name}"][()]).double()
        start = torch.from_numpy(log.file[f"weights/initial/{name}"][()]).double()
        apart += float((tensor.detach().double() - final).square().sum())
        moved += float((final - start).square().sum())
    return [*results, ("final weights apart, of the distance moved", math.sqrt(apart / moved), WEIGHT_TOLERANCE)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", nargs="+", metavar="RUN.h5")
    parser.add_argument("--double", action="store_true", help="compute in double instead of single precision")
    arguments = parser.parse_args()
    if torch is None:
        print("replay_training: there is no PyTorch for this Python", file=sys.stderr)
        return 77
    torch.set_num_threads(1)
    good = True
    try:
        for path in arguments.runs:
            with RunLog(path) as log:
                results = compare(log, torch.float64 if arguments.double else torch.float32)
                made_with = log.text_attribute("libtorch_version")
            print(path)
            agrees = True
            for what, value, accepted in results:
                agrees = agrees and (accepted is None or value <= accepted)
                shown = value if isinstance(value, int) else f"{value:.3g}"
                print(f"  {what:<60} {shown}" + ("" if accepted is None else f"  (accepted: {accepted:g})"))
            if not agrees:
                print(f"  with PyTorch {torch.__version__}; the run's LibTorch: {made_with}")
            good = good and agrees
    except (Refused, OSError) as error:
        print(f"replay_training: {error}", file=sys.stderr)
        return 2
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
