#!/usr/bin/env bash
# Builds a Debian package and a relocatable archive into build/packages/. LibTorch is .venv's, or that of
# TORCH_DIR=FOLDER. PACKAGES=TZST makes the archive only, PACKAGES=DEB the Debian package.
set -euo pipefail
cd "$(dirname "$0")/.."
source setup/say.sh
bash setup/install_debian_packages.sh setup/debian-packages-package.txt
folder=build/package
say "Packages: building the program for them in $folder"
mkdir -p $folder
# Without MPI, so that nothing of Open MPI's has to be carried.
cmake -S . -B $folder -G Ninja -Wno-dev -DTRANSFER_RELOCATABLE=ON -DTRANSFER_BUILD_TESTS=OFF -DTRANSFER_MPI=OFF \
  -DTORCH_DIR="${TORCH_DIR:+$(realpath -m "$TORCH_DIR")}" \
  > $folder/configure.log 2>&1 ||
  { cat $folder/configure.log >&2; stop "CMake could not configure $folder" "fix what the message above names"; }
cmake --build $folder --parallel "$(nproc)" || stop "the build failed" "read the first error above"
say "Packages: packing"
rm -rf build/packages
(cd $folder && cpack ${PACKAGES:+-G "$PACKAGES"} -B "$OLDPWD/build/packages" > pack.log 2>&1) ||
  { tail -20 $folder/pack.log >&2; stop "CPack failed" "fix what the message above names"; }
rm -rf build/packages/_CPack_Packages
for file in build/packages/*; do
  say "$file: $(($(stat -c %s "$file") / 1000000)) MB"
done
