"""A trial meeting on a deployed stage, a module for each thing that is looked at.

It asks the API as people and their pages do, looks at the row, at EC2, at the zone and at the timers with the
operator's own credentials, and changes nothing but to call its own meeting off.
"""
