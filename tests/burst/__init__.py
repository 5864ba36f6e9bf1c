"""Many meetings that are due at once, before the limits that AWS and Cloudflare publish: `make burst MEETINGS=1000`.

The real handlers and adapters of EC2, Scheduler, Secrets Manager and Cloudflare run in the simulation's world
(tests/simulation/world), through the real SDK, which builds, sends again and understands every request. What answers
them is modelled: a Region with its token buckets, Cloudflare's zone with its block, Lambda with a container for each
invocation at once. The table alone is the fake of the contract suites. Time is virtual, and one seed makes one run.

buckets     EC2's token buckets
sdk         what answers the SDK in place of the network, and how long that takes
ec2         a Region, as EC2's API shows it
services    Scheduler and Secrets Manager
functions   Lambda: containers, cold starts, concurrency
world       the world of a burst
cases       who is due when, and what goes wrong
tally       what is counted, and when
report      what is printed
drawing     the same as a picture
"""
