#!/bin/bash
# Before DCV, on Ubuntu: a desktop on X, Python's packages, ffmpeg, and time synchronisation. Run
# again it changes nothing. Ubuntu's packages are signed; Python's are held against desktop/requirements.txt.
set -euo pipefail
staging=${1:-/var/tmp/elephant-image}
export DEBIAN_FRONTEND=noninteractive

# Security updates would end DCV's sessions by restarting it.
mkdir -p /etc/needrestart/conf.d
cat >/etc/needrestart/conf.d/elephant.conf <<'END'
$nrconf{override_rc}{qr(^dcv)} = 0;
$nrconf{restart} = 'l';
END
apt-get -q -o DPkg::Lock::Timeout=600 update
apt-get -q -y -o DPkg::Lock::Timeout=600 install ubuntu-desktop-minimal gdm3 xserver-xorg-video-dummy python3 \
  python3-pip ffmpeg pulseaudio-utils chrony nftables unzip
apt-get -q -y purge gnome-initial-setup
python3 -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: --upgrade \
  --target /opt/elephant/packages -r "$staging/kit/desktop/requirements.txt"

# X, without which DCV has no console session. The person, and its logon, are the boot script's to make.
sed -i -e 's/^#* *WaylandEnable *=.*/WaylandEnable=false/' /etc/gdm3/custom.conf
grep -q '^WaylandEnable=false' /etc/gdm3/custom.conf || sed -i -e 's/^\[daemon\]/&\nWaylandEnable=false/' /etc/gdm3/custom.conf
cat >/etc/X11/xorg.conf <<'END'
Section "Device"
    Identifier "Dummy"
    Driver "dummy"
    VideoRam 512000
EndSection
Section "Monitor"
    Identifier "Monitor"
    HorizSync 5.0-1000.0
    VertRefresh 5.0-200.0
EndSection
Section "Screen"
    Identifier "Screen"
    Device "Dummy"
    Monitor "Monitor"
    DefaultDepth 24
    SubSection "Display"
        Depth 24
        Virtual 3840 2160
        Modes "3840x2160" "2560x1440" "1920x1200" "1920x1080" "1680x1050" "1600x900" "1440x900" "1366x768" "1280x800" "1280x720" "1024x768" "800x600"
    EndSubSection
EndSection
END
systemctl set-default graphical.target

# Amazon's own time, at every boot.
cat >/etc/chrony/sources.d/elephant.sources <<'END'
server 169.254.169.123 prefer iburst minpoll 4 maxpoll 4
END
systemctl enable --quiet chrony
echo "elephant: $(python3 --version), $(ffmpeg -version | head -n 1 | cut -d ' ' -f 1-3) and time synchronisation are there"
