#!/bin/bash
# What makes a Linux machine somebody's desktop, at every boot and as root (elephant-boot.service): the person's user, its
# automatic logon, the firewall that keeps it from the instance metadata, and DCV's settings. Run again it changes nothing.
#
# Images boot while they are built and prepared, without a meeting: then it does nothing. Metadata that do not answer are
# waited for, five minutes at most. --metadata, --no-restart and --root are for trying it; with --no-restart it exits with
# 194 where the machine is to be restarted, since a logon screen that is there already does not log on by itself.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
user=lesson verifier_port=8444 metadata=http://169.254.169.254 patience=300 root='' may_restart=yes
while [ $# -gt 0 ]; do
  case "$1" in
  --user) user=$2 && shift 2 ;;
  --verifier-port) verifier_port=$2 && shift 2 ;;
  --metadata) metadata=$2 && shift 2 ;;
  --patience) patience=$2 && shift 2 ;;
  --root) root=$2 && shift 2 ;;
  --no-restart) may_restart=no && shift ;;
  *)
    echo "boot.sh takes no $1." >&2
    exit 2
    ;;
  esac
done

# Prints what the metadata tell; 1 where there is no such thing, 2 where they do not answer in time.
ask() {
  local token answer status until=$((SECONDS + patience))
  while :; do
    if token=$(curl --noproxy '*' -s -f -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$metadata/latest/api/token") &&
      answer=$(curl --noproxy '*' -s -m 5 -w '\n%{http_code}' -H "X-aws-ec2-metadata-token: $token" "$metadata/latest/meta-data/$1"); then
      status=${answer##*$'\n'}
      case "$status" in
      200) printf '%s' "${answer%$'\n'*}" && return 0 ;;
      404) return 1 ;;
      esac
    fi
    [ $SECONDS -lt "$until" ] || return 2
    sleep 5
  done
}

# Puts a file in another's place where they differ, as whoever may read that one; tells whether it did.
put() {
  local from=$1 to=$2
  if cmp -s "$from" "$to"; then return 1; fi
  mkdir -p "$(dirname "$to")"
  if [ -e "$to" ]; then
    chmod --reference="$to" "$from" && chown --reference="$to" "$from"
  else
    chmod 644 "$from"
  fi
  mv "$from" "$to"
}

# Prints the second file with the settings of the first: those that are there have their values, what is missing is added.
# shellcheck disable=SC2016 # the program is awk's
merge() {
  awk '
    function section_of(line) { sub(/^[ \t]*\[/, "", line); sub(/\][ \t]*$/, "", line); return line }
    function key_of(line) { sub(/[ \t]*=.*/, "", line); sub(/^[ \t]+/, "", line); return line }
    function add_rest(name,  i) { for (i = 1; i <= count; i++) if (of[i] == name && !done[i]) { print wanted[i]; done[i] = 1 } }
    NR == FNR {
      if ($0 ~ /^[ \t]*\[/) { now = section_of($0); if (!(now in known)) { known[now] = 1; order[++sections] = now } }
      else if ($0 ~ /^[^#]*=/) { of[++count] = now; key[count] = key_of($0); wanted[count] = $0 }
      next
    }
    FNR == 1 { now = "" }
    /^[ \t]*\[/ { add_rest(now); now = section_of($0); seen[now] = 1; print; next }
    /^[^#]*=/ {
      for (i = 1; i <= count; i++) if (of[i] == now && key[i] == key_of($0)) { if (!done[i]) print wanted[i]; done[i] = 1; next }
    }
    { print }
    END {
      add_rest(now)
      for (s = 1; s <= sections; s++) if (!(order[s] in seen)) { print "[" order[s] "]"; add_rest(order[s]) }
    }' "$1" "$2"
}

# Has a file hold these settings beside its own; tells whether it was changed.
set_in() {
  local settings=$1 file=$2 made
  made=$(mktemp)
  [ -e "$file" ] || { mkdir -p "$(dirname "$file")" && : >"$file" && chmod 644 "$file"; }
  # Without a line of its own awk would take the second file for the first.
  if [ -s "$file" ]; then merge "$settings" "$file" >"$made"; else grep -v '^#' "$settings" >"$made"; fi
  if put "$made" "$file"; then return 0; fi
  rm -f "$made"
  return 1
}

# A rehearsal that was cut off has left its own settings in the place of the image's.
kept="$root/etc/elephant/agent.toml.before-rehearsal"
if [ -e "$kept" ]; then
  if [ -s "$kept" ]; then mv "$kept" "$root/etc/elephant/agent.toml"; else rm -f "$kept" "$root/etc/elephant/agent.toml"; fi
fi

code=0
instance=$(ask instance-id) || code=$?
[ $code -eq 0 ] && { meeting=$(ask tags/instance/MeetingID) || code=$?; }
if [ $code -eq 2 ]; then
  echo "The metadata at $metadata have not answered for $patience s: nothing is changed." >&2
  exit 1
fi
if [ $code -ne 0 ] || [ -z "$instance" ] || [ -z "$meeting" ]; then
  echo "This machine is nobody's desktop: nothing is changed."
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# --- the person's user: no administrator, without any password
id -u "$user" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash --comment 'The person at this desktop' "$user"
usermod --lock "$user"
for group in $(id -nG "$user"); do
  case "$group" in adm | admin | docker | lxd | sudo | wheel) gpasswd --delete "$user" "$group" >/dev/null ;; esac
done
sed "s/ lesson lesson / $user $user /" "$here/elephant.tmpfiles" >"$work/elephant.conf"
systemd-tmpfiles --create "$work/elephant.conf"

# --- no metadata for the person, before there is any logon
sed "s/\"lesson\"/\"$user\"/" "$here/metadata.nft" >"$work/metadata.nft"
nft -f "$work/metadata.nft"

# --- its automatic logon
restart=no
gdm="$root/etc/gdm/custom.conf"
if [ -d "$root/etc/gdm3" ]; then gdm="$root/etc/gdm3/custom.conf"; fi
sed "s/=lesson\$/=$user/" "$here/gdm.conf" >"$work/gdm.conf"
if set_in "$work/gdm.conf" "$gdm"; then
  if systemctl is-active --quiet display-manager.service; then restart=yes; fi
fi

# --- DCV: the person's session, the agent's word for every connection, and a reload takes the place of what it reloads
sed -e "s/\"lesson\"/\"$user\"/" -e "s/127\\.0\\.0\\.1:8444/127.0.0.1:$verifier_port/" "$here/dcv.conf" >"$work/dcv.conf"
if set_in "$work/dcv.conf" "$root/etc/dcv/dcv.conf"; then
  if systemctl is-active --quiet dcvserver.service; then systemctl restart dcvserver.service; fi
fi

echo "This is $instance, a desktop of meeting $meeting."
if [ $restart = no ]; then exit 0; fi
if [ $may_restart = no ]; then exit 194; fi
systemctl restart display-manager.service
