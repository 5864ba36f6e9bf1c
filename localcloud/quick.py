"""moto's answers, spelled without trying every name that a member could have, again and again.

moto looks for each member of an answer under up to eight names, and works these names out anew each time, though they
follow from the member's shape and the kind of object alone. That was two thirds of the embedded cloud's work. What it
answers stays the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from moto.core import responses
from moto.core.serialize import AttributePicker, AttributePickerContext, BaseJSONSerializer, XFormedAttributePicker
from moto.core.utils import method_names_from_class

_SCALARS = frozenset({"S", "N", "BOOL", "NULL"})
"""The kinds of DynamoDB's values that moto keeps as they are sent."""


@cache
def quicken() -> None:
    """Let moto in this process answer so."""
    for picker in (AttributePicker, XFormedAttributePicker):
        _remember_names(picker)
    _pass_on_scalars()
    responses.method_names_from_class = cache(method_names_from_class)  # type: ignore[attr-defined]


def _remember_names(picker: type[Any]) -> None:
    work_out = picker.get_possible_keys
    known: dict[tuple[Any, ...], tuple[str, ...]] = {}

    def names(self: Any, context: AttributePickerContext) -> Iterable[str]:
        obj = context.obj
        if hasattr(obj, "Meta"):  # its own aliases may be the object's, not the class's
            return tuple(work_out(self, context))
        kind = (type(self), *self.alias_providers, context.shape, context.key, type(obj))
        found = known.get(kind)
        if found is None:
            found = known[kind] = tuple(dict.fromkeys(work_out(self, context)))
        return found

    picker.get_possible_keys = names


def _pass_on_scalars() -> None:
    spell = BaseJSONSerializer._serialize_type_structure

    def structure(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        is_scalar = shape.name == "AttributeValue" and isinstance(value, Mapping) and len(value) == 1
        if is_scalar and _SCALARS.issuperset(value):
            self._default_serialize(serialized, dict(value), shape, key)
        else:
            spell(self, serialized, value, shape, key)

    BaseJSONSerializer._serialize_type_structure = structure  # type: ignore[method-assign]
