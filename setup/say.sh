# Sourced by the other scripts: `say` prints one line per step, `stop` ends with a reason and a remedy.

say() { printf '== %s\n' "$*"; }

# stop REASON REMEDY
stop() {
  printf '\nStopped: %s\nWhat to do: %s\n' "$1" "$2" >&2
  exit 1
}
