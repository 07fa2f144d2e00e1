#!/bin/sh
# Pushes the image that build_image.sh built, with the same tool. Arguments are passed on to it.
set -e
CDPATH='' cd -- "$(dirname -- "$0")"

image=@IMAGE@
qualified=@QUALIFIED@

builder=${MODELWRAP_BUILDER-}
for candidate in docker podman buildah; do
    [ -n "$builder" ] || ! command -v "$candidate" >/dev/null 2>&1 || builder=$candidate
done
if [ -z "$builder" ]; then
    printf 'push_image.sh: %s\n' 'no docker, podman or buildah found' \
        'install one of them, or say where it is: MODELWRAP_BUILDER=/path/to/docker ./push_image.sh' >&2
    exit 1
fi
if ! command -v "${builder%% *}" >/dev/null 2>&1; then
    printf 'push_image.sh: %s\n' "MODELWRAP_BUILDER=$builder: there is no program ${builder%% *}" >&2
    exit 1
fi
# $builder may hold options too, so it is split into words on purpose.
case $($builder --version 2>/dev/null || true) in
    *podman* | *buildah*) $builder push "$@" "$qualified" ;;
    *) $builder push "$@" "$image" ;;
esac
