"""What an operator or a developer runs through make; none of it ships.

stage       the file an operator edits: stages/<stage>.toml, read and checked
account     the AWS account it goes to, as clients and names
gone        what AWS says of something that is not there
errors      what AWS's errors mean
iam_lag     changes that Lambda refuses until IAM has spread a role
triggers    what sets the functions off, as it stands in the account
version     of this copy of the project
stack       infra/template.yaml as a CloudFormation stack: up, outputs, down
tables      the stage's tables: which name it may take, its protection, those it had earlier
desktops    the stage's desktops that are alive
recorded    a stage and its stack's outputs as Chalice's configuration
lock        every distribution that ships or develops Elephant, with the hashes of its files
package     Chalice's package of what ships: what the lock holds, the same bytes from the same commit
resumable   Chalice's command line, able to go on where it was stopped
chalice     that command line, run in a process of its own
wiring      what Chalice cannot say, a module each: logs, retries, the stream, roles, rules, the gateway's errors
build       what was deployed last, so that a second deploy changes nothing
deploy      all of these in order
destroy     and backwards, leaving nothing
calls       which AWS calls each function's code makes, read off the running tests
grants      calls to IAM statements, each as narrow as AWS allows
policies    writes .chalice/policy-<function>.json from both
checks      what must hold before and after a deploy, one function each
doctor      runs the checks and says what mends what fails
"""
