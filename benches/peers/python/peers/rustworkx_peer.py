"""rustworkx: a graph in memory whose node weights are Python tuples, and a dictionary for what is counted."""

import collections

import rustworkx

from worker import COLORS, KINDS, answer, resident


class Peer:
    def __init__(self, home):
        self.graph = None

    def load(self, nodes, edges):
        graph = rustworkx.PyDiGraph(multigraph=True)
        weights = [(KINDS[kind], COLORS[color], score) for kind, color, score in nodes.tolist()]
        graph.add_nodes_from(weights)
        self.counts = collections.Counter((kind, color) for kind, color, _ in weights)
        for start in range(0, len(edges), 100_000):
            graph.add_edges_from_no_data([tuple(edge) for edge in edges[start:start + 100_000].tolist()])
        self.graph = graph

    def open(self):
        return False

    def point(self, node):
        _, color, score = self.graph[node]
        return answer(color, score)

    def count(self, kind, color):
        return self.counts[kind, color]

    def two_hop(self, node):
        seen = set(self.graph.successor_indices(node))
        for near in list(seen):
            seen.update(self.graph.successor_indices(near))
        seen.discard(node)
        return len(seen)

    def path(self, source, target):
        if source == target:
            return 0
        found = rustworkx.dijkstra_shortest_path_lengths(self.graph, source, lambda _: 1.0, goal=target)
        return int(found[target]) if target in found else None

    def resident(self):
        return resident()

    def close(self):
        self.graph = None
