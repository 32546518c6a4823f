#!/usr/bin/env python3
"""Prints the times of several JSON files of ours and of PyTorch beside each other: medians of the passes, and their ratio.

usage: compare.py OURS.json... -- TORCH.json...
"""
import json
import statistics
import sys


def read(paths):
    rows = {}
    for path in paths:
        with open(path) as file:
            for case in json.load(file)["cases"]:
                rows.setdefault((case["name"], case["threads"]), []).append((case["milliseconds"], case["disturbed"]))
    return rows


def show(passes):
    times = [f"{ms:.3f}{'*' if disturbed else ''}" if ms < 10 else f"{ms:.1f}{'*' if disturbed else ''}" for ms, disturbed in passes]
    return " ".join(times)


def main():
    at = sys.argv.index("--")
    ours, theirs = read(sys.argv[1:at]), read(sys.argv[at + 1:])
    print("| case | threads | ours, ms | PyTorch, ms | ours / PyTorch |")
    print("|---|--:|--:|--:|--:|")
    for key, passes in ours.items():
        if key in theirs:
            ratio = statistics.median(ms for ms, _ in passes) / statistics.median(ms for ms, _ in theirs[key])
            print(f"| {key[0]} | {key[1]} | {show(passes)} | {show(theirs[key])} | {ratio:.2f} |")
    print("\nEvery figure is the median of one pass; * marks passes in which other processes took part of the cores.")


if __name__ == "__main__":
    main()
