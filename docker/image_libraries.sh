#!/usr/bin/env bash
# A step of building the image: copies the shared libraries that PREFIX/bin/transfer loads to PREFIX/lib, and their
# licences to PREFIX/share/doc. glibc is the base image's. As in the relocatable archive, a placeholder stands in for
# libjbig, which is under the GPL, and a Debian package that cmake/bundled-licences.txt does not list stops the build.
# Usage: image_libraries.sh PREFIX
set -euo pipefail
cd "$(dirname "$0")/.."
prefix=$1
mkdir -p "$prefix/lib"

# package_of PATH: the Debian package that the file belongs to; nothing where it is from a wheel.
package_of() {
  local file
  file=$(realpath "$1")
  { dpkg-query --search "$file" "${file#/usr}" 2> /dev/null || true; } | sed -n '1s/:.*//p'
}

# copy_with_licence PATH
copy_with_licence() {
  local package
  package=$(package_of "$1")
  if [ -n "$package" ]; then
    if ! awk -v name="$package" '$1 == name { found = 1 } END { exit !found }' cmake/bundled-licences.txt; then
      echo "$1 belongs to the Debian package '$package', whose licence nobody has looked at. Read" \
        "/usr/share/doc/$package/copyright, then add it to cmake/bundled-licences.txt and to NOTICE, or do without it." >&2
      exit 1
    fi
    install -D --mode=644 "/usr/share/doc/$package/copyright" "$prefix/share/doc/$package/copyright"
  fi
  cp --dereference "$1" "$prefix/lib"
}

glibc='/(libc|libm|libdl|libpthread|librt|libresolv)\.so'
# What ldd does not find is the NVIDIA driver's.
mapfile -t libraries < <(ldd "$prefix/bin/transfer" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | grep -Ev "$glibc")
for library in "${libraries[@]}"; do
  case $library in
    */libjbig.so.0)
      c++ -shared -fPIC -O2 -Wl,-soname,libjbig.so.0 -o "$prefix/lib/libjbig.so.0" cmake/jbig_placeholder.cpp ;;
    *) copy_with_licence "$library" ;;
  esac
done
# CUDA's libraries load others of theirs by name, which ldd does not show.
for library in .venv/lib/python3*/site-packages/nvidia/*/lib/*.so*; do
  [ ! -e "$library" ] || cp --dereference "$library" "$prefix/lib"
done

for licences in .venv/lib/python3*/site-packages/torch-*.dist-info/licenses; do
  [ ! -d "$licences" ] || cp --recursive "$licences" "$prefix/share/doc/torch"
done
du --human-readable --summarize "$prefix/lib"
