"""The app, ring by ring: a module imports from its own ring and from the rings before it, never outward.

domain      the values that the app speaks in: meetings, desktops, records, actions, writes
rules       when a meeting is launched, published, replaced, ended (pure)
names       a DNS name in its one form, whatever people write
settings    every setting as one table, with `kinds` of values
environment reads them, and is all that does
log         one JSON line for each thing done, and the metrics
control     the shell: ports, events, look, apply, launch, sweep
people      what people ask for: to schedule, to be let in, and the pages that they see
guests      what desktops ask for and tell: whose they are, whether they are ready, who is connected
adapters    the ports on AWS and the DNS provider
runtime     builds the adapters, lazily; `app.py` above it holds every trigger
"""
