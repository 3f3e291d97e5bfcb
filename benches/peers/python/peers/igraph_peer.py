"""igraph: a graph in memory with vertex attributes; counts by numpy over columns, as igraph has no index."""

import igraph
import numpy

from worker import COLORS, KINDS, answer, resident


class Peer:
    def __init__(self, home):
        self.graph = None

    def load(self, nodes, edges):
        graph = igraph.Graph(n=len(nodes), edges=edges, directed=True)
        graph.vs["kind"] = [KINDS[kind] for kind in nodes[:, 0]]
        graph.vs["color"] = [COLORS[color] for color in nodes[:, 1]]
        graph.vs["score"] = nodes[:, 2].tolist()
        self.columns = numpy.array(nodes[:, :2])
        self.graph = graph

    def open(self):
        return False

    def point(self, node):
        vertex = self.graph.vs[node]
        return answer(vertex["color"], vertex["score"])

    def count(self, kind, color):
        kinds, colors = self.columns[:, 0], self.columns[:, 1]
        return int(numpy.count_nonzero((kinds == KINDS.index(kind)) & (colors == COLORS.index(color))))

    def two_hop(self, node):
        return len(self.graph.neighborhood(node, order=2, mode="out", mindist=1))

    def path(self, source, target):
        found = self.graph.distances(source, target, mode="out")[0][0]
        return None if found == float("inf") else int(found)

    def resident(self):
        return resident()

    def close(self):
        self.graph = None
