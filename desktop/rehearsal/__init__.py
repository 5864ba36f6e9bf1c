"""The rehearsal: the agent itself, unchanged, on a machine of a new image, before any meeting is entrusted to it.

    python -m desktop rehearse --prepare    makes the machine a desktop, as the boot script does for a meeting
    python -m desktop rehearse              one line for each check; exit code 0 where all is well, else 1

rehearse     the order of it all, and the exit code
prepare      the boot script against stand-in metadata, and the one restart after it
looks        what is looked at from outside: the agent's word, the door, the guard
session      what is looked at in the person's session: commands, metadata, room, recording
changes      what is changed on the machine meanwhile, and put back afterwards
hosts        what differs between Windows and Linux
metadata, app, recordings, certificate    what stands in for EC2, the app, its bucket and its certificate, on loopback
visit        DCV's command line with one connection more: nobody's browser is here
probe        what the rehearsal's own commands run, as the service and as the person

DCV, TLS, the logon, the verifier, commands, recorder and guard are the image's own. No app, row or secret is needed,
and no network but loopback. What is never done is to end DCV's session, as a meeting's end does.
"""
