#!/usr/bin/env bash
# Make a virtual environment where there is none that works, and install this checkout into it.
#
#   tools/install.sh FOLDER PIP_ARGUMENTS...      e.g. tools/install.sh .venv -c constraints.txt -e '.[test]'
#
# The Python comes from tools/find_python.sh; pip runs inside the environment alone, so an externally managed system
# Python is never touched. An environment that is broken, was copied here from elsewhere (its scripts then run the other
# place's Python) or holds too old a Python is made anew.
set -euo pipefail

folder=$1
shift
here=$(pwd -P)
inside="$folder/bin/python"
unset PYTHONHOME PYTHONPATH

usable() {
    [ -x "$inside" ] &&
        "$inside" -I -c 'import sys, pip; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1 </dev/null &&
        grep -qF "$here/$folder" "$folder/bin/activate"
}

make_environment() {
    local python
    if [ -e "$folder" ]; then # before the search, which would find this very one where it is activated
        echo "install: $folder does not work here (broken, moved, or an old Python): making it anew"
        rm -rf "$folder"
    fi
    python=$(bash tools/find_python.sh)
    echo "install: $folder with $python ($("$python" -V 2>&1))"
    if "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        "$python" -m venv "$folder"
    elif "$python" -c 'import venv, pip' 2>/dev/null; then
        "$python" -m venv --without-pip "$folder"
        # --python: the outer pip installs into the environment (pip >= 22.3)
        "$python" -m pip --python "$inside" install --quiet pip
    else
        "$python" -m virtualenv --quiet "$folder"
    fi
}

usable || make_environment
PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 "$inside" -m pip install --quiet "$@"
