"""Building the compiled tables from their open sources (needs the `kg` extra)."""

from casewright.kg.compile.build import RELEASE, compile_graph
from casewright.kg.compile.report import CompileReport

__all__ = ["RELEASE", "CompileReport", "compile_graph"]
