"""LadybugDB: a database in a file, filled by COPY from data frames, one node table a kind is not needed: kind is a column."""

import ladybug
import pandas

from worker import COLORS, KINDS, answer, resident


class Peer:
    def __init__(self, home):
        self.home = str(home / "graph.lbug")
        self.database = None

    def connect(self):
        self.database = ladybug.Database(self.home)
        self.connection = ladybug.Connection(self.database)
        return self.connection

    def load(self, nodes, edges):
        connection = self.connect()
        connection.execute(
            "CREATE NODE TABLE Node(id INT64, kind STRING, color STRING, score INT64, PRIMARY KEY(id))")
        connection.execute("CREATE REL TABLE Knows(FROM Node TO Node)")
        frame = pandas.DataFrame({
            "id": range(len(nodes)),
            "kind": [KINDS[kind] for kind in nodes[:, 0]],
            "color": [COLORS[color] for color in nodes[:, 1]],
            "score": nodes[:, 2].astype("int64"),
        })
        connection.execute("COPY Node FROM $frame", {"frame": frame})
        frame = pandas.DataFrame({"from": edges[:, 0].astype("int64"), "to": edges[:, 1].astype("int64")})
        connection.execute("COPY Knows FROM $frame", {"frame": frame})
        connection.execute("CHECKPOINT")
        self.prepare()

    def open(self):
        self.connect()
        self.prepare()
        return True

    def prepare(self):
        prepare = self.connection.prepare
        self.queries = {
            "point": prepare("MATCH (n:Node {id: $id}) RETURN n.color, n.score"),
            "count": prepare("MATCH (n:Node) WHERE n.kind = $kind AND n.color = $color RETURN count(*)"),
            "two_hop": prepare(
                "MATCH (a:Node {id: $id})-[:Knows*1..2]->(b:Node) WHERE b.id <> $id RETURN count(DISTINCT b.id)"),
            "path": prepare(
                "MATCH p = (a:Node {id: $source})-[:Knows* SHORTEST 1..30]->(b:Node {id: $target}) RETURN length(p)"),
        }

    def row(self, query, values):
        result = self.connection.execute(self.queries[query], values)
        return result.get_next() if result.has_next() else None

    def point(self, node):
        return answer(*self.row("point", {"id": node}))

    def count(self, kind, color):
        return self.row("count", {"kind": kind, "color": color})[0]

    def two_hop(self, node):
        return self.row("two_hop", {"id": node})[0]

    def path(self, source, target):
        if source == target:
            return 0
        row = self.row("path", {"source": source, "target": target})
        return None if row is None else row[0]

    def resident(self):
        return resident()

    def close(self):
        self.connection = None
        if self.database is not None:
            self.database.close()
