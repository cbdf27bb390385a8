#!/usr/bin/env bash
# A step of building the image: copies the shared libraries that PREFIX/bin/transfer loads to PREFIX/lib, and their
# licences to PREFIX/share/doc. glibc is the base image's. As in the relocatable archive, a placeholder stands in for
# libjbig, which is under the GPL, and a Debian package that cmake/bundled-licences.txt does not list stops the build.
# So does a library that is not found, unless it is of NVIDIA's driver, which the host provides.
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

# is_unused PATH: whether cmake/unused-cuda-libraries.txt has it.
is_unused() {
  local pattern reason
  while read -r pattern reason; do
    # shellcheck disable=SC2254  # a pattern
    case ${1##*/} in $pattern) return 0 ;; esac
  done < <(grep -v '^#' cmake/unused-cuda-libraries.txt)
  return 1
}

# opened_by_name FOLDER: what LibTorch for CUDA in FOLDER, and NVIDIA's libraries, open by name. NVIDIA's packages lie
# beside `torch`: nvidia/cudnn/lib and the like; since CUDA 13 most of them share nvidia/cu13/lib.
opened_by_name() {
  local library
  for library in "$1"/libtorch_cuda_linalg.so "$1"/libcaffe2_nvrtc.so "$1"/../../nvidia/*/lib/*.so*; do
    [ ! -e "$library" ] || is_unused "$library" || realpath --no-symlinks "$library"
  done
}

opened=()
if torch=$(ldd "$prefix/bin/transfer" | awk '$1 == "libtorch_cuda.so" && $3 ~ /^\// { print $3; found = 1 }
                                             END { exit !found }'); then
  mapfile -t opened < <(opened_by_name "$(dirname "$torch")")
fi
needed=$(ldd "$prefix/bin/transfer" "${opened[@]}")
missing=$(awk '/=> not found/ && $1 != "libcuda.so.1" && $1 != "libnvidia-ml.so.1" { print $1 }' <<< "$needed" |
  sort --unique | paste --serial --delimiters=' ')
if [ -n "$missing" ]; then
  echo "$prefix/bin/transfer, or a library that it loads, needs libraries that were not found: $missing. Install them," \
    "or LibTorch with all the packages that its wheel requires, and build the image again." >&2
  exit 1
fi
glibc='/(libc|libm|libdl|libpthread|librt|libresolv|libutil)\.so'
mapfile -t libraries < <({ awk '$2 == "=>" && $3 ~ /^\// { print $3 }' <<< "$needed" | grep -Ev "$glibc" |
  xargs --no-run-if-empty realpath --no-symlinks; printf '%s\n' "${opened[@]}"; } | sed '/^$/d' | sort --unique)
for library in "${libraries[@]}"; do
  case $library in
    */libjbig.so.0)
      c++ -shared -fPIC -O2 -Wl,-soname,libjbig.so.0 -o "$prefix/lib/libjbig.so.0" cmake/jbig_placeholder.cpp ;;
    *) copy_with_licence "$library" ;;
  esac
done

for licences in .venv/lib/python3*/site-packages/torch-*.dist-info/licenses; do
  [ ! -d "$licences" ] || cp --recursive "$licences" "$prefix/share/doc/torch"
done
du --human-readable --summarize "$prefix/lib"
