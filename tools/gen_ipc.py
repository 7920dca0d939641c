#!/usr/bin/python3
"""Generate src/ipc/ipc_messages.{h,c} from src/ipc/schema.yaml.

usage: gen_ipc.py SCHEMA OUT_H OUT_C

For each record and message: a C struct, an encoder (_write), a strict decoder (_parse) and a printer
(_print); and one table of all messages. The build fails on an unknown key, a duplicate name or number,
or a message whose largest encoding does not fit its declared maximum. The format of the schema is
described at its head.
"""
import re
import sys

import yaml

INTS = {"u8": ("uint8_t", 1), "u16": ("uint16_t", 2), "u32": ("uint32_t", 4),
        "u64": ("uint64_t", 8), "i64": ("int64_t", 8)}
NAME = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
TYPES = set(INTS) | {"bool", "id", "fixed", "bytes", "str", "list"}
FIELD_KEYS = {"name", "type", "max", "len", "record", "secret", "doc"}
MESSAGE_KEYS = {"name", "number", "direction", "states", "max", "fields", "fd", "doc"}
FRAME_LIMIT = 64 << 20
HEADER_LEN = 16


def die(text):
    sys.exit(f"schema.yaml: {text}")


def check_keys(where, item, allowed):
    for key in item:
        if key not in allowed:
            die(f"{where}: unknown key {key!r}")


