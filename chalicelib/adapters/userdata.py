"""The last guard: what a desktop is given to end itself, should the whole control plane be gone.

Every five minutes the guest compares its clock with the deadline that its `Deadline` tag bears, as
the instance metadata tell it, so a meeting that is made longer is obeyed. Where the metadata do not
answer, the deadline at launch counts. It shuts down `MARGIN_MIN` later than the control plane would
have; instances terminate when they shut down (InstanceInitiatedShutdownBehavior).
"""

from __future__ import annotations

from datetime import datetime
from string import Template

from chalicelib.domain.rows import timestamp
from chalicelib.settings import Guest

MARGIN_MIN = 10


_WINDOWS = Template(r"""<powershell>
$$guard = 'C:\ProgramData\Elephant\deadline.ps1'
New-Item -ItemType Directory -Force -Path (Split-Path $$guard) | Out-Null
Set-Content -Path $$guard -Value @'
$$deadline = [DateTimeOffset]::Parse('$deadline')
try {
  $$base = 'http://169.254.169.254/latest'
  $$token = Invoke-RestMethod -Method Put -TimeoutSec 5 -Uri "$$base/api/token" -Headers @{'X-aws-ec2-metadata-token-ttl-seconds' = '60'}
  $$tagged = Invoke-RestMethod -TimeoutSec 5 -Uri "$$base/meta-data/tags/instance/Deadline" -Headers @{'X-aws-ec2-metadata-token' = $$token}
  $$deadline = [DateTimeOffset]::Parse($$tagged)
} catch { }
if ([DateTimeOffset]::UtcNow -ge $$deadline.AddMinutes($margin_min)) { shutdown.exe /s /f /t 0 }
'@
$$run = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument "-NoProfile -ExecutionPolicy Bypass -File $$guard"
$$often = New-ScheduledTaskTrigger -Once -At (Get-Date) -RepetitionInterval (New-TimeSpan -Minutes 5)
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
  date -d "$$tagged" >/dev/null 2>&1 && deadline=$$tagged
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
OnUnitActiveSec=5min
[Install]
WantedBy=timers.target
UNIT
systemctl daemon-reload
systemctl enable --now elephant-deadline.timer
""")


def user_data(guest: Guest, deadline: datetime) -> str:
    """Return the script that a desktop runs at its first boot; empty where the guard is off. `deadline` is UTC."""
    if guest is Guest.OFF:
        return ""
    template = _LINUX if guest is Guest.LINUX else _WINDOWS
    return template.substitute(deadline=timestamp(deadline), margin_min=MARGIN_MIN)
