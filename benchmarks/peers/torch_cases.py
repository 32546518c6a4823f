#!/usr/bin/env python3
"""Times the cases of `./build.sh bench quick` with PyTorch and writes the same JSON.

usage: torch_cases.py --threads N [--rounds N] [--json FILE] KIND:SIZES...

What PyTorch gets: its fastest layout (channels first for convolutions), whole score matrices, weights ready, no gradients.
"""
import argparse
import json
import os
import resource
import statistics
import time

import torch
import torch.nn.functional as F

TICKS = os.sysconf("SC_CLK_TCK")
QUIET_CORES = 0.15
SAMPLE_SECONDS = 0.1


def uniform(*shape, scale=1.0):
    return (torch.rand(*shape) * 2 - 1) * scale


def linear(rows, inputs, outputs):
    x, w, b = uniform(rows, inputs), uniform(outputs, inputs, scale=0.02), uniform(outputs)
    return 2 * rows * inputs * outputs, lambda: F.linear(x, w, b)


def attend(q, k, v):
    """[L, N, D] queries, [S, N, D] keys and values, to [L, N * D]."""
    q, k, v = (t.transpose(0, 1) for t in (q, k, v))
    weights = torch.softmax(torch.matmul(q * q.shape[-1] ** -0.5, k.transpose(1, 2)), -1)
    return torch.matmul(weights, v).transpose(0, 1).flatten(1)


def attention(queries, keys, heads, width):
    q, k, v = uniform(queries, heads, width), uniform(keys, heads, width), uniform(keys, heads, width)
    return 4 * queries * keys * heads * width, lambda: attend(q, k, v)


def conv_flops(channels, frames, height, width):
    return 2 * channels * channels * 27 * frames * height * width


def conv3d(channels, frames, height, width):
    # The two frames before the first are part of the input, so that no padding in time is timed.
    x, w, b = uniform(1, channels, frames + 2, height, width), uniform(channels, channels, 3, 3, 3, scale=0.02), uniform(channels)
    return conv_flops(channels, frames, height, width), lambda: F.conv3d(x, w, b, padding=(0, 1, 1))


def vae_residual(channels, frames, height, width):
    x = uniform(1, channels, frames, height, width)
    w1, w2 = (uniform(channels, channels, 3, 3, 3, scale=0.02) for _ in range(2))
    b1, b2, g1, g2 = uniform(channels), uniform(channels), uniform(channels, 1, 1, 1), uniform(channels, 1, 1, 1)
    history = [uniform(1, channels, 2, height, width) for _ in range(2)]

    def half(y, gamma, w, b, past):
        y = F.silu(F.normalize(y, dim=1) * (channels ** 0.5) * gamma)
        return F.conv3d(torch.cat([past, y], 2), w, b, padding=(0, 1, 1))

    return 2 * conv_flops(channels, frames, height, width), lambda: x + half(half(x, g1, w1, b1, history[0]), g2, w2, b2, history[1])


