"""Reads the contract, refuses what the house rules forbid, and yields plain objects for the writers.

Every rule that can be broken is reported, not only the first: `load` raises ContractError with all of them.
"""
import re
from dataclasses import dataclass, field

import yaml

from apigen.pattern import PatternError, compile_pattern

METHODS = ("get", "post", "put", "patch", "delete")
SNAKE = re.compile(r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")
DOTTED = re.compile(r"^[a-z0-9]+([.-][a-z0-9]+)*$")
# A widespread web application firewall rule blocks JSON bodies with this key (OWASP CRS 932150 family).
FORBIDDEN_KEYS = {"profile"}
C_KEYWORDS = {
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern",
    "float", "for", "goto", "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed",
    "sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while",
}
ID_TYPES = {"TENANT", "USER", "TOKEN", "LINK", "ISSUER", "PROFILE", "REQUEST", "CERTIFICATE", "INTENT", "AUDIT", "KEY", "GROUP", "BINDING",
            "RULE", "DELEGATION", "PROPOSAL",
            "INCIDENT", "REPORT", "SCOPE", "PUBLICATION", "PACK", "BLOCK", "MASS_REVOCATION", "HOLD",
            "ALERT_SOURCE", "ALERT_DELIVERY", "MAILBOX", "MAIL",
            "NOTICE", "NOTICE_CONTACT", "NOTICE_RECIPIENT", "NOTICE_DELIVERY", "NOTICE_WAIVER", "LETTER", "ROSTER", "ROSTER_OVERRIDE", "PAGE", "PAGE_LETTER", "FREEZE", "TRACKER_POST",
            "REVIEW", "ACME_DIRECTORY", "ACME_EAB", "ACME_ACCOUNT", "ACME_ORDER", "ACME_AUTHORIZATION", "RENEWAL_WINDOW", "OIDC_PROVIDER", "OIDC_IDENTITY",
            "SESSION", "PASSKEY", "CLIENT_CA", "CLIENT_CERTIFICATE"}
DEPTH_MAX = 16


class ContractError(Exception):
    """One line a broken rule."""

    def __init__(self, errors):
        super().__init__("\n".join(errors))
        self.errors = errors


@dataclass
class Field:
    name: str
    kind: str  # text int bool enum id time bytes json object list body
    required: bool
    place: str  # path query body
    description: str = ""
    minimum: int = 0
    maximum: int = 0
    default: object = None
    ref: str = ""  # enum or object: name of the schema; id: its type
    text: str = ""  # line or block
    pattern: list = None
    item: "Field" = None
    secret: bool = False
    tail: bool = False

    @property
    def has_flag(self):
        """Optional members are told apart from absent ones by has_<name>."""
        return not self.required and self.default is None


@dataclass
class Operation:
    name: str
    method: str
    path: str
    summary: str
    description: str
    permission: str
    anonymous: str
    audit: str
    read_only: str
    body_max: int
    raw_request: str
    raw_response: list
    raw_query: bool
    status: int
    inputs: list
    response: str  # name of the schema, "" when raw
    step_up: bool = False
    policy: str = ""  # PolicyObject: the change may wait for other persons
    policy_name: str = ""  # the input that names the object
    command: list = field(default_factory=list)
    columns: list = field(default_factory=list)

    @property
    def mutating(self):
        return self.method != "get" and not self.read_only


@dataclass
class Contract:
    operations: list
    objects: dict  # name -> [Field], in dependency order
    enums: dict  # name -> [value]
    permissions: list


def snake(name):
    """RequestView -> request_view, keyCompromise -> key_compromise, cACompromise -> ca_compromise."""
    name = re.sub(r"^([a-z])([A-Z])(?=[A-Z][a-z])", lambda m: m.group(0).lower(), name)
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    name = re.sub(r"([a-z0-9])([A-Z])", lambda m: m.group(1) + "_" + m.group(2), name)
    return re.sub(r"[^a-z0-9]+", "_", name.lower())


class Reader:
    def __init__(self, document):
        self.document = document
        self.schemas = document.get("components", {}).get("schemas", {})
        self.errors = []
        self.objects = {}
        self.enums = {}
        self.open = []

    def fail(self, where, text):
        self.errors.append(f"{where}: {text}")

    def resolve(self, node, where):
        """Follows $ref; keys beside it (description, x-secret) win over the target's."""
        if "$ref" not in node:
            return node, ""
        target = self.document
        for part in node["$ref"].removeprefix("#/").split("/"):
            if not isinstance(target, dict) or part not in target:
                self.fail(where, f"$ref {node['$ref']} does not exist")
                return {"type": "boolean"}, ""
            target = target[part]
        beside = {key: value for key, value in node.items() if key != "$ref"}
        return {**target, **beside}, node["$ref"].rsplit("/", 1)[1]

    def check_key(self, where, name):
        if name in FORBIDDEN_KEYS:
            self.fail(where, f"the key '{name}' is blocked by common web firewalls; use certificate_profile")
        if not SNAKE.match(name) or name in C_KEYWORDS:
            self.fail(where, f"'{name}' is not a snake_case name usable in C")

    def need(self, node, where, *keys):
        for key in keys:
            if not isinstance(node.get(key), int) or isinstance(node.get(key), bool):
                self.fail(where, f"lacks {key}")
        return [node.get(key, 0) for key in keys]

    def string(self, node, name, where, made):
        if "enum" in node:
            if not name:
                self.fail(where, "an enum must be a named schema")
            made.kind, made.ref = "enum", name
            if name not in self.enums:
                self.enums[name] = list(node["enum"])
            if made.default is not None and made.default not in node["enum"]:
                self.fail(where, "default is not one of the enum")
            return
        made.minimum = node.get("minLength", 0)
        (made.maximum,) = self.need(node, where, "maxLength")
        if "x-id" in node:
            made.kind, made.ref = "id", node["x-id"]
            if made.ref not in ID_TYPES:
                self.fail(where, f"x-id {made.ref} is not a type of base/id.h")
        elif node.get("format") == "date-time":
            made.kind = "time"
        elif node.get("format") == "byte":
            made.kind = "bytes"
        elif "pattern" in node:
            made.kind = "text"
            try:
                made.pattern = compile_pattern(node["pattern"])
            except PatternError as error:
                self.fail(where, f"pattern: {error}")
        elif node.get("x-text") in ("line", "block"):
            made.kind, made.text = "text", node["x-text"]
        else:
            self.fail(where, "a string needs an enum, a pattern, a format, x-id or x-text")

    def array(self, node, where, made):
        made.kind = "list"
        made.minimum = node.get("minItems", 0)
        (made.maximum,) = self.need(node, where, "maxItems")
        made.item = self.value(node.get("items", {}), "item", True, made.place, where + "[]")
        if made.item.kind in ("list", "json"):
            self.fail(where, "lists of lists are not supported")

    def value(self, node, key, required, place, where):
        node, name = self.resolve(node, where)
        made = Field(key, "", required, place, node.get("description", ""), default=node.get("default"),
                     secret=bool(node.get("x-secret")))
        kind = node.get("type")
        if kind == "string":
            self.string(node, name, where, made)
        elif kind == "integer":
            made.kind = "int"
            made.minimum, made.maximum = self.need(node, where, "minimum", "maximum")
        elif kind == "boolean":
            made.kind = "bool"
        elif kind == "array":
            self.array(node, where, made)
        elif kind == "object" and node.get("x-raw-json"):
            made.kind = "json"
            (made.maximum,) = self.need(node, where, "maxLength")
        elif kind == "object":
            if not name:
                self.fail(where, "a nested object must be a named schema")
            made.kind, made.ref = "object", name
            self.object(name, where)
        else:
            self.fail(where, f"type {kind!r} is not supported")
        return made

    def properties(self, node, place, where):
        if node.get("additionalProperties") is not False:
            self.fail(where, "lacks additionalProperties: false")
        required = node.get("required", [])
        for name in required:
            if name not in node.get("properties", {}):
                self.fail(where, f"required names '{name}', which is no property")
        fields = []
        for name, child in node.get("properties", {}).items():
            self.check_key(where, name)
            fields.append(self.value(child, name, name in required, place, f"{where}.{name}"))
        return fields

    def object(self, name, where):
        if name in self.objects:
            return
        if name in self.open or len(self.open) >= DEPTH_MAX:
            self.fail(where, f"{name} contains itself or is nested over {DEPTH_MAX}")
            return
        self.open.append(name)
        fields = self.properties(self.schemas[name], "body", name)
        self.open.pop()
        self.objects[name] = fields  # after its members: dependency order

    def parameters(self, path, nodes, where):
        fields = []
        for node in nodes:
            node, _ = self.resolve(node, where)
            name, place = node.get("name", ""), node.get("in", "")
            at = f"{where} parameter {name}"
            self.check_key(at, name)
            if place not in ("path", "query"):
                self.fail(at, "only path and query parameters are supported")
            if not node.get("description"):
                self.fail(at, "lacks description")
            made = self.value(node.get("schema", {}), name, bool(node.get("required")), place, at)
            made.description, made.tail = node.get("description", ""), bool(node.get("x-tail"))
            if made.kind in ("object", "list", "json", "bytes"):
                self.fail(at, "a parameter must be a scalar")
            fields.append(made)
        in_path = re.findall(r"{(\w+)}", path)
        if sorted(in_path) != sorted(f.name for f in fields if f.place == "path"):
            self.fail(where, "the path's variables and its path parameters differ")
        if any(f.tail for f in fields) and not path.endswith("{" + in_path[-1] + "}"):
            self.fail(where, "x-tail must be the last element of the path")
        return fields

    def body(self, node, where, raw_request):
        if raw_request:
            return [Field("body", "body", True, "body", "request body")]
        if "requestBody" not in node:
            return []
        content = node["requestBody"].get("content", {})
        if list(content) != ["application/json"]:
            self.fail(where, "the request body must be application/json, or x-raw")
            return []
        schema, name = self.resolve(content["application/json"].get("schema", {}), where)
        fields = self.properties(schema, "body", name or where)
        for made in fields:
            if made.kind in ("bytes", "json"):
                self.fail(f"{name}.{made.name}", "format byte and raw JSON are for answers only")
            if not made.description:
                self.fail(f"{name}.{made.name}", "lacks description (inputs are the CLI's help text)")
        return fields

    def policy(self, node, inputs, where):
        """What kind of policy the operation changes, and which of its inputs names the object."""
        policy = node.get("x-policy", {})
        waits = node.get("responses", {}).get("202", {})
        schema = waits.get("content", {}).get("application/json", {}).get("schema", {})
        if bool(policy) != (schema.get("$ref") == "#/components/schemas/ProposalView"):
            self.fail(where, "x-policy, and the answer 202 with ProposalView, come together")
        if not policy:
            return "", ""
        if policy.get("object") not in self.schemas.get("PolicyObject", {}).get("enum", []):
            self.fail(where, "x-policy: object is none of PolicyObject")
        name = policy.get("name", "")
        if name and not any(made.name == name and made.kind == "text" and made.required for made in inputs):
            self.fail(where, f"x-policy: '{name}' is no text that the call must have")
        if not node.get("x-audit") or node.get("x-raw"):
            self.fail(where, "x-policy is for changes with JSON in and out")
        return policy.get("object", ""), name

    def response(self, node, where, raw):
        codes = [code for code in node.get("responses", {}) if str(code).startswith("2")]
        if "x-policy" in node:
            codes = [code for code in codes if code != "202"]
        if len(codes) != 1:
            self.fail(where, "needs exactly one 2xx response")
            return 200, ""
        if raw:
            return int(codes[0]), ""
        schema = node["responses"][codes[0]].get("content", {}).get("application/json", {}).get("schema", {})
        _, name = self.resolve(schema, where)
        if not name:
            self.fail(where, "the response must be a $ref to a named schema")
        else:
            self.object(name, where)
        return int(codes[0]), name

    def authority(self, node, method, where):
        permission, anonymous = node.get("x-permission", ""), node.get("x-anonymous", "")
        if bool(permission) == bool(anonymous):
            self.fail(where, "needs x-permission, or x-anonymous with the reason")
        if not isinstance(anonymous, str):
            self.fail(where, "x-anonymous must say the reason")
        if permission and not DOTTED.match(permission):
            self.fail(where, f"x-permission '{permission}' is not [a-z0-9.-]")
        audit, read_only = node.get("x-audit", ""), node.get("x-read-only", "")
        if read_only and not isinstance(read_only, str):
            self.fail(where, "x-read-only must say the reason")
        mutating = method != "get" and not read_only
        if mutating and not audit:
            self.fail(where, "is mutating and lacks x-audit")
        if audit and (not mutating or not DOTTED.match(audit) or len(audit) > 64):
            self.fail(where, f"x-audit '{audit}' on an operation that changes nothing, or not [a-z0-9.-]")
        return permission, anonymous, audit, read_only

    def operation(self, path, method, node, shared):
        where = f"{method.upper()} {path}"
        name = node.get("operationId", "")
        if not SNAKE.match(name):
            self.fail(where, "lacks a snake_case operationId")
        permission, anonymous, audit, read_only = self.authority(node, method, where)
        if not node.get("summary"):
            self.fail(where, "lacks summary")
        (body_max,) = self.need(node, where, "x-body-max")
        raw = node.get("x-raw", {})
        inputs = self.parameters(path, shared + node.get("parameters", []), where)
        inputs += self.body(node, where, raw.get("request", ""))
        names = [made.name for made in inputs]
        if len(set(names)) != len(names):
            self.fail(where, "a body property has the name of a parameter")
        if any(made.place == "body" for made in inputs) != bool(body_max):
            self.fail(where, "x-body-max must be 0 without, and above 0 with, a request body")
        status, response = self.response(node, where, raw.get("response"))
        policy, policy_name = self.policy(node, inputs, where)
        cli = node.get("x-cli")
        if cli is None:
            self.fail(where, "lacks x-cli (command, or false)")
        cli = cli or {}
        step_up = node.get("x-step-up", False)
        if step_up is not False and (step_up is not True or not permission):
            self.fail(where, "x-step-up is true, on an operation with a permission")
        return Operation(name, method, path, node.get("summary", ""), node.get("description", ""), permission,
                         anonymous, audit, read_only, body_max, raw.get("request", ""), raw.get("response", []),
                         raw.get("query", False) is True, status, inputs, response, step_up,
                         policy, policy_name, cli.get("command", []), cli.get("columns", []))

    def contract(self):
        operations = []
        for path, item in self.document.get("paths", {}).items():
            shared = item.get("parameters", [])
            for method in item:
                if method == "parameters":
                    continue
                if method not in METHODS:
                    self.fail(path, f"method {method} is not supported")
                    continue
                operations.append(self.operation(path, method, item[method], shared))
        for name in self.schemas:
            node = self.schemas[name]
            if node.get("type") == "object" and not node.get("x-raw-json"):
                self.properties(node, "body", name)
            else:
                self.value({"$ref": f"#/components/schemas/{name}"}, "item", True, "body", name)
        names = [operation.name for operation in operations]
        for name in {name for name in names if names.count(name) > 1}:
            self.fail(name, "operationId is used twice")
        if self.errors:
            raise ContractError(list(dict.fromkeys(self.errors)))
        permissions = list(dict.fromkeys(o.permission for o in operations if o.permission))
        return Contract(operations, self.objects, self.enums, permissions)


class UniqueLoader(yaml.SafeLoader):
    """YAML that refuses duplicate keys: the second would silently win."""


def _mapping(loader, node):
    keys = [loader.construct_object(key) for key, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            raise ContractError([f"line {node.start_mark.line + 1}: duplicate key {key!r}"])
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


UniqueLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load(text):
    """The contract in text, checked; raises ContractError."""
    return Reader(yaml.load(text, UniqueLoader)).contract()
