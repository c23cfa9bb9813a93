"""Every export beside the Hugging Face dataset, in one place to import from."""

from casewright.outputs.fhir import export_fhir
from casewright.outputs.flat import export_csv, export_jsonl
from casewright.outputs.sft import export_sft

__all__ = ["export_csv", "export_fhir", "export_jsonl", "export_sft"]
