"""The laptop-sized AWS that the demo, `make run` and the tests share. Development only: never shipped.

clock       time, virtual or real, and what is to happen when
conditions  how the platform behaves today: how slow, how full, what gets lost
ledger      every API call, by caller, service, operation and trigger
timeline    what happened, as a person would tell it
loopback    keeps what never leaves this machine away from proxies
server      a WSGI application on a loopback port
aws         AWS's API: moto behind a door
ec2         what moto's EC2 lacks: launch tokens, timed states, zones without room
functions   the app's functions, called the way Lambda calls them
triggers    the event bus, the clock's rules, one-shot timers, the table's stream
identity    the credentials of an instance's role
metadata    an instance's metadata service
signatures  API Gateway's IAM authorization
gateway     API Gateway in front of the app
cloudflare  Cloudflare's DNS API
desktops    desktops of both kinds that boot, report for work, let people in and upload
dcv         a desktop's DCV, as a process of its own: a TLS port that asks a verifier, and a command line
people      the teacher and the student
cloud       all of it, put together
scenarios   lives of a meeting, each with what it promises
judge       says which of its promises a scenario has broken
play        plays a scenario in virtual time
demo        `make demo`: one scenario as a live timeline
run         `make run`: the whole thing kept up in real time
"""
