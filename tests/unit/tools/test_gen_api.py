#!/usr/bin/python3
"""tools/gen_api.py: the contract in the tree passes, and each broken house rule fails with its reason."""
import copy
import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import yaml  # noqa: E402
from apigen import c_code  # noqa: E402
from apigen.contract import ContractError, load, snake  # noqa: E402
from apigen.pattern import PatternError, compile_pattern  # noqa: E402

GENERATOR = os.path.join(ROOT, "tools", "gen_api.py")
CONTRACT = os.path.join(ROOT, "api", "openapi.yaml")
SMALL = """
openapi: 3.0.3
paths:
  /v1/things/{thing_id}:
    parameters: [{name: thing_id, in: path, required: true, description: the thing, schema: {type: string, x-id: USER, maxLength: 30}}]
    post:
      operationId: thing_set
      summary: Set a thing
      x-permission: thing.set
      x-audit: thing.set
      x-body-max: 100
      x-cli: {command: [thing, set]}
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/ThingSet"}}}}
      responses: {"200": {description: done, content: {application/json: {schema: {$ref: "#/components/schemas/ThingView"}}}}}
components:
  schemas:
    ThingSet:
      type: object
      additionalProperties: false
      required: [label]
      properties:
        label: {type: string, maxLength: 10, x-text: line, description: text}
        count: {type: integer, minimum: 0, maximum: 9, description: number}
        words: {type: array, maxItems: 3, description: words, items: {type: string, maxLength: 5, pattern: "^[a-z]{1,5}$"}}
    ThingView:
      type: object
      additionalProperties: false
      properties:
        done: {type: boolean}
"""
OPERATION = ("paths", "/v1/things/{thing_id}", "post")
INPUT = ("components", "schemas", "ThingSet")
LABEL = INPUT + ("properties", "label")


