# Sourced by the other scripts: one line a step, and one way to stop.

say() { printf '== %s\n' "$*"; }

# stop REASON REMEDY
stop() {
  printf '\nStopped: %s\nWhat to do: %s\n' "$1" "$2" >&2
  exit 1
}
