"""Ways to an endpoint: a URL, a vLLM process, llama.cpp in this process, or no model at all."""

from casewright.generators.engines.base import Engine, EngineName, EngineSpec
from casewright.generators.engines.opening import identity_of, open_engine

__all__ = ["Engine", "EngineName", "EngineSpec", "identity_of", "open_engine"]
