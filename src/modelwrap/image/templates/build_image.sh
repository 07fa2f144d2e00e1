#!/bin/sh
# Builds the image from any directory, with docker, podman or buildah: the first that answers, or the one that
# MODELWRAP_BUILDER names. Arguments are passed on:  ./build_image.sh --platform linux/amd64 --no-cache
#
# What pip is told here, it is told in the build: PIP_INDEX_URL, PIP_EXTRA_INDEX_URL, PIP_TRUSTED_HOST, PIP_NO_INDEX,
# PIP_CONFIG_FILE and a CA bundle in PIP_CERT (or REQUESTS_CA_BUNDLE, SSL_CERT_FILE); proxies too. The one line that
# installs packages gets it as a build secret, so that no layer of the image holds it.
set -e
CDPATH='' cd -- "$(dirname -- "$0")"

image=@IMAGE@
qualified=@QUALIFIED@
settings='PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_TRUSTED_HOST PIP_NO_INDEX PIP_DEFAULT_TIMEOUT PIP_RETRIES'
variables='@VARIABLES@'
secrets=.secrets

fail() {
    printf 'build_image.sh: %s\n' "$@" >&2
    exit 1
}

builder=${MODELWRAP_BUILDER-}
silent=
# docker is often there while its daemon is not running, and podman's machine on a Mac likewise: `version` asks for both.
for candidate in docker podman buildah; do
    [ -z "$builder" ] && command -v "$candidate" >/dev/null 2>&1 || continue
    if $candidate version >/dev/null 2>&1; then builder=$candidate; else silent="$silent $candidate"; fi
done
[ -n "$builder$silent" ] || fail 'no docker, podman or buildah found' \
    'install one of them, or say where it is: MODELWRAP_BUILDER=/path/to/docker ./build_image.sh'
[ -n "$builder" ] || fail "no answer from$silent: is the daemon running?"
[ -z "$silent" ] || printf 'note: no answer from%s, so %s is used\n' "$silent" "$builder" >&2
command -v "${builder%% *}" >/dev/null 2>&1 || fail "MODELWRAP_BUILDER=$builder: there is no program ${builder%% *}"
# $builder may hold options too ("podman --runtime runc"), so it is split into words on purpose.
case $($builder --version 2>/dev/null || true) in
    *podman*) kind=podman ;;
    *buildah*) kind=buildah ;;
    *) kind=docker ;;
esac

quote() { printf '%s\n' "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"; }

# Collects the shell lines that give pip its settings in the build, and the files that they name.
pip_env=
has_credentials=
export_in_build() {
    pip_env="${pip_env}export $1=$(quote "$2")
"
}
for name in $variables; do
    eval "value=\${$name-}"
    [ -n "$value" ] || fail "the model's requirements hold \${$name}, but $name is not set"
done
for name in $settings $variables; do
    eval "value=\${$name-}"
    [ -z "$value" ] || { export_in_build "$name" "$value" && has_credentials=1; }
done
configuration=${PIP_CONFIG_FILE-}
[ "$configuration" != /dev/null ] || configuration=
if [ -n "$configuration" ]; then
    [ -r "$configuration" ] || fail "PIP_CONFIG_FILE=$configuration can't be read"
    export_in_build PIP_CONFIG_FILE /run/secrets/pip-conf && has_credentials=1
fi
bundle=${PIP_CERT:-${REQUESTS_CA_BUNDLE:-${SSL_CERT_FILE-}}}
if [ -n "$bundle" ]; then
    [ -r "$bundle" ] || fail "the CA bundle $bundle can't be read (PIP_CERT, REQUESTS_CA_BUNDLE or SSL_CERT_FILE)"
    for name in PIP_CERT REQUESTS_CA_BUNDLE SSL_CERT_FILE GIT_SSL_CAINFO; do
        export_in_build "$name" /run/secrets/ca-bundle
    done
fi

# Puts them where only this build reads them.
write_secrets() {
    trap 'rm -rf "$secrets"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' HUP TERM
    umask 077
    rm -rf "$secrets"
    mkdir "$secrets"
    printf %s "$pip_env" >"$secrets/pip-env"
    [ -z "$configuration" ] || cat "$configuration" >"$secrets/pip-conf"
    [ -z "$bundle" ] || cat "$bundle" >"$secrets/ca-bundle"
}

knows_secrets() {
    [ "$kind" = docker ] || return 0
    case ${DOCKER_BUILDKIT-} in
        0 | false) return 1 ;;
        1 | true) return 0 ;;
    esac
    # Clients before 23 bring BuildKit but do not use it by themselves; later ones need buildx for it.
    case $($builder version --format '{{.Client.Version}}' 2>/dev/null || true) in
        19.* | 20.*) ;;
        *) $builder buildx version >/dev/null 2>&1 || return 1 ;;
    esac
    export DOCKER_BUILDKIT=1
}

dockerfile=Dockerfile
install='python -m pip install'
[ -z "$pip_env" ] || write_secrets
if [ -z "$pip_env" ]; then
    :
elif knows_secrets; then
    mounts=
    for id in pip-env pip-conf ca-bundle; do
        [ -e "$secrets/$id" ] || continue
        mounts="$mounts--mount=type=secret,id=$id,target=/run/secrets/$id "
        set -- "$@" --secret "id=$id,src=$secrets/$id"
    done
    dockerfile=$secrets/Dockerfile
    sed "s|^RUN \(.*$install\)|RUN $mounts. /run/secrets/pip-env \&\& \1|" Dockerfile >"$dockerfile"
else
    # Docker's classic builder knows no secrets. The stage that installs packages is not part of the image, so what is
    # copied into it does not leave this machine.
    [ -z "$has_credentials" ] || printf '%s\n' >&2 \
        "note: docker's classic builder knows no secrets: pip's settings are not in the image, but in this machine's" \
        "      build cache until 'docker image prune'; with buildx, podman or buildah they are in neither"
    dockerfile=$secrets/Dockerfile
    sed -e "/^RUN .*$install/i\\
COPY $secrets/ /run/secrets/" -e "s|^RUN \(.*$install\)|RUN . /run/secrets/pip-env \&\& \1|" Dockerfile >"$dockerfile"
fi

case $kind in
    docker)
        for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
            eval "value=\${$name-}"
            [ -z "$value" ] || set -- "$@" --build-arg "$name"
        done
        $builder build "$@" --tag "$image" --file "$dockerfile" .
        ;;
    podman) $builder build "$@" --tag "$qualified" --file "$dockerfile" . ;;
    buildah) $builder build --layers "$@" --tag "$qualified" --file "$dockerfile" . ;;
esac
printf 'built %s; next: ./push_image.sh\n' "$image" >&2
