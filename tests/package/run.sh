#!/usr/bin/env bash
# Tries the packages of build/packages/ in a bare Debian 12 that has neither Python nor a compiler: `make test-package`
# builds them first. Needs root, for chroot, and Debian's packages over the network; prints `SKIPPED: reason` and
# succeeds where it cannot have them. Takes about three minutes and 2 GB of disk.
#   TRANSFER_DEBIAN   a folder with a bare Debian 12, made there by debootstrap if it is missing, and kept
set -euo pipefail
cd "$(dirname "$0")/../.."
source setup/say.sh
skip() { echo "SKIPPED: $*"; exit 0; }
pass() { passed=$((passed + 1)); echo "ok $passed: $*"; }
passed=0

[ "$(id -u)" -eq 0 ] || skip "only root may chroot into a bare Debian"
bash setup/install_debian_packages.sh setup/debian-packages-package-test.txt || skip "debootstrap cannot be installed"
deb=$(ls build/packages/*.deb)
archive=$(ls build/packages/*.tar.zst)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bare=${TRANSFER_DEBIAN:-$work/bare}
if [ ! -e "$bare/etc/debian_version" ]; then
  say "A bare Debian 12 by debootstrap"
  debootstrap --variant=minbase bookworm "$bare" > "$work/log" 2>&1 || { tail -3 "$work/log"; skip "debootstrap failed"; }
fi

# inside ROOT COMMAND...: runs it as root in that tree, with /proc. The mount goes away with the namespace.
inside() {
  local root=$1
  shift
  unshare --mount --pid --fork --kill-child bash -c 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$root" \
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive "$@"
}

# as_user ROOT COMMAND: the same as an ordinary user, in that user's home.
as_user() { inside "$1" setpriv --reuid=1000 --regid=1000 --clear-groups bash -c "cd /home/someone && $2"; }

# fresh NAME: sets root to a new copy of the bare system with a user, the images and the checks.
fresh() {
  root=$work/$1
  cp --archive "$bare" "$root"
  inside "$root" useradd --uid 1000 --user-group --create-home someone
  cp --recursive "$work/images" tests/package/checks.sh "$root/home/someone/"
  chown --recursive 1000:1000 "$root/home/someone"
  inside "$root" bash -c '! command -v python3 && ! command -v cc && ! command -v g++' > /dev/null ||
    stop "$bare has Python or a compiler" "name a bare Debian 12 in TRANSFER_DEBIAN"
}

# Every file and folder but what apt itself writes whenever it runs, and the users' own.
files_of() {
  inside "$1" find / -xdev \( -path /proc -o -path /home -o -path /tmp -o -path /var/cache -o -path /var/log \
    -o -path /var/lib/apt -o -path /var/lib/dpkg \) -prune -o -print | sort
}

say "Images for the checks"
.venv/bin/python -m tests.package.images "$work/images"

# Every licence is looked at: without libfmt9 in the list, packaging stops and names it.
grep -v '^libfmt9 ' cmake/bundled-licences.txt > "$work/licences.txt"
if cmake -D WANTED=libraries -D BUILT_PROGRAM="$PWD/build/package/bin/transfer" -D TORCH_FOLDER="$PWD/.venv" \
     -D LICENCES="$work/licences.txt" -D PLACEHOLDERS="$PWD/build/package/libjbig.so.0" -D LIBRARY_FOLDER=lib \
     -D LICENCE_FOLDER=doc -D CMAKE_INSTALL_PREFIX="$work/prefix" -P cmake/InstallLibraries.cmake > "$work/log" 2>&1; then
  stop "a library of unknown licence is packed" "look at check_licence in cmake/InstallLibraries.cmake"
fi
grep --quiet libfmt9 "$work/log" || { cat "$work/log"; stop "packing failed for another reason" "read it above"; }
pass "a library whose licence is not listed is not packed"

say "$deb in a bare Debian 12"
fresh deb
inside "$root" apt-get update --quiet=2
files_of "$root" > "$work/before"
cp "$deb" "$root/home/someone/"
inside "$root" bash -c 'apt-get install --yes --quiet=2 --no-install-recommends /home/someone/*.deb' > "$work/log" 2>&1 ||
  { tail -20 "$work/log"; stop "apt cannot install $deb" "read the message above"; }
pass "apt installs it"
as_user "$root" 'bash checks.sh /usr/bin/transfer /usr/share vendor-completions /usr/lib/transfer libtorch'
pass "an ordinary user trains and predicts with it"
inside "$root" apt-get purge --yes --quiet=2 --autoremove transfer > "$work/log" 2>&1
files_of "$root" > "$work/after"
if ! diff "$work/before" "$work/after"; then
  stop "apt purge leaves the files above, or removed some" "look at the install rules in cmake/Install.cmake"
fi
pass "purging it leaves nothing"
rm -rf "$root"

say "$archive in a bare Debian 12"
fresh archive
place="/home/someone/odd place/with spaces"
mkdir -p "$root$place"
tar --zstd --extract --file "$archive" --directory "$root$place"
chown --recursive 1000:1000 "$root/home/someone"
home="$place/$(ls "$root$place")"
as_user "$root" "bash checks.sh '$home/bin/transfer' '$home/share' site-functions '$home/lib/transfer' all"
pass "an ordinary user unpacks it, trains and predicts with it"
[ "$(stat -c %s "$archive")" -lt 250000000 ] || stop "$archive has 250 MB or more" "look at what is in it"
pass "it is smaller than 250 MB"
if grep --recursive --files-with-matches --fixed-strings -e "$PWD" "$root$place"; then
  stop "the files above hold the path of this folder" "look at TRANSFER_RELOCATABLE in cmake/Install.cmake"
fi
pass "it holds no path of the machine that built it"

echo "$passed passed, 0 failed"
