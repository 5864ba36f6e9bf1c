"""Every setting of the app, as one table.

Whatever is said of a setting elsewhere comes from its row: what a stage's file may hold and with which words it is
refused, what a deploy hands to the functions, README's list, the comments of stages/dev.toml.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from chalicelib.domain.policy import Policy
from chalicelib.domain.rows import LONGEST_MINUTES
from chalicelib.kinds import (
    ANY_IMAGE,
    BUCKET,
    BUS,
    DOMAIN,
    FILE,
    FUNCTION,
    HOST,
    IMAGE,
    INSTALLATION,
    INSTANCE_TYPE,
    KEY_PAIR,
    KMS_KEY,
    LINK_HOST,
    PROFILE,
    PROFILE_NAME,
    REGION,
    SECRET_ID,
    SECURITY_GROUP,
    STAGE_NAME,
    SUBNET,
    TABLE,
    URL,
    VPC,
    WORD,
    ZONE,
    ZONE_ID,
    Amount,
    Choice,
    Day,
    Days,
    Flag,
    Line,
    Minutes,
    Most,
    Number,
    Secret,
    Setting,
    Several,
    arn,
)

RESOLVE = "resolve:ssm:"
"""What stands before the name of an SSM parameter that names an image: EC2's own spelling."""


class Client(StrEnum):
    """What runs on the desktops: the scripts of the seeds' images, or the kit, which reaches no table."""

    SCRIPTS = "scripts"
    KIT = "kit"


class Guest(StrEnum):
    """The operating systems that the guard is written for; OFF leaves user data empty."""

    WINDOWS = "windows"
    LINUX = "linux"
    OFF = "off"


class Scheduling(StrEnum):
    """Who may schedule: who brings the key, or anybody who finds the API."""

    LOCKED = "locked"
    OPEN = "open"


