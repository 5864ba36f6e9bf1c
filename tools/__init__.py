"""What an operator or a developer runs through make; none of it ships.

One hall: entry points above, which put together what they need; under them blocks, which do not know one another;
under these the base, which knows nothing of them. tests/tools/test_hall.py reads the lists and holds the tools to them.

Entry points:
    deploy      from the operator's file to a running stage
    upgrade     another release of Elephant, merged into this copy, and deployed
    doctor      what is wrong with a stage, and its remedy
    image       builds the desktops' image of a stage, and tests it
    smoke       a first meeting that proves the whole chain of a deployed stage
    life        what a meeting was and what became of it, with its history
    dns_audit   what a stage's zone holds, and what the sweep does with it
    recordings  links to a meeting's recordings, for an operator and for five minutes
    access      the keys that an operator gives out: made, listed, revoked
    ops         opens the operators' board, with a key for an hour
    prices      what AWS asks for a stage's desktops, for its file
    rotate      replaces the key that links are signed with
    erase       takes all that is kept of a meeting's recordings, or of a person's meetings
    destroy     takes a stage away, leaving nothing
    certificate  has a certificate for desktops issued, or takes the operator's own
    policies    writes .chalice/policy-<function>.json from what the code calls
    bench       measures the figures that the project claims
    texts       writes what the docs show from the code
    install     makes a virtual environment with what a lock names, before anything else can run
    resumable   Chalice's command line, able to go on where it was stopped

Blocks:
    checks      what must hold before and after a deploy, a module for each thing that is examined
    providers   the DNS providers, one module each
    certifying  which certificate is kept, what of the earlier ones, and whether proxies judge it
    imaging     what an image is made of, the builds of its pipeline, and what is told of them
    tables      the stage's tables: which name it may take, its protection, those it had earlier
    person      one person's meetings, erased at their wish
    expiring    tells rows that ended before when they expire
    trial       a trial meeting, a module for each thing that is looked at
    recorded    a stage and its stack's outputs as Chalice's configuration
    turns       whose turn it is to change a stage
    own_statements  the operator's own statements in the functions' policies
    chalice     runs Chalice's command line for a stage
    package     Chalice's package of what ships: what the lock holds, the same bytes from the same commit
    build       what was deployed last, so that a second deploy changes nothing
    wiring      what Chalice cannot say, a module each: logs, retries, the stream, roles, rules, the gateway's errors
    grants      calls to IAM statements, each as narrow as AWS allows
    calls       which AWS calls each function's code makes, read off the running drills
    exposure    what strangers and whoever has a key can make a stage spend
    event_texts  the events for others as people and programs read them: their tables, their schema, the samples
    log_texts   the log as people read it: the tables of docs/log.md
    rule_texts  the rules as people read them
    settings_texts  the settings as people read them: README's list, the sample of a stage's file
    drills      situations that make every function do all that it may have to

Base:
    stage       the file an operator edits: stages/<stage>.toml, read and checked
    account     the AWS account it goes to, as clients and names
    place       where a stage is, and that it is nowhere else
    executions  whether one of Lambda's executions can be set aside for the sweep
    errors      what AWS's errors mean
    findings    what is found of a stage, and how it is told
    terminal    sentences and commands in lines that fit
    site        a stage as it stands in its account, with its DNS provider: what is examined
    lock        every distribution that ships or develops Elephant, with the hashes of its files
    version     of this copy of the project
    iam_lag     changes that Lambda refuses until IAM has spread a role
    stack       infra/template.yaml as a CloudFormation stack: up, outputs, down
    logo        the operator's logo: judged before it ships
    issuer      whose certificates desktops must have: from the stage's file to the state table
    pem         certificates and keys: made for a request, and judged
    kept_recordings  what lies in a recordings' bucket
    bucket      the buckets of a stage's recordings
    bus         the bus on which others are told
    indexes     the table's indexes: made and dropped one at a time, beside functions that read either
    erasing     erases all that is kept of a meeting's recordings
    given_keys  the keys that an operator gives out, in the state table
    history     what operators did with a meeting's recordings: who, when, what and why
    meeting     one meeting as an operator asks for it
    kept_certificate  the desktops' certificate in the state table
    pausing     that nothing new is launched or scheduled on a stage, until it is let go on
    keys        the stage's keys in its state table: made, moved there, read for the operator
    rotation    the keys for links in the state table: which of the earlier ones are needed still
    images      which image a stage's desktops have: the file's, or the newest that was built
    fast_launch  whether EC2 prepares the image's first boots, and that it does
    inventory   what Chalice made of a stage, found in the account by its name
    record      what Chalice recorded of a stage's last deploy
    limits      how often each method of the API may be called
    desktops    the stage's desktops that are alive
    records     whose records in a zone are where their mark does not tell
    triggers    what sets the functions off, as it stands in the account
"""