class Field:
    def __init__(self, where, raw, records):
        check_keys(where, raw, FIELD_KEYS)
        self.name, self.type = raw.get("name", ""), raw.get("type", "")
        where = f"{where}.{self.name}"
        if not NAME.match(self.name):
            die(f"{where}: bad field name")
        if self.type not in TYPES:
            die(f"{where}: unknown type {self.type!r}")
        self.max, self.len = raw.get("max"), raw.get("len")
        self.record, self.secret = raw.get("record"), bool(raw.get("secret", False))
        self.doc = raw.get("doc", "")
        if self.type in ("bytes", "str", "list") and not (isinstance(self.max, int) and self.max > 0):
            die(f"{where}: needs a max")
        if self.type == "fixed" and not (isinstance(self.len, int) and 0 < self.len <= 4096):
            die(f"{where}: needs a len")
        if self.type == "list" and self.record not in records:
            die(f"{where}: record {self.record!r} is not defined above")
        if self.max is not None and self.type in ("i64", "bool", "id", "fixed"):
            die(f"{where}: {self.type} takes no max")
        if self.secret and self.type not in ("bytes", "fixed", "str"):
            die(f"{where}: only bytes, fixed and str can be secret")
        self.size_max = self.largest(records)
        self.size_min = self.smallest()

    def largest(self, records):
        if self.type in INTS:
            return INTS[self.type][1]
        if self.type in ("bool", "id", "fixed"):
            return {"bool": 1, "id": 16}.get(self.type, self.len)
        if self.type == "list":
            return 4 + self.max * records[self.record].size_max
        return 4 + self.max

    def smallest(self):
        return 4 if self.type in ("bytes", "str", "list") else self.size_max

    def declare(self):
        note = "".join(f" /* {text} */" for text in [self.doc + (" (secret)" if self.secret else "")]
                       if text)
        if self.type in INTS:
            return [f"{INTS[self.type][0]} {self.name};{note}"]
        if self.type == "list":
            return [f"const struct ipc_{self.record} *{self.name};{note}",
                    f"size_t {self.name}_count; /* at most {self.max} */"]
        kind = {"bool": "bool ", "id": "struct cx_id ", "bytes": "struct cx_bytes ",
                "str": "struct cx_str ", "fixed": "uint8_t "}[self.type]
        tail = f"[{self.len}]" if self.type == "fixed" else ""
        return [f"{kind}{self.name}{tail};{note}"]

    def write(self):
        n = self.name
        if self.type in INTS:
            guard = ([f"if (msg->{n} > {self.max}u)", "    return CX_ERR(LIMIT);"]
                     if self.max is not None else [])
            return guard + [f"CX_TRY(ipc_put_{self.type}(out, msg->{n}));"]
        if self.type == "bool":
            return [f"CX_TRY(ipc_put_u8(out, msg->{n} ? 1 : 0));"]
        if self.type == "id":
            return [f"CX_TRY(cx_buf_add(out, cx_id_bytes(&msg->{n})));"]
        if self.type == "fixed":
            return [f"CX_TRY(cx_buf_add(out, CX_BYTES(msg->{n}, {self.len})));"]
        if self.type == "bytes":
            return [f"CX_TRY(ipc_put_bytes(out, msg->{n}, {self.max}));"]
        if self.type == "str":
            return [f"CX_TRY(ipc_put_str(out, msg->{n}, {self.max}));"]
        return [f"CX_TRY(ipc_put_count(out, msg->{n}_count, {self.max}));",
                f"for (size_t i = 0; i < msg->{n}_count; i++)",
                f"    CX_TRY(ipc_{self.record}_write(out, &msg->{n}[i]));"]

    def parse(self, records):
        n = self.name
        if self.type in INTS:
            guard = ([f"if (msg.{n} > {self.max}u)", "    return CX_ERR(PARSE);"]
                     if self.max is not None else [])
            return [f"CX_TRY(ipc_get_{self.type}(in, &msg.{n}));"] + guard
        if self.type == "bool":
            return [f"CX_TRY(ipc_get_bool(in, &msg.{n}));"]
        if self.type == "id":
            return [f"CX_TRY(ipc_get_fixed(in, msg.{n}.b, sizeof(msg.{n}.b)));"]
        if self.type == "fixed":
            return [f"CX_TRY(ipc_get_fixed(in, msg.{n}, {self.len}));"]
        if self.type == "bytes":
            return [f"CX_TRY(ipc_get_bytes(in, {self.max}, &msg.{n}));"]
        if self.type == "str":
            return [f"CX_TRY(ipc_get_str(in, {self.max}, &msg.{n}));"]
        size = max(1, records[self.record].size_min)
        return [f"struct ipc_{self.record} *{n} = NULL;",
                f"CX_TRY(ipc_get_count(in, {self.max}, {size}, &msg.{n}_count));",
                f"CX_TRY(ARENA_NEW_ARRAY(arena, msg.{n}_count, &{n}));",
                f"for (size_t i = 0; i < msg.{n}_count; i++)",
                f"    CX_TRY(ipc_{self.record}_read(in, arena, &{n}[i]));",
                f"msg.{n} = {n};"]

    def print(self, first):
        n = self.name
        key = f'CX_TRY(cx_buf_add_str(out, CX_STR("{"" if first else ","}\\"{n}\\":")));'
        if self.secret:
            return [key, 'CX_TRY(cx_buf_add_str(out, CX_STR("\\"(secret)\\"")));']
        if self.type == "i64":
            return [key, f'CX_TRY(cx_buf_addf(out, "%" PRId64, msg->{n}));']
        if self.type in INTS:
            return [key, f'CX_TRY(cx_buf_addf(out, "%" PRIu64, (uint64_t)msg->{n}));']
        if self.type == "bool":
            return [key, f'CX_TRY(cx_buf_add_str(out, msg->{n} ? CX_STR("true") : CX_STR("false")));']
        if self.type == "id":
            return [key, f"CX_TRY(ipc_print_hex(out, cx_id_bytes(&msg->{n})));"]
        if self.type == "fixed":
            return [key, f"CX_TRY(ipc_print_hex(out, CX_BYTES(msg->{n}, {self.len})));"]
        if self.type == "bytes":
            return [key, f"CX_TRY(ipc_print_hex(out, msg->{n}));"]
        if self.type == "str":
            return [key, f"CX_TRY(ipc_print_text(out, msg->{n}));"]
        return [key, "CX_TRY(cx_buf_add_u8(out, '['));",
                f"for (size_t i = 0; i < msg->{n}_count; i++) {{",
                "    if (i > 0)", "        CX_TRY(cx_buf_add_u8(out, ','));",
                f"    CX_TRY(ipc_{self.record}_print(out, &msg->{n}[i]));",
                "}", "CX_TRY(cx_buf_add_u8(out, ']'));"]


