"""docs/openapi.yaml as a judge: what the app answers must be just what is described there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote, unquote

import yaml  # type: ignore[import-untyped]
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tools.stage import ROOT

Operation = tuple[str, str]
"""A method, in capitals, and the path of a route."""

FILE = ROOT / "docs" / "openapi.yaml"
_HERE = "urn:elephant"
_EVERYWHERE = {"404": "NotFound", "405": "MethodNotAllowed", "500": "Failed"}
"""What any address may answer, described or not."""


@cache
def description() -> Any:
    """Return the description as it is published."""
    # libyaml reads it in a tenth of the time
    return yaml.load(FILE.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@cache
def operations() -> Mapping[Operation, Any]:
    """Return every operation that is described."""
    paths = description()["paths"]
    return {(method.upper(), path): each for path, item in paths.items() for method, each in item.items()}


def hold(method: str, path: str | None, answer: Mapping[str, Any]) -> None:
    """Hold an answer, as the app hands it to the gateway, to what is described at this route."""
    status, name = str(answer["statusCode"]), f"{method} {path} {answer['statusCode']}"
    at, response = _response(method, path, status)
    headers = {word.lower(): value for word, value in answer["headers"].items()}
    for word, header in response["headers"].items():
        assert word.lower() in headers, f"{name} lacks {word}"
        at_header = header["$ref"].removeprefix("#") + "/schema"
        _validate(name, at_header, json.dumps(headers[word.lower()]))
    if method == "HEAD":
        assert answer["body"] == "", f"{name} has a body"
        return
    kind = headers["content-type"].partition(";")[0]
    assert kind in response["content"], f"{name} is {kind}, which is not described"
    written = answer["body"] if kind == "application/json" else json.dumps(answer["body"])
    _validate(name, f"{at}/content/{_escaped(kind)}/schema", written)


def is_described(operation: Operation, status: int) -> bool:
    """Return whether this operation itself may answer so."""
    return operation in operations() and str(status) in operations()[operation]["responses"]


def body_schema(operation: Operation) -> str | None:
    """Return where the schema of an operation's body stands, None where it takes none."""
    method, path = operation
    if "requestBody" not in operations()[operation]:
        return None
    return f"/paths/{_escaped(path)}/{method.lower()}/requestBody/content/application~1json/schema"


@cache
def validator(at: str) -> Any:
    """Return the validator of the schema that stands at this JSON pointer."""
    resource = DRAFT202012.create_resource(description())
    return Draft202012Validator({"$ref": f"{_HERE}#{at}"}, registry=Registry().with_resource(_HERE, resource))


def resolved(schema: Any) -> Any:
    """Return a schema itself where it is a reference alone, with what stands beside the reference."""
    while "$ref" in schema:
        target: Any = description()
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[unquote(part).replace("~1", "/").replace("~0", "~")]
        schema = {**target, **{name: value for name, value in schema.items() if name != "$ref"}}
    return schema


def enums(name: str) -> list[str]:
    """Return the words that one of the description's enumerations has, in its order."""
    return list(description()["components"]["schemas"][name]["enum"])


def each_status() -> Iterator[tuple[str, str, int]]:
    """Yield every status of every operation."""
    for (method, path), operation in operations().items():
        for status in operation["responses"]:
            yield method, path, int(status)


@cache
def _response(method: str, path: str | None, status: str) -> tuple[str, Any]:
    """Return what is described for an answer, and where that stands."""
    responses = operations()[method, path]["responses"] if path and (method, path) in operations() else {}
    if status in responses:
        found = responses[status]
        at = f"/paths/{_escaped(path or '')}/{method.lower()}/responses/{status}"
        if "$ref" not in found:
            return at, found
        return found["$ref"].removeprefix("#"), resolved(found)
    is_general = status in _EVERYWHERE and (not responses or status == "405")
    assert is_general, f"{method} {path} answers {status}, which is not described"
    at = f"/components/responses/{_EVERYWHERE[status]}"
    return at, resolved({"$ref": f"#{at}"})


def _escaped(text: str) -> str:
    return quote(text.replace("~", "~0").replace("/", "~1"), safe="~")


_GOOD = set[tuple[str, str]]()
"""What was valid before: many answers are the same."""


def _validate(name: str, at: str, written: str) -> None:
    if (at, written) in _GOOD:
        return
    for error in validator(at).iter_errors(json.loads(written)):
        raise AssertionError(f"{name}: {error.json_path} {error.message:.300}")
    if len(_GOOD) < 10_000:
        _GOOD.add((at, written))
