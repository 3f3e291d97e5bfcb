#!/usr/bin/env python3
"""Writes the committed seeds of the fuzz targets from the golden blocks and from seeded random numbers; the same
blocks give the same files."""

import hashlib
import random
import uuid
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


def cid_of(block: bytes) -> bytes:
    return bytes([1, 0x71, 0x12, 32]) + hashlib.sha256(block).digest()


def section(block: bytes) -> bytes:
    length = 36 + len(block)
    varint = bytes([length]) if length < 0x80 else bytes([length & 0x7F | 0x80, length >> 7])
    return varint + cid_of(block) + block


def commit(blocks: list[bytes]) -> bytes:
    """The journal's commit block of the first events of one aggregate, fewer than 24."""
    link = b"\xd8\x2a\x58\x25\x00" + cid_of(blocks[-1])
    at = blocks[0].index(b"aggregate_id") + len(b"aggregate_id") + 1
    aggregate = str(uuid.UUID(bytes=blocks[0][at : at + 16])).encode()
    heads = b"\xa1\x78\x24" + aggregate + b"\x82" + bytes([len(blocks)]) + link
    count = bytes([len(blocks)])
    return (
        b"\xa5\x65count" + count + b"\x65heads" + heads + b"\x68previous\xf6\x68sequence" + count
        + b"\x6edurable_offset\x00"
    )


def open_car() -> dict[str, bytes]:
    """How to open, then a file's bytes or changes of five bytes each; see fuzz_targets/open_car.rs."""
    blocks = golden_blocks("sha2-256")[:3]
    sections = b"".join(map(section, blocks))
    committed = sections + section(commit(blocks))
    seeds = {
        "car-empty": b"\x00\x11\xa2\x65roots\x80\x67version\x01",
        "car-events": b"\x00\x11\xa2\x65roots\x80\x67version\x01" + sections,
        "segment-header-only": b"\x02",
        "segment-torn": b"\x02" + sections,
        "segment-whole": b"\x02" + committed,
        "segment-cut": b"\x02" + committed + sections[:400],
    }
    for what in range(8):
        for file in range(6):
            tail = bytes(16) if what in (3, 4) else b""
            seeds[f"change-{what}-{file}"] = bytes([3 + file % 2, what, file, 1, 40 * file + what, 16]) + tail
    return seeds


def choice(index: int, of: int) -> bytes:
    """How the fuzzer's decoder reads the variant `index` of `of`."""
    return (-(-(index << 32) // of)).to_bytes(4, "little")


def store_ops() -> dict[str, bytes]:
    """A policy and steps; see fuzz_targets/store_ops.rs for their order and their fields."""

    def step(index: int, *fields: bytes) -> bytes:
        return b"\x01" + choice(index, 12) + b"".join(fields)

    def append(streams: int, transactions: int = 1, events: int = 1) -> bytes:
        return step(0, bytes([streams, transactions, events]))

    seeds = {}
    for policy in range(3):
        this, always = choice(policy, 3), choice(0, 3)
        work = append(1) + append(6, 2, 2) + append(3, 0, 3) + append(7)
        endings = {
            "answers": step(1, b"\x01") + step(3, b"\x01") + step(4, b"\x02\x05\x01") + step(5, b"\x07"),
            "malformed": b"".join(step(2, choice(how, 7), b"\x00") for how in range(7)),
            "full": step(6, b"\x01") + append(1) + step(6, b"\x00") + append(1) + step(10, this) + append(1),
            "crash": step(7, b"\x02") + append(3) + step(8, this) + append(3),
            "power": step(7, b"\x03") + append(3) + step(9, this, bytes(range(8))) + append(3),
            "synced": step(5, b"\x03") + step(10, always) + append(1) + step(9, this, bytes(8)),
            "indices": step(11, this) + append(1),
        }
        for name, ending in endings.items():
            seeds[f"{name}-{policy}"] = this + work + ending + work
    return seeds


def open_snapshot() -> dict[str, bytes]:
    """How to open, then changes of six bytes each; see fuzz_targets/open_snapshot.rs."""
    seeds = {"whole": b"\x01", "magic": b"\x00CIDG\r\n\x1a\n\x01\x00\x00\x00"}
    for place in range(0, 256, 8):
        seeds[f"header-{place}"] = b"\x02" + place.to_bytes(3, "big") + b"\x07\xff\x00"
    for place in range(256, 6144, 64):
        seeds[f"section-{place}"] = b"\x02" + place.to_bytes(3, "big") + b"\x07\xff\xff"
        seeds[f"zero-{place}"] = b"\x02" + (place + 8).to_bytes(3, "big") + b"\x03\x00\x00"
    return seeds


if __name__ == "__main__":
    write("decode_event", decode_event())
    write("graph_ops", graph_ops())
    write("verify_chain", verify_chain())
    write("open_car", open_car())
    write("store_ops", store_ops())
    write("open_snapshot", open_snapshot())
