"""Cases of program.md section 3: bytes of a program with every op, and bytes that are none."""

import program as form
from hash_blake3 import digest
from receipt import u8, u16, u32

PLAIN = {"matrices": "Q8_0", "vectors": "F32", "kind": "A8", "layout": "interleaved", "bias": False, "norms": False, "hadamard": False,
         "caps": False, "tied": False, "window": 0, "layers": 1}  # fmt: skip
EVERY = {**PLAIN, "bias": True, "norms": True, "hadamard": True, "caps": True, "window": 5, "layers": 2}
SHAPES = (
    ("plain", PLAIN), ("every op", {**EVERY, "matrices": "Q4_1", "vectors": "F16", "kind": "A16", "layout": "half"}),
    ("Q4_0, tied", {**PLAIN, "matrices": "Q4_0", "tied": True}), ("F16", {**PLAIN, "matrices": "F16"}), ("F32", {**PLAIN, "matrices": "F32"}),
)  # fmt: skip


def evaluate_program(inputs):
    if "bytes" in inputs:
        form.read_program(bytes.fromhex(inputs["bytes"]))
        return {"read": True}
    data = form.program(inputs["program"])
    form.read_program(data)
    return {"bytes": data.hex(), "digest": digest(data).hex()}


def refused():
    """The plain program with one thing in it that no program has."""
    plain = form.small(PLAIN)
    data = form.program(plain)
    at = data.index(b"embed") - 1
    tables = data.index(u32(1) + u32(16))
    embed = data.index(u32(1) + u16(1) + u16(0))
    quantise = data.index(u16(3) + u16(1) + u8(1))
    matmul = data.index(u16(4) + u16(2) + u16(1))
    rope = data.index(u16(5) + u16(3))

    def put(where, piece):
        return data[:where] + piece + data[where + len(piece) :]

    rows = [
        ("no bytes", b""), ("a byte missing", data[:-1]), ("a byte too many", data + b"\x00"), ("another magic", put(0, b"PRBQ")),
        ("format version 0", put(4, u16(0))), ("format version 2", put(4, u16(2))), ("arithmetic version 0", put(6, u16(0))),
        ("arithmetic version 2", put(6, u16(2))), ("no positions", put(8, u32(0))), ("too many positions", put(8, u32(65537))),
        ("no token ids", put(12, u32(0))), ("too many token ids", put(12, u32((1 << 20) + 1))), ("too many tensors", put(16, u32(32769))),
        ("tensors that do not follow", put(16, u32(32768))), ("a name of no bytes", data[:at] + u8(0) + data[at + 6 :]),
        ("a space in a name", put(at + 2, b" ")), ("a name that is not ASCII", put(at + 2, b"\xe9")), ("format 0", put(at + 6, u8(0))),
        ("format 6", put(at + 6, u8(6))), ("no rows", put(at + 7, u32(0))), ("no columns", put(at + 11, u32(0))),
        ("columns that are no blocks", put(at + 11, u32(63))), ("a file too many", put(at + 15, u16(4096))),
        ("a tensor behind every file", put(at + 17, ((1 << 40) - 1).to_bytes(8, "little"))), ("17 rope tables", put(tables, u32(17))),
        ("129 pairs", put(tables + 4, u32(129))), ("129 ops", put(embed, u32(129))), ("op 0", put(embed + 4, u16(0))), ("op 14", put(embed + 4, u16(14))),
        ("frac 25", put(embed + 10, u8(25))), ("kind 0", put(quantise + 4, u8(0))), ("kind 3", put(quantise + 4, u8(3))),
        ("an option of 2", put(matmul + 6, u8(2))), ("layout 0", put(rope + 14, u8(0))), ("layout 3", put(rope + 14, u8(3))),
        ("a value made later", put(quantise + 2, u16(9))), ("a slot that is not bound", put(matmul + 4, u16(99))),
        ("an output that is the input", put(embed + 11, u16(0))), ("129 tensor slots", put(embed + 13, u16(129))),
        ("33 attribute slots", put(embed + 15, u16(33))), ("two layers of the prologue", put(embed + 17, u32(2))),
    ]  # fmt: skip
    unused = {**plain, "tensors": [*plain["tensors"], {**plain["tensors"][0], "name": "more"}]}
    rows.append(("a tensor that nothing uses", form.program(unused)))
    return [(f"{name} refused", {"bytes": made.hex()}) for name, made in rows]


def program_cases():
    return [(name, {"program": form.small(shape)}) for name, shape in SHAPES] + refused()


OPS = {"program_bytes": (evaluate_program, program_cases())}
