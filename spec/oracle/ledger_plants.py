"""ledger.md 7.12: plants, as they are put and as they end. Kind 71, which decides a dispute, is not here."""

from ledger_forms import HASH, KEY, U8, U32, U64, option, record
from ledger_records import PLANT, plant_key
from ledger_turn import reject_unless

OPENING = record((("node", HASH), ("job", HASH), ("choice", U32), ("position", U32), ("salt", HASH)))
PUT = record((("epoch", U64), ("index", U8), ("commitment", HASH)))
END = record((("key", KEY), ("epoch", U64), ("index", U8), ("opening", option(OPENING))))


def commitment(hashes, opening):
    return hashes.hash(b"probity plant v1", OPENING.write(opening))


def put(turn, body):
    reject_unless(body["epoch"] == turn.clock["epoch"], 83)
    place = plant_key(turn.payer, body["epoch"], body["index"])
    reject_unless(body["index"] < turn.parameter("plants_epoch") and turn.draft.get(place) is None, 135)
    bond = turn.parameter("plant_bond")
    turn.charge(bond, 8)
    turn.draft.write(place, PLANT, {"commitment": body["commitment"], "bond": bond, "met": 0, "epochs": turn.parameter("plant_epochs")})


def end(turn, body):
    place = plant_key(body["key"], body["epoch"], body["index"])
    plant, opening = turn.draft.read(place, PLANT), body["opening"]
    reject_unless(plant is not None, 136)
    epochs = plant["epochs"]
    if opening is None:
        reject_unless(turn.clock["epoch"] > body["epoch"] + 2 * epochs, 138)
        turn.burn(plant["bond"])
    else:
        reject_unless(turn.payer == body["key"], 156)
        reject_unless(turn.clock["epoch"] > body["epoch"] + epochs, 138)
        reject_unless(commitment(turn.hashes, opening) == plant["commitment"], 137)
        turn.pay(turn.payer, plant["bond"])
    turn.draft.remove(place)


KINDS = {70: (PUT, lambda _: 1, put), 72: (END, lambda _: 1, end)}
