#!/bin/bash
# The test of a new image, on a machine that was started from it. `boot` makes it the desktop of a meeting that is only
# rehearsed; exit code 194 restarts it, as a desktop is started, and runs this step again, which then finds all done.
# `rehearse` lets the agent find out whether all of it works. Any other exit code fails the build.
set -euo pipefail
cd /opt/elephant
export PYTHONPATH=/opt/elephant/packages
case "$1" in
boot) exec python3 -m desktop rehearse --prepare ;;
rehearse) exec python3 -m desktop rehearse ;;
*)
  echo "elephant: FAILED $1 is no step of a rehearsal"
  exit 2
  ;;
esac
