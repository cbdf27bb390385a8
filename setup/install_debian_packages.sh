#!/usr/bin/env bash
# Installs those Debian packages of the given lists that are missing.
# Usage: install_debian_packages.sh LIST...
set -euo pipefail
source "$(dirname "$0")/say.sh"

missing=()
for package in $(cat "$@"); do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  say "Debian packages: all there"
  exit 0
fi

line="apt-get update && apt-get install --yes --no-install-recommends ${missing[*]}"
command -v apt-get > /dev/null ||
  stop "this machine has no apt-get, so these cannot be installed by name: ${missing[*]}" \
       "install them under the names that your system has, then run setup/python_environment.sh, export_backbone.sh and build.sh"
as_root=(env)
if [ "$(id -u)" -ne 0 ]; then
  sudo -n true 2>/dev/null ||
    stop "Debian packages are missing and this user may not install them: ${missing[*]}" \
         "run as root, then start again: $line"
  as_root=(sudo -n env)
fi
# LC_ALL=C, since the output is parsed below.
apt() { "${as_root[@]}" DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get --no-install-recommends "$@"; }

say "Debian packages: updating the lists"
apt update --quiet=2 || stop "apt-get update failed" "check the network, then start again"
apt install --assume-no "${missing[@]}" 2>/dev/null | grep -E 'Need to get|After this operation' | sed 's/^/   /' || true
say "Debian packages: installing ${missing[*]}"
apt install --yes --quiet=2 "${missing[@]}" > /dev/null ||
  stop "apt-get could not install the packages" "run this by hand and read its message: $line"
