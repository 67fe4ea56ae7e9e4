"""Worlds of ledger.md section 7.11: chunks of a model's files that are asked for, shown or not, and what is rejected."""

import ledger_parts as rules
from dispute import slice_of
from hash_blake3 import digest
from ledger_dispute_cases import APPEAL, EPOCH, FREE, KEY, MOVE, SOON, STAKE
from ledger_missing_cases import shown
from ledger_node_cases import NO_CLAIM, OPERATOR, TRANSPORT, made, new_key
from ledger_package_cases import PROGRAM, SIZE, file, manifest, published, to
from ledger_world import World, public

FILES = [bytes(at * at % 251 for at in range(size)) for size in (SIZE, 1, 1024, 2049)]
MANIFEST = manifest(files=[{**file(len(data), f"file-{at}"), "blake3": digest(data).hex(), "shards": [digest(data).hex()]} for at, data in enumerate(FILES)])
MODEL = digest(MANIFEST)
LAST = (SIZE - 1) // 1024
SHORT = [*{**dict(FREE), **dict(SOON)}.items()]


def world(parameters=SHORT, stake=STAKE):
    """A node of account 1, its operator KEY, and a package that accounts 8 and 9 published."""
    w = World(parameters=parameters).block()
    w.send(9, 10, {"program": PROGRAM}).send(9, 11, published(w, MANIFEST, 9)).send(8, 11, published(w, MANIFEST, 8))
    node = made(w, 1, KEY, transport=NO_CLAIM, validator=NO_CLAIM)
    if stake:
        w.send(1, 6, {"node": node, "amount": stake})
    return w.block(), node


def receipt(w, anchor_by=1, **changed):
    return shown(w, anchor_by=anchor_by, model=MODEL.hex(), **changed)


def asked(node, held, number=0, chunk=0, publisher=9, **changed):
    return {"node": node, "receipt": held[0], "signature": held[1], "publisher": public(publisher), "file": number, "chunk": chunk, **changed}


def id_of(w, number=0, chunk=0, worker=KEY):
    return rules.part_id(w.hashes, public(worker), MODEL, number, chunk)


def answered(w, node, number=0, chunk=0, challenger=3, **changed):
    data = FILES[number]
    _, part, beside = slice_of(data, [(1024 * chunk, min(1024 * (chunk + 1), len(data)))])
    body = {"part": id_of(w, number, chunk), "node": node, "owner": public(1), "challenger": public(challenger), "bytes": part, "beside": beside}
    return {**body, **changed}


def late(w, node, number=0, chunk=0, challenger=3):
    return {"part": id_of(w, number, chunk), "node": node, "challenger": public(challenger)}


def asking():
    w, node = world()
    other = made(w, 2, 30, transport=NO_CLAIM, validator=NO_CLAIM)
    held = receipt(w)
    body = asked(node, held)
    w.send(3, 64, {**body, "node": bytes(32)}, 22).send(3, 64, {**body, "node": other}, 110).send(3, 64, asked(other, receipt(w, worker=30)))
    w.send(3, 64, asked(node, receipt(w, anchor_by=0)), 125).send(3, 64, {**body, "publisher": public(3)}, 56).send(3, 64, asked(node, shown(w)), 56)
    w.send(3, 64, asked(node, held, 4), 131).send(3, 64, asked(node, held, 65535), 131).send(3, 64, asked(node, held, 1, 1), 131)
    w.send(3, 64, asked(node, held, 2, 1), 131).send(3, 64, asked(node, held, 0, LAST + 1), 131).send(3, 64, asked(node, held, 0, (1 << 64) - 1), 131)
    w.send(3, 64, asked(node, receipt(w, signer=30)), 124).send(3, 64, {**body, "signature": bytes(64)}, 124).send(6, 64, body, 8)
    whole = rules.ASK.write(body)
    w.send(3, 64, whole[:-1], 2).send(3, 64, whole + b"\0", 2).send(3, 64, body).send(4, 64, body, 132).send(4, 64, {**body, "publisher": public(8)}, 132)
    w.send(4, 64, asked(node, receipt(w, prompt=[3]), 0, LAST, 8)).send(3, 64, asked(node, receipt(w, anchor_by=(1 << 64) - 1), 1))
    w.send(9, 12, {"model": MODEL}).send(3, 64, asked(node, held, 3, 2)).send(1, 4, new_key(w, node, OPERATOR, KEY, 25))
    w.send(1, 4, new_key(w, node, TRANSPORT, 0, 26)).send(3, 64, asked(node, receipt(w, worker=26)), 110)
    w.send(3, 64, asked(node, receipt(w, anchor_by=2), 3), 130).send(3, 64, asked(node, held, 3))
    to(w, EPOCH).send(3, 64, asked(node, receipt(w, anchor_by=2), 3, 1)).send(3, 64, asked(node, receipt(w, anchor_by=3), 2), 130)
    to(w, 3 * EPOCH).send(3, 64, asked(node, receipt(w, anchor_by=4), 2), 130).send(3, 64, asked(node, receipt(w, anchor_by=3), 2))
    to(w, 6 * EPOCH).send(3, 64, asked(node, held, 0, 1))
    to(w, 7 * EPOCH).send(3, 64, asked(node, held, 0, 2), 125)
    yield "parts that are asked for", w

    w, node = world(parameters=[*SHORT, (42, 1)], stake=0)
    held = receipt(w)
    for chunk in range(9):
        w.send(4, 64, asked(node, held, 0, chunk), None if chunk < 7 else 8)
    w.send(5, 65, answered(w, node, 0, 6, 4)).send(5, 65, answered(w, node, 0, 0, 4))
    yield "parts for more and more", w



