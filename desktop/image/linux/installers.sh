#!/bin/bash
# Runs the operator's own installers by name: .deb and .sh, whose arguments a file <name>.arguments beside it may hold. One
# that fails, or takes too long, ends the build and is named. Whatever is done is noted, so that a restart that one of
# them asks for (exit code 194) goes on with the next.
set -euo pipefail
folder=${1:-/var/tmp/elephant-image/installers}
limit=${ELEPHANT_INSTALLER_LIMIT:-45m}
export DEBIAN_FRONTEND=noninteractive
cd "$folder"
touch done.txt
if [ -s manifest.txt ] && ! spoilt=$(sha256sum --check --quiet --strict manifest.txt 2>/dev/null); then
  echo "elephant: FAILED the installers are not the files that were uploaded: $(head -n 3 <<<"$spoilt" | tr '\n' ' ')"
  exit 1
fi
while IFS= read -r line; do
  name=${line#*  }
  if [ -z "$name" ] || grep -qxF -- "$name" done.txt; then continue; fi
  words=()
  if [ -f "$name.arguments" ]; then read -r -a words <"$name.arguments" || true; fi
  case "$name" in
  *.deb) command=(apt-get -q -y -o DPkg::Lock::Timeout=600 install "./$name") ;;
  *.sh) command=(bash "./$name" ${words[@]+"${words[@]}"}) ;;
  *) continue ;;
  esac
  echo "elephant: installing $name"
  code=0
  timeout --kill-after=30s "$limit" "${command[@]}" </dev/null || code=$?
  case "$code" in
  0) ;;
  194) ;;
  124 | 137)
    echo "elephant: FAILED the installer $name had not ended after $limit; does it wait for an answer?"
    exit 1
    ;;
  *)
    echo "elephant: FAILED the installer $name ended with exit code $code"
    exit 1
    ;;
  esac
  echo "$name" >>done.txt
  if [ "$code" = 194 ]; then
    echo "elephant: $name is installed and asks for a restart"
    exit 194
  fi
  echo "elephant: $name is installed"
done <manifest.txt
