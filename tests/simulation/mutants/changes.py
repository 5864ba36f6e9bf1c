"""What defects are made of. Each of these takes a function as it is and returns a defective one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from chalicelib.domain.actions import Observe, Step
from chalicelib.domain.update import Update
from tests.simulation.mutants.mutant import Altered, Change


def returns(value: object) -> Change:
    """Do nothing, and return this."""
    return lambda original: lambda *args, **kwargs: value


does_nothing = returns(None)


def alters(alter: Callable[[Any], Any]) -> Change:
    """Return something else than what would be returned."""
    return lambda original: Altered(original, returned=alter)


never = alters(lambda answer: False)
always = alters(lambda answer: True)


def given(alter: Callable[..., tuple[Any, ...]]) -> Change:
    """Take something else than the arguments that were given; `alter` gets them in their order."""
    return lambda original: Altered(original, given=alter)


def raises(error: type[Exception], instead_of: type[Exception]) -> Change:
    """Fail with another error, made from the sentence of the one that it should be."""

    def change(original: Callable[..., Any]) -> Callable[..., Any]:
        def defect(*args: Any, **kwargs: Any) -> Any:
            try:
                return original(*args, **kwargs)
            except instead_of as failure:
                raise error(str(failure)) from failure

        return defect

    return change


def swallows(*errors: type[Exception], returning: object = None) -> Change:
    """Fail without saying so."""

    def change(original: Callable[..., Any]) -> Callable[..., Any]:
        def defect(*args: Any, **kwargs: Any) -> Any:
            try:
                return original(*args, **kwargs)
            except errors:
                return returning

        return defect

    return change


# --- writes


def without(*names: str) -> Change:
    """Write everything but these attributes, of either role; nothing at all where nothing is left."""

    def alter(update: Update) -> Update | None:
        left = {name: value for name, value in update.set.items() if not _is_one_of(name, names)}
        kept = tuple(name for name in update.remove if not _is_one_of(name, names))
        return replace(update, set=left, remove=kept) if left or kept else None

    return on_updates(alter)


def without_expecting(*names: str) -> Change:
    """Let a write not expect these attributes, of either role."""

    def alter(update: Update) -> Update:
        left = {name: value for name, value in update.expect.items() if not _is_one_of(name, names)}
        return replace(update, expect=left)

    return on_updates(alter)


def on_updates(alter: Callable[[Update], Update | None]) -> Change:
    """Change every write that is returned, alone or among other actions; None leaves it out."""

    def altered(returned: Any) -> Any:
        if isinstance(returned, Update):
            return alter(returned)
        if returned is None:
            return None
        changed = [alter(action) if isinstance(action, Update) else action for action in returned]
        return [action for action in changed if action is not None]

    return alters(altered)


expecting_nothing = on_updates(lambda update: replace(update, expect={}))
writes_nothing = on_updates(lambda update: replace(update, set={}, remove=(), expect={}))


def _is_one_of(attribute: str, names: Iterable[str]) -> bool:
    """Return whether an attribute has one of these names, its role's prefix aside."""
    return any(attribute in (name, f"teacher_{name}", f"student_{name}") for name in names)


# --- plans


def keeps_out(*kinds: type[Step]) -> Change:
    """Leave out every action of these kinds, and let no other need one."""

    def left(action: Any) -> Any:
        needs = tuple(need for need in action.needs if not isinstance(need, kinds))
        return action if needs == action.needs else replace(action, needs=needs)

    return alters(
        lambda actions: [a if isinstance(a, Observe) else left(a) for a in actions if not isinstance(a, kinds)]
    )


needs_nothing = alters(
    lambda actions: [a if isinstance(a, Observe) or not a.needs else replace(a, needs=()) for a in actions]
)
"""Let no action need another: each is done though what it needs has failed."""


# --- ports


class Stubbed:
    """Something of which some methods or attributes are others."""

    def __init__(self, real: Any, **others: Any) -> None:
        self._real = real
        vars(self).update(others)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def with_attribute(thing: Any, **others: Any) -> Any:
    """Return a copy of an object with other attributes: another client, another port."""
    changed = copy.copy(thing)
    vars(changed).update(others)
    return changed
