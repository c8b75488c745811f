# SPDX-License-Identifier: Apache-2.0
"""How fast transformers computes the forward passes of a run, and how fast we did.

    pip install torch==2.13.0 transformers h5py numpy
    python tests/benchmark/forward_vs_transformers.py --run results/quickstart/run.h5

For each backbone of the run (or the one of --backbone) the sentences that its devices held go through
transformers in bf16 with sdpa attention (eager where a model has none), by two processes of one thread, in two ways: (a) sorted by
length, batches of 64, the best that one can do who may mix devices; (b) each device's own packets of 8
in order, what a federated simulator does that runs one device after another.  Our figure is real
tokens a second of the phase `forward` in /host, from all ranks and threads together; run both on the
same idle machine.  Tokenisation is not timed; every process warms up on one batch first.

Without a run: --folder data/cache/backbones/all-minilm-l6-v2 --text sentences.txt (one a line, or a
table with a header), packets of 8 consecutive sentences.

Of an architecture alone, both sides in turn in one run, with random weights and ids:

    python tests/benchmark/forward_vs_transformers.py --program build/release/src/app/fedmobillm \\
        --folder FOLDER_WITH_CONFIG_JSON --lengths data/lengths/mrpc.txt --limit 64

ours is then `bench forward` in as many processes of one thread at once, the ratio the median of --repeat
alternations.
"""
import argparse
import csv
import json
import multiprocessing
import pathlib
import queue
import random
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SORTED_BATCH = 64
PACKET = 8


def read_sentences(path, column):
    """One a line; of a table (.tsv, .csv) the column of that name."""
    with open(path, encoding="utf-8", newline="") as file:
        if path.suffix == ".tsv":
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        elif path.suffix == ".csv":
            rows = list(csv.DictReader(file))
        else:
            return [line for line in file.read().splitlines() if line]
    if not rows or column not in rows[0]:
        sys.exit(f"{path}: has no column {column!r}")
    return [row[column] for row in rows]


def encode(folder, sentences, max_tokens):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    return tokenizer(sentences, truncation=True, max_length=max_tokens)["input_ids"]


def load_model(folder, layers):
    """In bf16; with random weights where the folder has a config.json alone."""
    import torch
    from transformers import AutoConfig, AutoModel, logging

    logging.disable_progress_bar()
    config = AutoConfig.from_pretrained(folder)
    if layers:
        config.num_hidden_layers = layers

    def load(attention):
        options = {"dtype": torch.bfloat16, "attn_implementation": attention}
        if any(pathlib.Path(folder).glob("*.safetensors")):
            return AutoModel.from_pretrained(folder, config=config, **options)
        return AutoModel.from_config(config, **options)

    try:
        return load("sdpa").eval()
    except ValueError:  # MPNet has no such implementation
        return load("eager").eval()


