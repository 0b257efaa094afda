#!/usr/bin/env bash
# Print the path of a Python that can run bayescale: CPython >= 3.12, 64 bit, able to make a virtual environment.
#
#   tools/find_python.sh                 the first good one of the places below
#   PYTHON=python3.13 tools/find_python.sh    that one, or an error that says what is wrong with it
#
# Looked at, in this order: python3.12, python3.13, python3.14, python3, python on the PATH (every occurrence, not only
# the first); pyenv's, uv's, asdf's and mise's versions; BAYESCALE_PYTHON_PLACES (folders, joined by ":"; by default the
# usual ones of Linux and macOS). Each candidate is *run*: a pyenv shim of a version that is not selected exists, fails,
# and is passed over. Within a place the order is 3.12, 3.13, 3.14: 3.12 is what .python-version and CI use, so it has
# the most tests behind it. A Python newer than 3.14, which nobody here has tried, is taken only when there is no other.
#
# Written for the bash 3.2 of macOS, with builtins alone, since it is tested on a PATH that holds nothing else.
set -u

tested="12 13 14" # minor versions, best first
oldest=12

# What a candidate must print: "major minor verdict", the verdict being "ok" or what it lacks.
probe='
import sys
verdict = "ok"
if sys.version_info < (3, 12):
    verdict = "old"
elif sys.implementation.name != "cpython":
    verdict = "implementation"
elif sys.maxsize < 2**32:
    verdict = "bits"
else:
    import importlib.util, sysconfig
    found = importlib.util.find_spec
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        verdict = "freethreaded"
    elif not (found("venv") and (found("ensurepip") or found("pip")) or found("virtualenv")):
        verdict = "venv"
print(sys.version_info[0], sys.version_info[1], verdict)
'

# Sets major, minor, verdict; verdict is "broken" when the candidate does not run.
examine() {
    local answer
    answer=$("$1" -I -c "$probe" </dev/null 2>/dev/null) || answer=""
    case $answer in
        [0-9]*" "[0-9]*" "?*) read -r major minor verdict <<<"$answer" ;;
        *) major="" minor="" verdict=broken ;;
    esac
}

say_why() { # path
    case $verdict in
        broken) echo "$1: does not run (a pyenv shim of a version that is not selected, or a broken installation)" ;;
        old) echo "$1: is Python $major.$minor" ;;
        implementation) echo "$1: is not CPython, which JAX needs" ;;
        bits) echo "$1: is a 32-bit Python, JAX needs 64 bits" ;;
        freethreaded) echo "$1: is a free-threaded build of $major.$minor, which is not supported" ;;
        venv) echo "$1: Python $major.$minor cannot make a virtual environment (on Debian or Ubuntu: apt install python$major.$minor-venv)" ;;
        *) echo "$1: gave an answer that makes no sense" ;;
    esac
}

if [ -n "${PYTHON:-}" ]; then
    path=$(type -P "$PYTHON") || {
        echo "find_python: PYTHON=$PYTHON is neither on the PATH nor a file that can be run." >&2
        exit 1
    }
    examine "$path"
    if [ "$verdict" != ok ]; then
        echo "find_python: PYTHON=$PYTHON will not do: bayescale needs CPython >= 3.$oldest with venv." >&2
        echo "  $(say_why "$path")" >&2
        exit 1
    fi
    echo "$path"
    exit 0
fi

seen=$'\n'
rejected=""
untested=""

try() { # path: prints it and ends the script when it is good and of a tested version
    local n
    [ -f "$1" ] && [ -x "$1" ] || return 0
    case $seen in *$'\n'"$1"$'\n'*) return 0 ;; esac
    seen="$seen$1"$'\n'
    examine "$1"
    if [ "$verdict" != ok ]; then
        rejected="$rejected  $(say_why "$1")"$'\n'
        return 0
    fi
    for n in $tested; do
        if [ "$major.$minor" = "3.$n" ]; then
            echo "$1"
            exit 0
        fi
    done
    untested=${untested:-$1}
}

try_on_path() { # name
    local path
    while IFS= read -r path; do
        try "$path"
    done < <(type -ap "$1")
}

try_versions() { # folder with one installation per version
    local n path
    [ -d "$1" ] || return 0
    for n in $tested; do
        for path in "$1"/3."$n"*/bin/python3 "$1"/cpython-3."$n"*/bin/python3; do try "$path"; done
    done
    for path in "$1"/*3.[1-9][0-9]*/bin/python3; do try "$path"; done
}

for n in $tested; do try_on_path "python3.$n"; done
try_on_path python3
try_on_path python

home=${HOME:-/nonexistent}
pyenv_root=${PYENV_ROOT:-}
if [ -z "$pyenv_root" ] && type -P pyenv >/dev/null; then
    pyenv_root=$(pyenv root 2>/dev/null </dev/null) || pyenv_root=""
fi
[ -n "$pyenv_root" ] && try_versions "$pyenv_root/versions"
try_versions "$home/.pyenv/versions"
try_versions "${UV_PYTHON_INSTALL_DIR:-${XDG_DATA_HOME:-$home/.local/share}/uv/python}"
try_versions "${ASDF_DATA_DIR:-$home/.asdf}/installs/python"
try_versions "${MISE_DATA_DIR:-${XDG_DATA_HOME:-$home/.local/share}/mise}/installs/python"

places=${BAYESCALE_PYTHON_PLACES-"/usr/local/bin:/opt/homebrew/bin:/usr/bin:$home/.local/bin:/Library/Frameworks/Python.framework/Versions/Current/bin:$home/miniforge3/bin:$home/miniconda3/bin:/opt/conda/bin"}
IFS=: read -r -a folders <<<"$places"
for folder in ${folders[@]+"${folders[@]}"}; do
    for n in $tested; do try "$folder/python3.$n"; done
    try "$folder/python3"
done

if [ -n "$untested" ]; then
    echo "$untested"
    exit 0
fi

{
    echo "find_python: found no Python that bayescale can use; it needs CPython >= 3.$oldest that can make a virtual environment."
    echo "Looked for python3.12, python3.13, python3.14, python3 and python on the PATH, in the versions of pyenv, uv, asdf and mise, and in:"
    echo "  ${places//:/ }"
    if [ -n "$rejected" ]; then
        echo "These were there but will not do:"
        printf '%s' "$rejected"
    fi
    echo "Install one, for example:"
    echo "  Debian, Ubuntu   apt install python3.12 python3.12-venv"
    echo "  Fedora           dnf install python3.12"
    echo "  macOS            brew install python@3.12"
    echo "  anywhere         pyenv install 3.12    or    uv python install 3.12"
    echo "or name one that is elsewhere: make demo PYTHON=/path/to/python3.12"
} >&2
exit 1