class Struct:
    def __init__(self, raw, records, names):
        self.name = raw.get("name", "")
        if not NAME.match(self.name) or self.name in names:
            die(f"bad or duplicate name {self.name!r}")
        names.add(self.name)
        self.doc = raw.get("doc", "")
        self.fields = [Field(self.name, f, records) for f in raw.get("fields") or []]
        if len({f.name for f in self.fields}) != len(self.fields):
            die(f"{self.name}: duplicate field")
        self.size_max = sum(f.size_max for f in self.fields)
        self.size_min = sum(f.size_min for f in self.fields)
        self.records = records

    def header(self):
        out = [f"/* {self.doc} */"] if self.doc else []
        out.append(f"struct ipc_{self.name} {{")
        body = [line for f in self.fields for line in f.declare()]
        out += ["    " + line for line in body or ["uint8_t unused; /* no fields */"]]
        out.append("};")
        return out

    def functions(self, read_storage):
        n, t = self.name, f"struct ipc_{self.name}"
        out = [f"cx_err ipc_{n}_write(struct cx_buf *out, const {t} *msg)", "{"]
        out += ["    " + line for f in self.fields for line in f.write()]
        if not self.fields:
            out += ["    (void)out;", "    (void)msg;"]
        out += ["    return CX_OK;", "}", "",
                f"{read_storage}cx_err ipc_{n}_read(struct ipc_reader *in, struct arena *arena, {t} *ret_msg)",
                "{", f"    {t} msg = {{0}};", "    (void)arena;"]
        out += ["    " + line for f in self.fields for line in f.parse(self.records)]
        if not self.fields:
            out.append("    (void)in;")
        out += ["    *ret_msg = msg;", "    return CX_OK;", "}", "",
                f"cx_err ipc_{n}_print(struct cx_buf *out, const {t} *msg)", "{",
                "    CX_TRY(cx_buf_add_u8(out, '{'));"]
        for i, f in enumerate(self.fields):
            out += ["    " + line for line in f.print(i == 0)]
        if all(f.secret for f in self.fields):
            out.append("    (void)msg;")
        out += ["    return cx_buf_add_u8(out, '}');", "}", ""]
        return out


class Message(Struct):
    def __init__(self, raw, records, names, states, directions):
        super().__init__(raw, records, names)
        check_keys(self.name, raw, MESSAGE_KEYS)
        self.number, self.direction = raw.get("number"), raw.get("direction")
        if not isinstance(self.number, int) or not 0 < self.number < 65536:
            die(f"{self.name}: number must be 1 … 65535")
        if self.direction not in directions:
            die(f"{self.name}: unknown direction {self.direction!r}")
        self.states = raw.get("states") or die(f"{self.name}: needs states")
        for state in self.states:
            if state not in states:
                die(f"{self.name}: unknown state {state!r}")
        self.max, self.fd = raw.get("max"), bool(raw.get("fd", False))
        if not isinstance(self.max, int) or not HEADER_LEN <= self.max <= FRAME_LIMIT:
            die(f"{self.name}: max must be {HEADER_LEN} … {FRAME_LIMIT}")
        if self.size_min + HEADER_LEN > self.max:
            die(f"{self.name}: the smallest frame does not fit max")

    def functions(self, read_storage):
        n, t = self.name, f"struct ipc_{self.name}"
        return super().functions(read_storage) + [
            f"cx_err ipc_{n}_parse(struct cx_bytes payload, struct arena *arena, {t} *ret_msg)", "{",
            "    struct ipc_reader in = {payload.ptr, payload.len};",
            f"    {t} msg = {{0}};",
            f"    CX_TRY(ipc_{n}_read(&in, arena, &msg));",
            "    CX_TRY(ipc_get_end(&in));", "    *ret_msg = msg;", "    return CX_OK;", "}", "",
            f"static cx_err {n}_recode(struct cx_bytes payload, struct arena *arena, struct cx_buf *out)",
            "{", f"    {t} msg = {{0}};", f"    CX_TRY(ipc_{n}_parse(payload, arena, &msg));",
            f"    return ipc_{n}_write(out, &msg);", "}", "",
            f"static cx_err {n}_dump(struct cx_bytes payload, struct arena *arena, struct cx_buf *out)",
            "{", f"    {t} msg = {{0}};", f"    CX_TRY(ipc_{n}_parse(payload, arena, &msg));",
            f"    return ipc_{n}_print(out, &msg);", "}", ""]


def load(path):
    with open(path, encoding="utf-8") as file:
        raw = yaml.safe_load(file)
    check_keys("top", raw, {"version", "states", "directions", "records", "messages"})
    names, records, messages, numbers = set(), {}, [], {}
    for item in raw.get("records") or []:
        check_keys(f"record {item.get('name')}", item, {"name", "doc", "fields"})
        record = Struct(item, records, names)
        if not record.fields:
            die(f"{record.name}: a record needs a field")
        records[record.name] = record
    for item in raw["messages"]:
        message = Message(item, records, names, raw["states"], raw["directions"])
        if message.number in numbers:
            die(f"{message.name}: number {message.number} is taken by {numbers[message.number]}")
        numbers[message.number] = message.name
        messages.append(message)
    return raw, list(records.values()), sorted(messages, key=lambda m: m.number)


