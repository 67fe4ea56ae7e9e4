"""ledger.md 7.12: plants, as they are put and as they end. Kind 71, which decides a dispute, is not here."""

from ledger_forms import HASH, KEY, U8, U32, U64, option, record
from ledger_nodes import there
from ledger_records import PLANT, plant_key
from ledger_turn import reject_unless

OPENING = record((("job", HASH), ("choice", U32), ("position", U32), ("salt", HASH)))
PUT = record((("node", HASH), ("epoch", U64), ("index", U8), ("commitment", HASH)))
END = record((("node", HASH), ("epoch", U64), ("index", U8), ("owner", KEY), ("opening", option(OPENING))))


def commitment(hashes, opening):
    return hashes.hash(b"probity plant v1", OPENING.write(opening))


def place(body):
    return plant_key(body["node"], body["epoch"], body["index"])


def spoken_for(turn, name):
    node = there(turn, name)
    reject_unless(turn.payer in (node["owner"], node["operator"]), 82)
    return node


def put(turn, body):
    reject_unless(not spoken_for(turn, body["node"])["retired"], 24)
    reject_unless(body["epoch"] == turn.clock["epoch"], 83)
    reject_unless(body["index"] < turn.parameter("plants_epoch") and turn.draft.get(place(body)) is None, 135)
    bond = turn.parameter("plant_bond")
    turn.charge(bond, 8)
    turn.draft.write(place(body), PLANT, {"commitment": body["commitment"], "bond": bond, "met": 0})


def end(turn, body):
    plant, opening, epochs = turn.draft.read(place(body), PLANT), body["opening"], turn.parameter("plant_epochs")
    reject_unless(plant is not None, 136)
    reject_unless(there(turn, body["node"])["owner"] == body["owner"], 98)
    if opening is None:
        reject_unless(turn.clock["epoch"] > body["epoch"] + 2 * epochs, 138)
        turn.burn(plant["bond"])
    else:
        spoken_for(turn, body["node"])
        reject_unless(turn.clock["epoch"] > body["epoch"] + epochs, 138)
        reject_unless(commitment(turn.hashes, opening) == plant["commitment"], 137)
        turn.pay(body["owner"], plant["bond"])
    turn.draft.remove(place(body))


KINDS = {70: (PUT, lambda _: 1, put), 72: (END, lambda _: 1, end)}
