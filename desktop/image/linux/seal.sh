#!/bin/bash
# The last thing before the snapshot: whatever would make one desktop known by another is taken out. No certificate, no
# key, no identity and no state stay in an image. Run again it changes nothing.
set -euo pipefail
staging=${1:-/var/tmp/elephant-image}
# DCV makes a certificate of its own as it starts, and would again: it starts with the desktop's first boot.
systemctl stop elephant-agent.service dcvserver.service
rm -f /etc/dcv/dcv.pem /etc/dcv/dcv.key
for folder in /var/lib/elephant /var/lib/elephant-session /var/lib/elephant-drop /run/elephant /var/log/dcv; do
  if [ -d "$folder" ]; then find "$folder" -mindepth 1 -delete; fi
done
if id -u lesson >/dev/null 2>&1; then userdel --remove --force lesson; fi
rm -rf "$staging"
echo 'elephant: nothing of this machine is left for the image'
