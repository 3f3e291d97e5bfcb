#!/usr/bin/env python3
"""Checks a CARv1 file of event blocks without any code of this repository.

Recomputes every block's CID, decodes every block, and checks for each aggregate that versions start at 1 and have no
gap, that each event names the CID of the one before, that time never goes back and that transactions are whole. Blocks
without `aggregate_id` (a store's manifest, its commits) may stand between: their CID and their encoding are checked.

Needs `dag-cbor` and `multiformats` from PyPI, and `blake3` where a block is hashed with it.
Exit codes: 0 all holds, 1 usage, 2 something does not hold. Prints one JSON object a file.
"""

import hashlib
import json
import sys
import uuid
from pathlib import Path

import dag_cbor
from dag_cbor.decoding.err import CBORDecodingError
from multiformats import CID, varint

EVENT_FIELDS = {"payload", "metadata", "timestamp", "event_type", "aggregate_id", "previous_cid"}
METADATA_FIELDS = {
    "actor", "schema", "version", "event_id", "causation_id", "correlation_id", "transaction_id",
    "transaction_remaining",
}
DAG_CBOR, RAW = 0x71, 0x55


class Broken(Exception):
    """Something that does not hold, with the place in the file."""


def show(cid) -> str:
    return "none" if cid is None else cid.encode("base32")


def digest(code: int, data: bytes) -> bytes:
    if code == 0x12:
        return hashlib.sha256(data).digest()
    if code == 0x1E:
        import blake3

        return blake3.blake3(data).digest()
    raise Broken(f"multihash {code:#x} is neither sha2-256 nor blake3")


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    value, length, _ = varint.decode_raw(memoryview(data)[at : at + 10])
    return value, at + length


def sections(data: bytes):
    """Yields (offset, CID's bytes, block) of every section, after checking the header."""
    length, at = read_varint(data, 0)
    header = dag_cbor.decode(data[at : at + length])
    if header.get("version") != 1 or not isinstance(header.get("roots"), list):
        raise Broken("offset 0: no CARv1 header")
    at += length
    while at < len(data):
        start = at
        length, at = read_varint(data, at)
        section = data[at : at + length]
        if len(section) != length:
            raise Broken(f"offset {start}: a section of {length} bytes is cut off")
        at += length
        yield start, *split_cid(start, section)


def split_cid(start: int, section: bytes) -> tuple[bytes, bytes]:
    at = 0
    numbers = []
    for _ in range(4):
        number, at = read_varint(section, at)
        numbers.append(number)
    version, codec, _, length = numbers
    if version != 1 or codec not in (DAG_CBOR, RAW):
        raise Broken(f"offset {start}: no CIDv1 of a dag-cbor or raw block")
    return section[: at + length], section[at + length :]


def check_cid(start: int, name: bytes, block: bytes) -> CID:
    named = CID.decode(name)
    code, expected = named.hashfun.code, named.raw_digest
    actual = digest(code, block)
    if actual != expected:
        raise Broken(f"offset {start}: expected {show(named)}, the bytes hash to {actual.hex()}")
    return named


def check_link(heads: dict, transactions: dict, cid: CID, event: dict) -> None:
    """Checks that an event follows from the one before it in its aggregate."""
    metadata = event["metadata"]
    if set(event) != EVENT_FIELDS or set(metadata) != METADATA_FIELDS:
        raise Broken(f"{show(cid)}: other fields than an event has")
    aggregate, version = uuid.UUID(bytes=event["aggregate_id"]), metadata["version"]
    last_version, last_cid, last_time = heads.get(aggregate, (0, None, 0))
    where = f"aggregate {aggregate}, version {version}"
    if version != last_version + 1:
        raise Broken(f"{where}: expected version {last_version + 1}")
    if event["previous_cid"] != last_cid:
        raise Broken(f"{where}: expected previous {show(last_cid)}, found {show(event['previous_cid'])}")
    if event["timestamp"] < last_time:
        raise Broken(f"{where}: time goes back")
    transaction, remaining = metadata["transaction_id"], metadata["transaction_remaining"]
    open_transaction = transactions.get(aggregate)
    if open_transaction not in (None, (transaction, remaining)):
        raise Broken(f"{where}: a transaction is cut")
    transactions[aggregate] = (transaction, remaining - 1) if remaining else None
    heads[aggregate] = (version, cid, event["timestamp"])


def check_file(path: Path) -> dict:
    heads: dict = {}
    transactions: dict = {}
    blocks = events = 0
    for start, name, block in sections(path.read_bytes()):
        cid = check_cid(start, name, block)
        blocks += 1
        if cid.codec.code != DAG_CBOR:
            continue
        value = dag_cbor.decode(block)
        if dag_cbor.encode(value) != block:
            raise Broken(f"offset {start}: {show(cid)} is not canonical DAG-CBOR")
        if isinstance(value, dict) and "aggregate_id" in value:
            check_link(heads, transactions, cid, value)
            events += 1
    cut = [str(aggregate) for aggregate, open_transaction in transactions.items() if open_transaction]
    if cut:
        raise Broken(f"the file ends within a transaction of {', '.join(cut)}")
    shown = {str(aggregate): {"version": version, "cid": show(cid)} for aggregate, (version, cid, _) in heads.items()}
    return {"file": str(path), "blocks": blocks, "events": events, "heads": shown}


def main(arguments: list[str]) -> int:
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 1
    for argument in arguments:
        try:
            print(json.dumps(check_file(Path(argument))))
        except OSError as error:
            print(f"{argument}: {error.strerror}", file=sys.stderr)
            return 1
        except (Broken, CBORDecodingError, ValueError, KeyError, TypeError, AttributeError) as error:
            print(f"{argument}: {type(error).__name__}: {error}", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
