"""The JSON Schema of definition files, for editors: completion, hover texts, a first check.

Made from the models, so that no word can be missing. The rules across keys stay with the checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from jieli.engine.definition import Process, kind_of_key
from jieli.engine.loader import ShopFile
from jieli.engine.simulation.script import Script
from jieli.engine.simulation.testing import TestFile
from jieli.texts import text

Schema = dict[str, Any]

DIALECT = "http://json-schema.org/draft-07/schema#"  # what editors know best
ROOTS: dict[str, type[BaseModel]] = {
    "process": Process, "shop": ShopFile, "test": TestFile, "script": Script,
}  # fmt: skip
_STEP = "Step"
_MODELS_OF_KINDS = {
    "human": "HumanStep", "wait": "WaitStep", "call": "CallStep", "notify": "NotifyStep",
    "decision": "DecisionStep", "parallel": "ParallelStep", "join": "JoinStep",
    "sub_case": "SubCaseStep", "do": "DoStep", "end": "EndStep",
}  # fmt: skip


def schema_of(kind: str) -> Schema:
    """The schema of one kind of file, in the reader's language."""
    whole = ROOTS[kind].model_json_schema(ref_template="#/definitions/{model}")
    definitions = whole.pop("$defs")
    whole["definitions"] = definitions
    for model in (whole, *definitions.values()):
        model.pop("description", None)  # written for us; people read the descriptions of the keys
    if kind == "process":
        whole["properties"]["steps"] = _steps(whole["properties"]["steps"])
        definitions[_STEP] = _step(definitions)
    return {"$schema": DIALECT, "title": kind, **_told(whole)}


def keys_of(schema: Schema) -> Iterator[tuple[str, str, Schema]]:
    """Every key of every model in a schema: model, key, and what is said of it."""
    for name, model in {"": schema, **schema["definitions"]}.items():
        for key, words in model.get("properties", {}).items():
            yield name, key, words


def _steps(steps: Schema) -> Schema:
    places = "patternProperties" if "patternProperties" in steps else "additionalProperties"
    inner = steps[places]
    step = {"$ref": f"#/definitions/{_STEP}"}
    return {**steps, places: dict.fromkeys(inner, step) if places == "patternProperties" else step}


def _step(definitions: Schema) -> Schema:
    """A step is what its marking key says; before there is one, an editor offers them all."""
    marks = [(key, definitions[_MODELS_OF_KINDS[kind]]) for key, kind in kind_of_key().items()]
    offered = {key: model["properties"][key] for key, model in marks}
    common = {key: marks[0][1]["properties"][key] for key in ("title", "about", "urgent")}
    chain: Schema = {
        "type": "object", "properties": {**common, **offered},
        "anyOf": [{"required": [key]} for key in offered],
    }  # fmt: skip
    for key, kind in reversed(kind_of_key().items()):
        model = {"$ref": f"#/definitions/{_MODELS_OF_KINDS[kind]}"}
        chain = {"if": {"required": [key]}, "then": model, "else": chain}
    return chain


def _told(value: Any) -> Any:
    """The schema without what only programs read, its descriptions in the reader's language."""
    if isinstance(value, list):
        return [_told(each) for each in value]
    if not isinstance(value, dict):
        return value
    told: Schema = {}
    for key, each in value.items():
        if key == "description" and isinstance(each, str):
            told[key] = text(each)
        elif not (key == "title" and isinstance(each, str)):
            told[key] = _told(each)
    if "patternProperties" in told:
        told.setdefault("additionalProperties", False)
    return _beside_references(told)


def _beside_references(words: Schema) -> Schema:
    """Draft 7 forgets what stands beside a `$ref`; around it, it counts."""
    if "$ref" not in words or len(words) == 1:
        return words
    rest = {key: each for key, each in words.items() if key != "$ref"}
    return {"allOf": [{"$ref": words["$ref"]}], **rest}
