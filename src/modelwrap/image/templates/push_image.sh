#!/bin/sh
# Pushes the image that build_image.sh built, with the same tool. Arguments are passed on to it.
set -e
CDPATH='' cd -- "$(dirname -- "$0")"

image=@IMAGE@
qualified=@QUALIFIED@

fail() {
    printf 'push_image.sh: %s\n' "$@" >&2
    exit 1
}

builder=${MODELWRAP_BUILDER-}
silent=
for candidate in docker podman buildah; do
    [ -z "$builder" ] && command -v "$candidate" >/dev/null 2>&1 || continue
    if $candidate version >/dev/null 2>&1; then builder=$candidate; else silent="$silent $candidate"; fi
done
[ -n "$builder$silent" ] || fail 'no docker, podman or buildah found' \
    'install one of them, or say where it is: MODELWRAP_BUILDER=/path/to/docker ./push_image.sh'
[ -n "$builder" ] || fail "no answer from$silent: is the daemon running?"
[ -z "$silent" ] || printf 'note: no answer from%s, so %s is used\n' "$silent" "$builder" >&2
command -v "${builder%% *}" >/dev/null 2>&1 || fail "MODELWRAP_BUILDER=$builder: there is no program ${builder%% *}"
# $builder may hold options too, so it is split into words on purpose.
case $($builder --version 2>/dev/null || true) in
    *podman* | *buildah*) $builder push "$@" "$qualified" ;;
    *) $builder push "$@" "$image" ;;
esac
