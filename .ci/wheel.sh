#!/usr/bin/env bash
# Build sdist and wheel from the sources that git tracks, install the wheel into an empty
# environment, and run the tests against that: a file left out of the wheel shows here.
set -euo pipefail
bin=$(realpath "${1:?the bin folder of the development environment}")
work=$(mktemp -d)
other=$(mktemp -d)
trap 'rm -rf "$work" "$other"' EXIT
git ls-files -z | xargs -0 cp --parents -t "$work" 2>/dev/null || git archive HEAD | tar -x -C "$work"
mkdir "$work/dist"
"$bin/python" -m build --outdir "$work/dist" "$work" > "$work/build.log" 2>&1 || {
  tail -n 40 "$work/build.log"; exit 1; }
ls -l "$work/dist"
"$bin/python" -m venv "$work/env"
wheel=$(ls "$work"/dist/*.whl)
"$work/env/bin/pip" install --quiet --disable-pip-version-check "$wheel[llamacpp,hf]" pytest pytest-xdist hypothesis
mkdir "$work/elsewhere"
cp -r "$work/tests" "$work/examples" "$work/pyproject.toml" "$work/README.md" "$work/docs" "$work/elsewhere/"
cp -r "$work/Makefile" "$work/kg" "$work/elsewhere/" 2>/dev/null || true
rm -rf "$work/elsewhere/kg"
# An export loads where there is `datasets` and nothing of ours, and no network where the kernel
# lets us do without.
"$work/env/bin/casewright" build --engine realiser -n 60 --out "$other/run" > /dev/null
"$work/env/bin/casewright" export "$other/run" "$other/dataset" > /dev/null
"$bin/python" -m venv "$other/stranger"
"$other/stranger/bin/pip" install --quiet --disable-pip-version-check datasets
alone=(unshare --map-root-user --net)
"${alone[@]}" true 2> /dev/null || alone=()
"${alone[@]}" "$other/stranger/bin/python" "$work/tests/support/load_export.py" "$other/dataset"
cd "$work/elsewhere"
"$work/env/bin/casewright" --version
"$work/env/bin/casewright" kg stats --json > /dev/null
CASEWRIGHT_SOURCES="$work" "$work/env/bin/pytest" -n "${WORKERS:-2}" --dist loadfile -m "not vllm and not browser and not model and not slow and not huge"
