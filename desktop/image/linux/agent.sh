#!/bin/bash
# After DCV: the agent with its units and folders. Who the person is, its logon, the firewall and DCV's settings are written
# by boot.sh at every boot of a desktop. Run again it changes nothing but its files.
set -euo pipefail
staging=${1:-/var/tmp/elephant-image}
command -v dcv >/dev/null || { echo 'elephant: FAILED the DCV server is not installed'; exit 1; }
from="$staging/kit/desktop/linux"

mkdir -p /opt/elephant
rm -rf /opt/elephant/desktop
cp -r "$staging/kit/desktop" /opt/elephant/desktop
chmod -R u=rwX,go=rX /opt/elephant/desktop
install -D -m 644 "$from/elephant-boot.service" /etc/systemd/system/elephant-boot.service
install -D -m 644 "$from/elephant-agent.service" /etc/systemd/system/elephant-agent.service
install -D -m 644 "$from/elephant-helper.service" /etc/systemd/user/elephant-helper.service
# What the agent needs lies beside it, apart from what Ubuntu's own programs use.
for unit in /etc/systemd/system/elephant-agent.service.d /etc/systemd/user/elephant-helper.service.d; do
  mkdir -p "$unit"
  printf '[Service]\nEnvironment=PYTHONPATH=/opt/elephant/packages\n' >"$unit/packages.conf"
done
install -D -m 644 "$from/elephant-helper.desktop" /etc/xdg/autostart/elephant-helper.desktop
install -D -m 644 "$from/dconf" /etc/dconf/db/local.d/00-elephant
mkdir -p /etc/dconf/profile
printf 'user-db:user\nsystem-db:local\n' >/etc/dconf/profile/user
dconf update
systemctl daemon-reload
systemctl enable --quiet elephant-boot.service elephant-agent.service dcvserver.service
echo 'elephant: the agent is installed'
