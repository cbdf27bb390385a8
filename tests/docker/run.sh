#!/usr/bin/env bash
# Builds the image and checks it with image_checks.py: `make test-docker`. Uses the Docker daemon that answers or, as
# root, starts one of its own without a network and stops it at the end. Prints `SKIPPED: reason` and succeeds where it
# can have neither. Takes half an hour on 2 busy cores, most of it compiling; a daemon of its own, which copies every
# layer, takes 22 GB of disk.
#   TRANSFER_DATA           folder of real images; without it the checks on them are skipped
#   TRANSFER_DOCKER_BASE    base image; the default is the Dockerfile's, or one by debootstrap if that cannot be pulled
#   TRANSFER_DOCKER_STATE   folder of the daemon's data, which is then kept for the next time
set -euo pipefail
cd "$(dirname "$0")/../.."
source setup/say.sh
skip() { echo "SKIPPED: $*"; exit 0; }

command -v docker > /dev/null || skip "docker is not installed (apt-get install docker.io)"
state=""
clean_up() {
  if [ -n "$state" ]; then
    if [ -e "$state/dockerd.pid" ]; then
      daemon=$(cat "$state/dockerd.pid")
      kill "$daemon"
      while kill -0 "$daemon" 2> /dev/null; do sleep 0.2; done
    fi
    # dockerd leaves the namespaces of its network mounted.
    umount "$state"/exec/netns/* 2> /dev/null || true
    [ -n "${TRANSFER_DOCKER_STATE:-}" ] || rm -rf "$state"
  fi
}
trap clean_up EXIT

if ! docker info > /dev/null 2>&1; then
  [ "$(id -u)" -eq 0 ] || skip "no Docker daemon answers, and only root may start one"
  command -v dockerd > /dev/null ||
    skip "no Docker daemon answers, and dockerd is not installed (apt-get install docker.io)"
  state=${TRANSFER_DOCKER_STATE:-$(mktemp -d)}
  mkdir -p "$state"
  say "Docker: a daemon of its own in $state"
  export DOCKER_HOST=unix://$state/docker.sock
  dockerd --host "$DOCKER_HOST" --data-root "$state/data" --exec-root "$state/exec" --pidfile "$state/dockerd.pid" \
    --storage-driver=vfs --iptables=false --ip6tables=false --bridge=none > "$state/dockerd.log" 2>&1 &
  for _ in $(seq 60); do
    docker info > /dev/null 2>&1 && break
    sleep 0.5
  done
  docker info > /dev/null 2>&1 || skip "dockerd does not start here: $(tail -1 "$state/dockerd.log")"
fi

base=${TRANSFER_DOCKER_BASE:-$(sed -n 's/^ARG BASE_IMAGE=//p' Dockerfile)}
if ! docker image inspect "$base" > /dev/null 2>&1 && ! docker pull --quiet "$base" > /dev/null 2>&1; then
  base=transfer-test-base
  if ! docker image inspect "$base" > /dev/null 2>&1; then
    [ "$(id -u)" -eq 0 ] || skip "the base image cannot be pulled, and only root may make one"
    command -v debootstrap > /dev/null || skip "the base image cannot be pulled, and debootstrap is not installed"
    say "Base image: Debian 12 by debootstrap"
    tree=$(mktemp -d)
    debootstrap --variant=minbase bookworm "$tree/root" > "$tree/log" 2>&1 ||
      { tail -3 "$tree/log"; rm -rf "$tree"; skip "debootstrap failed"; }
    rm -f "$tree"/root/var/cache/apt/archives/*.deb
    tar --directory "$tree/root" --create . | docker import - "$base" > /dev/null
    rm -rf "$tree"
  fi
fi

compgen -G 'wheels/*.whl' > /dev/null || bash docker/wheels.sh
say "Image: docker build on $base"
docker build --network=host --build-arg BASE_IMAGE="$base" --tag transfer-test . ||
  stop "the image could not be built" "read the first error above"
say "Image: $(($(docker image inspect --format '{{.Size}}' transfer-test) / 1000000)) MB," \
    "$(($(docker image inspect --format '{{.Size}}' "$base") / 1000000)) of them the base"
say "Checks (TRANSFER_DATA=${TRANSFER_DATA:-unset: those on real images are skipped})"
TRANSFER_IMAGE=transfer-test .venv/bin/python -m unittest -v tests/docker/image_checks.py