def compute(folder, layers, batches, start, results):
    """One process: `batches` are lists of id lists; waits at `start` with everything ready."""
    import torch

    torch.set_num_threads(1)
    model = load_model(folder, layers)
    pad = model.config.pad_token_id or 0
    with torch.inference_mode():

        def forward(batch):
            longest = max(map(len, batch))
            ids = torch.tensor([row + [pad] * (longest - len(row)) for row in batch])
            mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in batch])
            states = model(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
            weight = mask[..., None] / mask.sum(1)[:, None, None]
            return [(state * weight).sum(1) for state in states[1:]]  # what a packet holds

        forward(batches[0])
        start.wait()
        begin, begin_cpu = time.monotonic(), time.process_time()
        for batch in batches:
            forward(batch)
        results.put((begin, time.monotonic(), time.process_time() - begin_cpu))


def tokens_per_second(folder, layers, batches, processes, clock):
    """Real tokens a second of all processes together."""
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(processes)
    results = context.Queue()
    # the longest first, dealt in turn: both end at about the same time
    dealt = sorted(batches, key=lambda batch: -len(batch) * max(map(len, batch)))
    workers = [
        context.Process(target=compute, args=(folder, layers, dealt[i::processes], start, results))
        for i in range(processes)
    ]
    for worker in workers:
        worker.start()
    times = []
    while len(times) < processes:
        try:
            times.append(results.get(timeout=1))
        except queue.Empty:
            if any(worker.exitcode not in (None, 0) for worker in workers):
                for worker in workers:
                    worker.terminate()
                sys.exit("a process failed: see above")
    for worker in workers:
        worker.join()
    seconds = max(end for _, end, _ in times) - min(begin for begin, _, _ in times)
    if clock == "cpu":
        seconds = sum(cpu for _, _, cpu in times) / processes
    return sum(len(row) for batch in batches for row in batch) / seconds


def measure(name, folder, layers, sentences, packets, options, ours=None):
    """Prints the lines of one backbone."""
    ids = encode(folder, sentences, options.max_tokens)
    by_length = sorted(ids, key=len)
    sorted_batches = [by_length[i : i + SORTED_BATCH] for i in range(0, len(ids), SORTED_BATCH)]
    packet_batches = [[ids[i] for i in packet] for packet in packets]
    tokens = sum(map(len, ids))
    print(f"{name}: {len(ids)} sentences, {tokens} tokens, mean {tokens / len(ids):.1f}")
    if ours:
        print(f"  ours, packed, /host               {ours:10.0f} tokens/s")
    for label, batches in (("sorted by length, batches of 64", sorted_batches), ("own packets of 8, in order", packet_batches)):
        rate = tokens_per_second(folder, layers, batches, options.processes, options.clock)
        ratio = f"   ours is {ours / rate:.2f} times that" if ours else ""
        print(f"  {label:<33} {rate:10.0f} tokens/s{ratio}", flush=True)


def our_rate(run, backbone, clock):
    """Real tokens a second of the phase `forward`: the rates of the ranks add up."""
    rows = run.table("host", decode=True)
    rows = rows[(rows["phase"] == "forward") & (rows["backbone"] == backbone)]
    if not len(rows):
        sys.exit(f"the run's /host has no forward passes of {backbone}")
    seconds = rows["wall_s"] if clock == "wall" else rows["cpu_s"] / rows["threads"]
    return sum(count / second for count, second in zip(rows["tokens"], seconds) if second > 0)


def bench_rate(options, batch_tokens):
    """Tokens a second of as many processes of our `bench forward` at once, and their worst share of at::linear."""
    command = [options.program, "bench", "forward", str(options.folder), "--lengths", options.lengths, "--json"]
    command += ["--batch", str(batch_tokens), "--seconds", str(options.seconds), "--threads", "1"]
    if not any(options.folder.glob("*.safetensors")):
        command.append("--random")
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(options.processes)]
    reports = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        sys.exit("bench forward failed: see above")
    speeds = [json.loads(report)["batches"][0] for report in reports]
    return sum(speed["tokens_per_second"] for speed in speeds), min(speed["share_of_linear"] for speed in speeds)


