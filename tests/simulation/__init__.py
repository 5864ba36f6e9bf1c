"""A deterministic simulation of meetings under faults: the real handlers over models of the four ports.

world       one clock, one seed, one heap of things to come; people, desktops, AWS's deliveries
faults      what goes wrong, how often, and the wire on which it does
invariants  what must always hold, each a named check that tells its story
simulate    many worlds, a progress bar, a report
crash       every call of every scenario: killed after it, failed at it
mutants     deliberate defects, to see that the checks bite
"""
