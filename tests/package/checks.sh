#!/usr/bin/env bash
# What an installed program must do, run inside the bare system by an ordinary user. Uses no tool but bash and what
# Debian calls essential.
# Usage: checks.sh PROGRAM SHARE ZSH LIBRARIES OWN
#   SHARE      the folder share/ of the installation; ZSH its folder of zsh completions
#   LIBRARIES  the folder of the libraries that the installation brings
#   OWN        `all` of them but glibc's, or those whose names begin with this
set -euo pipefail
program=$1 share=$2 zsh=$3 libraries=$4 own=$5
fail() { echo "FAILED: $*" >&2; exit 1; }

"$program" --version
for file in man/man1/transfer.1.gz bash-completion/completions/transfer "zsh/$zsh/_transfer" \
  fish/vendor_completions.d/transfer.fish doc/transfer/LICENSE doc/transfer/NOTICE doc/transfer/README.md \
  doc/transfer/third-party/torch/LICENSE transfer/presets/freeze-conv.yaml transfer/models/efficientnet-lite0.pt; do
  [ -s "$share/$file" ] || fail "$share/$file is missing"
done
# grep reads to the end: with --quiet gzip would die of SIGPIPE.
gzip --decompress --stdout "$share/man/man1/transfer.1.gz" | grep '^.TH TRANSFER 1' > /dev/null || fail "the manual page"

glibc='^(ld-linux|lib(c|m|dl|pthread|rt|resolv)\.so)'
while read -r name arrow path; do
  [ "$arrow" = "=>" ] || continue  # the kernel's and the loader
  [ "$path" != "not found" ] || fail "$name is not found"
  if [[ $name =~ $glibc ]] || [[ $own != all && $name != "$own"* ]]; then continue; fi
  [ "$(realpath "${path%/*}")" = "$(realpath "$libraries")" ] || fail "$name is loaded from $path"
done < <(ldd "$program" | sed 's/ (0x.*//')

source "$share/bash-completion/completions/transfer"
# completes LINE WORD: what follows LINE is completed to WORD.
completes() {
  COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDBREAKS=$' \t\n=:' COMPREPLY=()
  _transfer
  [ "${COMPREPLY[*]}" = "$2" ] || fail "bash completes '$1' to '${COMPREPLY[*]}'"
}
completes "transfer evaluate --split te" test
completes "transfer --preset fr" freeze-conv

"$program" --strategy freeze-conv --data images --out run > run.log 2>&1 || { cat run.log; fail "training"; }
"$program" predict --model run/model.pt --format csv images/val/red/0.png images/val/blue/1.jpg images/val/red/2.tif \
  images/val/blue/3.webp > predictions.csv
cut --delimiter=, --fields=1,2 predictions.csv
for row in red/0.png,red blue/1.jpg,blue red/2.tif,red blue/3.webp,blue; do
  grep --quiet "images/val/$row" predictions.csv || fail "predict: expected $row"
done

if [ "$own" = all ]; then  # it carries a placeholder of libjbig
  status=0
  "$program" predict --model run/model.pt images/jbig.tif > jbig.log 2>&1 || status=$?
  [ "$status" -gt 0 ] && [ "$status" -lt 128 ] || { cat jbig.log; fail "status $status for a TIFF that claims JBIG"; }
fi
