#!/usr/bin/env bash
# Makes the development environment: .venv in the checkout, exactly what requirements/dev.txt locks, and the project
# itself, editable. Needs only a Python >= 3.11 with its venv module; everything else comes by hash from the lock.
# PYTHON=/path/to/python chooses the interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."

VENV=.venv
STAMP=$VENV/.setup-done
# The system's own certificates, so that a proxy which signs TLS anew is trusted where the system trusts it.
export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}" PIP_DISABLE_PIP_VERSION_CHECK=1

fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.11 python3.12 python3.13 python3.14}; do
        if is_new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    fail "no Python >= 3.11 found (looked for: ${PYTHON:-python3, python3.11 to python3.14})" \
        "install one, or name it: make setup PYTHON=/path/to/python3"
}

make_venv() {
    local python=$1
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "$python lacks the venv or ensurepip module" "on Debian and Ubuntu: apt-get install python3-venv"
    rm -rf "$VENV"
    "$python" -m venv "$VENV" || fail "could not make $VENV with $python"
}

install_uv() {
    "$VENV/bin/python" -m pip install --quiet --require-hashes --only-binary :all: -r requirements/uv.txt ||
        fail "pip could not install uv (its message is above)" \
            "is the package index reachable? behind a proxy, set PIP_CERT, PIP_INDEX_URL or HTTPS_PROXY"
}

# Whether the environment can be brought up to date in place; a moved checkout or a vanished interpreter cannot.
is_usable() { "$VENV/bin/uv" --version >/dev/null 2>&1 && is_new_enough "$VENV/bin/python" && "$VENV/bin/pytest" --version >/dev/null 2>&1; }

if ! is_usable; then
    python=$(find_python)
    make_venv "$python"
    install_uv
fi
export VIRTUAL_ENV=$PWD/$VENV
"$VENV/bin/uv" pip sync --quiet --require-hashes requirements/dev.txt ||
    fail "uv could not install the locked packages (its message is above)" \
        "is the package index reachable? behind a proxy, set SSL_CERT_FILE, UV_DEFAULT_INDEX or HTTPS_PROXY"
"$VENV/bin/uv" pip install --quiet --no-deps --no-build-isolation --offline --editable . ||
    fail "the project itself could not be installed (the message is above)"
touch "$STAMP"
printf 'setup: %s is ready (%s)\n' "$VENV" "$("$VENV/bin/python" --version)"
