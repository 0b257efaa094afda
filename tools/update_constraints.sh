#!/usr/bin/env bash
# Rewrite constraints.txt from a fresh environment that holds the newest releases of everything.
set -euo pipefail
cd "$(dirname "$0")/.."

rm -rf .venv-newest
bash tools/install.sh .venv-newest '.[test,docs,dist]'
{
    echo "# The environment of make and CI, names and versions only; rewritten by tools/update_constraints.sh."
    .venv-newest/bin/python -m pip list --disable-pip-version-check --format=freeze --exclude pip --exclude setuptools --exclude bayescale |
        LC_ALL=C sort -f
} >constraints.txt.new
mv constraints.txt.new constraints.txt
echo "constraints.txt: $(grep -c == constraints.txt) packages"
