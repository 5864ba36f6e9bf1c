"""All mutants that address what they change by a reference."""

from __future__ import annotations

from tests.simulation.mutants import adapters, agents, control, guests, people, presence, recordings, rows, rules
from tests.simulation.mutants.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (
    *rules.MUTANTS,
    *rows.MUTANTS,
    *control.MUTANTS,
    *people.MUTANTS,
    *presence.MUTANTS,
    *guests.MUTANTS,
    *agents.MUTANTS,
    *recordings.MUTANTS,
    *adapters.MUTANTS,
)
