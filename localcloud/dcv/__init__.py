"""A stand-in for one desktop's Amazon DCV, as a real process on loopback. Development only: never shipped.

settings     dcv.conf, in DCV's own Linux format
states       what a test wants of it (state.json), and what the desktop says of its room (session.json)
certificate  dcv.pem and dcv.key: made when absent, read anew when replaced
permissions  who may connect, by a permissions file
session      the console session and who is connected to it
verifier     the question to `auth-token-verifier`, and what counts as its yes
control      how the command line reaches the server
web          what a browser gets: the page, the live connection, the four buttons
server       all of it in one process: `python -m localcloud.dcv --home DIR`
cli          DCV's command line: `python -m localcloud.dcv.cli --home DIR …`, or a program named `dcv`
process      starts, stops and kills such a server for one desktop

Nothing here has been held against the real DCV. Where Amazon's guide is silent, the module that had to choose says
what it assumed.
"""