def rotation(tokens, width):
    """cos + i sin for every token and channel pair; the values do not change the time."""
    angles = torch.outer(torch.arange(tokens, dtype=torch.float64), torch.pow(10000.0, -torch.arange(width // 2, dtype=torch.float64) / (width // 2)))
    return torch.polar(torch.ones_like(angles), angles).to(torch.complex64).unsqueeze(1)


def block(dim, ffn, heads, tokens, text):
    x, context, e = uniform(tokens, dim), uniform(text, dim), uniform(6, dim, scale=0.1)
    table, turn = uniform(6, dim, scale=0.02), rotation(tokens, dim // heads)

    def layer(inputs, outputs):
        return uniform(outputs, inputs, scale=0.02), uniform(outputs)

    q, k, v, o, cq, ck, cv, co = (layer(dim, dim) for _ in range(8))
    up, down = layer(dim, ffn), layer(ffn, dim)
    nq, nk, ncq, nck, n3w, n3b = (uniform(dim) for _ in range(6))

    def rms(t, weight):
        return t * torch.rsqrt(t.square().mean(-1, keepdim=True) + 1e-6) * weight

    def split(t):
        return t.unflatten(-1, (heads, dim // heads))

    def rotate(t):
        return torch.view_as_real(torch.view_as_complex(t.unflatten(-1, (-1, 2))) * turn).flatten(-2)

    def norm(t, shift, scale):
        return F.layer_norm(t, (dim,), eps=1e-6) * (1 + scale) + shift

    def run():
        m = table + e
        a = norm(x, m[0], m[1])
        queries, keys = (rotate(split(rms(F.linear(a, *w), n))) for w, n in ((q, nq), (k, nk)))
        y = x + F.linear(attend(queries, keys, split(F.linear(a, *v))), *o) * m[2]
        queries = split(rms(F.linear(F.layer_norm(y, (dim,), n3w, n3b, 1e-6), *cq), ncq))
        keys, values = split(rms(F.linear(context, *ck), nck)), split(F.linear(context, *cv))
        y = y + F.linear(attend(queries, keys, values), *co)
        hidden = F.gelu(F.linear(norm(y, m[3], m[4]), *up), approximate="tanh")
        return y + F.linear(hidden, *down) * m[5]

    return 4 * tokens * dim * (3 * dim + tokens + text + ffn) + 4 * text * dim * dim, run


def block_training(*sizes):
    """The same with gradients of input, text and all weights: what is made inside becomes a leaf."""
    leaves = []

    def leaf(*shape, scale=1.0):
        leaves.append(((torch.rand(*shape) * 2 - 1) * scale).requires_grad_())
        return leaves[-1]

    global uniform
    plain, uniform = uniform, leaf
    try:
        flops, run = block(*sizes)
    finally:
        uniform = plain
    dy = uniform(sizes[3], sizes[0])

    def step():
        for each in leaves:
            each.grad = None
        with torch.enable_grad():
            run().backward(dy)

    return 3 * flops, step


KINDS = {
    "linear": linear, "attention": attention, "conv3d": conv3d, "vae_residual": vae_residual, "block": block, "block_training": block_training,
}


def busy():
    with open("/proc/stat") as stat:
        user, nice, system, _, _, irq, soft, steal = map(int, stat.readline().split()[1:9])
    return (user + nice + system + irq + soft + steal) / TICKS


def own():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def sample(run, calls):
    before_busy, before_own, start = busy(), own(), time.perf_counter()
    for _ in range(calls):
        run()
    seconds = time.perf_counter() - start
    others = max(0.0, busy() - before_busy - (own() - before_own)) / seconds
    return {"milliseconds": seconds / calls * 1e3, "others_cores": round(others, 3)}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--threads", type=int, required=True)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--json", default="torch.json")
    arguments.add_argument("cases", nargs="+", metavar="KIND:SIZES")
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_grad_enabled(False)
    torch.manual_seed(1)
    results = []
    for name in options.cases:
        kind, sizes = name.split(":")
        flops, run = KINDS[kind](*map(int, sizes.split("x")))
        run()
        run()
        start = time.perf_counter()
        run()
        calls = max(1, round(SAMPLE_SECONDS / (time.perf_counter() - start)))
        samples = []
        while sum(s["others_cores"] < QUIET_CORES for s in samples) < options.rounds and len(samples) < 4 * options.rounds:
            samples.append(sample(run, calls))
        quiet = [s["milliseconds"] for s in samples if s["others_cores"] < QUIET_CORES]
        counted = quiet if len(quiet) >= min(3, options.rounds) else [s["milliseconds"] for s in samples]
        median = statistics.median(counted)
        results.append({"name": name, "threads": options.threads, "milliseconds": median, "gflops": flops / median / 1e6,
                        "disturbed": counted is not quiet, "samples": samples})
        print(f"{name:34} {options.threads} threads {median:10.3f} ms {flops / median / 1e6:6.0f} GFLOP/s  {len(quiet)} quiet of {len(samples)}", flush=True)
    with open(options.json, "w") as out:
        json.dump({"machine": f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads", "cases": results}, out, indent=1)


if __name__ == "__main__":
    main()
