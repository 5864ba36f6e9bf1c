"""All mutants that address what they change by a reference."""

from __future__ import annotations

from tests.simulation.mutants import adapters, agents, control, guests, people, recordings, rows, rules
from tests.simulation.mutants.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (
    *rules.MUTANTS,
    *rows.MUTANTS,
    *control.MUTANTS,
    *people.MUTANTS,
    *guests.MUTANTS,
    *agents.MUTANTS,
    *recordings.MUTANTS,
    *adapters.MUTANTS,
)
