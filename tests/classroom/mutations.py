"""Damage notebooks as editors, networks and mischief do: valid afterwards or not."""

import copy
import json

ODD_VALUES = [
    None,
    3,
    -1.5,
    True,
    "",
    "x",
    [],
    {},
    ["a", 1],
    {"a": None},
    "\x00",
    "\ud800",
    "𝜎" * 9,
]
ODD_TEXTS = ["\x00", "(", "'''", "\t", "%%x", "é"]
DEEP = ["(" * 500, "x=" * 300, "-" * 5000]


def mutate(notebook, rng):
    """Change one to four things somewhere in a notebook's text; return bytes."""
    data = json.loads(notebook)
    for _ in range(rng.randint(1, 4)):
        kind, cells = rng.randrange(9), data.get("cells")
        if not isinstance(cells, list) or not cells:
            break
        i = rng.randrange(len(cells))
        if kind == 0:
            del cells[i]
        elif kind == 1:
            cells.insert(rng.randrange(len(cells)), copy.deepcopy(cells[i]))
        elif kind == 2:
            rng.shuffle(cells)
        elif kind == 3:
            cells[i] = rng.choice(ODD_VALUES)
        elif kind == 4:
            poke(cells[i], rng)
        elif kind == 5:
            poke(data, rng)
        elif kind == 6 and isinstance(cells[i], dict):
            text = cells[i].get("source")
            text = text if isinstance(text, str) else "x"
            at = rng.randrange(len(text) + 1)
            cells[i]["source"] = text[:at] + rng.choice(ODD_TEXTS) + text[at:]
        elif kind == 7:
            cells.append({"cell_type": "code", "source": rng.choice(DEEP)})
        elif kind == 8:
            for cell in cells:
                if isinstance(cell, dict):
                    cell.pop(rng.choice(["metadata", "id", "source", "cell_type"]), None)
    raw = json.dumps(data).encode()
    if rng.random() < 0.15:  # bytes
        at = rng.randrange(len(raw))
        raw = raw[:at] + bytes(rng.randrange(256) for _ in range(rng.randint(0, 4))) + raw[at + 1 :]
    return raw[: rng.randrange(len(raw))] if rng.random() < 0.05 else raw


def poke(thing, rng):
    """Replace a value at a random place inside."""
    while True:
        if isinstance(thing, dict) and thing:
            keys = list(thing)
        elif isinstance(thing, list) and thing:
            keys = list(range(len(thing)))
        else:
            return
        key = rng.choice(keys)
        if rng.random() < 0.5 or not isinstance(thing[key], dict | list) or not thing[key]:
            thing[key] = copy.deepcopy(rng.choice(ODD_VALUES))
            return
        thing = thing[key]
