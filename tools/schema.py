"""The database schema as data: parses db/migrations and db/data-classes.

Only the plain SQL that both engines share is understood; anything else is an error, which is the point.
Used by gen_migrations.py, gen_rows.py and check-schema.
"""
import hashlib
import pathlib
import re
import sys

import yaml

TYPES = {"BIGINT", "TEXT", "BYTEA"}
CLASSES = {"public", "operational", "personal", "secret"}
NAME = re.compile(r"[a-z][a-z0-9_]{0,47}\Z")
FILE = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql\Z")
# Words that either engine reserves and that somebody might take for a name.
RESERVED = set("all and any array as asc both case cast check collate column constraint create "
               "default desc distinct do else end except false fetch for foreign from grant group having "
               "in initially intersect into leading limit not null offset on only or order primary "
               "references returning select session_user some symmetric table then to trailing true "
               "union unique user using when where window with index key transaction values".split())


class SchemaError(Exception):
    pass


class Column:
    def __init__(self, name, kind, nullable):
        self.name, self.kind, self.nullable = name, kind, nullable
        self.data_class = None
        self.sealed = False
        self.reason = ""

    @property
    def is_id(self):
        return self.kind == "BYTEA" and self.name.endswith("_id")


class Table:
    def __init__(self, name, where):
        self.name, self.where = name, where
        self.columns, self.primary_key = [], []
        self.keys = []      # (what, [columns]) of every key, unique constraint and index
        self.references = []  # ([columns], table, [columns])

    def column(self, name):
        for column in self.columns:
            if column.name == name:
                return column
        raise SchemaError(f"{self.where}: table {self.name} has no column {name}")


class Migration:
    def __init__(self, path):
        match = FILE.match(path.name)
        if not match:
            raise SchemaError(f"{path}: the name must be NNNN_name.sql")
        self.path = path
        self.version, self.name = int(match[1]), match[2]
        data = path.read_bytes()
        self.sha256 = hashlib.sha256(data).hexdigest()
        self.statements = split(data.decode("utf-8"), path)


def split(text, path):
    """Statements without comments, split at ';' outside quotes."""
    out, current, at = [], "", 0
    while at < len(text):
        if text.startswith("--", at):
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif text[at] == "'":
            end = text.find("'", at + 1)
            if end < 0:
                raise SchemaError(f"{path}: unterminated quote")
            current += text[at:end + 1]
            at = end + 1
        elif text[at] == ";":
            out.append(" ".join(current.split()))
            current, at = "", at + 1
        else:
            current += text[at]
            at += 1
    if current.strip():
        raise SchemaError(f"{path}: the last statement lacks its ';'")
    return [statement for statement in out if statement]


def items_of(body):
    """Splits at commas outside parentheses."""
    items, depth, current = [], 0, ""
    for char in body:
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            items.append(current.strip())
            current = ""
        else:
            current += char
    return items + [current.strip()]


def names_in(text, where):
    names = [part.split()[0] for part in text.split(",")]
    for name in names:
        if not NAME.match(name):
            raise SchemaError(f"{where}: {name!r} is not a plain column name")
    return names


def parse_column(item, table):
    words = item.split()
    if len(words) < 2 or not NAME.match(words[0]):
        raise SchemaError(f"{table.where}: table {table.name}: cannot read {item!r}")
    name, kind = words[0], words[1].upper()
    if name in RESERVED:
        raise SchemaError(f"{table.where}: {table.name}.{name} is a reserved word")
    if kind not in TYPES:
        raise SchemaError(f"{table.where}: {table.name}.{name}: type {kind} is not one of {sorted(TYPES)}")
    rest = " ".join(words[2:])
    upper = rest.upper()
    column = Column(name, kind, "NOT NULL" not in upper and "PRIMARY KEY" not in upper)
    table.columns.append(column)
    if "PRIMARY KEY" in upper:
        table.primary_key = [name]
        table.keys.append(("PRIMARY KEY", [name]))
    if re.search(r"\bUNIQUE\b", upper):
        table.keys.append(("UNIQUE", [name]))
    match = re.search(r"\bREFERENCES (\w+) ?\(([^)]*)\)", rest, re.I)
    if match:
        table.references.append(([name], match[1], names_in(match[2], table.where)))


def parse_item(item, table):
    item = re.sub(r"^CONSTRAINT \w+ ", "", item, flags=re.I)
    match = re.match(r"PRIMARY KEY ?\((.*)\)$", item, re.I)
    if match:
        table.primary_key = names_in(match[1], table.where)
        table.keys.append(("PRIMARY KEY", table.primary_key))
        return
    match = re.match(r"UNIQUE ?\((.*)\)$", item, re.I)
    if match:
        table.keys.append(("UNIQUE", names_in(match[1], table.where)))
        return
    match = re.match(r"FOREIGN KEY ?\(([^)]*)\) REFERENCES (\w+) ?\(([^)]*)\)$", item, re.I)
    if match:
        table.references.append((names_in(match[1], table.where), match[2],
                                 names_in(match[3], table.where)))
        return
    if re.match(r"CHECK ?\(", item, re.I):
        return
    if re.match(r"FOREIGN KEY", item, re.I):
        raise SchemaError(f"{table.where}: table {table.name}: write FOREIGN KEY (…) REFERENCES t (…) "
                          "without further clauses")
    parse_column(item, table)


