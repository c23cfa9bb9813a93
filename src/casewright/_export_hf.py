"""Turn a GGUF file into a Hugging Face folder: `python _export_hf.py MODEL.gguf FOLDER`.

Run as a script in whichever interpreter has torch, transformers and gguf (usually
vLLM's own environment), so it must not import casewright.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(gguf: Path, folder: Path) -> None:
    """Write weights (bfloat16), tokenizer and chat template of `gguf` to `folder`."""
    import torch  # noqa: PLC0415 - the script's whole work needs them, its import does not
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415

    source = str(gguf.parent)
    extra: dict[str, object] = {}
    try:
        from transformers import GgufConfig  # noqa: PLC0415

        extra["quantization_config"] = GgufConfig(dequantize=True)
    except ImportError:
        pass  # before transformers 5 a GGUF file is always dequantised
    model = AutoModelForCausalLM.from_pretrained(
        source, gguf_file=gguf.name, dtype=torch.bfloat16, **extra
    )
    tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=gguf.name)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
