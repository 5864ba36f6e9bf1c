"""A service that is held to botocore's own model of it: every request and every answer is validated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

_SESSION = botocore.session.Session()


class Modelled:
    """A client of `service` that `backend` answers by methods of the operations' names."""

    def __init__(self, service: str, backend: Any, region: str) -> None:
        self.meta = SimpleNamespace(region_name=region)
        self.asked: list[str] = []
        self.refused: dict[str, list[str]] = {}
        """Codes with which the next calls of an operation are refused, one after the other; "" lets one through."""
        self._backend = backend
        self._model = _SESSION.get_service_model(service)
        self._operations = {xform_name(name): name for name in self._model.operation_names}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in self._operations:
            found: Callable[..., Any] = getattr(self._backend, name)
            return found
        operation = self._model.operation_model(self._operations[name])

        def call(**request: Any) -> Any:
            _validate(request, operation.input_shape, f"{name}'s request")
            self.asked.append(name)
            if waiting := self.refused.get(name):
                code = waiting.pop(0) if len(waiting) > 1 else waiting[0]
                if code:
                    raise refusal(code, operation.name)
            reply = getattr(self._backend, name)(**request)
            _validate(reply or {}, operation.output_shape, f"{name}'s answer")
            return reply

        return call

    def get_paginator(self, name: str) -> Any:
        """Return what asks for the one page that there is."""

        def paginate(**request: Any) -> Iterator[Any]:
            yield getattr(self, name)(**request)

        return SimpleNamespace(paginate=paginate)


def refusal(code: str, operation: str = "Operation", message: str = "no", status: int = 400) -> ClientError:
    """Return what boto3 raises where AWS refuses."""
    status = {"CallRateLimitExceededException": 429, "ServiceUnavailableException": 503}.get(code, status)
    reply: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {}},
    }
    return ClientError(reply, operation)


def _validate(value: Any, shape: Any, what: str) -> None:
    if shape is not None and (wrong := ParamValidator().validate(value, shape)).has_errors():
        raise AssertionError(f"{what} is not as the model has it: {wrong.generate_report()}")
