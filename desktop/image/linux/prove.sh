#!/bin/bash
# What must hold of an image before it is taken, looked at one by one; whatever does not hold ends the build. Nothing is
# changed.
set -uo pipefail
staging=${1:-/var/tmp/elephant-image}
failed=0
that() {
  local what=$1
  shift
  if told=$("$@" 2>&1); then
    echo "elephant: ok $what"
  else
    failed=1
    echo "elephant: FAILED it does not hold that $what: $(printf '%s' "$told" | tail -n 1)"
  fi
}
runs_the_agent() {
  cd /opt/elephant && PYTHONPATH=/opt/elephant/packages python3 -c \
    'import sys, botocore.auth, cryptography.x509, desktop.service; assert desktop.PROTOCOL and sys.version_info >= (3, 11)'
}
has_a_browser() {
  local name
  for name in microsoft-edge google-chrome chromium chromium-browser; do command -v "$name" && return; done
  echo 'put the .deb of Chrome, Edge or Chromium among the installers of the stage'
  return 1
}
is_empty() { [ -z "$(find "$@" -mindepth 1 -print -quit 2>/dev/null)" ]; }
has_no_person() { ! id -u lesson; }
logs_nobody_on() { ! grep -qE '^[[:space:]]*AutomaticLoginEnable[[:space:]]*=[[:space:]]*[Tt]rue' /etc/gdm3/custom.conf; }
# The person is made at the first boot, so that the rules are read with another user's name.
takes_the_rules() { sed 's/"lesson"/"nobody"/' /opt/elephant/desktop/linux/metadata.nft | nft --check --file -; }
has_no_certificate() { [ ! -e /etc/dcv/dcv.pem ] && [ ! -e /etc/dcv/dcv.key ]; }

that 'DCV starts with the system' systemctl is-enabled dcvserver.service
that 'the agent starts with the system' systemctl is-enabled elephant-agent.service
that 'the boot script runs with the system' systemctl is-enabled elephant-boot.service
that 'X is what the logon starts' grep -q '^WaylandEnable=false' /etc/gdm3/custom.conf
that 'Python runs the agent with what it needs' runs_the_agent
that 'ffmpeg runs' ffmpeg -hide_banner -loglevel error -version
that 'the firewall takes the rules that keep the person from the metadata' takes_the_rules
that 'the clock follows Amazon'"'"'s time' grep -rq 169.254.169.123 /etc/chrony
that 'a browser is there' has_a_browser
that 'nobody is logged on by itself' logs_nobody_on
that 'no user of the person'"'"'s is in the image' has_no_person
that 'no certificate and no key is in the image' has_no_certificate
that 'no state is in the image' is_empty /var/lib/elephant /var/lib/elephant-session
that 'no file of the build is left' test ! -e "$staging"
exit "$failed"
