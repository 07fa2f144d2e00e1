#!/usr/bin/env bash
# Builds the image of the wrapper from this checkout: its wheel, and click as the lock has it. Arguments are passed on
# to the builder:  build.sh --build-arg BASE_IMAGE=python:3.13-slim
# IMAGE names the image, without its version; BUILDER another builder than docker: podman, or "buildah --root /there".
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."

python=.venv/bin/python
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT

cp "$here/Dockerfile" "$context"
"$python" -m build --wheel --no-isolation --outdir "$context" . >/dev/null
awk '/^click==/ { found = 1 } found { print } found && !/\\$/ { exit }' requirements/dev.txt >"$context/click.txt"
"$python" -m pip download --quiet --no-deps --only-binary :all: --require-hashes --dest "$context" -r "$context/click.txt"

image=${IMAGE:-core-python-wrapper}
version=$("$python" -c 'import modelwrap; print(modelwrap.__version__)')
# $BUILDER may hold options too, so it is split into words on purpose.
# shellcheck disable=SC2086
${BUILDER:-docker} build "$@" --label "org.opencontainers.image.version=$version" \
    --tag "$image:latest" --tag "$image:$version" "$context"