class Rules(unittest.TestCase):
    def broken(self, change):
        document = copy.deepcopy(yaml.safe_load(SMALL))
        change(lambda *path: self.at(document, path))
        with self.assertRaises(ContractError) as caught:
            load(yaml.safe_dump(document))
        return "\n".join(caught.exception.errors)

    @staticmethod
    def at(document, path):
        for key in path:
            document = document[key]
        return document

    def drop(self, path, key):
        return self.broken(lambda at: at(*path).pop(key))

    def put(self, path, key, value):
        return self.broken(lambda at: at(*path).__setitem__(key, value))

    def test_small_contract_is_good(self):
        contract = load(SMALL)
        self.assertEqual([op.name for op in contract.operations], ["thing_set"])
        self.assertTrue(contract.operations[0].mutating)
        self.assertEqual(contract.permissions, ["thing.set"])

    def test_operation_without_permission(self):
        self.assertIn("needs x-permission", self.drop(OPERATION, "x-permission"))

    def test_permission_and_anonymous_together(self):
        self.assertIn("needs x-permission", self.put(OPERATION, "x-anonymous", "because"))

    def test_anonymous_without_reason(self):
        def change(at):
            at(*OPERATION).pop("x-permission")
            at(*OPERATION)["x-anonymous"] = True
        self.assertIn("x-anonymous must say the reason", self.broken(change))

    def test_mutating_without_audit(self):
        self.assertIn("lacks x-audit", self.drop(OPERATION, "x-audit"))

    def test_step_up(self):
        self.assertFalse(load(SMALL).operations[0].step_up)
        for value in ("yes", 1, None):
            self.assertIn("x-step-up is true", self.put(OPERATION, "x-step-up", value))

        def anonymous(at):
            at(*OPERATION).pop("x-permission")
            at(*OPERATION).update({"x-anonymous": "because", "x-step-up": True})
        self.assertIn("x-step-up is true", self.broken(anonymous))

    def test_policy(self):
        waits = {"description": "w", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ProposalView"}}}}

        def set_policy(policy, answer=True, **more):
            def change(at):
                schemas = at("components", "schemas")
                schemas["PolicyObject"] = {"type": "string", "enum": ["thing"]}
                schemas["ProposalView"] = schemas["ThingView"]
                at(*OPERATION).update({"x-policy": policy, **more})
                if answer:
                    at(*OPERATION)["responses"]["202"] = waits
            return change
        document = copy.deepcopy(yaml.safe_load(SMALL))
        set_policy({"object": "thing", "name": "label"})(lambda *path: self.at(document, path))
        operation = load(yaml.safe_dump(document)).operations[0]
        self.assertEqual((operation.policy, operation.policy_name, operation.status), ("thing", "label", 200))
        self.assertIn("none of PolicyObject", self.broken(set_policy({"object": "other"})))
        self.assertIn("no text that the call must have", self.broken(set_policy({"object": "thing", "name": "count"})))
        self.assertIn("come together", self.broken(set_policy({"object": "thing"}, answer=False)))
        self.assertIn("exactly one 2xx", self.broken(lambda at: at(*OPERATION)["responses"].update({"202": waits})))

    def test_audit_on_reading(self):
        self.assertIn("changes nothing", self.put(OPERATION, "x-read-only", "it only looks"))

    def test_key_profile(self):
        answer = self.put(INPUT + ("properties",), "profile", {"type": "boolean", "description": "x"})
        self.assertIn("certificate_profile", answer)

    def test_key_profile_in_answer(self):
        answer = self.put(("components", "schemas", "ThingView", "properties"), "profile", {"type": "boolean"})
        self.assertIn("certificate_profile", answer)

    def test_string_without_limit(self):
        self.assertIn("lacks maxLength", self.drop(LABEL, "maxLength"))

    def test_string_without_form(self):
        self.assertIn("needs an enum, a pattern", self.drop(LABEL, "x-text"))

    def test_integer_without_bounds(self):
        self.assertIn("lacks maximum", self.drop(INPUT + ("properties", "count"), "maximum"))
        self.assertIn("lacks minimum", self.drop(INPUT + ("properties", "count"), "minimum"))

    def test_list_without_limit(self):
        self.assertIn("lacks maxItems", self.drop(INPUT + ("properties", "words"), "maxItems"))

    def test_open_object(self):
        self.assertIn("additionalProperties", self.drop(INPUT, "additionalProperties"))

    def test_body_limit(self):
        self.assertIn("lacks x-body-max", self.drop(OPERATION, "x-body-max"))
        self.assertIn("x-body-max must be 0", self.put(OPERATION, "x-body-max", 0))

    def test_operation_id(self):
        self.assertIn("operationId", self.drop(OPERATION, "operationId"))
        self.assertIn("operationId", self.put(OPERATION, "operationId", "thingSet"))

    def test_path_variable_without_parameter(self):
        self.assertIn("differ", self.put(OPERATION[:2], "parameters", []))

    def test_dangling_reference(self):
        self.assertIn("does not exist", self.put(LABEL, "$ref", "#/components/schemas/Nothing"))

    def test_input_without_description(self):
        self.assertIn("lacks description", self.drop(LABEL, "description"))

    def test_c_keyword(self):
        answer = self.put(INPUT + ("properties",), "switch", {"type": "boolean", "description": "x"})
        self.assertIn("usable in C", answer)

    def test_duplicate_key(self):
        with self.assertRaises(ContractError):
            load(SMALL.replace("summary: Set a thing", "summary: Set a thing\n      summary: Again"))

    def test_every_broken_rule_is_named(self):
        def change(at):
            at(*OPERATION).pop("x-audit")
            at(*LABEL).pop("maxLength")
        answer = self.broken(change)
        self.assertIn("lacks x-audit", answer)
        self.assertIn("lacks maxLength", answer)


class Patterns(unittest.TestCase):
    def test_good(self):
        parts = compile_pattern("^crt_[0-9a-f]{4}$")
        self.assertEqual([(low, high) for _, low, high in parts], [(1, 1)] * 4 + [(4, 4)])

    def test_refused(self):
        for text in ("[a]", "^a", "^(a)$", "^a*$", "^[a$", "^[z-a]$", "^a{0}$", "^a{3,2}$", "^[a-z]{1,3}[a-c]$",
                     "^[a-z]{1,3}[0-9]{0,1}[a-c]$", "^\u00e4$"):
            with self.assertRaises(PatternError, msg=text):
                compile_pattern(text)


class Output(unittest.TestCase):
    def test_names(self):
        self.assertEqual(snake("RequestView"), "request_view")
        self.assertEqual(snake("keyCompromise"), "key_compromise")
        self.assertEqual(snake("cACompromise"), "ca_compromise")
        self.assertEqual(snake("server-tls"), "server_tls")

    def test_optional_members_have_a_flag(self):
        header = c_code.types_header(load(SMALL))
        self.assertRegex(header, r"bool has_count;\s+int64_t count;")
        self.assertNotIn("has_label", header)
        self.assertRegex(header, r"const struct cx_str \*words;\s+size_t words_count;")

    def test_failure_writes_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            bad = os.path.join(folder, "bad.yaml")
            with open(bad, "w", encoding="utf-8") as out:
                out.write(SMALL.replace("      x-audit: thing.set\n", ""))
            made = os.path.join(folder, "out")
            run = subprocess.run([sys.executable, GENERATOR, bad, "c", made], capture_output=True, text=True, check=False)
            self.assertEqual(run.returncode, 1)
            self.assertIn("lacks x-audit", run.stderr)
            self.assertFalse(os.path.exists(made))

    def test_pages_are_those_of_the_contract(self):
        run = subprocess.run([sys.executable, GENERATOR, CONTRACT, "check", os.path.join(ROOT, "docs", "reference")],
                             capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)


class TheContract(unittest.TestCase):
    """What the whole contract promises, read back independently of the generator."""

    def setUp(self):
        with open(CONTRACT, encoding="utf-8") as source:
            self.text = source.read()
        self.document = yaml.safe_load(self.text)

    def test_loads(self):
        load(self.text)

    def test_every_operation_states_its_authority(self):
        for path, item in self.document["paths"].items():
            for method, node in item.items():
                if method == "parameters":
                    continue
                self.assertNotEqual("x-permission" in node, "x-anonymous" in node, f"{method} {path}")
                if method != "get" and "x-read-only" not in node:
                    self.assertIn("x-audit", node, f"{method} {path}")

    def test_no_key_profile(self):
        self.assertIsNone(re.search(r"^\s+profile:|name: profile\b", self.text, re.MULTILINE))


if __name__ == "__main__":
    unittest.main()
