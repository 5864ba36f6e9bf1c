"""The map of the house, from the inside out.

model       the words of the domain: meetings, seats, desktops, records
actions     what a plan is made of
errors      what can go wrong, in those words
rows        rows of the table to meetings and back (pure)
writes      every write on a row, by the name of what happened (pure)
events      timer, EC2 and stream payloads to values (pure)
times       when things happen in a meeting's life (pure)
facts       what is known of a meeting at one moment (pure)
endings     why a meeting ends, and what an end takes away (pure)
seats       what a meeting that lives needs (pure)
standby     what a meeting gives back that was moved to later (pure)
strays      what belongs to no meeting (pure)
plan        the rules, in their order (pure)
ports       what the app needs from the world
persist     one write, logged
launch      the intent, the launches, the outcomes
apply       a plan, each action once
look        observe, plan, apply: one meeting
triggers    what timers, EC2 and the stream say
sweep       observe, plan, apply: everything
schedule    a form's fields to a row, two timers and two links
join        what a person who follows a link is told
links       join links and their signatures
repository  the port Meetings on DynamoDB
ec2         the port Desktops on EC2
guest       what a desktop is given to end itself at its deadline
dns         the port Dns on Cloudflare
timers      the port Timers on EventBridge Scheduler
log         one JSON line for each thing done, and the metrics
settings    every setting as one table, read from the environment
kinds       how a setting's value is written, and what is wrong with it otherwise
runtime     builds the adapters, lazily
pages       what people see
"""
