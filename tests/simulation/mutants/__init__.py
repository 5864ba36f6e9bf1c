"""Does the net hold? Deliberate defects, each to be caught by a promise of the simulation or by a test.

mutant    a defect: a function, method, property or row of a table, and what becomes of it
changes   what defects are made of: `never`, `returns`, `without`, `keeps_out` …
rules, control, people, adapters   the defects themselves, by what they are defects of
catalog   all of them
hunt      lets a defect loose in a process of its own and says who caught it
"""
