#!/usr/bin/env bash
# A step of building the image: copies the shared libraries that PREFIX/bin/transfer loads to PREFIX/lib, and their
# licences to PREFIX/share/doc. glibc is the base image's.
# Usage: image_libraries.sh PREFIX
set -euo pipefail
cd "$(dirname "$0")/.."
prefix=$1
mkdir -p "$prefix/lib"

glibc='/(libc|libm|libdl|libpthread|librt|libresolv)\.so'
mapfile -t libraries < <(ldd "$prefix/bin/transfer" | awk '$2 == "=>" { print $3 }' | grep -Ev "$glibc")
cp --dereference --target-directory="$prefix/lib" "${libraries[@]}"
# CUDA's libraries load others of theirs by name, which ldd does not show.
for library in .venv/lib/python3*/site-packages/nvidia/*/lib/*.so*; do
  [ ! -e "$library" ] || cp --dereference "$library" "$prefix/lib"
done

for library in "${libraries[@]}"; do
  dpkg-query --search "*/${library##*/}" 2> /dev/null || true
done | sed -n 's/:.*//p' | sort -u | while read -r package; do
  [ ! -e "/usr/share/doc/$package/copyright" ] ||
    install -D --mode=644 "/usr/share/doc/$package/copyright" "$prefix/share/doc/$package/copyright"
done
for licences in .venv/lib/python3*/site-packages/torch-*.dist-info/licenses; do
  [ ! -d "$licences" ] || cp --recursive "$licences" "$prefix/share/doc/torch"
done
du --human-readable --summarize "$prefix/lib"
