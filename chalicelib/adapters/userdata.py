"""The last guard: what a desktop is given to end itself, should the whole control plane be gone.

Every `EVERY_MIN` minutes the guest compares its clock with the deadline that its `Deadline` tag bears, as the instance
metadata tell it, so a meeting that is made longer is obeyed. Only a tag is obeyed that the app itself can have written:
of just its form, and between the moments that the app may move a deadline to. Anything else, and metadata that do not
answer, leave the deadline of the launch. The guest shuts down at the first look that is `MARGIN_MIN` later than the
control plane would have ended it, so `MARGIN_MIN` to `MARGIN_MIN + EVERY_MIN` minutes after its deadline; instances
terminate when they shut down (InstanceInitiatedShutdownBehavior).
"""

from __future__ import annotations

from datetime import datetime
from string import Template

from chalicelib.domain.rows import timestamp
from chalicelib.settings import Guest

MARGIN_MIN = 10
EVERY_MIN = 5

_FORM = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{6})?Z"
"""How `timestamp` writes a moment; each shell has its own word for the end of a text."""

_WINDOWS = Template(r"""<powershell>
$$guard = 'C:\ProgramData\Elephant\deadline.ps1'
New-Item -ItemType Directory -Force -Path (Split-Path $$guard) | Out-Null
Set-Content -Path $$guard -Value @'
$$plain = [Globalization.CultureInfo]::InvariantCulture
$$deadline = [DateTimeOffset]::Parse('$deadline', $$plain)
try {
  $$base = 'http://169.254.169.254/latest'
  $$token = Invoke-RestMethod -Method Put -TimeoutSec 5 -Uri "$$base/api/token" -Headers @{'X-aws-ec2-metadata-token-ttl-seconds' = '60'}
  $$tagged = Invoke-RestMethod -TimeoutSec 5 -Uri "$$base/meta-data/tags/instance/Deadline" -Headers @{'X-aws-ec2-metadata-token' = $$token}
  if ([string]$$tagged -cmatch '$form\z') {
    $$moved = [DateTimeOffset]::Parse($$tagged, $$plain)
    if (($$moved -ge [DateTimeOffset]::Parse('$first', $$plain)) -and ($$moved -le [DateTimeOffset]::Parse('$last', $$plain))) { $$deadline = $$moved }
  }
} catch { }
if ([DateTimeOffset]::UtcNow -ge $$deadline.AddMinutes($margin_min)) { shutdown.exe /s /f /t 0 }
'@
$$run = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument "-NoProfile -ExecutionPolicy Bypass -File $$guard"
$$often = New-ScheduledTaskTrigger -Once -At (Get-Date) -RepetitionInterval (New-TimeSpan -Minutes $every_min)
Register-ScheduledTask -Force -TaskName 'ElephantDeadline' -User 'SYSTEM' -Action $$run -Trigger $$often | Out-Null
</powershell>
""")

_LINUX = Template(r"""#!/bin/bash
cat > /usr/local/sbin/elephant-deadline <<'GUARD'
#!/bin/bash
deadline='$deadline'
base='http://169.254.169.254/latest'
token=$$(curl -sf -m 5 -X PUT "$$base/api/token" -H 'X-aws-ec2-metadata-token-ttl-seconds: 60') &&
  tagged=$$(curl -sf -m 5 "$$base/meta-data/tags/instance/Deadline" -H "X-aws-ec2-metadata-token: $$token") &&
  [[ $$tagged =~ $form$$ ]] && moved=$$(date -d "$$tagged" +%s 2>/dev/null) &&
  [ "$$moved" -ge "$$(date -d '$first' +%s)" ] && [ "$$moved" -le "$$(date -d '$last' +%s)" ] && deadline=$$tagged
[ "$$(date +%s)" -lt "$$(( $$(date -d "$$deadline" +%s) + $margin_min * 60 ))" ] || shutdown -h now
GUARD
chmod +x /usr/local/sbin/elephant-deadline
cat > /etc/systemd/system/elephant-deadline.service <<'UNIT'
[Service]
Type=oneshot
ExecStart=/usr/local/sbin/elephant-deadline
UNIT
cat > /etc/systemd/system/elephant-deadline.timer <<'UNIT'
[Timer]
OnActiveSec=1min
OnUnitActiveSec=${every_min}min
[Install]
WantedBy=timers.target
UNIT
systemctl daemon-reload
systemctl enable --now elephant-deadline.timer
""")


def user_data(guest: Guest, deadline: datetime, movable: tuple[datetime, datetime] | None = None) -> str:
    """Return the script that a desktop runs at its first boot; empty where the guard is off. Times are UTC.

    `movable` are the first and the last moment that the app may move the deadline to, None for never.
    """
    if guest is Guest.OFF:
        return ""
    template = _LINUX if guest is Guest.LINUX else _WINDOWS
    first, last = movable or (deadline, deadline)
    return template.substitute(
        deadline=timestamp(deadline),
        first=timestamp(first),
        last=timestamp(last),
        form=_FORM,
        margin_min=MARGIN_MIN,
        every_min=EVERY_MIN,
    )
