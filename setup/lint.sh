#!/usr/bin/env bash
# Runs clang-format and clang-tidy over the C++ files changed since LINT_BASE, or with --all over all of them.
# LINT_BASE defaults to where this branch left origin/main or, without that, to the last commit.
set -euo pipefail
cd "$(dirname "$0")/.."
source setup/say.sh
patterns=('*.h' '*.cpp')
if [ "${1:-}" = --all ]; then
  mapfile -t files < <(git ls-files -- "${patterns[@]}")
else
  base=${LINT_BASE:-$(git merge-base origin/main HEAD 2>/dev/null || echo HEAD)}
  mapfile -t files < <({ git diff --name-only --diff-filter=d "$base" -- "${patterns[@]}"
                         git ls-files --others --exclude-standard -- "${patterns[@]}"; } | sort -u)
fi
[ ${#files[@]} -gt 0 ] || { say "Lint: no C++ file has changed"; exit 0; }
say "Lint: clang-format on ${#files[@]} files"
clang-format --dry-run -Werror "${files[@]}" || stop "the formatting differs" "run: clang-format -i FILE"
say "Lint: clang-tidy (up to a minute per file that includes LibTorch)"
# Changed files are compiled one by one, which also finds a missing include; --all takes them as the build does, eight
# at once.
unity=$([ "${1:-}" = --all ] && echo ON || echo OFF)
# clang cannot read a header that gcc precompiled.
cmake -S . -B build/lint -Wno-dev -DCMAKE_UNITY_BUILD="$unity" -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON \
  -DTRANSFER_BUILD_FUZZERS=ON \
  -DTORCH_DIR="$(sed -n 's/^TORCH_DIR:[^=]*=//p' build/CMakeCache.txt)" > build/lint.log 2>&1 ||
  { cat build/lint.log >&2; stop "CMake could not configure build/lint" "fix what the message above names"; }
tidy=(clang-tidy -p build/lint --quiet)
if [ "$unity" = ON ]; then
  mapfile -t sources < <(sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' build/lint/compile_commands.json)
  tidy+=(--checks=-bugprone-suspicious-include
         --header-filter="^$PWD/(app|bench|configs|core|datasets|fuzz|models|tests)/.*\.(h|cpp)$")
else
  mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep '\.cpp$' || true)
fi
[ ${#sources[@]} -eq 0 ] || printf '%s\0' "${sources[@]}" |
  xargs -0 -n 1 -P "$(nproc)" "${tidy[@]}" || stop "clang-tidy found something" "fix what it names above"