def answering():
    w, node = world()
    other = made(w, 2, 30, transport=NO_CLAIM, validator=NO_CLAIM)
    held = receipt(w)
    places = [(0, 0), (0, 1), (0, LAST), (1, 0), (2, 0), (3, 0), (3, 1), (3, 2)]
    for place in places:
        w.send(3, 64, asked(node, held, *place))
    body = answered(w, node)
    w.send(5, 65, {**body, "part": bytes(32)}, 133).send(5, 65, {**body, "node": other}, 111).send(5, 65, {**body, "owner": public(2)}, 111)
    w.send(5, 65, {**body, "challenger": public(4)}, 111).send(5, 65, {**body, "bytes": body["bytes"][:-1]}, 134).send(5, 65, {**body, "bytes": b""}, 134)
    w.send(5, 65, {**body, "beside": body["beside"][:-1]}, 134).send(5, 65, {**body, "beside": [*body["beside"], bytes(32)]}, 134)
    w.send(5, 65, {**body, "beside": body["beside"][::-1]}, 134).send(5, 65, {**body, "beside": []}, 134).send(5, 65, {**body, "beside": [bytes(32)] * 54}, 134)
    w.send(5, 65, {**body, "bytes": answered(w, node, 0, 1)["bytes"]}, 134).send(5, 65, answered(w, node, 0, 1, part=body["part"]), 134)
    w.send(5, 65, answered(w, node, 3, 2, bytes=bytes(1024)), 134).send(5, 65, answered(w, node, 1, 0, bytes=bytes(2)), 134)
    whole = rules.ANSWERED.write(body)
    w.send(5, 65, whole[:-1], 2).send(5, 65, whole + b"\0", 2).send(5, 65, whole[:128] + b"\1\4" + bytes(1026), 2)
    w.send(5, 65, {**body, "beside": [bytes(32)] * 55}, 2)
    for place in places:
        w.send(5, 65, answered(w, node, *place))
    w.send(5, 65, body, 133).send(5, 66, late(w, node), 133)
    yield "parts that are shown", w

    w, node = world()
    other = made(w, 2, 30, transport=NO_CLAIM, validator=NO_CLAIM)
    held = receipt(w)
    w.send(3, 64, asked(node, held)).send(4, 64, asked(node, held, 0, 1)).send(3, 64, asked(node, held, 0, 2)).send(6, 66, late(w, node), 120)
    to(w, w.execution.clock["time"] + MOVE).send(5, 65, answered(w, node)).send(6, 66, late(w, node, 0, 1, 4), 120)
    w.block(1).send(5, 65, answered(w, node, 0, 1, 4), 117).send(6, 66, late(w, node, 0, 1), 111).send(6, 66, late(w, other, 0, 1, 4), 111)
    w.send(6, 66, late(w, node, 0, 1, 4)).send(6, 66, late(w, node, 0, 1, 4), 120).send(6, 66, late(w, node, 0, 2))
    w.block().send(3, 64, asked(node, held, 1)).send(5, 65, answered(w, node, 0, 1, 4))
    to(w, w.execution.clock["time"] + APPEAL).send(5, 65, answered(w, node, 0, 2), 117).send(6, 66, late(w, node, 0, 2))
    w.send(6, 66, late(w, node, 0, 2), 133).send(6, 66, late(w, node, 1), 120).block().send(6, 66, late(w, node, 1))
    to(w, 8 * EPOCH).send(3, 64, asked(node, held, 0, 2), 125).send(3, 64, asked(node, receipt(w, anchor_by=3), 0, 2))
    yield "parts that come late or not at all", w


def worlds():
    yield from asking()
    yield from answering()
