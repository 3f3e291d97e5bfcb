"""One process of a Python peer: `work PEER FOLDER HOME` loads and asks, `open PEER FOLDER HOME` opens and asks once.

Prints the figures as JSON, in the form of figures.rs. The data and the questions are those of data.rs.
"""

import importlib
import json
import statistics
import sys
import time
from pathlib import Path

import numpy

KINDS = ["Person", "Document", "Place", "Event", "Product", "Company", "Topic", "Device"]
COLORS = [
    "blue", "green", "red", "amber", "violet", "teal", "orange", "pink",
    "brown", "cyan", "lime", "indigo", "olive", "coral", "silver", "white",
]


def answer(color, score):
    """What a point read answers of a node."""
    return int(score) * 100 + COLORS.index(color)


def resident(pid="self"):
    """Returns the resident bytes of a process."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the operating system tells what a process takes")


class Asked:
    """What has been answered so far, as one number (FNV-1a over the answers in order)."""

    def __init__(self):
        self.digest = 0xCBF29CE484222325

    def note(self, number):
        for byte in (number & (1 << 64) - 1).to_bytes(8, "little"):
            self.digest = (self.digest ^ byte) * 0x100000001B3 & (1 << 64) - 1

    def each(self, questions, ask):
        samples = []
        for question in questions:
            started = time.perf_counter_ns()
            found = ask(*question)
            samples.append(time.perf_counter_ns() - started)
            self.note(found)
        return statistics.median_high(samples)


def work(make, folder):
    peer = make()
    try:
        return load_and_ask(peer, folder)
    finally:
        peer.close()


def load_and_ask(peer, folder):
    nodes = numpy.fromfile(folder / "nodes", dtype=numpy.uint8).reshape(-1, 3)
    edges = numpy.fromfile(folder / "edges", dtype="<u4").reshape(-1, 2)
    started = time.perf_counter()
    peer.load(nodes, edges)
    load_s = time.perf_counter() - started
    del nodes, edges
    time.sleep(0.5)
    taken = peer.resident()
    numbers = {name: numpy.fromfile(folder / name, dtype="<u4") for name in ("points", "starts", "pairs")}
    asked = Asked()
    point_ns = asked.each(((int(node),) for node in numbers["points"]), peer.point)
    count_ns = asked.each(((kind, color) for kind in KINDS for color in COLORS), peer.count)
    two_hop_ns = asked.each(((int(node),) for node in numbers["starts"]), peer.two_hop)
    pairs = numbers["pairs"].reshape(-1, 2)
    path_ns = asked.each(((int(a), int(b)) for a, b in pairs), lambda a, b: -1 if (p := peer.path(a, b)) is None else p)
    return {
        "load_s": load_s, "resident": taken, "point_ns": point_ns, "count_ns": count_ns,
        "two_hop_ns": two_hop_ns, "path_ns": path_ns, "digest": f"{asked.digest:016x}",
    }


def open_again(make, folder):
    first = int(numpy.fromfile(folder / "points", dtype="<u4", count=1)[0])
    started = time.perf_counter()
    peer = make()
    try:
        if not peer.open():
            return None
        point = peer.point(first)
        return {"open_s": time.perf_counter() - started, "resident": peer.resident(), "point": point}
    finally:
        peer.close()


def main():
    step, name, folder, home = sys.argv[1:]
    if step not in ("work", "open"):
        sys.exit(f"there is no step {step}")
    sys.path.insert(0, str(Path(__file__).parent))
    module = importlib.import_module(f"peers.{name}_peer")
    run = work if step == "work" else open_again
    print(json.dumps(run(lambda: module.Peer(Path(home)), Path(folder))))


if __name__ == "__main__":
    main()
