#!/bin/bash
# The test of a new image, on a machine that was started from it: `boot` makes it the desktop of a meeting that is only
# rehearsed and restarts it once; `rehearse` lets the agent find out whether all of it works. An exit code that is not 0
# fails the build.
set -euo pipefail
restarted=/var/lib/elephant-rehearsal
cd /opt/elephant
export PYTHONPATH=/opt/elephant/packages
case "$1" in
boot)
  # Exit code 194 restarts the machine and runs this step again: once.
  if [ -e "$restarted" ]; then
    echo 'elephant: the machine has restarted'
    exit 0
  fi
  python3 -m desktop rehearse --prepare
  touch "$restarted"
  echo 'elephant: the machine restarts, as a desktop is started'
  exit 194
  ;;
rehearse) exec python3 -m desktop rehearse ;;
esac
