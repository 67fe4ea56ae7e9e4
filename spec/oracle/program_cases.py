"""Cases of program.md: bytes of a program with every op, bytes that are none, and whole answers."""

import engine
import program as form
import sampling
import tiles
import traces
from generators import weights
from hash_blake3 import digest
from receipt import u8, u16, u32

PLAIN = {"matrices": "Q8_0", "vectors": "F32", "kind": "A8", "layout": "interleaved", "bias": False, "norms": False, "hadamard": False,
         "caps": False, "tied": False, "window": 0, "layers": 1}  # fmt: skip
EVERY = {**PLAIN, "bias": True, "norms": True, "hadamard": True, "caps": True, "window": 5, "layers": 2}
SCALED = {**PLAIN, "scale": True, "matrices": "Q4_0"}
GELU = {**PLAIN, "gelu": True, "matrices": "F16", "layers": 2}
CAPPED = {**PLAIN, "attention_cap": True, "matrices": "Q4_1", "layout": "half", "hadamard": True, "window": 5, "layers": 2}
ALL = {**PLAIN, "scale": True, "gelu": True, "attention_cap": True, "caps": True, "norms": True, "tied": True, "window": 5, "layers": 2}
EXPERTS = {**PLAIN, "experts": 4, "over": "chosen", "layers": 2}
OVER_ALL = {**PLAIN, "experts": 3, "over": "all", "matrices": "Q4_0", "kind": "A16"}
JOINED = (("scales", SCALED), ("gelu", GELU), ("capped attention", CAPPED), ("joined", ALL), ("experts", EXPERTS), ("experts over all", OVER_ALL))
SHAPES = (
    ("plain", PLAIN), ("every op", {**EVERY, "matrices": "Q4_1", "vectors": "F16", "kind": "A16", "layout": "half"}),
    ("Q4_0, tied", {**PLAIN, "matrices": "Q4_0", "tied": True}), ("F16", {**PLAIN, "matrices": "F16"}), ("F32", {**PLAIN, "matrices": "F32"}),
)  # fmt: skip


def evaluate_frozen(inputs):
    """As a reader of the day of the freeze reads it: what was no op then is refused for being unknown."""
    return evaluate_program(inputs, form.FROZEN)


def evaluate_program(inputs, newest=form.NEWEST):
    if "bytes" in inputs:
        form.read_program(bytes.fromhex(inputs["bytes"]), newest)
        return {"read": True}
    data = form.program(inputs["program"])
    form.read_program(data, newest)
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


# Answers


def generated(program, seed, patches=()):
    """A generator per tensor: magnitudes that keep a residual small; patches: (tensor's name, offset, hex)."""
    made = []
    for at, tensor in enumerate(program["tensors"]):
        vector, form_ = tensor["rows"] == 1, tensor["format"]
        blocks = tensor["rows"] * tensor["columns"] // 32
        least = {"Q8_0": 5, "Q4_0": 8, "Q4_1": 8, "F16": 9, "F32": 121}[form_]
        if vector:
            least = 14 if form_ == "F16" else 126
        spec = {"gen": "weights", "format": form_, "seed": str(seed + at), "blocks": blocks, "exp_lo": least, "exp_hi": least + 1}
        own = [[offset, text] for name, offset, text in patches if name == tensor["name"]]
        made.append({**spec, "patch": own} if own else spec)
    return made


def evaluate_run(inputs):
    program = inputs["program"]
    file = b"".join(weights(spec) for spec in inputs["file"])
    prompt, parameters = inputs["prompt"], {**sampling.DEFAULTS, **inputs["parameters"]}
    seed = sampling.seed(bytes.fromhex(inputs["nonce"]), bytes.fromhex(inputs["model"]), prompt, parameters)
    begun = {"digest": digest(form.program(program)).hex(), "file_blake3": digest(file).hex(), "seed": seed.hex()}
    try:
        sequence, output, rows = engine.answer(program, [file], prompt, inputs["count"], parameters, seed, inputs["choice"])
    except engine.Ended as ended:
        return {**begun, "position": ended.position, "op": ended.op}
    committer = traces.Committer(bytes.fromhex(inputs["network"]), bytes.fromhex(inputs["blind"]))
    logits = [digest(traces.little(row, 4)).hex() for row in rows]
    return {**begun, "output": output, "logits_blake3_i32_le": logits, "log_root": engine.log_root(sequence, committer).hex()}


PLACE = {"network": bytes(range(1, 33)).hex(), "blind": bytes(range(64, 96)).hex(), "nonce": bytes(range(32)).hex(), "model": bytes([7] * 32).hex()}
DRAWN = {"temperature": 900000, "top_k": 30, "top_p": 950000, "min_p": 5000}


def answered(shape, prompt, count, parameters, seed, choice=0, patches=()):
    program = form.small(shape)
    file = generated(program, seed, patches)
    return {"program": program, "file": file, "prompt": prompt, "count": count, "parameters": parameters, "choice": choice, **PLACE}


