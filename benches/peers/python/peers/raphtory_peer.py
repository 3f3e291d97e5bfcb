"""Raphtory: a graph of one point in time with node properties, saved to a file."""

import pandas
import raphtory
from raphtory import filter as by

from worker import COLORS, KINDS, answer, resident


class Peer:
    def __init__(self, home):
        self.home = str(home / "graph.raphtory")
        self.graph = None

    def load(self, nodes, edges):
        graph = raphtory.Graph()
        graph.load_nodes(
            pandas.DataFrame({
                "time": 0,
                "id": range(len(nodes)),
                "kind": [KINDS[kind] for kind in nodes[:, 0]],
                "color": [COLORS[color] for color in nodes[:, 1]],
                "score": nodes[:, 2].astype("int64"),
            }),
            time="time", id="id", node_type_col="kind", properties=["color", "score"])
        graph.load_edges(
            pandas.DataFrame({"time": 0, "src": edges[:, 0].astype("int64"), "dst": edges[:, 1].astype("int64")}),
            time="time", src="src", dst="dst")
        graph.save_to_file(self.home)
        self.graph = graph

    def open(self):
        self.graph = raphtory.Graph.load_from_file(self.home)
        return True

    def point(self, node):
        properties = self.graph.node(node).properties
        return answer(properties.get("color"), properties.get("score"))

    def count(self, kind, color):
        of_kind = (by.Node.node_type() == kind) & (by.Node.property("color") == color)
        return self.graph.filter(of_kind).count_nodes()

    def two_hop(self, node):
        seen = set()
        for near in self.graph.node(node).out_neighbours:
            seen.add(near.id)
            seen.update(near.out_neighbours.id)
        seen.discard(node)
        return len(seen)

    def path(self, source, target):
        seen, layer, length = {source}, [source], 0
        while layer:
            if target in seen:
                return length
            found = set()
            for node in layer:
                found.update(self.graph.node(node).out_neighbours.id)
            layer = list(found - seen)
            seen |= found
            length += 1
        return None

    def resident(self):
        return resident()

    def close(self):
        self.graph = None
