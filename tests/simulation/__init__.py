"""A deterministic simulation of meetings under faults: the real handlers over models of the four ports.

world       one clock, one seed, one heap of things to come; people, desktops, AWS's deliveries
faults      what goes wrong, how often, and the wire on which it does
promises    what must always hold, one module for each, by rules written apart from the app's
invariants  hands on to the promises what happens in a world
planner     spares plans that must come out as they did, so that more meetings can be tried
figures     what worlds came to
simulate    many worlds, a progress bar, a report
crash       every call of every scenario: killed after it, failed at it, halted at it
mutants     deliberate defects, to see that the promises bite
"""