def run_cases():
    every, of, drawn = dict(SHAPES)["every op"], answered, DRAWN
    said = {**drawn, "repetition": 1200000, "presence": 300000, "frequency": 100000, "bias": [[3, 2000000], [49, -100000000]]}
    wide = "ffff7f4b"  # 2^24 and a bit as f32: over the limit in any frac here
    row = 7 * 64 * 4  # of token 7
    return [
        ("greedy", of(PLAIN, [1, 17, 33, 4, 9], 6, {"temperature": 0}, 100)), ("one token of one", of(PLAIN, [12], 1, {}, 100)),
        ("every op, drawn, beyond the window", of(every, [5, 40, 2, 2], 9, drawn, 300, 3)),
        ("every parameter", of({**PLAIN, "matrices": "F32"}, [8, 8, 30], 8, said, 500)),
        ("Q4_0, tied", of({**PLAIN, "matrices": "Q4_0", "tied": True}, [0, 49], 5, drawn, 700, 127)),
        ("F16", of({**PLAIN, "matrices": "F16"}, [20, 21, 22], 4, drawn, 900)),
        ("a fault where a token of the prompt is read", of({**PLAIN, "matrices": "F32"}, [8, 30, 7, 2], 4, {}, 500, patches=[("embed", row, wide)])),
        ("a fault of the epilogue, at the prompt's last position", of(PLAIN, [8, 30, 7], 4, {}, 100, patches=[("last_norm", 20, wide)])),
        ("a fault of a layer", of(PLAIN, [8, 30, 7], 4, {}, 100, patches=[("layer.0.attention_norm", 20, wide)])),
    ]  # fmt: skip


# Tiles


def evaluate_tiles(inputs):
    program, parameters = inputs["program"], {**sampling.DEFAULTS, **inputs["parameters"]}
    file, prompt = b"".join(weights(spec) for spec in inputs["file"]), inputs["prompt"]
    seed = sampling.seed(bytes.fromhex(inputs["nonce"]), bytes.fromhex(inputs["model"]), prompt, parameters)
    sequence, output, _ = engine.answer(program, [file], prompt, inputs["count"], parameters, seed, inputs["choice"])
    job = {"prompt": prompt, "output": output[:-1], "parameters": parameters, "seed": seed, "choice": inputs["choice"]}
    committer = traces.Committer(bytes.fromhex(inputs["network"]), bytes.fromhex(inputs["blind"]))
    found, position = [], sequence.position - 1
    for op in sorted(sequence.made):
        made = tiles.early(sequence, op, job)
        hashes = [committer.leaf("tile", position, op, at, data) for at, data in enumerate(made)]
        if made:
            name = sequence.made[op][0]["op"]
            found.append({"number": op, "op": name, "tiles": len(made), "blake3": digest(b"".join(made)).hex(), "root": committer.root(hashes).hex()})
    return {"digest": digest(form.program(program)).hex(), "seed": seed.hex(), "output": output, "early": found}


def tiles_cases():
    def of(name, count, **changed):
        inputs = dict(run_cases())[name]
        return {**inputs, "count": count, **changed}

    pages = [(7 * at + at // 3) % 50 for at in range(70)]
    said = dict(run_cases())["every parameter"]["parameters"]
    many = form.small({**PLAIN, "vocabulary": 4200})
    wide = {"program": many, "file": generated(many, 40), "prompt": [4150, 9, 4099, 9]}
    cold = {"temperature": 0, "top_k": 3, "top_p": 500000, "min_p": 1000000, "repetition": 1300000}
    return [
        ("two pages of rows", of("greedy", 1, prompt=pages, parameters=said)),
        ("every op, within the window", of("every op, drawn, beyond the window", 4)),
        ("at temperature 0 with cuts", of("Q4_0, tied", 3, parameters=cold)), ("nothing cut", of("F16", 2, parameters={})),
        ("two chunks of ids", of("greedy", 3, **{**wide, "parameters": {**said, "top_k": 4100, "bias": [[4150, 3000000]]}})),
    ]  # fmt: skip


# Programs with ops that joined after the freeze


def joined_programs():
    """Each shape; and one in which the prologue's op is one that never was."""
    data = form.program(form.small(SCALED))
    embed = data.index(u32(2) + u16(1) + u16(0)) + 4
    unknown = data[:embed] + u16(form.NEWEST + 1) + data[embed + 2 :]
    return [(name, {"program": form.small(shape)}) for name, shape in JOINED] + [("an op of a later day refused", {"bytes": unknown.hex()})]


def joined_runs():
    seeds = {name: 1100 + 200 * at for at, (name, _) in enumerate(JOINED)}
    return [(name, answered(shape, [5, 40, 2, 2], 7, DRAWN, seeds[name], 1)) for name, shape in JOINED] + joined_faults()


def joined_faults():
    """The scale of the embedding makes an entry that the embedding itself still holds leave the limit."""
    wide = "0000c045"  # 6144 as f32: below LIMIT with 16 fractional bits, and beyond it three times as great
    shape = {**SCALED, "matrices": "F32"}
    faulty = answered(shape, [8, 30, 7, 2], 4, {}, 1090, patches=[("embed", 7 * 64 * 4, wide)])
    return [("a fault of the prologue's scale", faulty)]


def joined_tiles():
    pages = [(11 * at + at // 5) % 50 for at in range(70)]
    runs = dict(joined_runs())
    return [(name, {**runs[name], "count": 2, "prompt": pages if name == LONG else runs[name]["prompt"]}) for name, _ in JOINED]


LONG = "joined"  # the one whose answer is over two pages of rows

OPS = {
    "program_tiles": (evaluate_tiles, tiles_cases()), "program_bytes": (evaluate_frozen, program_cases()), "program_run": (evaluate_run, run_cases()),
    "program_joined_tiles": (evaluate_tiles, joined_tiles()), "program_joined_bytes": (evaluate_program, joined_programs()),
    "program_joined_run": (evaluate_run, joined_runs()),
}  # fmt: skip
