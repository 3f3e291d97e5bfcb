#!/usr/bin/env python3
"""Writes the committed seeds of the fuzz targets from the golden blocks and from seeded random numbers; the same
blocks give the same files."""

import random
from pathlib import Path

HERE = Path(__file__).resolve().parent
BLOCKS = HERE.parent / "engine" / "tests" / "golden" / "blocks.txt"


def golden_blocks(name: str) -> list[bytes]:
    lines = (line.split() for line in BLOCKS.read_text().splitlines())
    return [bytes.fromhex(block) for hash_name, _, block in lines if hash_name == name]


def write(target: str, seeds: dict[str, bytes]) -> None:
    folder = HERE / "seeds" / target
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.iterdir():
        stale.unlink()
    for name, seed in seeds.items():
        (folder / name).write_bytes(seed)


def decode_event() -> dict[str, bytes]:
    blocks = golden_blocks("sha2-256")
    seeds = {f"block-{version:02}": block for version, block in enumerate(blocks, 1)}
    seeds["block-blake3"] = golden_blocks("blake3")[1]
    return seeds


def graph_ops() -> dict[str, bytes]:
    """Stories of random bytes: each begins with a graph being created and has two nodes more likely than not."""
    stories = {}
    for story in range(24):
        dice = random.Random(story)
        created = bytes([0, 0, 0, 0, 0, 0])
        stories[f"story-{story:02}"] = created + bytes(dice.randrange(256) for _ in range(40 << story // 6))
    return stories


def verify_chain() -> dict[str, bytes]:
    changes = {f"change-{what:02}": bytes([what % 4, 1, what, 0, 40, 0, 3, 1]) for what in range(13)}
    first = golden_blocks("sha2-256")[:2]
    replacements = {f"replace-{event}": bytes([3, event, 0xFF]) + block for event, block in enumerate(first)}
    return changes | replacements


if __name__ == "__main__":
    write("decode_event", decode_event())
    write("graph_ops", graph_ops())
    write("verify_chain", verify_chain())
