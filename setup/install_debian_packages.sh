#!/usr/bin/env bash
# Installs the Debian packages named in the lists given, those that are missing only.
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

line="apt-get install --yes --no-install-recommends ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
  else
    stop "Debian packages are missing and this user may not install them: ${missing[*]}" \
         "run as root, then start again: $line"
  fi
fi

say "Debian packages: updating the lists"
"${as_root[@]}" apt-get update --quiet=2 || stop "apt-get update failed" "check the network, then start again"
"${as_root[@]}" apt-get install --assume-no --no-install-recommends "${missing[@]}" 2>/dev/null |
  grep -E 'Need to get|After this operation' | sed 's/^/   /' || true
say "Debian packages: installing ${missing[*]}"
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install --yes --quiet=2 --no-install-recommends "${missing[@]}" >/dev/null ||
  stop "apt-get could not install the packages" "run it by hand and read its message: $line"
