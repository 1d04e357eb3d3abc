#!/usr/bin/env python3
"""Put many enterprises into a copy of a demo's data directory: fill_places.py COPY N. For bench/map.mjs only: the rows are cloned
in the database, the journal knows nothing of them."""
import random
import sqlite3
import sys

copy, wanted = sys.argv[1], int(sys.argv[2])
database = sqlite3.connect(f"{copy}/records.db")
columns = [row[1] for row in database.execute("PRAGMA table_info(r_enterprise)")]
model = database.execute("SELECT * FROM r_enterprise").fetchall()
random.seed(2026)
at = {name: columns.index(name) for name in ("_id", "uscc", "name", "place_lon", "place_lat")}


def clone(n):
    row = list(model[n % len(model)])
    row[at["_id"]] = row[at["uscc"]] = f"BENCH{n:07d}"
    row[at["name"]] = f"压测企业 {n}"
    row[at["place_lon"]] += random.gauss(0, 0.15)
    row[at["place_lat"]] += random.gauss(0, 0.15)
    return row


marks = ", ".join("?" * len(columns))
database.executemany(f"INSERT INTO r_enterprise VALUES ({marks})", (clone(n) for n in range(wanted - len(model))))
database.commit()
print(database.execute("SELECT COUNT(*) FROM r_enterprise").fetchone()[0], "enterprises")
