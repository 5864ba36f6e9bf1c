"""CloudWatch as far as the template's alarms go: the alarms as they stand there, over series of what was counted.

The states follow AWS's table of how missing data is treated. An alarm begins without data, and acts only when it
comes into a state from another one. Time is in minutes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any

from cfnlint.decode.cfn_yaml import load

from tools.stage import ROOT

STAGE = "dev"
STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Average": lambda samples: sum(samples) / len(samples),
}
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
}

Metric = tuple[str, frozenset[str]]
"""A metric's name, and the values of its dimensions."""


@dataclass
class Counted:
    """What was counted: the samples of each metric by minute."""

    samples: dict[Metric, dict[int, list[float]]] = field(default_factory=dict)

    def add(self, minute: int, name: str, *dimensions: str, value: float = 1, times: int = 1) -> None:
        """Count a value so many times."""
        series = self.samples.setdefault((name, frozenset(dimensions)), {})
        series.setdefault(minute, []).extend([value] * times)


@dataclass(frozen=True)
class Alarm:
    """One alarm, by its name without the stage."""

    name: str
    resource: str
    properties: Mapping[str, Any]

    @property
    def dimensions(self) -> dict[str, str]:
        """Return the dimensions of its metric, with the names of the stage `dev`."""
        return {d["Name"]: _resolved(d["Value"]) for d in self.properties["Dimensions"]}

    @property
    def metric(self) -> Metric:
        """Return the metric that it watches."""
        return self.properties["MetricName"], frozenset(self.dimensions.values())

    def states(self, counted: Counted, minutes: int) -> list[str]:
        """Return its state at every minute."""
        series = counted.samples.get(self.metric, {})
        states = ["INSUFFICIENT_DATA"]
        states += [self._state(series, minute) for minute in range(minutes)]
        return states

    def _state(self, series: Mapping[int, list[float]], now: int) -> str:
        """Return its state now, from the periods that end with this minute."""
        of = self.properties
        period, number = of["Period"] // 60, of["EvaluationPeriods"]
        breaching = missing = 0
        for index in range(number):
            end = now - index * period
            samples = [sample for m in range(end - period + 1, end + 1) for sample in series.get(m, ())]
            if not samples:
                missing += 1
            elif COMPARISONS[of["ComparisonOperator"]](STATISTICS[of["Statistic"]](samples), of["Threshold"]):
                breaching += 1
        needed = of.get("DatapointsToAlarm", number)
        match of["TreatMissingData"]:
            case "notBreaching":
                return "ALARM" if breaching >= needed else "OK"
            case "missing" if missing == number:
                return "INSUFFICIENT_DATA"
            case "missing":
                return "ALARM" if breaching >= min(needed, number - missing) else "OK"
        raise AssertionError(f"{self.name} treats missing data in a way that this model does not know.")

    def rings(self, counted: Counted, minutes: int) -> list[int]:
        """Return the minutes in which it tells somebody that something is wrong."""
        acts = {"ALARM": "AlarmActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
        states = self.states(counted, minutes)
        changes = [(m, now) for m, (before, now) in enumerate(pairwise(states)) if before != now]
        return [minute for minute, state in changes if state in acts and self.properties.get(acts[state])]


@cache
def template() -> dict[str, Any]:
    """Return the template as CloudFormation reads it."""
    content: dict[str, Any] = load(str(ROOT / "infra" / "template.yaml"))
    return content


@cache
def alarms() -> dict[str, Alarm]:
    """Return every alarm of the template by its name without the stage."""
    found: dict[str, Alarm] = {}
    for resource, of in template()["Resources"].items():
        if of["Type"] == "AWS::CloudWatch::Alarm":
            name = _resolved(of["Properties"]["AlarmName"]).removeprefix(f"elephant-{STAGE}-")
            found[name] = Alarm(name, resource, of["Properties"])
    return found


def _resolved(value: Any) -> str:
    """Return a value of the template as it is in the stage `dev`; a queue by its own name."""
    if isinstance(value, str):
        return value
    [(function, argument)] = value.items()
    if function == "Fn::GetAtt":
        queue = template()["Resources"][argument[0]]["Properties"]["QueueName"]
        return _resolved(queue)
    if argument == "Stage":
        return STAGE
    return re.sub(r"\$\{Stage\}", STAGE, argument)
