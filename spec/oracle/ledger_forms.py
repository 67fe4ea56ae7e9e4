"""How a field is written and read: one description gives both directions (receipt.md section 1)."""

from exact import Refused
from receipt_decode import Input, ascends, true


class Form:
    def __init__(self, write, read):
        self.write, self.read = write, read

    def whole(self, data):
        i = Input(data)
        found = self.read(i)
        i.end()
        return found


def integer(size):
    return Form(lambda n: n.to_bytes(size, "little"), lambda i: i.number(size))


def raw(length):
    def write(data):
        assert len(data) == length
        return data

    return Form(write, lambda i: i.take(length))


U8, U16, U32, U64, U128 = (integer(size) for size in (1, 2, 4, 8, 16))
HASH = KEY = raw(32)
SIGNATURE = raw(64)


def one_of(*numbers):
    """A u8 that is one of these."""

    def read(i):
        found = i.number(1)
        true(found in numbers, "Unknown")
        return found

    return Form(U8.write, read)


def checked(form, holds):
    """The same, of which this is true."""

    def read(i):
        found = form.read(i)
        true(holds(found))
        return found

    return Form(form.write, read)


def blob(size, most, least=0):
    """A length and so many bytes."""

    def read(i):
        length = i.count(size, most)
        true(length >= least)
        return i.take(length)

    return Form(lambda data: len(data).to_bytes(size, "little") + data, read)


def text(size, most, least=0):
    """The same, and it is UTF-8."""
    inner = blob(size, most, least)

    def read(i):
        try:
            return inner.read(i).decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("Value") from None

    return Form(lambda words: inner.write(words.encode()), read)


def list_of(size, most, item, ascending=None):
    """A count and its items; `ascending` says of an item what ascends."""

    def write(items):
        return len(items).to_bytes(size, "little") + b"".join(item.write(one) for one in items)

    def read(i):
        found = i.items(size, most, lambda: item.read(i))
        if ascending is not None:
            ascends([ascending(one) for one in found])
        return found

    return Form(write, read)


def option(form):
    """A u8: 0, or 1 and the value."""

    def read(i):
        return form.read(i) if i.one_of(0, 1) else None

    return Form(lambda value: U8.write(0) if value is None else U8.write(1) + form.write(value), read)


def pair(*forms):
    """A tuple, one after the other."""

    def write(items):
        assert len(items) == len(forms)
        return b"".join(form.write(item) for form, item in zip(forms, items))

    return Form(write, lambda i: tuple(form.read(i) for form in forms))


def record(fields, holds=None, version=False):
    """A dict of fields in order; `holds` says what else is true of it."""

    def write(value):
        head = U16.write(1) if version else b""
        return head + b"".join(form.write(value[name]) for name, form in fields)

    def read(i):
        if version:
            i.version()
        found = {name: form.read(i) for name, form in fields}
        if holds is not None:
            true(holds(found))
        return found

    return Form(write, read)