def _minutes(usual: timedelta) -> str:
    return str(usual // timedelta(minutes=1))


_USUAL = Policy()

_DESKTOP_ROLE_ARN = "arn:aws:iam::123456789012:role/elephant-dev-desktop"
_FUNCTION_ARN = "arn:aws:lambda:us-west-2:123456789012:function:elephant-dev-launch_ec2"
_KEY_ARN = "arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_QUEUE_ARN = "arn:aws:sqs:us-west-2:123456789012:elephant-dev-dead-letters"
_ROLE_ARN = "arn:aws:iam::123456789012:role/elephant-dev-timers"
_STREAM_ARN = "arn:aws:dynamodb:us-west-2:123456789012:table/elephant-meetings-dev/stream/2026-01-01T00:00:00.000"
NO_STREAM = "arn:aws:dynamodb:us-west-2:000000000000:table/elephant-meetings/stream/none"
"""Stands in for the table's stream where the app is only imported, as tests and `chalice local` do."""

# Not formatted, so that a row stays a few lines and the table can be read as one.
# fmt: off
SETTINGS = (
    Setting("AMI_ID", ANY_IMAGE, target="desktops.ami_id", needed_by="desktops",
            meaning="the desktops' image: Windows, Amazon DCV, the Elephant client (docs/deploy.md, The image)",
            when_empty="the newest that `make image` has built for the stage, as each deploy finds it", is_found=True,
            key="desktops.ami_id", in_file=IMAGE, example="ami-0e7fd79d17e852d18"),
    Setting("DESKTOP_CLIENT", Choice(Client), target="desktops.client", default=Client.SCRIPTS, key="desktops.client",
            meaning="what runs on the image: scripts ask the metadata without a token and use the table themselves, "
            "as the reference project's do; the kit does neither", stack_output="DesktopClient",
            when_empty="as the stage was deployed: the kit, or scripts where version 0.1.0 began it", example="kit",
            sample=Client.KIT),
    Setting("API_URL", URL, target="desktops.api_url", stack_output="ApiUrl",
            meaning="the API's address, which desktops with the kit are told by their tag `Api`",
            example="https://a1b2c3d4e5.execute-api.us-west-2.amazonaws.com/dev"),
    Setting("INSTANCE_TYPE", INSTANCE_TYPE, target="desktops.instance_type", default="t3.large",
            meaning="the desktops' instance type; the doctor says in which zones it is offered",
            key="desktops.instance_type", example="g4dn.xlarge"),
    Setting("IAM_PROFILE", PROFILE, target="desktops.iam_profile", needed_by="desktops", stack_output="InstanceProfile",
            meaning="the desktops' instance profile, by name (the variable may hold an ARN too)",
            when_empty="one is made with exactly what a desktop needs", key="desktops.instance_profile",
            in_file=PROFILE_NAME, example="EC2-S3-ReadOnly-Role"),
    Setting("SECURITY_GROUP_IDS", Several(SECURITY_GROUP), target="desktops.security_group_ids", needed_by="desktops",
            meaning="the desktops' security groups", stack_output="SecurityGroup", key="desktops.security_groups",
            when_empty="one is made that admits 8443 from Cloudflare only",
            example="sg-0ca7703192305868d,sg-0b1c2d3e4f5a60718"),
    Setting("KEY_NAME", KEY_PAIR, target="desktops.key_name", key="desktops.key_name", example="elephant",
            meaning="the EC2 key pair that opens the Windows password of a desktop that misbehaves"),
    Setting("SUPPORTED_AZS", Several(ZONE), target="desktops.supported_azs",
            meaning="the zones that desktops are launched in, the best first; "
            "a full one is tried last for three minutes", when_empty="every zone of the VPC",
            key="desktops.availability_zones", example="us-west-2a,us-west-2b"),
    Setting("VPC_ID", VPC, target="desktops.vpc_id", key="desktops.vpc", example="vpc-0a1b2c3d4e5f60718",
            meaning="the VPC that desktops are launched in", when_empty="the VPC of the subnets, or the Region's "
            "default VPC"),
    Setting("SUBNET_IDS", Several(SUBNET), target="desktops.subnet_ids", key="desktops.subnets",
            meaning="the subnets that desktops are launched in, the best first; each must lead to an internet gateway",
            when_empty="every subnet of the VPC that does", example="subnet-0a1b2c3d4e5f60718"),
    Setting("VOLUME_GIB", Number(1, 16_384), target="desktops.volume_gib", default="60",
            meaning="the desktops' root volume in GiB, at least the image's", key="desktops.volume_gib", example="100"),
    Setting("KMS_KEY_ARN", KMS_KEY, target="desktops.kms_key", key="desktops.kms_key", example=_KEY_ARN,
            meaning="the customer key that the image is encrypted with; volumes that the image leaves open are too",
            when_empty="none: AWS's own key, or no encryption, as the image and the account have it"),
    Setting("DESKTOPS_AT_ONCE", Number(1), target="policy.at_once", default_in_stage="10", key="desktops.at_once",
            meaning="the desktops that may be wanted at once, two a meeting: a meeting for which there is no room is "
            "not scheduled", when_empty="no limit", example="40"),
    Setting("IN_GUEST_DEADLINE", Choice(Guest), target="desktops.guest", default=Guest.WINDOWS,
            meaning="the system of the guard with which a desktop ends itself past its deadline",
            key="desktops.in_guest_deadline", example="linux"),
    Setting("DOMAIN_ROOT", DOMAIN, target="policy.domain", needed_by="dns", key="dns.domain", example="example.com",
            meaning="the domain of the desktops' names, in any alphabet: the zone itself, not a name below it"),
    Setting("ZONE_ID", WORD, target="dns.zone_id", needed_by="dns", key="dns.zone_id", in_file=ZONE_ID,
            meaning="the id of the domain's zone, 32 hex digits on its overview page at Cloudflare",
            example="023e105f4ecef8ad9ca31a8372d0c353", sample="0" * 32),
    Setting("MAX_DNS_RECORDS", Most(2), target="policy.max_records", key="dns.max_records", example="150",
            meaning="the desktops' names that the zone has room for, one a desktop: a meeting for whose desktops there "
            "would be none is not scheduled", when_empty="no limit beside `desktops.at_once`"),
    Setting("SECRET_ARN", SECRET_ID, target="dns.secret_id", needed_by="dns", stack_output="DnsSecretName",
            meaning="the secret with `CLOUDFLARE_TOKEN` (or `CLOUDFLARE_API_TOKEN`)",
            example="prod/elephant/cloudflare"),
    Setting("INSTALLATION", INSTALLATION, target="dns.installation", stack_output="Installation",
            meaning="marks, with the stage, which records are this installation's: a deploy makes it of account "
            "and Region, so that two stages of one name can share a zone", example="3f2a9c01b4"),
    Setting("CLOUDFLARE_API_URL", URL, target="dns.api_url", default="https://api.cloudflare.com/client/v4",
            meaning="Cloudflare's API", example="http://localhost:8787/client/v4"),
    Setting("DESKTOP_ROLE_ARN", arn("iam", _DESKTOP_ROLE_ARN), target="desktop_role", stack_output="DesktopRoleArn",
            meaning="the role of the desktops' profile: only who signs with it may speak as a desktop",
            example=_DESKTOP_ROLE_ARN),
    Setting("SCHEDULER_ROLE_ARN", arn("iam", _ROLE_ARN), target="timers.role_arn", needed_by="timers",
            meaning="the role with which timers call the functions", stack_output="TimersRoleArn", example=_ROLE_ARN),
    Setting("SCHEDULE_GROUP", WORD, target="timers.group", default="default", stack_output="TimersGroup",
            meaning="the timers' schedule group", example="elephant-dev"),
    Setting("LAUNCHER_ARN", FUNCTION, target="timers.launcher_arn",
            when_empty="derived from the running function's own ARN",
            meaning="what the timer of a launch calls", in_file=arn("lambda", _FUNCTION_ARN), example=_FUNCTION_ARN),
    Setting("SAFETY_NET_ARN", FUNCTION, target="timers.safety_net_arn",
            when_empty="derived from the running function's own ARN",
            meaning="what the timer of the safety net calls", in_file=arn("lambda", _FUNCTION_ARN),
            example=_FUNCTION_ARN.replace("launch_ec2", "safety_net")),
    Setting("TIMER_DEAD_LETTERS_ARN", arn("sqs", _QUEUE_ARN), target="timers.dead_letters_arn",
            meaning="the queue for timers that could not be delivered", stack_output="DeadLettersArn",
            example=_QUEUE_ARN),
    Setting("TABLE_NAME", TABLE, target="table_name", default="elephant-meetings", stack_output="TableName",
            meaning="the name of the table of meetings; change it only where the image knows another one",
            when_empty="elephant-meetings-<stage>", key="operations.table", example="elephant-meetings-dev"),
    Setting("STATE_TABLE", TABLE, target="state_table", stack_output="StateTable",
            meaning="the name of the table of what the app keeps for itself, out of the desktops' reach: its keys",
            example="elephant-state-dev"),
    Setting("SWEEP_LEASE", Flag(), target="sweep_lease", default="false", example="true",
            meaning="whether sweeps keep apart by the state table; a deploy says so where Lambda cannot reserve one"),
    Setting("STREAM_ARN", arn("dynamodb", _STREAM_ARN), target="stream_arn", stack_output="StreamArn",
            meaning="the table's stream; needed when the app is deployed", example=_STREAM_ARN),
    Setting("EVENT_BUS", BUS, target="event_bus", key="operations.event_bus", when_empty="nobody is told",
            meaning="the EventBridge bus on which others are told what happens to meetings (docs/integrations.md): its "
            "name, `default` for the account's own, or the ARN of one elsewhere", example="school"),
    Setting("STAGE", WORD, target="policy.stage", default=_USUAL.stage, in_file=STAGE_NAME,
            meaning="the stage; it marks what is owned", example="prod"),
    Setting("JITSI_DOMAIN", HOST, target="jitsi_domain", key="meetings.jitsi_domain",
            meaning="where the meetings' video rooms are: a Jitsi of your own (docs/deploy.md, The video room)",
            when_empty="meetings have no video room", example="video.example.com"),
    Setting("LINK_HOSTS", Several(LINK_HOST), target="link_hosts", key="meetings.link_hosts", when_empty="any host",
            meaning="the hosts that links may lead to, the API's own among them where its pages are used; who asks for "
            "links to another is refused", example="school.example.com,a1b2c3d4e5.execute-api.us-west-2.amazonaws.com"),
    Setting("MAX_MEETING_MINUTES", Minutes(1, LONGEST_MINUTES), target="policy.max_duration",
            default=_minutes(_USUAL.max_duration), key="meetings.max_minutes", example="90",
            meaning="the minutes that a meeting may last: no desktop outlives its start by more"),
    Setting("BOOT_LIMIT_MINUTES", Minutes(1, LONGEST_MINUTES), target="policy.boot_limit",
            default=_minutes(_USUAL.boot_limit), key="meetings.boot_limit_minutes", example="20",
            meaning="a desktop that is not ready after so many minutes, or not ready again, is replaced, once"),
    Setting("UPLOAD_GRACE_MINUTES", Minutes(1, LONGEST_MINUTES), target="policy.upload_grace",
            default=_minutes(_USUAL.upload_grace), key="meetings.upload_grace_minutes", example="60",
            meaning="the minutes that one upload waits for the other"),
    Setting("UPLOAD_MINUTES", Minutes(0, 60), target="policy.upload_limit",
            default=_minutes(_USUAL.upload_limit), key="meetings.upload_minutes", example="15",
            meaning="the minutes, of those that a meeting may last, that desktops of the kit have at its end to upload "
            "what they have recorded; they are ended as soon as all is safe"),
    Setting("MAX_LAUNCH_ATTEMPTS", Number(1, 1000), target="policy.max_attempts", default=str(_USUAL.max_attempts),
            meaning="the launches for a role, replacements included, before a meeting is given up",
            key="meetings.max_launch_attempts", example="5"),
    Setting("KEEP_MEETING_DAYS", Days(1, 3650), target="policy.keep_meetings",
            default=str(_USUAL.keep_meetings // timedelta(days=1)), key="meetings.keep_days", example="30",
            meaning="the days after its end in which a meeting's row is kept: names, times, what was done; at least "
            "recordings.keep_days, so that recordings can be found by a person's name"),
    Setting("MONTHLY_LIMIT", Amount(), target="monthly_limit", key="meetings.monthly_limit", example="200",
            meaning="the US dollars that the desktops of a month's meetings may cost, by the prices below: at 80 % it "
            "is warned, and no meeting is scheduled that would cost more"),
    Setting("SCHEDULING", Choice(Scheduling), target="scheduling", key="meetings.scheduling", example="locked",
            when_empty="locked; a stage that version 0.1.0 has deployed without a key stays open",
            meaning="whether `POST /schedule` asks for the stage's key or launches desktops for anybody who finds it"),
    Setting("RECORD", Flag(), target="recordings.record", default="false", key="recordings.record", sample="true",
            meaning="whether meetings are recorded: people are told before they click, by whom and for how long, and "
            "desktops with the kit record where it is true", example="true"),
    Setting("KEEP_DAYS", Number(1, 3650), target="recordings.keep_days", default="30", key="recordings.keep_days",
            meaning="the days after which a recording expires", example="90"),
    Setting("RECORDINGS_BUCKET", BUCKET, target="recordings.bucket", stack_output="RecordingsBucket",
            key="desktops.upload_bucket", when_empty="one is made: private, encrypted, versioned, and it expires what "
            "it holds", meaning="the S3 bucket that recordings are kept in, and that desktops with scripts may upload "
            "to with the profile that is made", example="elephant-sessions"),
    Setting("RECORDINGS_REGION", REGION, target="recordings.region", when_empty="the functions' own",
            meaning="the Region of a recordings' bucket of one's own that is in another than the stage",
            example="eu-central-1"),
    Setting("OPERATOR_NAME", Line(100), target="operator.name", key="operator.name",
            meaning="who records, as people are told before they click; needed where recordings.record is true",
            example="Example Language School"),
    Setting("OPERATOR_CONTACT", Line(200), target="operator.contact", key="operator.contact",
            meaning="whom people ask to have a recording erased: an address or a telephone number; needed where "
            "recordings.record is true", example="privacy@example.com"),
    Setting("OPERATOR_LOGO", FILE, target="operator.logo", key="operator.logo", example="logo.svg",
            when_empty="the product's mark",
            meaning="the file in stages/ with the operator's logo, SVG or PNG, made for a white ground and of 20,000 "
            "bytes at the most: pages show it in place of the product's mark; it needs operator.name"),
    Setting("PRICE_DESKTOP_HOUR", Amount(), target="prices.desktop_hour", key="prices.desktop_hour", example="0.1108",
            when_empty="no cost is told",
            meaning="what an hour of one desktop costs in US dollars, its system's licence included; `make prices` "
            "asks AWS for this and the next ones"),
    Setting("PRICE_VOLUME_GIB_MONTH", Amount(), target="prices.volume_gib_month", key="prices.volume_gib_month",
            example="0.08", when_empty="no cost is told",
            meaning="what a GiB of a desktop's volume costs a month"),
    Setting("PRICE_ADDRESS_HOUR", Amount(), target="prices.address_hour", key="prices.address_hour", example="0.005",
            when_empty="no cost is told", meaning="what an hour of a desktop's public address costs"),
    Setting("PRICE_BURST_VCPU_HOUR", Amount(), target="prices.burst_vcpu_hour", key="prices.burst_vcpu_hour",
            example="0.096", when_empty="nothing is added",
            meaning="what an hour of a vCPU above the baseline costs, of types that burst for money: T3, T3a, T4g"),
    Setting("BUSY_PERCENT", Number(0, 100), target="prices.busy_percent", default="50", key="prices.busy_percent",
            meaning="how busy a desktop is taken to be on average, all its vCPUs together, from its launch to its end: "
            "what is above the baseline is paid as burst", example="35"),
    Setting("PRICES_AS_OF", Day(), target="prices.as_of", key="prices.as_of", example="2026-11-21",
            meaning="the day of these prices; the doctor says when they are older than 90 days"),
    Setting("PRICES_SOURCE", Line(200), target="prices.source", key="prices.source", example="AWS Price List",
            meaning="where these prices come from"),
    Setting("SCHEDULE_KEY", Secret(), target="schedule_key", example="what `openssl rand -hex 32` prints",
            meaning="locks `POST /schedule`: the key for `X-Schedule-Key`, in a run that is not deployed"),
    Setting("LINK_SIGNING_KEY", Secret(), target="link_signing_key", example="what `openssl rand -hex 32` prints",
            meaning="signs links, each bound to its role, in a run that is not deployed"),
    Setting("VOUCHING_KEY", Secret(), target="vouching_key", example="what `openssl rand -hex 32` prints",
            meaning="signs what the app writes beside the ids of its desktops, in a run that is not deployed"),
)
# fmt: on


def image_parameter(ami_id: str) -> str:
    """Return the SSM parameter that names the image, empty where it is named by its id."""
    return ami_id.removeprefix(RESOLVE) if ami_id.startswith(RESOLVE) else ""