def measure_shape(options):
    """Both sides of one architecture in turn, with sequences of the lengths of a file."""
    lines = pathlib.Path(options.lengths).read_text(encoding="utf-8").splitlines()
    lengths = [int(line) for line in lines if line.strip() and not line.startswith("#")]
    count = PACKET * (options.limit or len(lengths) // PACKET)
    numbers = random.Random(1)
    ids = [[numbers.randrange(10, 1000) for _ in range(lengths[i % len(lengths)])] for i in range(count)]
    by_length = sorted(ids, key=len)
    rivals = {
        "sorted by length, batches of 64": [by_length[i : i + SORTED_BATCH] for i in range(0, count, SORTED_BATCH)],
        "own packets of 8, in order": [ids[i : i + PACKET] for i in range(0, count, PACKET)],
    }
    ours, shares, theirs = [], [], {label: [] for label in rivals}
    for _ in range(options.repeat):
        rate, share = bench_rate(options, options.batch)
        ours.append(rate)
        shares.append(share)
        for label, batches in rivals.items():
            theirs[label].append(tokens_per_second(options.folder, options.layers, batches, options.processes, options.clock))
    tokens = sum(map(len, ids))
    print(f"{options.folder.name}, {pathlib.Path(options.lengths).stem}: {count} sequences, mean {tokens / count:.1f} tokens")
    print(f"  ours, packed, batches of {options.batch:<9} {statistics.median(ours):9.0f} tokens/s", end="")
    print(f"   {statistics.median(shares):.2f} of at::linear")
    for label, rates in theirs.items():
        ratio = statistics.median(our / rate for our, rate in zip(ours, rates))
        print(f"  {label:<33} {statistics.median(rates):10.0f} tokens/s   ours is {ratio:.2f} times that", flush=True)


def measure_run(options):
    sys.path.insert(0, str(ROOT / "analysis"))
    import mobilog

    with mobilog.open_run(options.run) as run:
        backbones = run.table("backbones", decode=True)
        devices = run.table("devices", decode=True)
        samples = run.table("samples")
        rates = {str(row["name"]): our_rate(run, str(row["name"]), options.clock) for row in backbones if row["devices"]}
        config = run.config
    text = pathlib.Path(options.text or config["data.train"])
    sentences = read_sentences(text, options.column or config["data.text"])
    options.max_tokens = options.max_tokens or int(config["data.max_tokens"])
    for number, backbone in enumerate(backbones):
        name = str(backbone["name"])
        if options.backbone not in (None, name):
            continue
        own = {int(row["device"]) for row in devices if row["backbone"] in (number, name) and row["admitted"]}
        packets = {}
        for row in samples:
            if int(row["device"]) in own:
                packets.setdefault((int(row["device"]), int(row["packet"])), []).append(int(row["sample"]))
        if not packets:
            continue
        used = sorted(packets)[: options.limit] if options.limit else sorted(packets)
        place = {sample: i for i, sample in enumerate(s for key in used for s in packets[key])}
        folder = options.folder or ROOT / config[f"backbone.{name}.path"]
        measure(
            name,
            folder,
            int(backbone["layers"]),
            [sentences[sample] for sample in place],
            [[place[sample] for sample in packets[key]] for key in used],
            options,
            rates[name],
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", help="run file whose sentences, packets and /host are taken")
    parser.add_argument("--backbone", help="only this backbone of the run")
    parser.add_argument("--folder", type=pathlib.Path, help="Hugging Face folder (default: as in the run)")
    parser.add_argument("--layers", type=int, default=0, help="keep the first n blocks (default: as in the run, or all)")
    parser.add_argument("--text", help="sentences: a text file or a table (default: data.train of the run)")
    parser.add_argument("--column", help="column of a table (default: data.text of the run, or text)")
    parser.add_argument("--max-tokens", type=int, default=0, help="cut longer sentences (default: as in the run, or 128)")
    parser.add_argument("--limit", type=int, default=0, help="use the first n packets only")
    parser.add_argument("--program", help="our program: measure both sides of --folder with the lengths of --lengths")
    parser.add_argument("--lengths", help="file of sequence lengths in tokens, one a line (data/lengths)")
    parser.add_argument("--batch", type=int, default=1024, help="tokens of our batches (default: 1024)")
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement of ours (default: 3)")
    parser.add_argument("--repeat", type=int, default=3, help="alternations of both sides (default: 3)")
    parser.add_argument("--processes", type=int, default=2, help="processes of one thread (default: 2)")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="seconds of the wall, or of the processes")
    options = parser.parse_args()
    if options.run:
        measure_run(options)
        return
    if options.program and options.folder and options.lengths:
        measure_shape(options)
        return
    if not options.folder or not options.text:
        parser.error("either --run, or --folder and --text, or --program, --folder and --lengths")
    sentences = read_sentences(pathlib.Path(options.text), options.column or "text")
    packets = [list(range(i, min(i + PACKET, len(sentences)))) for i in range(0, len(sentences), PACKET)]
    if options.limit:
        packets = packets[: options.limit]
        sentences = sentences[: packets[-1][-1] + 1]
    options.max_tokens = options.max_tokens or 128
    measure(options.folder.name, options.folder, options.layers, sentences, packets, options)


if __name__ == "__main__":
    main()