def emit_header(raw, records, messages):
    out = ["/* Generated by tools/gen_ipc.py from src/ipc/schema.yaml: do not edit.", " *",
           " * _write appends the encoding to out. _parse is strict: exact fields, no trailing bytes; text and",
           " * bytes in *ret_msg are views into payload, lists live in arena. _print appends JSON with secrets",
           " * masked. Errors: CX_E_PARSE (malformed), CX_E_LIMIT (over a maximum), CX_E_NOMEM. */",
           "#pragma once", '#include "base/arena.h"', '#include "base/id.h"', "",
           f"enum {{ IPC_VERSION = {raw['version']} }};", "", "/* States of a receiving role: bits. */",
           "enum ipc_state {"]
    out += [f"    IPC_STATE_{s.upper()} = 1u << {i}," for i, s in enumerate(raw["states"])]
    out += ["};", "", "enum ipc_direction {"]
    out += [f"    IPC_{d.upper().replace('>', '_TO_')}," for d in raw["directions"]]
    out += ["};", "", "enum ipc_number {"]
    out += [f"    IPC_{m.name.upper()} = {m.number}," for m in messages]
    out += ["};", ""]
    for item in records + messages:
        out += item.header()
        t = f"struct ipc_{item.name}"
        out.append(f"cx_err ipc_{item.name}_write(struct cx_buf *out, const {t} *msg);")
        if isinstance(item, Message):
            out.append(f"cx_err ipc_{item.name}_parse(struct cx_bytes payload, struct arena *arena,")
            out.append(f"    {t} *ret_msg);")
        out += [f"cx_err ipc_{item.name}_print(struct cx_buf *out, const {t} *msg);", ""]
    out += ["/* What is known of a message before its payload is read. */", "struct ipc_message {",
            "    uint16_t number;", "    const char *name;", "    enum ipc_direction direction;",
            "    uint32_t states;    /* states of the receiver in which it is allowed */",
            "    uint32_t frame_max; /* octets of the whole frame */",
            "    bool carries_fd;    /* exactly one descriptor comes with it */",
            "    cx_err (*recode)(struct cx_bytes payload, struct arena *arena, struct cx_buf *out);",
            "    cx_err (*dump)(struct cx_bytes payload, struct arena *arena, struct cx_buf *out);", "};", "",
            "extern const struct ipc_message ipc_messages[];", "extern const size_t ipc_message_count;",
            "/* NULL when the number is unknown. */",
            "const struct ipc_message *ipc_message_find(uint16_t number);"]
    return "\n".join(out) + "\n"


def emit_source(records, messages):
    out = ["/* Generated by tools/gen_ipc.py from src/ipc/schema.yaml: do not edit. */",
           '#include "ipc/ipc_messages.h"', "", '#include "ipc/wire.h"', "", "#include <inttypes.h>", ""]
    for item in records + messages:
        out += item.functions("static ")
    out += ["const struct ipc_message ipc_messages[] = {"]
    for m in messages:
        states = " | ".join(f"IPC_STATE_{s.upper()}" for s in m.states)
        direction = "IPC_" + m.direction.upper().replace(">", "_TO_")
        out.append(f"    {{{m.number}, \"{m.name}\", {direction}, {states}, {m.max},"
                   f" {'true' if m.fd else 'false'}, {m.name}_recode, {m.name}_dump}},")
    out += ["};", "const size_t ipc_message_count = sizeof(ipc_messages) / sizeof(ipc_messages[0]);", "",
            "const struct ipc_message *ipc_message_find(uint16_t number)", "{",
            "    for (size_t i = 0; i < ipc_message_count; i++)",
            "        if (ipc_messages[i].number == number)", "            return &ipc_messages[i];",
            "    return NULL;", "}"]
    return "\n".join(out) + "\n"


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    raw, records, messages = load(sys.argv[1])
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(emit_header(raw, records, messages))
    with open(sys.argv[3], "w", encoding="utf-8") as file:
        file.write(emit_source(records, messages))


if __name__ == "__main__":
    main()