def parse_statement(sql, tables, where):
    match = re.match(r"CREATE TABLE (\w+) ?\((.*)\)$", sql, re.I)
    if match:
        name = match[1]
        if not NAME.match(name) or name in RESERVED or name in tables:
            raise SchemaError(f"{where}: bad, reserved or repeated table name {name!r}")
        tables[name] = Table(name, where)
        for item in items_of(match[2]):
            parse_item(item, tables[name])
        for column in tables[name].columns:
            if column.name in tables[name].primary_key:
                if column.nullable:
                    raise SchemaError(f"{where}: {name}.{column.name} is in the primary key: write NOT NULL")
        return
    match = re.match(r"CREATE (UNIQUE )?INDEX (\w+) ON (\w+) ?\(([^()]*)\)( WHERE .*)?$", sql, re.I)
    if match and match[3] in tables:
        tables[match[3]].keys.append((f"INDEX {match[2]}", names_in(match[4], where)))
        return
    match = re.match(r"ALTER TABLE (\w+) ADD COLUMN (.*)$", sql, re.I)
    if match and match[1] in tables:
        parse_column(match[2], tables[match[1]])
        return
    match = re.match(r"ALTER TABLE (\w+) DROP COLUMN (\w+)$", sql, re.I)
    if match and match[1] in tables:
        table = tables[match[1]]
        table.columns.remove(table.column(match[2]))
        return
    match = re.match(r"ALTER TABLE (\w+) RENAME COLUMN (\w+) TO (\w+)$", sql, re.I)
    if match and match[1] in tables:
        if not NAME.match(match[3]) or match[3] in RESERVED:
            raise SchemaError(f"{where}: {match[1]}.{match[3]}: a bad or reserved column name")
        tables[match[1]].column(match[2]).name = match[3]
        return
    if re.match(r"(DROP INDEX \w+|UPDATE |INSERT INTO |DELETE FROM )", sql, re.I):
        return
    raise SchemaError(f"{where}: not understood: {sql[:80]!r}")


def read_migrations(root):
    migrations = [Migration(path) for path in sorted((root / "db/migrations").glob("*.sql"))]
    for before, migration in zip(migrations, migrations[1:]):
        if migration.version <= before.version:
            raise SchemaError(f"{migration.path}: version {migration.version:04} is taken by {before.path.name}")
    if not migrations:
        raise SchemaError("no migrations")
    return migrations


def read_tables(migrations):
    tables = {}
    for migration in migrations:
        for sql in migration.statements:
            parse_statement(sql, tables, migration.path.name)
    return tables


class UniqueLoader(yaml.SafeLoader):
    """Refuses a repeated key, which YAML would let the last one win."""


def unique_mapping(loader, node):
    mapping = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node)
        if key in mapping:
            raise SchemaError(f"{node.start_mark}: {key!r} appears twice")
        mapping[key] = loader.construct_object(value_node, deep=True)
    return mapping


UniqueLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, unique_mapping)


def classify(column, entry, where):
    if not isinstance(entry, dict) or not set(entry) <= {"class", "sealed", "reason"}:
        raise SchemaError(f"{where}: write {{class: …, sealed: …, reason: …}}")
    column.data_class, column.sealed = entry.get("class"), entry.get("sealed")
    column.reason = entry.get("reason") or ""
    if column.data_class not in CLASSES:
        raise SchemaError(f"{where}: class must be one of {sorted(CLASSES)}")
    if not isinstance(column.sealed, bool):
        raise SchemaError(f"{where}: sealed must be true or false")
    if column.sealed and column.kind != "BYTEA":
        raise SchemaError(f"{where}: a sealed column is BYTEA")
    if column.data_class in ("personal", "secret") and not column.sealed and not column.reason:
        raise SchemaError(f"{where}: {column.data_class} data is not sealed: give the reason")


def apply_classes(root, tables):
    seen = {}
    for path in sorted((root / "db/data-classes").glob("*.yaml")):
        content = yaml.load(path.read_text(encoding="utf-8"), UniqueLoader) or {}
        for name, entries in content.items():
            if name in seen:
                raise SchemaError(f"{path}: table {name} is in {seen[name]} already")
            if name not in tables:
                raise SchemaError(f"{path}: there is no table {name}")
            seen[name] = path.name
            for column_name in entries:
                tables[name].column(column_name)
            for column in tables[name].columns:
                where = f"{path}: {name}.{column.name}"
                if column.name not in entries:
                    raise SchemaError(f"{where}: has no data class")
                classify(column, entries[column.name], where)
    for name in tables:
        if name not in seen:
            raise SchemaError(f"db/data-classes: table {name} has no data classes")


def load(root):
    root = pathlib.Path(root)
    migrations = read_migrations(root)
    tables = read_tables(migrations)
    apply_classes(root, tables)
    return migrations, tables


def main_with(function):
    """Runs a generator's main; a schema error is one line and exit 1."""
    try:
        sys.exit(function(sys.argv[1:]))
    except SchemaError as error:
        print(f"schema: {error}", file=sys.stderr)
        sys.exit(1)


def sources(root):
    """What a generated file depends on; the folders too, so that a new file is noticed."""
    root = pathlib.Path(root)
    out = []
    for folder in (root / "db/migrations", root / "db/data-classes"):
        out += [folder] + sorted(path for path in folder.iterdir() if path.is_file())
    return out + [pathlib.Path(__file__).resolve()]


def write_depfile(path, targets, root):
    names = " ".join(str(source).replace(" ", "\\ ") for source in sources(root))
    pathlib.Path(path).write_text(f"{' '.join(targets)}: {names}\n", encoding="utf-8")
