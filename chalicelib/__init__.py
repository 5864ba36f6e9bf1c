"""The map of the house, from the inside out.

model       the words of the domain: meetings, seats, desktops, records, actions
errors      what can go wrong, in those words
rows        rows of the table to meetings and back (pure)
events      timer, EC2 and stream payloads to values (pure)
plan        the rules (pure)
ports       what the rules need from the world
reconcile   observe, plan, apply: one meeting, and everything
schedule    a form's fields to a row, two timers and two links
join        what a person who follows a link is told
links       join links and their signatures
repository  the port Meetings on DynamoDB
ec2         the port Desktops on EC2
guest       what a desktop is given to end itself at its deadline
dns         the port Dns on Cloudflare
timers      the port Timers on EventBridge Scheduler
settings    every setting as one table, read from the environment
kinds       how a setting's value is written, and what is wrong with it otherwise
journal     the log: one JSON line a thing done
runtime     builds the adapters, lazily
pages       what people see
"""
