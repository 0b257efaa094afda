#!/usr/bin/env bash
# Build wheel and sdist into dist/, and try each in an environment that holds nothing else: make dist
set -euo pipefail
cd "$(dirname "$0")/.."

rm -rf dist
.venv/bin/python -m build --outdir dist . >/dev/null
for made in dist/*.whl dist/*.tar.gz; do
    echo "== $made"
    rm -rf .venv-dist
    bash tools/install.sh .venv-dist -c constraints.txt "$made"
    # -P keeps this folder off sys.path: the bayescale that is imported is the installed one.
    .venv-dist/bin/python -P tools/smoke_test.py
done
rm -rf .venv-dist
ls dist
