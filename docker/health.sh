#!/usr/bin/env bash
# The image's health check: asks /healthz where the container's program is `transfer serve`. Others are healthy as long as
# they run.
set -euo pipefail
mapfile -d '' -t words < /proc/1/cmdline
[[ " ${words[*]} " == *" serve "* ]] || exit 0
port=8080
for ((i = 0; i < ${#words[@]}; ++i)); do
  case "${words[i]}" in
    --port) port=${words[i + 1]} ;;
    --port=*) port=${words[i]#--port=} ;;
  esac
done
exec 3<> "/dev/tcp/127.0.0.1/$port"
printf 'GET /healthz HTTP/1.0\r\n\r\n' >&3
read -r -t 5 _ status _ <&3
[ "$status" = 200 ]
